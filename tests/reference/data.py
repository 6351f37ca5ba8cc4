"""Golden masks for data: PIL's NEAREST and torch's nearest-exact at awkward sizes (they agree; asserted here)."""
import numpy as np
import PIL
import torch
from PIL import Image

import golden

rng = np.random.default_rng(7)
arrays = {}
for n, (sh, sw, dh, dw) in enumerate([(30, 45, 20, 20), (7, 5, 20, 23), (1, 9, 4, 4), (9, 1, 4, 4), (1, 1, 3, 2), (64, 48, 64, 48), (90, 90, 40, 40), (50, 77, 1, 1)]):
    src = rng.integers(0, 2, (sh, sw), dtype=np.uint8)
    pil = np.asarray(Image.fromarray(src).resize((dw, dh), Image.NEAREST))
    exact = torch.nn.functional.interpolate(torch.from_numpy(src)[None, None].float(), size=(dh, dw), mode="nearest-exact")
    assert (pil == exact[0, 0].numpy()).all(), (sh, sw, dh, dw)
    arrays[f"{n}.src"], arrays[f"{n}.dst"] = src, pil
golden.write("data/masks", arrays, "data.py", (torch, PIL))
