"""The images and ground-truth masks behind the paths of a task, in the layouts of datasets/README.md.

A run stores paths below the category's folder, not images. Where the images are not on this machine, Missing is raised
and the figure that needs them is left out; everything else works without.
"""
import os

import matplotlib.image
import numpy as np

from . import run

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
EXTENSIONS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".PNG", ".JPG", ".JPEG", ".TIF", ".TIFF")


class Missing(Exception):
    """Images are not where the run found them: one line for people."""


def roots(task, data_root):
    """Folders that may hold the task's dataset, the likeliest first."""
    dataset = task.row.dataset
    if data_root is not None:
        return [os.path.join(data_root, dataset), data_root]
    own = run.map_of(task.options.get("roots", "")).get(dataset)
    given = own if own else os.path.join(task.options.get("data_root", ""), dataset)
    return [given] if os.path.isabs(given) else [given, os.path.join(PROJECT, given)]


def category_folders(root, category):
    yield os.path.join(root, category)
    yield os.path.join(root, "1cls", category)
    for tree in ("256", "512", "1024", "raw"):
        yield os.path.join(root, f"realiad_{tree}", category)


class Images:
    """The images of one task. base: the folder that its paths are below."""

    def __init__(self, task, data_root=None):
        self.task = task
        self.paths = task.texts("maps/path")
        self.labels = task.array("maps/label")
        self.base = None
        tried = []
        for root in roots(task, data_root):
            for folder in category_folders(root, task.row.category):
                if self.paths and os.path.isfile(os.path.join(folder, self.paths[0])):
                    self.base = folder
                    return
            tried.append(root)
        raise Missing(
            f"the images of {task.row.dataset}/{task.row.category} are not below '{tried[0]}'"
            " (hint: --data-root DIR names the folder with one folder a dataset)"
        )

    def image(self, path):
        """(H,W,3) bytes."""
        return read_rgb(os.path.join(self.base, path))

    def mask_path(self, path):
        """The mask of an anomalous image, or None."""
        folder, file = os.path.split(path)
        stem = os.path.splitext(file)[0]
        parts = folder.split("/")
        if parts[0] == "test" and len(parts) == 2:
            for name in ("ground_truth", "mask"):
                for extension in EXTENSIONS:
                    for ending in ("_mask", ""):
                        candidate = os.path.join(self.base, name, parts[1], stem + ending + extension)
                        if os.path.isfile(candidate):
                            return candidate
        elif "Images" in parts:
            candidate = os.path.join(self.base, folder.replace("Images", "Masks", 1), stem + ".png")
            return candidate if os.path.isfile(candidate) else None
        else:
            candidate = os.path.join(self.base, folder, stem + ".png")
            return candidate if candidate != os.path.join(self.base, path) and os.path.isfile(candidate) else None
        return None

    def mask(self, index):
        """(H,W) bool at the mask's own size; None for a normal image, and for a Real-IAD view without."""
        if self.labels[index] == 0:
            return None
        path = self.mask_path(self.paths[index])
        if path is None:
            if self.task.row.dataset == "realiad":
                return None
            raise Missing(f"'{os.path.join(self.base, self.paths[index])}' has no ground-truth mask")
        values = read_bytes(path)
        values = values[..., 0] if values.ndim == 3 else values
        return values > (0 if self.task.row.dataset == "visa" else 127)


def read_bytes(path):
    try:
        values = matplotlib.image.imread(path)
    except (OSError, ValueError, SyntaxError) as error:
        raise Missing(f"'{path}' cannot be read as an image: {error}") from None
    if values.dtype.kind == "f":
        values = np.rint(values * 255).astype(np.uint8)
    elif values.dtype == np.uint16:
        values = (values >> 8).astype(np.uint8)
    return values


def read_rgb(path):
    values = read_bytes(path)
    if values.ndim == 2:
        return np.repeat(values[..., None], 3, axis=2)
    return np.repeat(values[..., :1], 3, axis=2) if values.shape[2] < 3 else values[..., :3]


def shrink(values, height, width):
    """(H,W) or (H,W,3) to (height,width[,3]) by averaging the area below each new pixel; floats."""
    rows, columns = area_weights(height, values.shape[0]), area_weights(width, values.shape[1])
    out = np.tensordot(rows, values.astype(np.float32), (1, 0))
    return np.moveaxis(np.tensordot(columns, out, (1, 1)), 0, 1)


def area_weights(size, source):
    edges = np.arange(size + 1) * (source / size)
    first, last = edges[:-1, None], edges[1:, None]
    cell = np.arange(source)[None, :]
    overlap = np.clip(np.minimum(last, cell + 1) - np.maximum(first, cell), 0, None)
    return (overlap / overlap.sum(axis=1, keepdims=True)).astype(np.float32)


def nearest(mask, height, width):
    """Nearest neighbour at pixel centres, as the program resizes masks."""
    rows = (2 * np.arange(height) + 1) * mask.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * mask.shape[1] // (2 * width)
    return mask[rows[:, None], columns[None, :]]
