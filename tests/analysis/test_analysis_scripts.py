"""Every script on small runs: figures appear, what a run lacks is told in one line, bad input ends with 2."""
import os
import re
import subprocess
import sys
import unittest

import support


class Scripts(unittest.TestCase):
    def figures(self, name, run, *arguments, form="png"):
        """The names of the files that a script made, each checked to begin as its format does."""
        folder = os.path.join(support.WORK, f"{name}-{run}-{form}")
        code, lines, errors = support.script(
            f"{name}.py", support.run_path(run), "-o", folder, "--format", form, *arguments
        )
        self.assertEqual(code, 0, errors)
        self.assertEqual(sorted(map(os.path.basename, lines)), sorted(os.listdir(folder)))
        for path in lines:
            with open(path, "rb") as file:
                self.assertTrue(file.read(5) in (b"\x89PNG\r", b"%PDF-", b"<?xml"), path)
        return sorted(os.listdir(folder))

    def refuses(self, expected, name, *arguments):
        code, lines, errors = support.script(name, *arguments)
        self.assertEqual((code, len(errors), lines), (2, 1, []), errors)
        self.assertTrue(errors[0].startswith(f"{name}: "), errors)
        self.assertIn(expected, errors[0])

    def test_ablation_draws_each_swept_key(self):
        self.assertEqual(
            self.figures("ablation", "swept", form="svg"),
            [
                f"ablation-demo-{key}-{metric}.svg"
                for key in ("losses", "sigma")
                for metric in ("image_auroc", "pixel_auroc")
            ]
            + ["ablation-demo.svg"],
        )
        self.refuses("'gamma' is not in this run", "ablation.py", support.run_path("swept"), "--key", "gamma")
        self.refuses("sweeps no key", "ablation.py", support.run_path("learned"))

    def test_ablation_marks_where_nothing_changes(self):
        from types import SimpleNamespace

        from fgad import ablation

        values = {"": 0.5, "epsilon=0": 0.25, "epsilon=2": 0.5, "epsilon=3": 0.5 + 2**-52}
        rows = [
            SimpleNamespace(dataset="demo", category="gear", shots=1, seed=0, point=point, is_mean=False, value={"aupro": value})
            for point, value in values.items()
        ]
        axis = SimpleNamespace(
            pairs=[("0", "epsilon=0"), ("1", ""), ("2", "epsilon=2"), ("3", "epsilon=3")], x=[0, 1, 2, 3], order=[0, 1, 2, 3]
        )
        table = SimpleNamespace(rows=rows, measured=["aupro"])
        self.assertEqual(ablation.equal_steps(table, "demo", axis), [(1, 2)])
        self.assertEqual(ablation.equal_steps(table, "other", axis), [])
        table.measured = ["aupro", "pad_pixel"]
        for row, value in zip(rows, (1, 2, 3, 3)):
            row.value["pad_pixel"] = value
        self.assertEqual(ablation.equal_steps(table, "demo", axis), [])
        self.assertEqual(ablation.equal_steps(table, "demo", axis, ["pad_pixel"]), [(2, 3)])

    def test_ablation_bars_are_paired_by_seed(self):
        from fgad import ablation

        values = [{0: 0.5, 1: 0.75}, {0: 0.25, 1: 0.5}, {0: 0.5, 1: 0.5}]
        self.assertEqual(ablation.half_bars(values, 1)[:2], [0, 0])
        self.assertAlmostEqual(ablation.half_bars(values, 1)[2], 100 * 0.25 / 2**0.5)
        self.assertAlmostEqual(ablation.half_bars(values, None)[0], 100 * 0.25 / 2**0.5)

    def test_losses_of_both_heads_and_the_query_former(self):
        made = self.figures("losses", "learned", form="svg")
        for part in (
            "loss-demo-tablet-pixel",
            "loss-demo-tablet-image",
            "query-former-demo-tablet-pixel",
            "oracle-demo-tablet",
        ):
            self.assertIn(f"{part}.svg", made)
        # A log scale's digits are plain: an SVG names each text that it draws.
        path = os.path.join(support.WORK, "losses-learned-svg", "query-former-demo-tablet-pixel.svg")
        with open(path, encoding="utf-8") as file:
            drawn = re.findall("<!-- (.*?) -->", file.read())
        self.assertIn("0.0001", drawn)
        self.assertFalse([text for text in drawn if "$" in text], drawn)
        self.refuses("holds loss curves", "losses.py", support.run_path("swept"))

    def test_curves_and_histograms(self):
        self.assertEqual(
            self.figures("curves", "swept", form="pdf"), ["image-roc-demo.pdf", "pixel-roc-demo.pdf", "pro-demo.pdf"]
        )
        self.assertEqual(self.figures("histograms", "swept", "--category", "tablet"), ["scores-demo-tablet.png"])
        self.refuses(
            "--shots: '7' is not in this run, which has 1, 2", "curves.py", support.run_path("swept"), "--shots", "7"
        )

    def test_curves_without_images_are_those_of_images_alone(self):
        code, lines, errors = support.script(
            "curves.py", support.run_path("swept"), "-o", support.WORK, "--data-root", support.WORK
        )
        self.assertEqual((code, [os.path.basename(line) for line in lines]), (0, ["image-roc-demo.png"]))
        self.assertTrue(any("left out: the images of demo/fabric are not below" in line for line in errors), errors)

    def test_galleries_show_images(self):
        self.assertEqual(
            self.figures("worst", "swept", "--category", "tablet", "--count", "3"), ["worst-demo-tablet.png"]
        )
        self.assertEqual(
            self.figures("matching", "learned", "--count", "3"),
            ["matching-demo-fabric.png", "matching-demo-tablet.png"],
        )
        self.assertEqual(self.figures("regions", "learned"), ["regions-demo-fabric.png", "regions-demo-tablet.png"])
        folder = os.path.join(support.WORK, "strip")
        code, lines, errors = support.script("strip.py", support.run_path("swept"), "-o", folder, "--side", "40")
        self.assertEqual((code, lines), (0, [os.path.join(folder, "strip.png")]), errors)
        with open(lines[0], "rb") as file:
            head = file.read(24)
        self.assertEqual(head[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual([int.from_bytes(head[k : k + 4], "big") for k in (16, 20)], [80, 80])  # two categories, two rows
        self.refuses("--side is 7", "strip.py", support.run_path("swept"), "--side", "7")
        self.refuses("matches no tokens", "matching.py", support.run_path("swept"))
        self.refuses("holds prompts/pixel/regions", "regions.py", support.run_path("swept"))
        self.refuses("--data-root", "worst.py", support.run_path("swept"), "--data-root", support.WORK)

    def test_methods_stand_side_by_side(self):
        runs = [support.run_path("swept"), support.run_path("learned")]
        code, lines, errors = support.script("compare.py", *runs, "--category", "tablet", "--count", "2", "-o", support.WORK)
        self.assertEqual((code, [os.path.basename(line) for line in lines]), (0, ["compare-demo-tablet.png"]), errors)
        self.refuses("--points: 'gamma=9' is not in this run", "compare.py", runs[0], "--points", "gamma=9")

    def test_an_audit_is_drawn_from_its_table(self):
        columns = "image_auroc,image_best_epoch,harmonic,arithmetic,best_of_two,best_of_two_and_epoch,shots_in_test"
        table = os.path.join(support.WORK, "audit.csv")
        rows = [
            f"dataset,shots,point,method,category,seed,{columns},without_shots,pixel_auroc,pixel_best_epoch",
            "demo,4,,finegrainedad,gear,0,0.9,0.01,0,-0.02,0,0.01,0,,0.98,0.001",
            "demo,4,,finegrainedad,MEAN,,0.9,0.01,0,-0.02,0,0.01,0,,0.98,0.001",
        ]
        with open(table, "w", encoding="utf-8") as file:
            file.write("\n".join(rows) + "\n")
        code, lines, errors = support.script("audit.py", table)
        self.assertEqual((code, [os.path.basename(line) for line in lines]), (0, ["audit-demo-4-finegrainedad.png"]), errors)
        with open(table, "w", encoding="utf-8") as file:
            file.write(rows[0].replace("arithmetic", "other") + "\n" + rows[1] + "\n")
        self.refuses("lacks the column 'arithmetic'", "audit.py", table)
        with open(table, "w", encoding="utf-8") as file:
            file.write(rows[0] + "\n" + rows[1] + "\n")
        self.refuses("has no row MEAN", "audit.py", table)
        self.refuses("cannot be read", "audit.py", table + ".none")

    def test_odd_names_are_text_and_stay_apart(self):
        for name in ("histograms", "worst"):
            made = self.figures(name, "odd")
            self.assertEqual(len(made), 5, made)
        self.assertEqual(self.figures("curves", "odd"), ["image-roc-folder.png", "pixel-roc-folder.png", "pro-folder.png"])
        page = os.path.join(support.WORK, "odd.html")
        code, _, errors = support.script("report.py", support.run_path("odd"), "-o", page)
        self.assertEqual(code, 0, errors)
        with open(page, encoding="utf-8") as file:
            text = file.read()
        self.assertNotIn("<img src=x", text)
        for name in ("$x{$", "&lt;img src=x onerror=alert(1)&gt;", "a;b", "a:b"):
            self.assertIn(name, text)

    def test_help_has_examples(self):
        for name in ("ablation", "audit", "compare", "losses", "curves", "histograms", "worst", "matching", "regions", "report"):
            code, lines, _ = support.script(f"{name}.py", "--help")
            self.assertEqual(code, 0)
            self.assertTrue(any(line.startswith(f"  analysis/{name}.py ") for line in lines), name)

    def test_a_script_can_be_called_from_anywhere(self):
        command = [os.path.join(support.ANALYSIS, "histograms.py"), support.WORK]
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=support.WORK, check=False)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)

    def test_what_is_no_run_is_refused(self):
        self.refuses("expected the folder of a run", "histograms.py", support.WORK)


if __name__ == "__main__":
    support.start()
    unittest.main()
