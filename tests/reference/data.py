"""Golden masks for data: PIL's NEAREST and torch's nearest-exact at awkward sizes (they agree; asserted here); PIL's BILINEAR
of 0 and 255, above a half of 255 and 255 itself."""
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
for n, (sh, sw, dh, dw) in enumerate([(90, 90, 24, 24), (60, 80, 24, 24), (24, 24, 50, 31), (33, 47, 10, 40)]):
    y, x = np.mgrid[0:sh, 0:sw]
    src = ((((y - sh / 2) / sh) ** 2 + ((x - sw / 3) / sw) ** 2 < 0.06) | ((y < sh // 6) & (x > sw // 2))).astype(np.uint8)
    grey = np.asarray(Image.fromarray(255 * src).resize((dw, dh), Image.BILINEAR))
    arrays[f"soft{n}.src"], arrays[f"soft{n}.half"], arrays[f"soft{n}.whole"] = src, np.uint8(grey > 127.5), np.uint8(grey == 255)
golden.write("data/masks", arrays, "data.py", (torch, PIL))
