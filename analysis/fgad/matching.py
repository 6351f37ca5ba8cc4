"""Which prompt group each token was matched to (the paper's figure 6): the image with its ground truth, its heat map,
and its map of groups. The highest-scoring image of every kind of defect is shown, then normal ones. Needs the prompt
branch."""
from . import command, drawing, images, maps, run
import numpy as np

EXAMPLES = """  analysis/matching.py results/demo
  analysis/matching.py results/demo --category tablet --count 8 --format pdf
"""


def group_names(task, count):
    """Names of the groups of the pixel head; 'group 3' where the file does not name it."""
    named = task.group_names("pixel")
    return [named[g] if g < len(named) else f"group {g}" for g in range(max(count, len(named)))]


def choose(scores, labels, defects, count):
    """Indices: the best-scored image of each defect in turn, then the second of each; a third are normal."""
    kinds = {}
    for index in np.argsort(-scores, kind="stable"):
        kinds.setdefault(defects[index] if labels[index] else "", []).append(int(index))
    normal = kinds.pop("", [])[::-1]
    turns = [kinds[name] for name in sorted(kinds)]
    anomalous = [list_[turn] for turn in range(max(map(len, turns), default=0)) for list_ in turns if turn < len(list_)]
    few = min(len(normal), max(1, count // 3)) if anomalous else count
    return anomalous[: count - few] + normal[:few]


def cases(task, data_root, count, side=200):
    """(cases, legend [(name, colour)], scale). None when the run matched no tokens."""
    if not task.has("maps/group"):
        return None
    groups = task.array("maps/group")
    names = group_names(task, int(groups.max()) + 1)
    colours = drawing.class_colours(len(names))
    pictures, full = images.Images(task, data_root), maps.Full(task)
    low, high = full.scale()
    scores, labels = task.array("maps/M_img"), task.array("maps/label")
    out, used = [], set()
    for index in choose(scores, labels, task.texts("maps/defect"), count):
        small, mask, hot = drawing.views(pictures, full, index, side, low, high)
        numbers = images.nearest(groups[index], *small.shape[:2])
        used |= set(np.unique(groups[index]).tolist())
        matched = drawing.classes(small, numbers, colours)
        share = np.bincount(groups[index].ravel(), minlength=len(names)) / groups[index].size
        most = np.argsort(-share, kind="stable")[:3]
        note = ", ".join(f"{names[g]} {100 * share[g]:.0f} %" for g in most if share[g] > 0)
        out.append(
            drawing.Case(
                drawing.strip([drawing.with_contour(picture, mask) for picture in (small, hot, matched)]),
                pictures.paths[index],
                note,
            )
        )
    return out, [(names[g], colours[g]) for g in range(len(names))], (low, high)


def figures(selection, count=6):
    for row in selection.rows():
        with selection.run.task(row) as task:
            found = cases(task, selection.data_root, count)
        if found is None:
            continue
        title = f"{row.dataset}/{row.category}, {selection.text()}: image, heat map, matched group of each token"
        figure = drawing.gallery(found[0], 2, title, found[2], found[1])
        yield drawing.Figure(drawing.file_name("matching", row.dataset, row.category), row.category, "", figure)


def main():
    parser = command.parser(__doc__, EXAMPLES)
    parser.add_argument("--count", type=int, default=6, metavar="K", help="images a category (default: 6)")
    arguments = parser.parse_args()

    def body():
        selection = command.Selection(run.Run(arguments.run), arguments)
        if arguments.count < 1:
            raise run.Problem(f"--count is {arguments.count}, expected 1 or more")
        if command.write_figures(arguments, figures(selection, arguments.count)) == 0:
            raise run.Problem(
                f"no task of '{arguments.run}' ({selection.text()}) holds maps/group"
                " (a run with branches: [vad] matches no tokens)"
            )

    command.finish(body)
