"""Writes golden arrays for the C tests: <name>.txt (an index) and <name>.bin (little-endian bytes, 64-byte aligned)."""
import os
import platform

import numpy as np

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")
DTYPES = {"float32": "f32", "float64": "f64", "int32": "i32", "uint8": "u8"}


def write(name, arrays, script, versions=()):
    """arrays: {name: numpy array of f32, f64, i32 or u8}; versions: modules whose __version__ is recorded."""
    path = os.path.join(GOLDEN, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    made_with = [f"python {platform.python_version()}", f"numpy {np.__version__}"]
    made_with += [f"{module.__name__} {module.__version__}" for module in versions]
    lines = [f"# made by tests/reference/{script} with {', '.join(made_with)}", "# name dtype ndim dims... offset"]
    blob = bytearray()
    for key, value in arrays.items():
        value = np.asarray(value, order="C")
        blob += b"\0" * (-len(blob) % 64)
        dims = " ".join(str(d) for d in value.shape)
        lines.append(f"{key} {DTYPES[value.dtype.name]} {value.ndim} {dims + ' ' if dims else ''}{len(blob)}")
        blob += value.tobytes()
    with open(path + ".txt", "w", encoding="ascii") as index:
        index.write("\n".join(lines) + "\n")
    with open(path + ".bin", "wb") as data:
        data.write(blob)
