"""The page of a run: it parses, fetches nothing, has the numbers of results.csv, and says what is missing."""
import csv
import glob
import html.parser
import os
import shutil
import unittest
import urllib.parse
import xml.etree.ElementTree

import support
import h5py

from fgad.report import left_out

VOID = {"meta", "link", "input", "img", "br"}


class Page(html.parser.HTMLParser):
    """Tables as lists of rows of (text, data-value), alerts as text, and everything that points elsewhere."""

    def __init__(self, path):
        super().__init__()
        self.tables, self.alerts, self.links, self.ids, self.stack, self.text = {}, [], [], [], [], ""
        self.table = self.row = self.value = None
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())
        self.close()
        assert self.stack == [], f"left open: {self.stack}"

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[name] for name in ("src", "data-src", "href") if name in attrs]
        self.ids += [attrs["id"]] if "id" in attrs else []
        if tag not in VOID:
            self.stack.append(tag)
        if tag == "table":
            self.table = self.tables.setdefault(attrs["id"], [])
        elif tag == "tr":
            self.row = []
        elif tag in ("td", "th"):
            self.value, self.text = attrs.get("data-value"), ""
        elif tag == "div" and attrs.get("role") == "alert":
            self.text = ""
            self.stack[-1] = "alert"

    def handle_endtag(self, tag):
        opened = self.stack.pop()
        assert tag == opened or (tag, opened) == ("div", "alert"), f"</{tag}> closes <{opened}>"
        if tag in ("td", "th"):
            self.row.append((self.text, self.value))
        elif tag == "tr":
            self.table.append(self.row)
        elif opened == "alert":
            self.alerts.append(self.text)

    def handle_data(self, data):
        self.text += data


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


class Report(unittest.TestCase):
    def report(self, folder, *arguments):
        """The parsed page and its bytes."""
        path = os.path.join(support.WORK, "page.html")
        code, lines, errors = support.script("report.py", folder, "-o", path, *arguments)
        self.assertEqual((code, lines), (0, [path]), errors)
        page = Page(path)
        for link in page.links:
            self.assertTrue(link.startswith(("data:", "#")), link[:80])
            if link.startswith("data:image/svg+xml,"):
                drawn = xml.etree.ElementTree.fromstring(urllib.parse.unquote(link.partition(",")[2]))
                self.assertTrue(drawn.tag.endswith("}svg"), drawn.tag)
        self.assertEqual(len(page.ids), len(set(page.ids)))
        for link in page.links:
            self.assertTrue(not link.startswith("#") or link[1:] in page.ids, link)
        with open(path, encoding="utf-8") as file:
            return page, file.read()

    def refuses(self, expected, folder):
        path = os.path.join(support.WORK, "refused.html")
        code, lines, errors = support.script("report.py", folder, "-o", path, "--only", "results,tasks,provenance")
        self.assertEqual((code, lines), (2, []))
        self.assertEqual(len([line for line in errors if not line.startswith("section ")]), 1, errors)
        self.assertTrue(errors[-1].startswith("report.py: '"), errors)
        self.assertIn(expected, errors[-1])
        self.assertFalse(os.path.exists(path))

    def check_numbers(self, page, folder):
        """Every cell of results.csv, digit for digit; and the table of categories at one seed."""
        table = rows_of(os.path.join(folder, "results.csv"))
        shown = page.tables["all"]
        self.assertEqual([text for text, _ in shown[0]], table[0])
        self.assertEqual(len(shown), len(table))
        for cells, fields in zip(shown[1:], table[1:]):
            for (text, value), field, name in zip(cells, fields, table[0]):
                if name.startswith(("image_", "pixel_", "aupro", "sample_", "vad_", "pad_", "cls_")):
                    self.assertEqual(value, field)
                    self.assertEqual(text, f"{float(field):.6f}" if field else "missing")
                else:
                    self.assertEqual(text, field)

    def test_a_whole_run_has_its_numbers_and_no_notice(self):
        folder = support.run_path("swept")
        page, _ = self.report(folder)
        self.assertEqual(page.alerts, [])
        self.check_numbers(page, folder)
        table = rows_of(os.path.join(folder, "results.csv"))
        column = table[0].index("pixel_auroc")
        for block in page.tables["means"][1:]:
            shots, point = block[1][0], block[2][0]
            values = [float(row[column]) for row in table if row[1] == "MEAN" and row[2] == shots and row[4] == point]
            self.assertEqual(len(values), 2)
            self.assertAlmostEqual(float(block[5][1]), sum(values) / 2, places=15)
            self.assertTrue(block[5][0].startswith(f"{50 * sum(values):.2f}"))

    def test_a_learned_run_has_every_section(self):
        page, text = self.report(support.run_path("learned"), "--count", "2")
        for name in ("curves", "scores", "worst", "matching", "regions", "losses", "tasks", "provenance"):
            self.assertIn(name, page.ids)
            section = text[text.index(f'<section id="{name}">') :]
            self.assertNotIn('class="empty"', section[: section.index("</section>")], name)
        self.assertIn("prompts-demo-tablet", page.tables)
        self.check_numbers(page, support.run_path("learned"))
        stored = rows_of(os.path.join(support.run_path("learned"), "thresholds.csv"))
        self.assertEqual(len(page.tables["thresholds"]), len(stored))
        for line, row in zip(page.tables["thresholds"][1:], stored[1:]):
            fields = dict(zip(stored[0], row))
            self.assertEqual([line[0][0], line[2][0]], [fields["category"], "F1-max (oracle)"])
            self.assertEqual(
                [line[k][1] for k in (1, 3, 4, 5)],
                [fields[name] for name in ("threshold", "precision", "recall", "false_alarms")],
            )
        self.assertIn("At the threshold ", text)

    def test_missing_tasks_are_told_at_the_top(self):
        page, text = self.report(support.run_path("part"), "--only", "results,tasks")
        self.assertEqual(len(page.alerts), 1)
        self.assertIn("INCOMPLETE: 4 tasks of this run have no result yet", page.alerts[0])
        self.assertIn("demo/gear, 2-shot, seed 1", page.alerts[0])
        self.assertIn("failed: ", page.alerts[0])
        self.assertLess(text.index("INCOMPLETE"), text.index("<nav"))
        self.assertEqual({row[2][0] for row in page.tables["means"][1:]}, {"0 of 2"})
        self.check_numbers(page, support.run_path("part"))

    def test_a_missing_seed_is_shown_as_such(self):
        folder = support.copy("swept", "seedless")
        with h5py.File(os.path.join(folder, "results.h5"), "r+") as file:
            seeds = file["seed"][()]
            keep = [i for i in range(len(seeds)) if not (seeds[i] == 1 and file["category"][i] == b"tablet")]
            for name in list(file):
                values, attributes = file[name][()][keep], dict(file[name].attrs)
                del file[name]
                file.create_dataset(name, data=values).attrs.update(attributes)
        support.seal(os.path.join(folder, "results.h5"))
        table = rows_of(os.path.join(folder, "results.csv"))
        with open(os.path.join(folder, "results.csv"), "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([table[0]] + [table[1 + i] for i in keep])
        page, _ = self.report(folder, "--only", "results")
        self.assertIn("INCOMPLETE", page.alerts[0])
        self.assertIn("demo/tablet, 1-shot, seed 1", page.alerts[0])
        self.assertIn("1 of 2", {row[3][0] for row in page.tables["categories"] if row[0][0] == "tablet"})

    def test_a_category_of_one_class_is_missing_and_marked_in_the_mean(self):
        folder = support.copy("learned", "oneclass")
        with h5py.File(os.path.join(folder, "results.h5"), "r+") as file:
            row = [i for i, name in enumerate(file["category"]) if name == b"tablet"][0]
            file["image_auroc"][row] = float("nan")
        support.seal(os.path.join(folder, "results.h5"))
        table = rows_of(os.path.join(folder, "results.csv"))
        support.edit(os.path.join(folder, "results.csv"), f",{table[1 + row][6]},", ",,")
        page, text = self.report(folder, "--only", "results,tasks")
        self.check_numbers(page, folder)
        self.assertEqual([cells[3][0] for cells in page.tables["categories"] if cells[0][0] == "tablet"], ["missing"])
        self.assertTrue(page.tables["means"][1][3][0].endswith("†"))
        self.assertIn("without a value: tablet", text)

    def test_the_papers_figures_stand_beside_ours(self):
        folder = support.copy("learned", "paper")
        for path in [os.path.join(folder, "results.h5")] + glob.glob(os.path.join(folder, "tasks", "*", "*", "*.h5")):
            with h5py.File(path, "r+") as file:
                if "dataset" in file:
                    file["dataset"][:] = b"mvtec"
                file.attrs["dataset"] = "mvtec"
            support.seal(path)
        support.edit(os.path.join(folder, "results.csv"), "demo,", "mvtec,", -1)
        page, _ = self.report(folder, "--only", "results")
        (row,) = page.tables["paper"][1:]
        self.assertEqual([row[i][0] for i in (0, 1, 2, 4, 7)], ["mvtec", "1", "2 of 15", "91.04", "95.49"])
        self.assertAlmostEqual(float(row[5][1]), float(row[3][1]) - 0.9104, places=12)
        self.assertAlmostEqual(float(row[8][1]), float(row[6][1]) - 0.9549, places=12)

    def test_tampered_tables_are_refused(self):
        folder = support.copy("learned", "tampered")
        path = os.path.join(folder, "results.csv")
        whole = rows_of(path)
        support.edit(path, "image_auroc,pixel_auroc", "pixel_auroc,image_auroc")
        self.refuses("begins with the columns dataset,category,shots,seed,point,method,pixel_auroc", folder)
        shutil.copy(os.path.join(support.run_path("learned"), "results.csv"), path)
        support.edit(path, "image_ap,image_f1max", "image_f1max,image_ap")
        self.refuses("one of them was changed", folder)
        shutil.copy(os.path.join(support.run_path("learned"), "results.csv"), path)
        support.edit(path, whole[1][7], "0.99")
        self.refuses("line 2: pixel_auroc is '0.99'", folder)
        shutil.copy(os.path.join(support.run_path("learned"), "results.csv"), path)
        support.edit(path, "demo,tablet,1", "demo,1")
        self.refuses("fields, its header", folder)
        os.remove(path)
        self.refuses("does not exist (expected the folder of a run", folder)

    def test_tampered_files_are_refused_and_absent_ones_are_told(self):
        folder = support.copy("learned", "files")
        task = sorted(glob.glob(os.path.join(folder, "tasks", "*", "*", "*.h5")))[0]
        with open(task, "r+b") as file:
            file.seek(3000)
            file.write(b"tampered")
        self.refuses("was changed or damaged", folder)
        os.remove(task)
        page, _ = self.report(folder, "--only", "results,scores,provenance")
        self.assertIn("1 task file is not in this folder", page.alerts[0])
        with open(os.path.join(folder, "results.h5"), "r+b") as file:
            file.truncate(5000)
        self.refuses("results.h5' was changed or damaged", folder)

    def test_a_rescored_set_shows_its_numbers_and_whose_maps_they_are_of(self):
        folder = support.copy("learned", "rescored")
        with h5py.File(os.path.join(folder, "results.h5"), "r+") as file:
            file.attrs["made_from"] = "../learned"
        support.seal(os.path.join(folder, "results.h5"))
        shutil.rmtree(os.path.join(folder, "tasks"))
        page, text = self.report(folder)
        self.check_numbers(page, folder)
        self.assertEqual(len(page.alerts), 1)
        self.assertIn("Rescored from the stored maps of '../learned'", page.alerts[0])
        self.assertEqual(text.count("<img"), 0)

    def test_a_run_without_its_images_leaves_pictures_out_and_says_so(self):
        page, text = self.report(
            support.run_path("learned"), "--data-root", support.WORK, "--only", "curves,worst,matching,regions"
        )
        self.assertEqual(page.alerts, [])
        self.assertEqual(text.count("Left out: the images of demo/"), 6)
        self.assertIn("Pixel curves are left out: the images of demo/fabric are not below", text)

    def test_many_categories_without_images_are_counted(self):
        reasons = [f"the images of {i} are not there" for i in range(57)]
        self.assertEqual(left_out(reasons[:4]).count("<p"), 4)
        told = left_out(reasons + reasons)
        self.assertEqual(told.count("<p"), 4)
        self.assertIn("Left out: the images of 2 are not there.", told)
        self.assertIn("Left out: 54 more categories.", told)


if __name__ == "__main__":
    support.start()
    unittest.main()
