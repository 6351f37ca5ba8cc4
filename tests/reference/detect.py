"""Golden arrays for detect: torch's bilinear interpolation, scipy's Gaussian filter, and METHOD.md 9 in plain numpy."""
import numpy as np
import scipy
import scipy.ndimage
import torch

import golden

rng = np.random.default_rng(20240611)


def upsample(a, H, W):
    t = torch.from_numpy(a)[None, None]
    return torch.nn.functional.interpolate(t, size=(H, W), mode="bilinear", align_corners=False)[0, 0].numpy()


def smooth(a, sigma):
    return scipy.ndimage.gaussian_filter(a, sigma=sigma, truncate=4.0, mode="reflect")


def unit(a):
    return (a / np.linalg.norm(a, axis=-1, keepdims=True)).astype(np.float32)


maps = {}
sizes = [(7, 5, 40, 33), (15, 15, 97, 101), (1, 1, 9, 4), (1, 6, 5, 23), (6, 1, 31, 1), (20, 13, 7, 5), (9, 9, 9, 9), (4, 3, 3, 300)]
for n, (h, w, H, W) in enumerate(sizes):
    a = rng.random((h, w), dtype=np.float32)
    maps[f"up{n}.src"], maps[f"up{n}.dst"] = a, upsample(a, H, W)

# Maps smaller than the radius (16 at sigma 4), lines, single pixels, odd sizes, all-equal.
cases = [(40, 33, 4.0), (64, 61, 4.0), (5, 7, 4.0), (1, 37, 4.0), (23, 1, 4.0), (1, 1, 4.0), (2, 3, 9.5), (31, 17, 1.3), (19, 48, 0.4), (12, 12, 0.1)]
for n, (H, W, sigma) in enumerate(cases):
    a = rng.random((H, W), dtype=np.float32)
    maps[f"smooth{n}.src"], maps[f"smooth{n}.dst"], maps[f"smooth{n}.sigma"] = a, smooth(a, sigma), np.float64([sigma])
constant = np.full((11, 9), 0.37, np.float32)
maps["smooth10.src"], maps["smooth10.dst"], maps["smooth10.sigma"] = constant, smooth(constant, 4.0), np.float64([4.0])

# The whole way to 400 x 400, kept at every 13th pixel.
a = rng.random((15, 15), dtype=np.float32)
maps["full.src"], maps["full.every13"] = a, np.ascontiguousarray(smooth(upsample(a, 400, 400), 4.0)[::13, ::13])
golden.write("detect/maps", maps, "detect.py", (torch, scipy))

# Memory branch: K = 3 images of T = 9 tokens, and a bank longer than one block of rows.
scores = {}
for n, (T, N, W) in enumerate([(9, 27, 24), (70, 300, 20), (1, 1, 5)]):
    r = [unit(rng.standard_normal((T, W))) for _ in range(2)]
    m = [unit(rng.standard_normal((N, W))) for _ in range(2)]
    m[0][-1] = r[0][0]  # an exact hit in the last row
    score = np.mean([(1 - a.astype(np.float64) @ b.T.astype(np.float64)).min(axis=1) / 2 for a, b in zip(r, m)], axis=0)
    scores.update({f"vad{n}.r1": r[0], f"vad{n}.r2": r[1], f"vad{n}.m1": m[0], f"vad{n}.m2": m[1], f"vad{n}.M_v": score.astype(np.float32)})

# Prompt branch, re-weighting, fusion, image score.
T, G, E = 35, 5, 27
z, cls = unit(rng.standard_normal((T, E))), unit(rng.standard_normal((1, E)))
p_n, p_a, q = (unit(rng.standard_normal((G, E))) for _ in range(3))
M_v = rng.random(T, dtype=np.float32) * np.float32(0.4)
M_v[3] = 0
scores.update({"pad.z": z, "pad.cls": cls, "pad.normal": p_n, "pad.abnormal": p_a, "pad.keys": q, "pad.M_v": M_v})


def s(x, g, t):
    n, a = np.exp(t * (x @ p_n[g].astype(np.float64))), np.exp(t * (x @ p_a[g].astype(np.float64)))
    return a / (n + a)


for name, keys, t, token_wise in [("learned", q, np.log(100.0), True), ("normal", p_n, 100.0, True), ("mean", q, np.log(100.0), False)]:
    x = z.astype(np.float64)
    group = np.argmax(x @ keys.T.astype(np.float64), axis=1)
    all_groups = np.stack([s(x, g, t) for g in range(G)], axis=1)
    Mhat = all_groups[np.arange(T), group] if token_wise else all_groups.mean(axis=1)
    s_image = all_groups[:, 2]
    m = np.exp(s_image - s_image.max())
    m /= m.sum()
    S = s(cls.astype(np.float64), 2, t)
    scores.update({f"{name}.t": np.float64([t]), f"{name}.group": group.astype(np.int32), f"{name}.Mhat": Mhat.astype(np.float32),
                   f"{name}.s_image": s_image.astype(np.float32), f"{name}.S": S.astype(np.float32)})
    for mode, M_p in [("mean1", T * m * Mhat), ("literal", m * Mhat), ("off", Mhat)]:
        M_pix = 1 / (1 / np.maximum(M_v.astype(np.float64), 1e-12) + 1 / np.maximum(M_p, 1e-12))
        fused = 1 / (1 / M_pix.max() + 1 / S[0])
        vad = 1 / (1 / M_v.max().astype(np.float64) + 1 / S[0])
        scores.update({f"{name}.{mode}.M_p": M_p.astype(np.float32), f"{name}.{mode}.M_pix": M_pix.astype(np.float32),
                       f"{name}.{mode}.M_img": np.float32([fused, vad])})
golden.write("detect/scores", scores, "detect.py")

# The other fusions of two maps, their scales on the support images, the image score, and the maximum after the resize.
rng = np.random.default_rng(19)
fusion = {}
v, p = rng.random(40, dtype=np.float32) * np.float32(0.3), rng.random(40, dtype=np.float32)
v[5], p[7] = 0, 0
support_v, support_p = rng.random(3 * 40, dtype=np.float32) * np.float32(0.2), rng.random(3 * 40, dtype=np.float32)
scale = np.float64([np.quantile(support_v, 0.95), np.quantile(support_p, 0.95)])
a, b = v.astype(np.float64), p.astype(np.float64)
fusion.update({"M_v": v, "M_p": p, "support_v": support_v, "support_p": support_p, "scale": scale.astype(np.float32)})
fusion["harmonic"] = (1 / (1 / np.maximum(a, 1e-12) + 1 / np.maximum(b, 1e-12))).astype(np.float32)
fusion["arithmetic"] = np.mean([a, b], axis=0).astype(np.float32)
fusion["geometric"] = np.exp(np.mean(np.log(np.maximum([a, b], 1e-12)), axis=0)).astype(np.float32)
fusion["standard"] = np.mean([a / scale[0], b / scale[1]], axis=0).astype(np.float32)
S = np.float32(0.4)
fusion["image"] = np.float32([S, 1 / (1 / a.max() + 1 / float(S)), (a.max() + float(S)) / 2])
for n, (h, w, R) in enumerate([(7, 5, 40), (15, 15, 400), (9, 9, 9), (20, 13, 6), (1, 1, 5)]):
    m = rng.random((h, w), dtype=np.float32) - np.float32(0.5 if n == 3 else 0)
    fusion[f"resized{n}.map"], fusion[f"resized{n}.max"] = m, np.float32([upsample(m, R, R).max()])
    fusion[f"resized{n}.R"] = np.float64([R])
golden.write("detect/fusion", fusion, "detect.py", (torch,))
