#!/usr/bin/env python3
"""MVTec-AD's evaluation protocol in numpy and scipy, written from its definition: AUPRO (8-connected regions, all thresholds,
false-positive rate to 0.3, end point interpolated, divided by 0.3) and image AUROC (score = largest value of a map), at the
images' own sizes.

  mvtec_protocol.py MAPS DATA CATEGORY     prints both for a tree <MAPS>/<CATEGORY>/test/<defect>/<id>.tiff
  mvtec_protocol.py --golden DIR           makes tests/golden/review/mvtec: a small data set, maps for it, and expected.json
"""
import argparse
import json
import os
import sys

import numpy as np
import PIL
import scipy
from PIL import Image
from scipy.ndimage import gaussian_filter, label

LIMIT = 0.3


def pro_curve(maps, masks):
    """False-positive rate and mean region overlap after each distinct score, from the highest down."""
    fp_step, pro_step, scores = [], [], []
    regions = 0
    normal = sum(int((m == 0).sum()) for m in masks)
    for values, mask in zip(maps, masks):
        labelled, count = label(mask != 0, structure=np.ones((3, 3), int))
        regions += count
        overlap = np.zeros(mask.shape)
        for r in range(1, count + 1):
            here = labelled == r
            overlap[here] = 1.0 / here.sum()
        fp_step.append((mask == 0).ravel())
        pro_step.append(overlap.ravel())
        scores.append(values.ravel())
    scores = np.concatenate(scores)
    order = np.argsort(-scores.astype(np.float64), kind="stable")
    scores = scores[order]
    fpr = np.cumsum(np.concatenate(fp_step)[order]) / normal
    pro = np.cumsum(np.concatenate(pro_step)[order]) / regions
    last = np.append(np.diff(scores) != 0, True)  # equal scores are one threshold
    return np.concatenate([[0.0], fpr[last], [1.0]]), np.concatenate([[0.0], pro[last], [1.0]])


def area(x, y, limit):
    keep = x <= limit
    xs, ys = list(x[keep]), list(y[keep])
    if xs[-1] < limit:
        i = int(np.argmax(~keep))
        share = (limit - x[i - 1]) / (x[i] - x[i - 1])
        xs.append(limit)
        ys.append(y[i - 1] + share * (y[i] - y[i - 1]))
    return float(np.trapz(ys, xs)) / limit


def auroc(scores, labels):
    """Mann-Whitney with ties counted half, by comparing all pairs."""
    positive, negative = scores[labels == 1][:, None], scores[labels == 0][None, :]
    return float(((positive > negative) + 0.5 * (positive == negative)).mean())


def evaluate(maps_root, data_root, category):
    maps, masks, labels = [], [], []
    base = os.path.join(data_root, category, "test")
    for defect in sorted(os.listdir(base)):
        for name in sorted(os.listdir(os.path.join(base, defect))):
            stem = os.path.splitext(name)[0]
            values = np.array(Image.open(os.path.join(maps_root, category, "test", defect, stem + ".tiff")))
            size = Image.open(os.path.join(base, defect, name)).size
            assert values.dtype == np.float32 and values.shape == size[::-1], (defect, name)
            mask = np.zeros(values.shape, np.uint8)
            if defect != "good":
                path = os.path.join(data_root, category, "ground_truth", defect, stem + "_mask.png")
                mask = (np.array(Image.open(path).convert("L")) > 127).astype(np.uint8)
            maps.append(values)
            masks.append(mask)
            labels.append(int(defect != "good"))
    x, y = pro_curve(maps, masks)
    return {"aupro": area(x, y, LIMIT), "image_auroc": auroc(np.array([m.max() for m in maps]), np.array(labels))}


def make_golden(folder):
    rng = np.random.default_rng(7)
    for sub in ("train/good", "test/good", "test/hole", "ground_truth/hole"):
        os.makedirs(os.path.join(folder, "data/thing", sub), exist_ok=True)
    sizes = [(31, 20), (20, 33), (24, 24), (31, 20)]
    for i, (w, h) in enumerate(sizes[:2]):
        Image.fromarray(rng.integers(0, 255, (h, w, 3), np.uint8)).save(f"{folder}/data/thing/train/good/{i:03d}.png")
    for defect in ("good", "hole"):
        os.makedirs(f"{folder}/maps/thing/test/{defect}", exist_ok=True)
        for i, (w, h) in enumerate(sizes):
            Image.fromarray(rng.integers(0, 255, (h, w, 3), np.uint8)).save(f"{folder}/data/thing/test/{defect}/{i:03d}.png")
            mask = np.zeros((h, w), np.uint8)
            if defect == "hole":
                mask[2:2 + 3 * (i + 1), 0:5] = 255  # touches the border
                mask[h - 3, w - 3] = 255  # one pixel ...
                mask[h - 2, w - 2] = 255  # ... and its diagonal neighbour: one region of two
                mask[h - 5, 2] = 255
                Image.fromarray(mask).save(f"{folder}/data/thing/ground_truth/hole/{i:03d}_mask.png")
            values = gaussian_filter(rng.random((h, w)) + 0.1 * (mask > 0), 1.0)
            values = (np.round(values * 200) / 200).astype(np.float32)  # many equal scores
            Image.fromarray(values).save(f"{folder}/maps/thing/test/{defect}/{i:03d}.tiff")
    result = evaluate(f"{folder}/maps", f"{folder}/data", "thing")
    result["versions"] = f"numpy {np.__version__}, scipy {scipy.__version__}, Pillow {PIL.__version__}"
    with open(f"{folder}/expected.json", "w") as out:
        json.dump(result, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", metavar="DIR")
    parser.add_argument("paths", nargs="*", metavar="MAPS DATA CATEGORY")
    args = parser.parse_args()
    if args.golden:
        make_golden(args.golden)
    elif len(args.paths) == 3:
        print(json.dumps(evaluate(*args.paths)))
    else:
        sys.exit("expected MAPS DATA CATEGORY, or --golden DIR")
