"""Stored maps at full size (METHOD.md 9) and exact curves over them (METHOD.md 10).

Upsampling and smoothing are linear, so a map of R x R pixels is rows @ map @ columns^T with two small matrices.
"""
import numpy as np

from . import images

CURVE_POINTS = 600


def bilinear(size, source):
    """(size, source): half-pixel centres, clamped at the borders (align_corners = false)."""
    position = np.maximum((np.arange(size) + 0.5) * (source / size) - 0.5, 0)
    low = np.minimum(position.astype(int), source - 1)
    high = np.minimum(low + 1, source - 1)
    weight = position - low
    out = np.zeros((size, source))
    np.add.at(out, (np.arange(size), low), 1 - weight)
    np.add.at(out, (np.arange(size), high), weight)
    return out


def gaussian(size, sigma):
    """(size, size): scipy's gaussian_filter1d with truncate 4 and borders reflected (d c b a | a b c d | d c b a)."""
    radius = int(4 * sigma + 0.5)
    if radius == 0:
        return np.eye(size)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    out = np.zeros((size, size))
    for offset, weight in zip(offsets, weights):
        at = (np.arange(size) + offset) % (2 * size)
        np.add.at(out, (np.arange(size), np.where(at < size, at, 2 * size - 1 - at)), weight)
    return out


class Full:
    """Full-size maps of one task, one at a time."""

    def __init__(self, task):
        self.low = task.array("maps/M_pix").astype(np.float64)
        self.resolution = int(task.number("resolution"))
        self.native = task.options.get("metric_size", "R") == "native"
        self.sigma = task.number("sigma")
        self.weights = {}

    def along(self, size, source):
        if (size, source) not in self.weights:
            self.weights[size, source] = gaussian(size, self.sigma) @ bilinear(size, source)
        return self.weights[size, source]

    def map(self, index, height=None, width=None):
        """(R,R), or another size where one is given."""
        low = self.low[index]
        height, width = height or self.resolution, width or self.resolution
        return (self.along(height, low.shape[0]) @ low @ self.along(width, low.shape[1]).T).astype(np.float32)

    def scale(self):
        """Lowest and highest value over all maps of the category: one colour scale for all its pictures."""
        values = [self.map(index) for index in range(len(self.low))]
        low, high = min(map(np.min, values)), max(map(np.max, values))
        return float(low), float(high if high > low else low + 1e-12)


# ---- Regions ---------------------------------------------------------------------------------------------------------


def regions(mask):
    """(H,W) int: 0 outside, else the number from 1 of the region of 8-connected pixels."""
    mask = np.asarray(mask, bool)
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, begins = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    parent = list(range(len(rows)))

    def find(a):
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        return a

    start = np.searchsorted(rows, np.arange(mask.shape[0] + 1))
    for y in range(1, mask.shape[0]):
        above, here = start[y - 1], start[y]
        while above < start[y] and here < start[y + 1]:
            if begins[above] <= ends[here] and begins[here] <= ends[above]:
                a, b = find(above), find(here)
                parent[max(a, b)] = min(a, b)
            if ends[above] < ends[here]:
                above += 1
            else:
                here += 1
    out = np.zeros(mask.shape, np.int32)
    number = {}
    for i, (y, begin, end) in enumerate(zip(rows, begins, ends)):
        out[y, begin:end] = number.setdefault(find(i), len(number) + 1)
    return out


# ---- Curves ----------------------------------------------------------------------------------------------------------


class Curve:
    """x, y of a curve's vertices, thinned for drawing, and its exact area (to `limit` of x, divided by it)."""

    def __init__(self, x, y, area):
        keep = thin(x, y)
        self.x, self.y, self.area = x[keep], y[keep], area


def thin(x, y):
    """Indices of vertices with a step of at least 1/CURVE_POINTS between them; the first and the last always."""
    if len(x) <= 2 * CURVE_POINTS:
        return np.arange(len(x))
    step = np.floor((x + y) * CURVE_POINTS)
    keep = np.flatnonzero(np.diff(step, prepend=-1))
    return np.unique(np.concatenate([[0], keep, [len(x) - 1]]))


def vertices(negatives, positives, weights):
    """False-positive rate and weighted share of positives at every distinct positive score, falling: pairs (before the
    ties with negatives at that score, after). Between them only the false-positive rate moves. Negatives are sorted."""
    order = np.argsort(-positives, kind="stable")
    scores, share = positives[order], np.cumsum(weights[order])
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    scores, share = scores[last], share[last] / share[-1]
    n = len(negatives)
    above = (n - np.searchsorted(negatives, scores, side="right")) / n
    at = (n - np.searchsorted(negatives, scores, side="left")) / n
    x, y = np.empty(2 * len(scores) + 2), np.empty(2 * len(scores) + 2)
    x[0], y[0], x[-1], y[-1] = 0, 0, 1, 1
    x[1:-1:2], x[2:-1:2] = above, at
    y[1:-1:2], y[2:-1:2] = np.concatenate([[0], share[:-1]]), share
    return x, y


def area(x, y, limit=1.0):
    """Under the piecewise linear curve up to x = limit, divided by limit; the end point is interpolated."""
    inside = int(np.searchsorted(x, limit, side="right"))
    if inside < len(x):
        slope = (limit - x[inside - 1]) / (x[inside] - x[inside - 1])
        end = y[inside - 1] + slope * (y[inside] - y[inside - 1])
        x, y = np.append(x[:inside], limit), np.append(y[:inside], end)
    return float(np.sum((x[1:] - x[:-1]) * (y[1:] + y[:-1])) / 2 / limit)


def roc(scores, labels):
    """ROC curve of a list; None when it has one class only."""
    scores, labels = np.asarray(scores), np.asarray(labels) != 0
    if labels.all() or not labels.any():
        return None
    positives = scores[labels]
    x, y = vertices(np.sort(scores[~labels]), positives, np.ones(len(positives)))
    return Curve(x, y, area(x, y))


def pixel_curves(task, pictures, limit):
    """ROC and PRO curve of a task's pixels, images pooled; None when there are no anomalous or no normal pixels."""
    full = Full(task)
    size = full.resolution
    negatives, positives, weights = [], [], []
    for index in range(len(full.low)):
        mask = pictures.mask(index)
        if full.native:
            height, width = mask.shape if mask is not None else pictures.image(pictures.paths[index]).shape[:2]
        else:
            height = width = size
        scores = full.map(index, height, width)
        if mask is None:
            negatives.append(scores.ravel())
            continue
        mask = images.nearest(mask, height, width)
        numbers = regions(mask)
        negatives.append(scores[~mask])
        positives.append(scores[mask])
        inside = numbers[mask]
        weights.append(1 / np.bincount(inside)[inside] if len(inside) else np.zeros(0))
    negatives = np.concatenate(negatives) if negatives else np.zeros(0)
    positives = np.concatenate(positives) if positives else np.zeros(0)
    if len(negatives) == 0 or len(positives) == 0:
        return None
    negatives.sort()
    x, y = vertices(negatives, positives, np.ones(len(positives)))
    ranking = Curve(x, y, area(x, y))
    x, y = vertices(negatives, positives, np.concatenate(weights))
    return ranking, Curve(x, y, area(x, y, limit))
