"""Region aggregation (METHOD.md 6) in plain numpy, and its golden files.

Sums run over the channels in order, in float64, as in src/align/align_regions.c, so labels must be identical.
"""
import itertools
import math

import numpy as np

import golden

NEIGHBOURS = 5
OPTIONS = list(itertools.product(("language", "density"), ("similarity", "feature"), (2, 1)))


def similarities(z, anchors):
    """(N, classes) of dot products, added channel by channel."""
    total = np.zeros((len(z), len(anchors)))
    for e in range(z.shape[1]):
        total += z[:, e].astype(np.float64)[:, None] * anchors[:, e].astype(np.float64)[None]
    return total


def squared(x, y):
    """(len(x), len(y)) squared distances, added channel by channel."""
    total = np.zeros((len(x), len(y)))
    for e in range(x.shape[1]):
        total += (y[:, e][None] - x[:, e][:, None]) ** 2
    return total


def density_centers(x, count):
    n, dims = x.shape
    k = min(NEIGHBOURS, n)
    d2 = squared(x, x)
    rho = []
    for row in d2:
        mean = 0.0
        for value in np.sort(row)[:k]:
            mean += value
        rho.append(math.exp(-(mean / k / dims)))
    score = []
    for i in range(n):
        denser = [d2[i, j] for j in range(n) if rho[j] > rho[i] or (rho[j] == rho[i] and j < i)]
        score.append(rho[i] * math.sqrt((min(denser) if denser else d2.max()) / dims))
    return sorted(range(n), key=lambda i: (-score[i], i))[:count]


def assign(x, centers):
    cluster = np.argmin(squared(x, x[centers]), axis=1)
    for c in reversed(range(len(centers))):
        cluster[centers[c]] = c
    return cluster


def mean_similarity(z, anchors):
    total = z.astype(np.float64).cumsum(axis=0)[-1]
    norm2 = 0.0
    for v in total:
        norm2 += v * v
    dots = np.zeros(len(anchors))
    for e in range(len(total)):
        dots += total[e] * anchors[:, e].astype(np.float64)
    return dots / math.sqrt(norm2)


def aggregate(z, anchors, components, background, centers, reference, stages):
    """labels (N) of 0..components; z (N, E) and anchors are float32."""
    C, N = components, len(z)
    similarity = similarities(z, anchors)
    space = similarity if reference == "similarity" else z.astype(np.float64)
    labels = np.zeros(N, np.uint8)

    def split(tokens, classes):
        count = min(classes, len(tokens))
        x = space[tokens]
        if centers == "language":
            chosen = []
            for c in range(count):
                order = sorted(range(len(tokens)), key=lambda i: (-similarity[tokens[i], c], i))
                chosen.append(next(i for i in order if i not in chosen))
            names = list(range(count))
        else:
            chosen = density_centers(x, count)
        cluster = assign(x, chosen)
        if centers == "density":
            names = [int(np.argmax(mean_similarity(z[tokens][cluster == c], anchors)[:classes])) for c in range(count)]
        labels[tokens] = np.array(names)[cluster]

    tokens = np.arange(N)
    if background and stages == 2:
        if centers == "language":
            chosen = [int(np.argmax(similarity[:, C])), int(np.argmin(similarity[:, C]))]
        else:
            chosen = density_centers(space, min(2, N))
        cluster = assign(space, chosen)
        empty = [not (cluster == c).any() for c in (0, 1)]
        if any(empty):
            back = 1 if empty[0] else 0
        else:
            first, second = (mean_similarity(z[cluster == c], anchors)[C] for c in (0, 1))
            back = 1 if second > first else 0
        labels[cluster == back] = C
        tokens = tokens[cluster != back]
        if len(tokens):
            split(tokens, C)
    else:
        split(tokens, len(anchors))
    return labels


def weights(labels, scale, components, region, gamma):
    """labels (scale h, scale w) -> (h, w); region: image, foreground, background or a component's number."""
    h, w = labels.shape[0] // scale, labels.shape[1] // scale
    if region == "image":
        return np.ones((h, w), np.float32)
    inside = labels != components if region == "foreground" else labels == (components if region == "background" else region)
    share = inside.reshape(h, scale, w, scale).sum(axis=(1, 3)) / (scale * scale)
    return (1 + gamma * share).astype(np.float32)


def main():
    rng = np.random.default_rng(20240612)

    def unit(a):
        return (a / np.linalg.norm(a, axis=-1, keepdims=True)).astype(np.float32)

    def scene(h, w, E, C, background, noise):
        """Smooth patches of a few directions, as a picture of components would give."""
        anchors = unit(rng.standard_normal((C + background, E)))
        kinds = unit(anchors[rng.permutation(len(anchors))] + 0.5 * rng.standard_normal((len(anchors), E)))
        rows = np.minimum(np.arange(h * w).reshape(h, w) % w * len(kinds) // w, len(kinds) - 1)
        return unit(kinds[rows.ravel()] + noise * rng.standard_normal((h * w, E)) + 0.3), anchors

    cases = []
    for h, w, scale, E, C, background in [(20, 12, 4, 17, 3, True), (8, 12, 2, 12, 1, True), (5, 7, 1, 9, 2, False), (12, 4, 4, 7, 1, False), (8, 20, 4, 24, 6, True)]:
        cases.append((h, w, scale, C, background, *scene(h, w, E, C, background, 0.3)))
    z, anchors = scene(4, 8, 10, 2, True, 0.4)
    cases.append((4, 8, 4, 2, True, z[rng.integers(0, 5, 32)], anchors))  # duplicates
    cases.append((4, 8, 4, 2, True, np.repeat(z[:1], 32, axis=0), anchors))  # all equal
    cases.append((1, 2, 1, 4, False, *scene(1, 2, 6, 4, False, 0.5)))  # fewer tokens than centres
    cases.append((1, 3, 1, 4, True, *scene(1, 3, 6, 4, True, 0.5)))
    cases.append((1, 1, 1, 2, True, *scene(1, 1, 5, 2, True, 0.5)))  # one token
    arrays = {}
    for n, (h, w, scale, C, background, z, anchors) in enumerate(cases):
        arrays[f"{n}.shape"] = np.int32([h, w, scale, C, background])
        arrays[f"{n}.z"], arrays[f"{n}.anchors"] = z, anchors
        arrays[f"{n}.labels"] = np.stack([aggregate(z, anchors, C, background, *options) for options in OPTIONS])
        first = arrays[f"{n}.labels"][0].reshape(h, w)
        regions = ["image", "foreground", "background", *range(C)]
        arrays[f"{n}.weights"] = np.stack([weights(first, scale, C, region, 1.5) for region in regions])
    golden.write("align/regions", arrays, "regions.py")


if __name__ == "__main__":
    main()
