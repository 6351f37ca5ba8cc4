#!/usr/bin/env python3
"""Golden values of the ranking metrics by scikit-learn: golden/metrics/ranking. Regenerate: tests/reference/metrics.py"""
import os

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

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


if __name__ == "__main__":
    ranking()
