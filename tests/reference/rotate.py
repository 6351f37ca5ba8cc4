"""Golden images of io_rotate: tests/golden/io/rotate.{txt,bin}, by scipy's map_coordinates with a mirrored border."""
import numpy as np
import scipy
from scipy.ndimage import map_coordinates

import golden


def rotate(image, degrees):
    h, w = image.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    x, y = x - w / 2, y - h / 2
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    at = [s * x + c * y + h / 2, c * x - s * y + w / 2]
    planes = [map_coordinates(image[..., k].astype(np.float64), at, order=1, mode="mirror") for k in range(image.shape[2])]
    return np.stack(planes, -1)


rng = np.random.default_rng(3)
arrays = {}
for n, (h, w, channels, degrees) in enumerate([(17, 23, 3, 45), (20, 20, 3, 90), (9, 14, 3, 180), (31, 8, 1, 315), (12, 13, 3, 7.3), (1, 9, 3, 33), (25, 4, 3, -211.9), (6, 6, 3, 0)]):
    image = rng.integers(0, 256, (h, w, channels), dtype=np.uint8)
    arrays[f"{n}.src"], arrays[f"{n}.dst"], arrays[f"{n}.degrees"] = image, rotate(image, degrees).astype(np.float32), np.float64([degrees])
golden.write("io/rotate", arrays, "rotate.py", [scipy])
