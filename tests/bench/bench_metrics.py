#!/usr/bin/env python3
"""Runs bench_metrics and then scikit-learn and a numpy AUPRO on the very same pixels, one core, and checks that the
numbers agree. bench_metrics.py BENCH_METRICS [--images N] [--size S]   (numpy, scipy, scikit-learn)"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np
import sklearn
from scipy import ndimage
from sklearn.metrics import average_precision_score, roc_auc_score

LIMIT = 0.3


def numpy_aupro(maps, masks):
    """MVTec's definition, written plainly: label, one sort, cumulative sums, interpolated end."""
    false_positive = np.empty(maps.shape, np.uint8)
    overlap = np.zeros(maps.shape, np.float64)
    regions = 0
    for i, mask in enumerate(masks):
        labels, count = ndimage.label(mask, structure=np.ones((3, 3), int))
        false_positive[i] = labels == 0
        if count:
            overlap[i] = np.where(labels > 0, 1.0 / np.bincount(labels.ravel(), minlength=count + 1)[labels], 0)
        regions += count
    scores = maps.ravel()
    order = np.argsort(scores, kind="stable")[::-1]
    scores = scores[order]
    x = np.cumsum(false_positive.ravel()[order], dtype=np.float64)
    y = np.cumsum(overlap.ravel()[order])
    last = np.append(np.diff(scores) != 0, True)
    x, y = np.append(0, x[last] / x[-1]), np.append(0, y[last] / regions)
    inside = x <= LIMIT
    area = np.trapz(y[inside], x[inside])
    i = np.count_nonzero(inside)
    if i < len(x) and x[i - 1] < LIMIT:
        height = y[i - 1] + (y[i] - y[i - 1]) * (LIMIT - x[i - 1]) / (x[i] - x[i - 1])
        area += 0.5 * (y[i - 1] + height) * (LIMIT - x[i - 1])
    return area / LIMIT


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench", help="the program bench_metrics")
    parser.add_argument("--images", type=int, default=167)
    parser.add_argument("--size", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        command = [options.bench, "--images", str(options.images), "--size", str(options.size), "--write", directory]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="ascii").stdout
        print(text, end="", flush=True)
        shape = (options.images, options.size, options.size)
        maps = np.fromfile(os.path.join(directory, "scores.f32"), np.float32).reshape(shape)
        masks = np.fromfile(os.path.join(directory, "masks.u8"), np.uint8).reshape(shape) > 0
    ours = {name: float(value) for name, value in re.findall(r"(AUROC|AP|AUPRO)\S* (0\.\d+)", text)}
    rows = [("AUROC", "scikit-learn roc_auc_score", lambda: roc_auc_score(masks.ravel(), maps.ravel())),
            ("AP", "scikit-learn average_precision_score",
             lambda: average_precision_score(masks.ravel(), maps.ravel())),
            ("AUPRO", "numpy/scipy AUPRO", lambda: numpy_aupro(maps, masks))]
    wrong = 0
    for name, label, measure in rows:
        start = time.perf_counter()
        value = measure()
        took = time.perf_counter() - start
        agrees = abs(value - ours[name]) <= 2e-9  # ours is printed to 9 decimals
        wrong |= not agrees
        print(f"{label:58s} {took:7.3f} s  {value:.9f} {'agrees' if agrees else 'DIFFERS from ' + str(ours[name])}",
              flush=True)
    print(f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, one thread")
    sys.exit(wrong)


if __name__ == "__main__":
    main()
