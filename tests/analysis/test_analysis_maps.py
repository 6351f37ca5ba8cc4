"""fgad.maps against slow and plain implementations and the numbers of a run; fgad.images in every layout."""
import os
import types
import unittest

import support
import numpy as np
from PIL import Image

from fgad import images, maps, run


def flood(mask):
    """Regions of 8-connected pixels by flooding."""
    out, count = np.zeros(mask.shape, int), 0
    for start in zip(*np.nonzero(mask)):
        if out[start]:
            continue
        count += 1
        waiting = [start]
        while waiting:
            y, x = waiting.pop()
            if not (0 <= y < mask.shape[0] and 0 <= x < mask.shape[1]) or not mask[y, x] or out[y, x]:
                continue
            out[y, x] = count
            waiting += [(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return out


def pro_by_thresholds(scores, numbers, limit):
    """AUPRO of one image, a threshold at a time."""
    x, y = [0.0], [0.0]
    for threshold in np.unique(scores)[::-1]:
        found = scores >= threshold
        x.append(found[numbers == 0].mean())
        y.append(np.mean([found[numbers == region].mean() for region in range(1, numbers.max() + 1)]))
    return maps.area(np.array(x), np.array(y), limit)


class Maps(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(3)

    def test_bilinear_is_half_pixel_and_clamped(self):
        out = maps.bilinear(4, 2) @ np.array([0.0, 1.0])
        np.testing.assert_allclose(out, [0, 0.25, 0.75, 1])
        np.testing.assert_allclose(maps.bilinear(7, 3).sum(axis=1), 1)
        np.testing.assert_allclose(maps.bilinear(5, 1), np.ones((5, 1)))

    def test_gaussian_reflects_borders_even_when_wider_than_the_map(self):
        for size, sigma in ((30, 1.5), (5, 4.0), (1, 2.0)):
            line = self.random.random(size)
            radius = int(4 * sigma + 0.5)
            weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
            mirrored = line
            while len(mirrored) < size + 2 * radius:
                mirrored = np.pad(mirrored, (len(line), len(line)), mode="symmetric")
            middle = (len(mirrored) - size) // 2
            expected = [
                np.dot(mirrored[middle + i - radius : middle + i + radius + 1], weights) / weights.sum()
                for i in range(size)
            ]
            np.testing.assert_allclose(maps.gaussian(size, sigma) @ line, expected, rtol=1e-12)
        np.testing.assert_array_equal(maps.gaussian(3, 0), np.eye(3))

    def test_regions_are_those_of_flooding(self):
        for share in (0.0, 0.1, 0.3, 0.5, 0.8, 1.0):
            mask = self.random.random((23, 31)) < share
            np.testing.assert_array_equal(maps.regions(mask), flood(mask))
        np.testing.assert_array_equal(maps.regions(np.ones((1, 1), bool)), [[1]])
        np.testing.assert_array_equal(maps.regions(np.eye(3, dtype=bool)[:, ::-1]), np.eye(3, dtype=int)[:, ::-1])

    def test_roc_counts_ties_half(self):
        scores, labels = self.random.integers(0, 6, 60) / 5, self.random.random(60) < 0.4
        positives, negatives = scores[labels], scores[~labels]
        pairs = (positives[:, None] > negatives).mean() + (positives[:, None] == negatives).mean() / 2
        self.assertAlmostEqual(maps.roc(scores, labels).area, pairs, places=12)
        self.assertAlmostEqual(maps.roc(np.zeros(5), [0, 1, 0, 1, 1]).area, 0.5, places=12)
        self.assertIsNone(maps.roc(np.arange(3.0), [1, 1, 1]))

    def test_pro_is_exact_over_all_thresholds(self):
        for levels in (4, 1000):
            mask = self.random.random((19, 17)) < 0.1
            scores = self.random.integers(0, levels, mask.shape) + 1.5 * mask
            numbers = maps.regions(mask)
            inside = numbers[mask]
            x, y = maps.vertices(np.sort(scores[~mask]), scores[mask], 1 / np.bincount(inside)[inside])
            for limit in (0.05, 0.3, 1.0):
                self.assertAlmostEqual(maps.area(x, y, limit), pro_by_thresholds(scores, numbers, limit), places=12)

    def test_curves_of_a_run_have_the_area_that_the_run_has(self):
        for name in ("swept", "learned"):
            table = run.Run(support.run_path(name))
            for row in table.task_rows()[:3]:
                with table.task(row) as task:
                    ranking, pro = maps.pixel_curves(task, images.Images(task), task.number("aupro_limit"))
                    image = maps.roc(task.array("maps/M_img"), task.array("maps/label"))
                self.assertAlmostEqual(image.area, row.value["image_auroc"], places=9)
                self.assertAlmostEqual(ranking.area, row.value["pixel_auroc"], places=5)
                self.assertAlmostEqual(pro.area, row.value["aupro"], places=5)

    def test_masks_shrink_by_nearest_and_images_by_area(self):
        mask = np.arange(12).reshape(3, 4)
        np.testing.assert_array_equal(images.nearest(mask, 6, 8)[::2, ::2], mask)
        self.assertEqual(images.nearest(mask, 1, 1)[0, 0], mask[1, 2])
        picture = self.random.random((6, 9, 3))
        np.testing.assert_allclose(
            images.shrink(picture, 2, 3), picture.reshape(2, 3, 3, 3, 3).mean(axis=(1, 3)), rtol=1e-6
        )


class StubTask:
    """As much of a task as Images reads."""

    def __init__(self, dataset, category, paths, labels):
        self.row = types.SimpleNamespace(dataset=dataset, category=category)
        self.options = {"roots": "{}", "data_root": os.path.join(support.WORK, "data")}
        self.values = {"maps/path": paths, "maps/label": labels}

    def texts(self, name):
        return self.values[name]

    array = texts


class Masks(unittest.TestCase):
    def check(self, dataset, image, mask, levels, expected):
        """One anomalous image whose mask holds `levels` side by side."""
        folder = os.path.join(support.WORK, "data", dataset)
        category, path = image.split("/", 1) if not image.startswith(("1cls/", "realiad_")) else image.split("/", 2)[1:]
        for name, values in ((image, np.zeros((2, len(levels)), np.uint8)), (mask, np.array([levels] * 2, np.uint8))):
            file = os.path.join(folder, name)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            Image.fromarray(values).save(file)
        pictures = images.Images(StubTask(dataset, category, [path], [1]))
        np.testing.assert_array_equal(pictures.mask(0), [expected] * 2)
        self.assertEqual(pictures.image(path).shape, (2, len(levels), 3))
        os.remove(os.path.join(folder, mask))
        if dataset == "realiad":
            self.assertIsNone(pictures.mask(0))
        else:
            with self.assertRaisesRegex(images.Missing, "has no ground-truth mask"):
                pictures.mask(0)

    def test_masks_are_found_in_every_layout(self):
        levels, above_half, above_zero = [0, 1, 127, 128, 255], [0, 0, 0, 1, 1], [0, 1, 1, 1, 1]
        self.check("mvtec", "cable/test/cut/000.png", "cable/ground_truth/cut/000_mask.png", levels, above_half)
        self.check("mvtec", "grid/test/cut/000.png", "grid/ground_truth/cut/000.png", levels, above_half)
        self.check("folder", "bolt/test/bad/a.jpg", "bolt/mask/bad/a.png", levels, above_half)
        self.check("visa", "pcb/Data/Images/Anomaly/000.JPG", "pcb/Data/Masks/Anomaly/000.png", levels, above_zero)
        self.check("visa", "1cls/fryum/test/bad/000.JPG", "1cls/fryum/ground_truth/bad/000.png", levels, above_zero)
        sample = "realiad_1024/mint/NG/BX/S0001/mint_0001_NG_BX_C1_20230101000000"
        self.check("realiad", sample + ".jpg", sample + ".png", levels, above_half)


if __name__ == "__main__":
    support.start()
    unittest.main()
