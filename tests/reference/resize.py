"""Golden files of io_resize_bicubic: PIL's Image.resize with BICUBIC, on images that make rounding and clipping show."""
import numpy as np
import PIL
from PIL import Image

import golden

# name: source width, height, target width, height, channels
CASES = {
    "down": (97, 61, 32, 32, 3),
    "up": (13, 9, 40, 31, 3),
    "down_to_odd": (64, 48, 15, 7, 3),
    "only_across": (50, 21, 17, 21, 3),
    "only_down": (21, 50, 21, 17, 3),
    "wider_and_lower": (30, 80, 71, 11, 3),
    "same": (9, 7, 9, 7, 3),
    "one_wide": (1, 37, 12, 12, 3),
    "one_high": (37, 1, 12, 12, 3),
    "one_pixel": (1, 1, 5, 3, 3),
    "to_one_pixel": (41, 23, 1, 1, 3),
    "to_one_wide": (41, 23, 1, 23, 3),
    "by_one": (40, 40, 39, 41, 3),
    "grey_down": (90, 70, 24, 31, 1),
    "grey_up": (7, 11, 29, 23, 1),
}


def picture(rng, kind, width, height, channels):
    y, x = np.mgrid[0:height, 0:width]
    if kind == 0:  # noise of full range
        return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
    if kind == 1:  # hard edges: the negative lobes overshoot 0 and 255
        value = (((x // 3 + y // 5) % 2) * 255)[..., None]
        return np.broadcast_to(value, (height, width, channels)).astype(np.uint8)
    value = 127.5 + 127.5 * np.sin(x[..., None] / 3.1 + y[..., None] / 4.7 + np.arange(channels))
    return value.astype(np.uint8)


def main():
    rng = np.random.default_rng(5)
    arrays = {}
    for number, (name, (width, height, to_width, to_height, channels)) in enumerate(CASES.items()):
        source = picture(rng, number % 3, width, height, channels)
        image = Image.fromarray(source if channels == 3 else source[..., 0])
        result = np.asarray(image.resize((to_width, to_height), Image.BICUBIC))
        arrays[name + "/src"] = source
        arrays[name + "/dst"] = result.reshape(to_height, to_width, channels)
    golden.write("io/resize", arrays, "resize.py", [PIL])


if __name__ == "__main__":
    main()
