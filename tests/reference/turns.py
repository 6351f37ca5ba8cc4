"""Golden angles of drawn views (method/README.md 10): tests/golden/work/turns.{txt,bin}."""
import numpy as np

import golden
import methods
import toy_model

# As in tests/work/test_work_turns.c: dataset, category, seed, the image's file, views.
CASES = [("demo", "gear", 0, "train/good/000.png", 30), ("demo", "gear", 1, "train/good/000.png", 30), ("demo", "gear", 0, "train/good/001.png", 30),
         ("mvtec", "metal_nut", 2000000000, "train/good/213.png", 7), ("visa", "pcb1", 3, "Data/Images/Normal/0001.JPG", 360)]


def angles(dataset, category, seed, image, views):
    """One uniform number of each view's own stream: the number of shots is no part of the key."""
    key = toy_model.rng_key(dataset, category, 0, seed, "turns/" + image)
    return np.float64([360 * methods.uniforms(methods.split(key, t), 1)[0] for t in range(views)])


if __name__ == "__main__":
    golden.write("work/turns", {str(n): angles(*case) for n, case in enumerate(CASES)}, "turns.py")
