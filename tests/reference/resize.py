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


# As OpenCV resizes: source width, height, target side, channels.
LINEAR = {"up": (61, 47, 96, 3), "down": (97, 130, 64, 3), "half": (64, 64, 32, 3), "double": (30, 30, 60, 1), "same": (16, 16, 16, 3),
          "tiny": (3, 5, 16, 3), "one_pixel": (1, 1, 7, 3)}


def opencv(source, side):
    """cv2.resize, INTER_LINEAR: OpenCV's own arithmetic in numpy, checked against it where it is installed."""

    def taps(size, across):
        at = ((np.arange(side) + 0.5) * (size / side) - 0.5).astype(np.float32)
        low = np.floor(at).astype(int)
        at -= low.astype(np.float32)
        if across:
            at[(low < 0) | (low >= size - 1)] = 0
        weights = [np.rint(w * 2048).astype(int) for w in (np.float32(1) - at, at)]
        return np.clip(low, 0, size - 1), np.clip(low + 1, 0, size - 1), *weights

    x0, x1, a0, a1 = taps(source.shape[1], True)
    y0, y1, b0, b1 = taps(source.shape[0], False)
    pixels = source.astype(int)
    rows = pixels[:, x0] * a0[:, None] + pixels[:, x1] * a1[:, None]
    parts = [(b[:, None, None] * (rows[y] >> 4)) >> 16 for y, b in ((y0, b0), (y1, b1))]
    return ((parts[0] + parts[1] + 2) >> 2).astype(np.uint8)


def main_opencv():
    rng = np.random.default_rng(6)
    arrays = {}
    for number, (name, (width, height, side, channels)) in enumerate(LINEAR.items()):
        source = picture(rng, number % 3, width, height, channels)
        mask = rng.integers(0, 2, (height, width), dtype=np.uint8)
        linear = opencv(source, side)
        columns, rows = ((np.arange(side) * (size / side)).astype(int) for size in (width, height))
        nearest = mask[rows][:, columns]
        try:
            import cv2

            assert np.array_equal(cv2.resize(source, (side, side)).reshape(linear.shape), linear), name
            assert np.array_equal(cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST), nearest), name
            print(f"{name}: as OpenCV {cv2.__version__}")
        except ImportError:
            print(f"{name}: OpenCV is not installed, not compared")
        arrays.update({f"{name}/src": source, f"{name}/linear": linear, f"{name}/mask": mask, f"{name}/nearest": nearest})
    golden.write("io/resize_opencv", arrays, "resize.py", ())


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
    main_opencv()
