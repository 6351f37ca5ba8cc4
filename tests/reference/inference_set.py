"""The images and captions of the test suite_golden: a category in MVTec's layout, small enough for git. A plate with two
holes, light and place drawn anew in each picture; anomalous ones have a dark or bright spot. Rectangular and of odd size.

    /usr/bin/python3 tests/reference/inference_set.py     rewrites tests/golden/suite/set and tests/golden/suite/assets
then
    UPDATE=1 FGAD=... MAKE_MODEL=... WORK=... DATA=... GOLDEN=tests/golden sh tests/suite/test_suite_golden.sh
writes the golden arrays by inference.py.
"""
import json
import os

import numpy as np
from PIL import Image

import golden

W, H = 51, 43
SET = os.path.join(golden.GOLDEN, "suite", "set", "plate")
ASSETS = os.path.join(golden.GOLDEN, "suite", "assets", "mfsc")
VOCABULARY = {
    "description": "A small vocabulary, so that additions to the large one change no golden value.",
    "version": 1,
    "base": {
        "color": ["black", "gray", "red", "orange"], "texture": ["smooth", "rough"], "shape": ["round", "flat", "square"],
        "material": ["metal", "wood"], "direction": ["horizontal"], "number": ["no", "one", "two", "three"],
        "location": ["center", "middle", "top", "left"],
    },
    "extra": {"color": ["silver"]},
    "synonyms": {"location": [["center", "middle"]], "color": [["gray", "silver"]]},
    "prepositions": {"center": "in", "middle": "in", "top": "at", "left": "at"},
}
CAPTION = {
    "category": "plate", "dataset": "demo",
    "image": {"foreground": "plate", "background": "black", "summary": "a gray plate of one sheet with two holes on a black background."},
    "foreground": {
        "relation": "the plate has one sheet at the center and two holes at the top.",
        "components": [{"name": "sheet", "number": "one", "location": "center"}, {"name": "holes", "number": "two", "location": "top"}],
    },
    "components": [
        {"name": "sheet", "caption": "a gray and flat sheet of metal.", "attributes": {"color": "gray", "shape": "flat", "material": "metal"}},
        {"name": "holes", "caption": "the holes are round.", "attributes": {"shape": "round"}},
    ],
    "abnormal_states": ["bent {}", {"state": "{} that is|are blocked", "of": ["holes"]}, {"state": "{} with a spot", "of": ["foreground", "sheet"]}],
}


def picture(rng, spot):
    y, x = np.mgrid[0:H, 0:W]
    cx, cy = W / 2 + rng.uniform(-3, 3), H / 2 + rng.uniform(-2, 2)
    plate = (np.abs(x - cx) < 19) & (np.abs(y - cy) < 15)
    light = rng.uniform(0.85, 1.15) * (1 + 0.1 * (x - cx) / W)
    value = np.where(plate, 150 * light, 25.0)
    for side in (-9, 9):
        value = np.where((x - cx - side) ** 2 + (y - cy + 6) ** 2 < 14, 40.0, value)
    image = value[..., None] * np.array([1.0, 0.97, 0.9]) + rng.normal(0, 5, (H, W, 3))
    mask = np.zeros((H, W), bool)
    if spot:
        sx, sy = cx + rng.uniform(-12, 12), cy + rng.uniform(0, 10)
        mask = ((x - sx) / rng.uniform(2, 5)) ** 2 + ((y - sy) / rng.uniform(2, 4)) ** 2 < 1
        image[mask] = np.array([200, 60, 40]) if rng.uniform() < 0.5 else np.array([30, 30, 90])
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)), Image.fromarray((255 * mask).astype(np.uint8))


def main():
    rng = np.random.default_rng(20)
    for part, count, spot in (("train/good", 3, False), ("test/good", 3, False), ("test/spot", 3, True)):
        os.makedirs(os.path.join(SET, part), exist_ok=True)
        for i in range(count):
            image, mask = picture(rng, spot)
            image.save(os.path.join(SET, part, f"{i:03d}.png"), optimize=True)
            if spot:
                os.makedirs(os.path.join(SET, "ground_truth", "spot"), exist_ok=True)
                mask.save(os.path.join(SET, "ground_truth", "spot", f"{i:03d}_mask.png"), optimize=True)
    os.makedirs(os.path.join(ASSETS, "demo"), exist_ok=True)
    for name, value in (("vocabulary", VOCABULARY), ("demo/plate", CAPTION)):
        with open(os.path.join(ASSETS, name + ".json"), "w", encoding="ascii") as file:
            json.dump(value, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
