"""What looking at test labels would have added, in points of AUROC (the table of `fgad audit RUN --format csv`): a bar a
habit, the mean over categories and seeds with its deviation over seeds, and a dot a category. Every number is the table's."""
import argparse
import csv
import math
import os
import sys

from . import command, drawing, run
import numpy as np

EXAMPLES = """  analysis/audit.py audit.csv            after  fgad audit results/demo --format csv > audit.csv
  analysis/audit.py - -o paper/figures --format pdf
"""

HABITS = [
    ("image_best_epoch", "best epoch (oracle)"),
    ("harmonic", "harmonic image score"),
    ("arithmetic", "arithmetic image score"),
    ("best_of_two", "best of the two (oracle)"),
    ("best_of_two_and_epoch", "best of two and epoch (oracle)"),
    ("without_shots", "shots left out of the test"),
    ("pixel_best_epoch", "pixels: best epoch (oracle)"),
]
MEAN, DEVIATION = "MEAN", "SD over seeds"


def number(text):
    return float(text) if text != "" else math.nan


def read(path):
    """Blocks (dataset, shots, method, point) of rows, each a dict, in the order of the table."""
    try:
        with sys.stdin if path == "-" else open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise run.Problem(f"'{path}' cannot be read: {error.strerror}") from None
    wanted = ["dataset", "shots", "method", "point", "category", "seed", "image_auroc", *(key for key, _ in HABITS)]
    lacking = [key for key in wanted if not rows or rows[0].get(key) is None]
    if lacking:
        raise run.Problem(f"'{path}' lacks the column '{lacking[0]}' of `fgad audit RUN --format csv`")
    blocks = {}
    for place, row in enumerate(rows):
        try:
            for key, _ in HABITS:
                row[key] = 100 * number(row[key])
        except (TypeError, ValueError):
            raise run.Problem(f"'{path}', row {place + 1}: a number of {row['category']} is none") from None
        blocks.setdefault((row["dataset"], row["shots"], row["method"], row["point"]), []).append(row)
    return blocks


def figure_of(name, rows):
    """The habits that the table has numbers of; None where it has none."""
    tasks = [row for row in rows if row["category"] not in (MEAN, DEVIATION)]
    mean = next((row for row in rows if row["category"] == MEAN), None)
    deviation = next((row for row in rows if row["category"] == DEVIATION), None)
    shown = [(key, label) for key, label in HABITS if mean is not None and not math.isnan(mean[key])]
    if not shown:
        return None
    categories = run.unique(row["category"] for row in tasks)
    dataset, shots, method, point = name
    title = f"{dataset}, {method}, {shots}-shot" + (f", {point}" if point else "")
    image = number(mean["image_auroc"])
    figure, axes = drawing.panel(
        f"{title}: what test labels would add to {drawing.percent(image)}",
        "points of AUROC",
        size=(7.2, 1.2 + 0.45 * len(shown)),
    )
    for place, (key, _) in enumerate(shown):
        spread = deviation[key] if deviation is not None and not math.isnan(deviation[key]) else 0
        axes.barh(place, mean[key], xerr=spread, height=0.6, color="#c6d8ea", ecolor=drawing.MUTED, capsize=3)
        for index, category in enumerate(categories):
            values = [row[key] for row in tasks if row["category"] == category and not math.isnan(row[key])]
            if values:
                colour = drawing.COLOURS[index % len(drawing.COLOURS)]
                label = category if place == 0 else None
                axes.plot(np.mean(values), place, "o", markersize=4, color=colour, label=label)
    axes.axvline(0, color=drawing.INK, linewidth=0.8)
    axes.set_yticks(range(len(shown)), [label for _, label in shown])
    axes.invert_yaxis()
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return drawing.Figure(drawing.file_name("audit", dataset, shots, method, point), title, "", figure)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="examples:\n" + EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", metavar="TABLE.csv", help="what `fgad audit RUN --format csv` prints; -: standard input")
    parser.add_argument("-o", "--output", metavar="DIR", help="folder of the figures (default: the table's)")
    parser.add_argument("--format", choices=["png", "svg", "pdf"], default="png", help="default: png")
    arguments = parser.parse_args()

    def body():
        made = [figure_of(name, rows) for name, rows in read(arguments.table).items()]
        folder = arguments.output or os.path.dirname(arguments.table) or "."
        for figure in filter(None, made):
            print(figure.save(folder, arguments.format))
            figure.close()
        if not any(made):
            raise run.Problem(f"'{arguments.table}' has no row MEAN with a number")

    command.finish(body)
