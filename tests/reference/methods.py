"""Golden arrays of the other methods (method/README.md 2 to 10): tests/golden/detect/methods.{txt,bin}.

Stored features of two made-up categories, K = 1 and 4 shots, go through each method as its text says, in double, with
numpy, scipy and PyTorch; no code is shared with the C program. Features are made as unit or raw rows as the tower gives
them: a common mean, a few channels much larger than the others, neighbours alike. Run with numpy, scipy and PyTorch.
"""
import numpy as np
import scipy.ndimage
import torch
import torch.nn.functional as F

import golden
import toy_model

GRID, E = 7, 19
WIDTHS = [23, 31]
TESTS = 5


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def double(x):
    return x.astype(np.float64)


def make_features(rng, images, width, T=GRID * GRID):
    """(images, T, width) float32, raw."""
    mean = 2 * rng.standard_normal(width)
    mean[:2] *= 8
    place = rng.standard_normal((T, width))
    own = rng.standard_normal((images, T, width))
    own[:, :: 3] *= 1.7
    return (mean + place + 0.6 * own).astype(np.float32)


def uniforms(key, count):
    """rng_uniform of base: 53 bits from two words."""
    words = toy_model.rng_words(key, 2 * count).astype(np.uint64)
    both = (words[0::2] << np.uint64(32)) | words[1::2]
    return (both >> np.uint64(11)).astype(np.float64) * 2.0 ** -53


def normals(key, count):
    """rng_normal of base: Box and Muller's pairs."""
    u = uniforms(key, count + count % 2)
    radius, angle = np.sqrt(-2 * np.log(1 - u[0::2])), 2 * np.pi * u[1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)[:count]


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & toy_model.U64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & toy_model.U64
    return x ^ (x >> 31)


def split(key, index):
    """rng_split of base."""
    return mix(key ^ mix((index + 0x9E3779B97F4A7C15) & toy_model.U64))


def permutation(key, n):
    """rng_permutation of base."""
    words = iter(toy_model.rng_words(key, 4 * n + 64).tolist())
    out = [0] * n
    for i in range(n):
        while True:
            product = next(words) * (i + 1)
            if product & 0xFFFFFFFF >= (2 ** 32 - (i + 1)) % (i + 1):
                break
        j = product >> 32
        out[i] = out[j]
        out[j] = i
    return out


def distances(f, bank):
    return np.linalg.norm(double(f)[:, None] - double(bank)[None], axis=-1)


def pool(x, side):
    """(T, W) -> mean over side x side with zeros outside."""
    t = torch.from_numpy(double(x).T.reshape(1, -1, GRID, GRID))
    out = F.avg_pool2d(t, side, stride=1, padding=side // 2, count_include_pad=True)
    return out[0].reshape(x.shape[1], -1).T.numpy()


def cosine_map(features, banks):
    return sum((1 - double(f) @ double(b).T).min(1) / 2 for f, b in zip(features, banks)) / len(features)


def top_share(m, share):
    count = max(1, int(share * m.size))
    return np.sort(m.reshape(-1))[-count:].mean()


def key_of(name, shots, seed, purpose):
    """name: category and shots, a dot, the method."""
    return toy_model.rng_key("toy", name.split(".")[0].rstrip("0123456789"), shots, seed, purpose)


def patchcore(arrays, name, support, test, shots, coreset, seed):
    """support, test: one raw array a tap."""
    K, T = shots, GRID * GRID
    bank = np.concatenate([np.concatenate([pool(tap[k], 3) for k in range(K)]) for tap in support], 1)
    if coreset < 1:
        count = int(coreset * len(bank))
        key = key_of(name, shots, seed, "patchcore/coreset")
        small = double(bank)
        if bank.shape[1] > 128:
            small = small @ (normals(split(key, 0), bank.shape[1] * 128) / np.sqrt(128)).reshape(-1, 128)
        starts = permutation(split(key, 1), len(bank))[:10]
        d = distances(small, small[starts]).mean(1)
        chosen = []
        for _ in range(count):
            far = int(np.argmax(d))
            chosen.append(far)
            d = np.minimum(d, np.linalg.norm(small - small[far], axis=1))
        arrays[f"{name}.chosen"] = np.int32(chosen)
        bank = bank[chosen]
    maps, scores = [], []
    for image in range(TESTS):
        f = np.concatenate([pool(tap[image], 3) for tap in test], 1)
        d = distances(f, bank)
        m = d.min(1)
        maps.append(m ** 2)
        star = int(np.argmax(m))
        member = int(np.argmin(d[star]))
        near = np.argsort(np.linalg.norm(bank - bank[member], axis=1), kind="stable")[:9]
        weight = 1 - np.exp(d[star].min()) / np.exp(d[star][near]).sum()
        scores.append(weight * d[star].min())
    arrays[f"{name}.map"], arrays[f"{name}.score"] = np.float32(maps), np.float32(scores)


def spade(arrays, name, support, test, cls_support, cls_test, shots):
    maps, scores = [], []
    for image in range(TESTS):
        maps.append(sum(distances(t[image], s[:shots].reshape(-1, s.shape[-1])).min(1) for s, t in zip(support, test)) / len(test))
        scores.append(np.sort(distances(cls_test[image : image + 1], cls_support[:shots])[0])[: min(5, shots)].mean())
    arrays[f"{name}.map"], arrays[f"{name}.score"] = np.float32(maps), np.float32(scores)


def padim(arrays, name, support, test, shots, d, seed):
    joined = [np.concatenate(taps, -1) for taps in ([s[:shots] for s in support], test)]
    channels = permutation(key_of(name, shots, seed, "padim/channels"), joined[0].shape[-1])[:d]
    s, t = (double(x[..., channels]) for x in joined)
    eps = 0.01 * s.reshape(-1, d).var(0).mean()
    maps = np.zeros((TESTS, GRID * GRID))
    for i in range(GRID * GRID):
        mu = s[:, i].mean(0)
        centred = s[:, i] - mu
        sigma = centred.T @ centred / max(1, shots - 1) + eps * np.eye(d)
        x = t[:, i] - mu
        maps[:, i] = np.sqrt(np.einsum("nd,de,ne->n", x, np.linalg.inv(sigma), x))
    arrays[f"{name}.channels"], arrays[f"{name}.map"] = np.int32(channels), np.float32(maps)


def subspace(arrays, name, rows, test, variance):
    mu = double(rows).mean(0)
    values, vectors = np.linalg.eigh(np.cov(double(rows).T, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    q = int(np.searchsorted(np.cumsum(values) / values.sum(), variance - 1e-12)) + 1 if variance > 0 else 0
    x = double(test) - mu
    residual = x - x @ vectors[:, :q] @ vectors[:, :q].T
    arrays[f"{name}.q"], arrays[f"{name}.map"] = np.int32([q]), np.float32((residual ** 2).sum(-1))
    arrays[f"{name}.score"] = np.float32([top_share((r ** 2).sum(-1), 0.01) for r in residual])


def text_score(z, normal, abnormal, t):
    n, a = double(z) @ double(normal), double(z) @ double(abnormal)
    return 1 / (1 + np.exp(t * (n - a)))


def harmonic(arrays):
    return len(arrays) / sum(1 / a for a in arrays)


def to_tokens(scores, side):
    places = GRID - side + 1
    scores = scores.reshape(places, places)
    out = np.zeros((GRID, GRID))
    for y in range(GRID):
        for x in range(GRID):
            covering = scores[max(0, y - side + 1) : y + 1, max(0, x - side + 1) : x + 1].reshape(-1)
            out[y, x] = len(covering) / (1 / covering).sum()
    return out.reshape(-1)


def winclip(arrays, name, windows_support, windows_test, support, test, cls_test, text, shots):
    zero, few, zero_score, few_score = [], [], [], []
    for image in range(TESTS):
        S0 = text_score(cls_test[image], *text, 1 / 0.07)
        M0 = harmonic([np.full(GRID * GRID, S0)] + [to_tokens(text_score(w[image], *text, 1 / 0.07), side) for side, w in windows_test.items()])
        near = [cosine_map([test[image]], [support[:shots].reshape(-1, support.shape[-1])])]
        for side, w in windows_test.items():
            bank = windows_support[side][:shots].reshape(-1, E)
            near.append(to_tokens(np.maximum(cosine_map([w[image]], [bank]), 0), side))
        M = sum(near) / 3
        zero.append(M0), zero_score.append(S0), few.append(M0 + M), few_score.append((S0 + M.max()) / 2)
    arrays[f"{name}.zero"], arrays[f"{name}.zero_score"] = np.float32(zero), np.float32(zero_score)
    arrays[f"{name}.map"], arrays[f"{name}.score"] = np.float32(few), np.float32(few_score)


def musc(arrays, name, test, cls, k_list):
    T, N = GRID * GRID, TESTS
    maps = np.zeros((N, T))
    for tap in test:
        normed = F.layer_norm(torch.from_numpy(double(tap)), tap.shape[1:]).numpy()
        for side in [1, 3, 5]:
            f = np.stack([unit(pool(x, side)) for x in normed])
            for a in range(N):
                d = np.stack([distances(f[a], f[b]).min(1) for b in range(N) if b != a])
                maps[a] += np.sort(d, 0)[: max(1, int(0.3 * (N - 1)))].mean(0) / (3 * len(test))
    big = F.interpolate(torch.from_numpy(maps.reshape(N, 1, GRID, GRID)), size=(40, 40), mode="bilinear", align_corners=True)
    S = big.reshape(N, -1).max(1).values.numpy()
    S = (S - S.min()) / (S.max() - S.min())
    B = double(cls) @ double(cls).T
    out = np.zeros(N)
    for k in k_list:
        masked = np.zeros_like(B)
        for i in range(N):
            top = np.argsort(-B[i], kind="stable")[:k]
            masked[i, top] = B[i, top]
        out += (masked / masked.sum(1, keepdims=True)) @ S / len(k_list)
    arrays[f"{name}.map"], arrays[f"{name}.full"], arrays[f"{name}.score"] = np.float32(maps), big[:, 0].numpy().astype(np.float32), np.float32(out)


def foreground(pc1, threshold):
    if threshold is None:
        s = np.sort(pc1)
        between = [(i + 1) * (s.size - 1 - i) * (s[: i + 1].mean() - s[i + 1 :].mean()) ** 2 for i in range(s.size - 1)]
        threshold = (s[int(np.argmax(between))] + s[int(np.argmax(between)) + 1]) / 2
        low = -threshold
    else:
        low = threshold
    mask = (pc1 > threshold).reshape(GRID, GRID)
    a, b = int(GRID * 0.2), int(GRID * 0.8)
    if mask[a:b, a:b].mean() <= 0.35:
        mask = (-pc1 > low).reshape(GRID, GRID)
    grown = scipy.ndimage.binary_dilation(mask, np.ones((3, 3)))
    grown = scipy.ndimage.binary_dilation(grown, np.ones((3, 3)))
    return scipy.ndimage.binary_erosion(grown, np.ones((3, 3)), border_value=1).astype(np.uint8)


def masks(arrays, rng, name, width):
    """Blobs in and out of the middle on a plane background, wider and narrower than there are tokens."""
    features, want = [], []
    for n in range(6):
        y, x = np.mgrid[0:GRID, 0:GRID]
        centre = [(3, 3), (0, 0), (3, 2), (5, 5), (2, 4), (3, 3)][n]
        inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= [4, 5, 1, 4, 8, 12][n]
        f = rng.standard_normal((GRID * GRID, width)) * 0.3 + np.where(inside.reshape(-1, 1), 1, -1) * (6 if n < 4 else 1) * rng.choice([-1, 1], width)
        features.append(f.astype(np.float32))
        centred = double(features[-1]) - double(features[-1]).mean(0)
        u, s, _ = np.linalg.svd(centred, full_matrices=False)
        pc1 = u[:, 0] * s[0]
        pc1 *= np.sign(pc1[np.argmax(np.abs(pc1))])
        want += [foreground(pc1, 10.0), foreground(pc1, None)]
    arrays[f"{name}.features"], arrays[f"{name}.mask"] = np.stack(features), np.stack(want)


def main():
    global TESTS
    arrays = {}
    for c, seed in [("brick", 11), ("cable", 12)]:
        rng = np.random.default_rng(seed)
        T = GRID * GRID
        everything = [make_features(rng, 4 + TESTS, w) for w in WIDTHS]
        support, test = [x[:4] for x in everything], [x[4:] for x in everything]
        for image in (1, 3):  # what is to be found
            for x in test:
                x[image, 20:27] += rng.standard_normal((7, x.shape[-1])).astype(np.float32) * 2
        units = [np.float32(unit(double(x))) for x in everything]
        cls = np.float32(unit(rng.standard_normal(E) + 0.5 * rng.standard_normal((4 + TESTS, E))))
        windows = {side: np.float32(unit(rng.standard_normal(E) + 0.5 * rng.standard_normal((4 + TESTS, (GRID - side + 1) ** 2, E)))) for side in (2, 3)}
        text = np.float32(unit(rng.standard_normal((2, E))))
        arrays.update({f"{c}.tap0": everything[0], f"{c}.tap1": everything[1], f"{c}.unit0": units[0], f"{c}.unit1": units[1],
                       f"{c}.cls": cls, f"{c}.windows2": windows[2], f"{c}.windows3": windows[3], f"{c}.text": text})
        # Two views of every image, one below the other; draws of their own, so that the others stay as they were.
        views = np.random.default_rng(seed + 100)
        turned = [np.concatenate([x, x + views.standard_normal(x.shape).astype(np.float32)], 1) for x in everything]
        arrays[f"{c}.turned0"], arrays[f"{c}.turned1"] = turned[0], np.float32(unit(double(turned[1])))
        for K in (1, 4):
            at = f"{c}{K}"
            wide_bank = arrays[f"{c}.turned1"][:K].reshape(-1, WIDTHS[1])
            dino = np.stack([(1 - double(units[1][4 + i]) @ double(wide_bank).T).min(1) for i in range(TESTS)])
            arrays[f"{at}.dino-turned.map"], arrays[f"{at}.dino-turned.score"] = np.float32(dino), np.float32([top_share(m, 0.01) for m in dino])
            subspace(arrays, f"{at}.turned", turned[0][:K].reshape(-1, WIDTHS[0]), test[0], 0.95)  # at 0.9 two eigenvalues are nearly equal where it cuts
            patchcore(arrays, f"{at}.patchcore", support, test, K, 1.0, seed)
            patchcore(arrays, f"{at}.coreset", support, test, K, 0.4, seed)
            spade(arrays, f"{at}.spade", support, test, cls[:4], cls[4:], K)
            bank = [u[:K].reshape(-1, u.shape[-1]) for u in units]
            near = np.stack([cosine_map([u[4 + i] for u in units], bank) for i in range(TESTS)])
            prior = text_score(cls[4:], *text, 100)
            arrays[f"{at}.inctrl.map"] = np.float32(near)
            arrays[f"{at}.inctrl.score"] = np.float32((near.max(1) + prior) / 2)
            arrays[f"{at}.april.map"] = np.float32(near * 2 * len(units))
            scaled = (near.max(1) - near.max(1).min()) / (near.max(1).max() - near.max(1).min())
            arrays[f"{at}.april.score"] = np.float32((prior + scaled) / 2)
            dino = np.stack([(1 - double(units[1][4 + i]) @ double(bank[1]).T).min(1) for i in range(TESTS)])
            arrays[f"{at}.dino.map"], arrays[f"{at}.dino.score"] = np.float32(dino), np.float32([top_share(m, 0.01) for m in dino])
            padim(arrays, f"{at}.padim", support, test, K, 17, seed)
            rows = support[0][:K].reshape(-1, WIDTHS[0])
            for label, variance in (("subspace", 0.9), ("mean", 0.0)):
                subspace(arrays, f"{at}.{label}", rows, test[0], variance)
            winclip(arrays, f"{at}.winclip", {s: w[:4] for s, w in windows.items()}, {s: w[4:] for s, w in windows.items()},
                    units[0][:4], units[0][4:], cls[4:], text, K)
        many = make_features(rng, 12, 6)
        padim_many = dict(support=[many[:9]], test=[many[9:]])
        arrays[f"{c}.many"] = many
        saved, TESTS = TESTS, 3
        padim(arrays, f"{c}.padim-full", padim_many["support"], padim_many["test"], 9, 5, seed)
        TESTS = saved
        musc(arrays, f"{c}.musc", test, cls[4:], [1, 2, 3])
        subspace(arrays, f"{c}.batched", test[0].reshape(-1, WIDTHS[0]), test[0], 0.9)
    wide = make_features(np.random.default_rng(5), 2, 150)
    arrays["wide"] = wide
    key = toy_model.rng_key("toy", "wide", 2, 1, "coreset")
    rows = double(wide.reshape(-1, 150))
    small = rows @ (normals(split(key, 0), 150 * 128) / np.sqrt(128)).reshape(-1, 128)
    d = distances(small, small[permutation(split(key, 1), len(rows))[:10]]).mean(1)
    chosen = []
    for _ in range(30):
        chosen.append(int(np.argmax(d)))
        d = np.minimum(d, np.linalg.norm(small - small[chosen[-1]], axis=1))
    arrays["wide.chosen"] = np.int32(chosen)
    rng = np.random.default_rng(9)
    masks(arrays, rng, "narrow", 12)
    masks(arrays, rng, "broad", 70)
    a = rng.random((GRID, 5), dtype=np.float32)
    arrays["corners.src"] = a
    for n, size in enumerate([(40, 33), (1, 9), (7, 5), (3, 2)]):
        arrays[f"corners{n}"] = F.interpolate(torch.from_numpy(a)[None, None], size=size, mode="bilinear", align_corners=True)[0, 0].numpy()
    golden.write("detect/methods", arrays, "methods.py", (torch, scipy))


main()
