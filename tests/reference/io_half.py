"""Golden values of half precision: numpy's float32 -> float16 and back, at random and awkward values."""
import numpy as np

import golden

rng = np.random.default_rng(7)
edge = np.array([0.0, -0.0, 1.0, -1.0, 65504.0, 65519.996, 65520.0, -65520.0, 1e9, np.inf, -np.inf, 2.0**-14,
                 2.0**-24, 2.0**-25, np.nextafter(np.float32(2.0**-25), np.float32(1)), 1.5 * 2.0**-24, 2.5 * 2.0**-24,
                 2.0**-14 - 2.0**-25, 2.0**-14 - 2.0**-26, 1e-30, 1 + 2.0**-11, 1 + 3 * 2.0**-11, 2047.5, 2048.5,
                 2049.5, 4099.0, 1e-45], dtype=np.float32)
bits = rng.integers(0, 2**32, 4000, dtype=np.uint32).view(np.float32)
near = (rng.standard_normal(2000) * 10.0 ** rng.uniform(-8, 5, 2000)).astype(np.float32)
ties = (rng.integers(0, 0x7BFF, 1000).astype(np.uint16).view(np.float16).astype(np.float32))
ties = (ties + np.nextafter(ties.astype(np.float16), np.float16(np.inf)).astype(np.float32)) / np.float32(2)
value = np.concatenate([edge, bits[~np.isnan(bits)], near, ties]).astype(np.float32)
with np.errstate(over="ignore"):
    half = value.astype(np.float16)
some = np.arange(0, 65536, 7, dtype=np.uint32).astype(np.uint16)
golden.write("io/half", {
    "value_bits": value.view(np.int32),
    "half": half.view(np.uint16).astype(np.int32),
    "some": some.astype(np.int32),
    "some_bits": some.view(np.float16).astype(np.float32).view(np.int32),
}, "io_half.py")
