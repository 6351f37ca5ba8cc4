#!/usr/bin/env python3
"""Golden values of the metrics: golden/metrics/ranking by scikit-learn, golden/metrics/aupro by a plain numpy/scipy
implementation of MVTec's definition (8-connected regions of equal weight, all thresholds, equal scores merged, the end
point interpolated) and scikit-learn. Regenerate: tests/reference/metrics.py"""
import os

import numpy as np
import scipy
import sklearn
from scipy import ndimage
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

import golden


def f1_max(labels, scores):
    """Largest F1 over all thresholds and the highest threshold that reaches it (score >= threshold is positive)."""
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    precision, recall = precision[:-1], recall[:-1]
    f1 = np.where(precision + recall > 0, 2 * precision * recall / np.maximum(precision + recall, 1e-300), 0)
    best = np.flatnonzero(f1 >= f1.max() - 1e-12).max()
    return f1[best], thresholds[best]


def ranking_cases():
    rng = np.random.default_rng(7)
    labels = rng.random(999) < 0.3
    yield "plain", rng.normal(size=999) + labels, labels
    yield "negative", rng.normal(size=999) - 40 + labels, labels
    yield "ties", np.round(rng.normal(size=999) + labels), labels
    yield "two_values", (rng.random(999) < 0.4).astype(float), labels
    yield "all_equal", np.full(999, 0.25), labels
    yield "inverted", -(rng.normal(size=999) + 2 * labels), labels
    yield "perfect", labels + 0.5 * rng.random(999), labels
    yield "denormal", np.float32(1e-45) * rng.integers(-30, 31, 999) + np.float32(3e-45) * labels, labels
    yield "zeros", np.where(rng.random(999) < 0.5, -0.0, 0.0) * 1.0, labels
    yield "huge_range", rng.normal(size=999) * 10.0 ** rng.integers(-38, 38, 999) * (1 + labels), labels
    yield "one_positive", rng.random(999), np.arange(999) == 500
    yield "one_negative", rng.random(999), np.arange(999) != 500
    yield "two", np.array([0.5, 0.75]), np.array([False, True])
    yield "two_tied", np.array([0.5, 0.5]), np.array([False, True])
    yield "blocks", np.repeat(rng.random(40), 50), np.repeat(rng.random(400) < 0.2, 5)


def ranking():
    arrays = {}
    for name, scores, labels in ranking_cases():
        scores = scores.astype(np.float32)
        arrays[f"{name}.scores"] = scores
        arrays[f"{name}.labels"] = labels.astype(np.uint8)
        best, threshold = f1_max(labels, scores)
        arrays[f"{name}.want"] = np.array(
            [roc_auc_score(labels, scores), average_precision_score(labels, scores), best, threshold], np.float64)
    golden.write("metrics/ranking", arrays, os.path.basename(__file__), [sklearn])


LIMITS = (0.3, 0.05, 1.0, 0.001)


def pro_curve(maps, masks):
    """False-positive rates and per-region overlaps at every distinct threshold, from (0, 0) on."""
    scores, false_positive, overlap = [], [], []
    regions = 0
    for scores_hw, mask in zip(maps, masks):
        labels, count = ndimage.label(mask, structure=np.ones((3, 3), int))
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        share = np.where(labels > 0, 1.0 / sizes[labels], 0.0)
        scores.append(scores_hw.ravel())
        false_positive.append((labels == 0).ravel())
        overlap.append(share.ravel())
        regions += count
    scores = np.concatenate(scores)
    order = np.argsort(-scores, kind="stable")
    scores = scores[order]
    x = np.cumsum(np.concatenate(false_positive)[order], dtype=np.float64)
    y = np.cumsum(np.concatenate(overlap)[order], dtype=np.float64)
    if x[-1] == 0 or regions == 0:
        return None, None
    last = np.append(np.diff(scores) != 0, True)
    return np.append(0.0, x[last] / x[-1]), np.append(0.0, y[last] / regions)


def aupro(x, y, limit):
    if x is None:
        return np.nan
    inside = x <= limit
    area = np.trapezoid(y[inside], x[inside]) if hasattr(np, "trapezoid") else np.trapz(y[inside], x[inside])
    i = np.count_nonzero(inside)
    if i < len(x) and x[i - 1] < limit:
        height = y[i - 1] + (y[i] - y[i - 1]) * (limit - x[i - 1]) / (x[i] - x[i - 1])
        area += 0.5 * (y[i - 1] + height) * (limit - x[i - 1])
    return area / limit


def aupro_steps(maps, masks, steps, up, limit):
    """The threshold sweep of cflow-ad and its heirs: score > threshold, rates below the limit stretched to 0..1. From the
    highest score down (PromptAD), or up from the lowest (the WinCLIP port)."""
    scores = np.concatenate([m.ravel() for m in maps]).astype(np.float64)
    labels = np.concatenate([m.ravel() for m in masks])
    if not labels.any() or labels.all():
        return np.nan
    regions = []
    for scores_hw, mask in zip(maps, masks):
        found, count = ndimage.label(mask, structure=np.ones((3, 3), int))
        regions += [scores_hw[found == r + 1].astype(np.float64) for r in range(count)]
    delta = (scores.max() - scores.min()) / steps
    rates, overlaps = [], []
    for k in range(steps):
        threshold = scores.min() + k * delta if up else scores.max() - k * delta
        rates.append(np.mean(scores[~labels] > threshold))
        overlaps.append(np.mean([np.mean(region > threshold) for region in regions]))
    rates, overlaps = np.array(rates), np.array(overlaps)
    kept = rates < limit
    if not kept.any() or rates[kept].max() == rates[kept].min():
        return np.nan
    rates = (rates[kept] - rates[kept].min()) / (rates[kept].max() - rates[kept].min())
    return auc(rates, overlaps[kept])


def smooth_maps(rng, sizes, masks, signal):
    maps = []
    for (height, width), mask in zip(sizes, masks):
        noise = ndimage.gaussian_filter(rng.normal(size=(height, width)), 1.5) * 4
        maps.append((noise + signal * ndimage.gaussian_filter(mask.astype(float), 1)).astype(np.float32))
    return maps


def blobs(rng, sizes, share):
    return [ndimage.gaussian_filter(rng.normal(size=size), 2) > np.float64(share) for size in sizes]


def aupro_cases():
    rng = np.random.default_rng(11)
    sizes = [(37, 53), (24, 40), (1, 17), (19, 1), (40, 40)]
    masks = blobs(rng, sizes, 0.12)
    masks[4][:] = False
    yield "plain", smooth_maps(rng, sizes, masks, 2.0), masks
    yield "ties", [np.round(m * 2) / 2 for m in smooth_maps(rng, sizes, masks, 2.0)], masks
    yield "all_equal", [np.full(s, -3.5, np.float32) for s in sizes], masks
    yield "constant_maps", [np.full(s, i * 0.25, np.float32) for i, s in enumerate(sizes)], masks
    yield "skewed", [np.abs(m) ** 4 for m in smooth_maps(rng, sizes, masks, 1.0)], masks
    yield "inverted", [-m for m in smooth_maps(rng, sizes, masks, 3.0)], masks
    perfect = [m.astype(np.float32) + np.float32(0.5) * rng.random(m.shape, dtype=np.float32) for m in masks]
    yield "perfect", perfect, masks
    single = [rng.random(s) < 0.02 for s in sizes]
    yield "one_pixel_regions", smooth_maps(rng, sizes, single, 9.0), single
    noise = [rng.random(s) < 0.45 for s in sizes]
    yield "tangled_regions", smooth_maps(rng, sizes, noise, 1.0), noise
    board = [np.indices(s).sum(0) % 2 == 0 for s in sizes]
    yield "checkerboard", smooth_maps(rng, sizes, board, 1.0), board
    border = []
    for s in sizes:
        mask = np.zeros(s, bool)
        mask[0, :] = mask[-1, :] = mask[:, 0] = mask[:, -1] = True
        border.append(mask)
    yield "border", smooth_maps(rng, sizes, border, 1.0), border
    covered = [np.ones(s, bool) for s in sizes]
    yield "nothing_normal", smooth_maps(rng, sizes, covered, 1.0), covered
    covered = [np.ones(s, bool) if i == 1 else masks[i] for i, s in enumerate(sizes)]
    yield "one_covered", smooth_maps(rng, sizes, covered, 1.0), covered
    empty = [np.zeros(s, bool) for s in sizes]
    yield "nothing_anomalous", smooth_maps(rng, sizes, empty, 1.0), empty
    big = [(48, 48)] * 3
    masks = blobs(rng, big, 0.2)
    yield "larger", smooth_maps(rng, big, masks, 1.5), masks


def pixels():
    arrays = {"limits": np.array(LIMITS)}
    for name, maps, masks in aupro_cases():
        scores = np.concatenate([m.ravel() for m in maps]).astype(np.float32)
        labels = np.concatenate([m.ravel() for m in masks])
        both = labels.any() and not labels.all()
        x, y = pro_curve(maps, masks)
        arrays[f"{name}.scores"] = scores
        arrays[f"{name}.masks"] = np.packbits(labels)
        arrays[f"{name}.sizes"] = np.array([m.shape for m in maps], np.int32)
        arrays[f"{name}.aupro"] = np.array([aupro(x, y, limit) for limit in LIMITS])
        arrays[f"{name}.steps"] = np.array([aupro_steps(maps, masks, 200, False, limit) for limit in LIMITS])
        arrays[f"{name}.steps_up"] = np.array([aupro_steps(maps, masks, 200, True, limit) for limit in LIMITS])
        arrays[f"{name}.regions"] = np.array(
            [ndimage.label(m, structure=np.ones((3, 3), int))[1] for m in masks], np.int32)
        arrays[f"{name}.ranking"] = np.array(
            [roc_auc_score(labels, scores) if both else np.nan,
             average_precision_score(labels, scores) if labels.any() else np.nan,
             f1_max(labels, scores)[0] if labels.any() else np.nan])
    golden.write("metrics/aupro", arrays, os.path.basename(__file__), [scipy, sklearn])


if __name__ == "__main__":
    ranking()
    pixels()
