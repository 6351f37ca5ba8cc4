"""Golden safetensors file (made byte by byte, without the package that defines the format) and the bad ones that must
be refused. tests/golden/io/three_types.safetensors, tests/bad/safetensors/*.safetensors"""
import json
import os
import struct

import numpy as np

import golden

HERE = os.path.dirname(os.path.abspath(__file__))
BAD = os.path.join(HERE, "..", "bad", "safetensors")
os.makedirs(BAD, exist_ok=True)


def save(path, header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


def bad(name, header, data):
    save(os.path.join(BAD, name + ".safetensors"), header, data)


rng = np.random.default_rng(3)
weight = rng.standard_normal((3, 5)).astype(np.float32)
half = rng.standard_normal((2, 2, 3)).astype(np.float16)
wide = rng.standard_normal(7).astype(np.float32)
wide_bits = (wide.view(np.uint32) >> 16).astype(np.uint16)
scale = np.float32(4.605)
blobs = [("visual.half", "F16", half.shape, half.tobytes()), ("visual.weight", "F32", weight.shape, weight.tobytes()),
         ("bf16", "BF16", wide.shape, wide_bits.tobytes()), ("logit_scale", "F32", (), scale.tobytes()),
         ("steps", "I64", (2,), np.array([1, 2], dtype="<i8").tobytes()), ("empty", "F32", (0, 4), b"")]
header, data = {"__metadata__": {"format": "pt"}}, b""
for name, dtype, shape, blob in blobs:
    header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(blob)]}
    data += blob
# Offsets in another order than the header's, and a header padded with blanks: both are allowed.
header = dict(reversed(header.items()))
text = json.dumps(header).encode()
os.makedirs(os.path.join(golden.GOLDEN, "io"), exist_ok=True)
save(os.path.join(golden.GOLDEN, "io", "three_types.safetensors"), text + b" " * (-len(text) % 8), data)
golden.write("io/three_types", {
    "visual.weight": weight, "visual.half": half.astype(np.float32),
    "bf16": (wide_bits.astype(np.uint32) << 16).view(np.float32), "logit_scale": scale,
}, "io_safetensors.py")


def tensor(dtype, shape, start, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def floats(*values):
    return np.array(values, dtype="<f4").tobytes()


with open(os.path.join(BAD, "empty.safetensors"), "wb"):
    pass
with open(os.path.join(BAD, "five_bytes.safetensors"), "wb") as out:
    out.write(b"\x10\0\0\0\0")
with open(os.path.join(BAD, "text.safetensors"), "wb") as out:
    out.write(b"version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 4\n")
whole = struct.pack("<Q", len(text)) + text + data
with open(os.path.join(BAD, "cut_in_header.safetensors"), "wb") as out:
    out.write(whole[:100])
with open(os.path.join(BAD, "cut_in_data.safetensors"), "wb") as out:
    out.write(whole[:-3])
bad("bad_json", b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]', floats(1))
bad("not_an_object", b"[1, 2]", b"")
bad("duplicate", b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],'
                 b'"data_offsets":[4,8]}}', floats(1, 2))
bad("overlap", {"a": tensor("F32", [2], 0, 8), "b": tensor("F32", [2], 4, 12)}, floats(1, 2, 3))
bad("hole", {"a": tensor("F32", [1], 0, 4), "b": tensor("F32", [1], 8, 12)}, floats(1, 2, 3))
bad("spare_bytes", {"a": tensor("F32", [1], 0, 4)}, floats(1, 2, 3))
bad("out_of_range", {"a": tensor("F32", [2], 0, 8), "b": tensor("F32", [2], 8, 16)}, floats(1, 2, 3))
bad("backwards", {"a": tensor("F32", [2], 8, 0)}, floats(1, 2))
bad("wrong_size", {"conv.weight": tensor("F32", [2, 3], 0, 20)}, floats(1, 2, 3, 4, 5))
bad("huge_shape", {"a": tensor("F32", [2**32, 2**32], 0, 4)}, floats(1))
bad("huge_bytes", {"a": tensor("F32", [2**31, 2**31], 0, 4)}, floats(1))
bad("negative_dim", {"a": tensor("F32", [-1], 0, 4)}, floats(1))
bad("fraction", {"a": tensor("F32", [1], 0.5, 4)}, floats(1))
bad("no_offsets", {"a": {"dtype": "F32", "shape": [1]}}, floats(1))
bad("no_dtype", {"a": {"shape": [1], "data_offsets": [0, 4]}}, floats(1))
bad("nine_dims", {"a": tensor("F32", [1] * 9, 0, 4)}, floats(1))
bad("nan", {"ln.bias": tensor("F32", [2], 0, 8), "w": tensor("F32", [2, 3], 8, 32)},
    floats(0, 1, 1, 2, 3, 4, 5, np.nan))
bad("infinite_half", {"w": tensor("F16", [3], 0, 6)}, np.array([1, -np.inf, 2], dtype="<f2").tobytes())
