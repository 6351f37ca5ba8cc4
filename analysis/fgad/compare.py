"""Anomaly maps of several methods side by side (the paper's figures 1 and 5): a row an image, with the contour of its
ground truth, a column a method, setting or run. Each method has one colour scale for the category, its own: maps of two
methods are of different units. Images are anomalous ones, a kind of defect after the other; all methods show the same."""
import os

from . import command, drawing, images, maps, run
import numpy as np

EXAMPLES = """  analysis/compare.py results/methods-demo
  analysis/compare.py results/promptad results/patchcore --category screw --count 4 --data-root /data
  analysis/compare.py results/table1-mvtec --points 'method=finegrainedad,method=winclip+' --format pdf -o paper/figures
"""


def words(row):
    """What a column is called: the method, what of it is left out, and the words of its point that do not name it."""
    left_out = []
    if row.fields.get("branches") in ("vad", "pad"):
        left_out.append(row.fields["branches"] + " alone")
    if "pad" in row.fields.get("branches", "") and row.fields.get("learn") == "no":
        left_out.append("not learned")
    name = row.method + (f" [{', '.join(left_out)}]" if left_out else "")
    point = row.point.removeprefix(f"method={row.method}").strip()
    return name + (f"\n{point}" if point else "")


class System:
    """A method of a run at one setting, for the figure's number of shots and seed."""

    def __init__(self, table, rows, title):
        self.run, self.title = table, title
        self.rows = {(row.dataset, row.category): row for row in rows}


def systems(tables, arguments):
    """Those of all runs, in the order of the runs and their points."""
    datasets, categories = command.names(arguments.dataset), command.names(arguments.category)
    points = command.names(arguments.points)
    rows = [row for table in tables for row in table.task_rows()]
    if not rows:
        raise run.Problem("no run has a finished task")
    shots = arguments.shots if arguments.shots is not None else max(row.shots for row in rows)
    seed = arguments.seed if arguments.seed is not None else min(row.seed for row in rows)
    command.check("dataset", datasets, run.unique(row.dataset for row in rows))
    command.check("category", categories, run.unique(row.category for row in rows))
    command.check("points", points, run.unique(row.point for row in rows))
    out = []
    for table in tables:
        for point in table.points():
            chosen = [
                row
                for row in table.task_rows()
                if row.point == point
                and (points is None or point in points)
                and row.shots == shots
                and row.seed == seed
                and (datasets is None or row.dataset in datasets)
                and (categories is None or row.category in categories)
            ]
            if chosen:
                name = words(chosen[0])
                out.append(System(table, chosen, f"{name}\n({table.name})" if len(tables) > 1 else name))
    if not out:
        raise run.Problem(f"no run has a task of {shots} shots and seed {seed}")
    return out, f"{shots}-shot, seed {seed}"


def choose(labels, defects, count):
    """Indices of anomalous images: the first of every kind of defect, then the second of every kind, and so on."""
    kinds = {}
    for index in np.flatnonzero(labels != 0):
        kinds.setdefault(defects[index], []).append(int(index))
    order = [kinds[kind][turn] for turn in range(len(labels)) for kind in kinds if turn < len(kinds[kind])]
    return order[:count]


def picture_rows(shown, key, count, data_root, side=240):
    """(titles of rows, pictures (rows, 1 + methods), scales (methods)) of one category."""
    titles, pictures, scales, paths = [], [], [], None
    for system in shown:
        with system.run.task(system.rows[key]) as task:
            sources, full = images.Images(task, data_root), maps.Full(task)
            low, high = full.scale()
            scales.append((low, high))
            if paths is None:
                defects = [run.text(name) for name in task.array("maps/defect")]
                paths = [sources.paths[index] for index in choose(task.array("maps/label"), defects, count)]
            for place, path in enumerate(paths):
                if path not in sources.paths:
                    raise run.Problem(f"'{system.run.folder}' has no map of {'/'.join(key)}/{path}, which the first has")
                index = sources.paths.index(path)
                small, mask, hot = drawing.views(sources, full, index, side, low, high)
                if len(pictures) <= place:
                    pictures.append([drawing.with_contour(small, mask)])
                    titles.append(path)
                pictures[place].append(drawing.with_contour(hot, mask))
    return titles, pictures, scales


def figures(shown, text, count=3, data_root=None):
    keys = [key for key in shown[0].rows if all(key in system.rows for system in shown)]
    for key in keys:
        present = [system for system in shown if os.path.isfile(system.run.task_path(system.rows[key]))]
        if not present:
            continue
        titles, pictures, scales = picture_rows(present, key, count, data_root)
        if not pictures:
            continue
        heads = ["image"] + [
            f"{system.title}\nimage {drawing.percent(system.rows[key].value['image_auroc'])}"
            f"\npixel {drawing.percent(system.rows[key].value['pixel_auroc'])}\n{low:.3g} to {high:.3g}"
            for system, (low, high) in zip(present, scales)
        ]
        figure = drawing.matrix(pictures, titles, heads, f"{'/'.join(key)}, {text}: AUROC, and one scale a method")
        yield drawing.Figure(drawing.file_name("compare", *key), key[1], "", figure)


def main():
    parser = command.parser(__doc__, EXAMPLES, several=True)
    parser.add_argument("--points", metavar="P[,P]", help="these grid points alone (default: all)")
    parser.add_argument("--count", type=int, default=3, metavar="K", help="images a category (default: 3)")
    arguments = parser.parse_args()

    def body():
        if arguments.count < 1:
            raise run.Problem(f"--count is {arguments.count}, expected 1 or more")
        shown, text = systems([run.Run(folder) for folder in arguments.runs], arguments)
        arguments.run = arguments.runs[0]
        if not command.write_figures(arguments, figures(shown, text, arguments.count, arguments.data_root)):
            raise run.Problem(f"no category has task files of all {len(shown)} methods ({text})")

    command.finish(body)
