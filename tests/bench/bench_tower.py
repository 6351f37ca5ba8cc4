"""The dual-path image tower of bench_tower in PyTorch on one core, with the same savings: the V-V stream needs v alone, and the last
block's own stream the class token alone. Best processor time of n. usage: bench_tower.py MODEL-DIR [ROUNDS [FILE [onnxruntime]]]
FILE: what bench_tower wrote there, which must agree. onnxruntime: the same graph, exported by PyTorch, in ONNX Runtime instead.
On AVX2: ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell MKL_ENABLE_INSTRUCTIONS=AVX2"""
import json
import os
import sys
import tempfile
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.set_num_threads(1)
directory, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
with open(os.path.join(directory, "open_clip_config.json"), encoding="utf-8") as file:
    config = json.load(file)["model_cfg"]["vision_cfg"]
raw = np.memmap(os.path.join(directory, "open_clip_model.safetensors"), np.uint8, "r")
size = int(raw[:8].view("<u8")[0])
w = {}
for name, entry in json.loads(bytes(raw[8 : 8 + size])).items():
    if name.startswith("visual."):
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        w[name[len("visual."):]] = torch.from_numpy(np.frombuffer(raw[begin:end].tobytes(), "<f4").reshape(entry["shape"]).copy())
W, P, S = config["width"], config["patch_size"], config["image_size"]
H = W // config.get("head_width", 64)
d = W // H
for block in range(config["layers"]):  # the scale goes into the weights of q, once
    at = f"transformer.resblocks.{block}.attn.in_proj_"
    for part in ("weight", "bias"):
        w[at + part][:W] *= d ** -0.5


def norm(x, name):
    return F.layer_norm(x, (W,), w[name + ".weight"], w[name + ".bias"], 1e-5)


def heads(x):
    return x.view(x.shape[0], H, d).transpose(0, 1)


def attend(q, k, v):
    return torch.bmm(torch.bmm(q, k.transpose(1, 2)).softmax(-1), v).transpose(0, 1).reshape(q.shape[1], W)


def forward(image):
    x = F.conv2d(image, w["conv1.weight"], stride=P)[0].flatten(1).T
    ori = vv = norm(torch.cat([w["class_embedding"][None], x]) + w["positional_embedding"], "ln_pre")
    taps, last = [], config["layers"] - 1
    for block in range(config["layers"]):
        at = f"transformer.resblocks.{block}."
        y = norm(ori, at + "ln_1")
        weight, bias = w[at + "attn.in_proj_weight"], w[at + "attn.in_proj_bias"]
        if block < last:
            q, k, v = (heads(part) for part in F.linear(y, weight, bias).split(W, 1))
        else:
            q = heads(F.linear(y[:1], weight[:W], bias[:W]))
            k, v = (heads(part) for part in F.linear(y, weight[W:], bias[W:]).split(W, 1))
            ori = ori[:1]
        out = w[at + "attn.out_proj.weight"], w[at + "attn.out_proj.bias"]
        vv = vv + F.linear(attend(v * d ** -0.5, v, v), *out)
        ori = ori + F.linear(attend(q, k, v), *out)
        if block in (3, 8):
            taps.append(F.normalize(ori[1:], dim=-1))
        hidden = F.gelu(F.linear(norm(ori, at + "ln_2"), w[at + "mlp.c_fc.weight"], w[at + "mlp.c_fc.bias"]))
        ori = ori + F.linear(hidden, w[at + "mlp.c_proj.weight"], w[at + "mlp.c_proj.bias"])
    tokens = F.normalize(norm(vv[1:], "ln_post") @ w["proj"], dim=-1)
    return F.normalize(norm(ori, "ln_post") @ w["proj"], dim=-1), tokens, taps


def in_onnxruntime(image):
    import onnxruntime

    class Tower(torch.nn.Module):
        def forward(self, x):
            cls, tokens, taps = forward(x)
            return cls, tokens, *taps

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tower.onnx")
        torch.onnx.export(Tower(), image, path, opset_version=13)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: image.numpy()}
    check(session.run(None, feed))
    return f"ONNX Runtime {onnxruntime.__version__}", lambda _: session.run(None, feed)


def check(parts):
    wanted = np.fromfile(sys.argv[3], "<f4")
    differ = np.abs(np.concatenate([np.asarray(part).ravel() for part in parts]) - wanted).max()
    if not differ < 2e-5:
        raise SystemExit(f"bench_tower.py: features differ from bench_tower's by {differ:.1e}")


with torch.no_grad():
    image = torch.sin(torch.arange(3 * S * S, dtype=torch.float64)).float().view(1, 3, S, S)
    cls, tokens, taps = forward(image)
    if len(sys.argv) > 3:
        check((cls, tokens, *taps))
    name = f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability() if hasattr(torch.backends, 'cpu') else ''}"
    if sys.argv[4:] == ["onnxruntime"]:
        name, forward = in_onnxruntime(image)
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        forward(image)
        best = min(best, time.process_time() - start)
print(f"{name}: {best * 1e3:.1f} ms an image (best of {rounds})")
