"""The images that a category ranks worst: false alarms and misses, each with the contour of its ground truth and its
heat map on a scale common to the category. An image's rank error is the share of images of the other class that it is
on the wrong side of, ties half: 0 is right, 1 could not be worse."""
from . import command, drawing, images, maps, run
import numpy as np

EXAMPLES = """  analysis/worst.py results/demo
  analysis/worst.py results/mvtec --category screw --count 12 --data-root /data
"""


def rank_errors(scores, labels):
    """(n): share of the other class on the wrong side; 0 where there is no other class."""
    labels = labels != 0
    out = np.zeros(len(scores))
    for side in (False, True):
        other = np.sort(scores[labels != side])
        if len(other) == 0:
            continue
        mine = scores[labels == side]
        below, above = np.searchsorted(other, mine, "left"), np.searchsorted(other, mine, "right")
        wrong = len(other) - (below + above) / 2 if side else (below + above) / 2
        out[labels == side] = wrong / len(other)
    return out


def choose(scores, labels, errors, count):
    """Indices, the worst first: half of the places for misses, half for false alarms, as far as there are so many."""
    anomalous = labels != 0
    highest, lowest = scores[~anomalous].max(initial=-np.inf), scores[anomalous].min(initial=np.inf)
    beyond = np.where(anomalous, highest - scores, scores - lowest)  # of the nearest image of the other class
    order = np.lexsort((np.arange(len(scores)), -beyond, -errors)).tolist()
    misses = [index for index in order if errors[index] > 0 and labels[index]]
    alarms = [index for index in order if errors[index] > 0 and not labels[index]]
    from_misses = max(min(len(misses), -(-count // 2)), min(len(misses), count - len(alarms)))
    chosen = set(misses[:from_misses] + alarms[: count - from_misses])
    rest = [index for index in order if index not in chosen][: count - len(chosen)]
    return [index for index in order if index in chosen or index in rest]


def cases(task, data_root, count, side=240):
    """(cases, (low, high) of the heat maps), the worst first."""
    pictures, full = images.Images(task, data_root), maps.Full(task)
    scores, labels = task.array("maps/M_img"), task.array("maps/label")
    errors = rank_errors(scores, labels)
    order = choose(scores, labels, errors, count)
    low, high = full.scale()
    rank = np.empty(len(scores), int)
    rank[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    out = []
    for index in order:
        small, mask, hot = drawing.views(pictures, full, index, side, low, high)
        kind = "right" if errors[index] == 0 else "miss" if labels[index] else "false alarm"
        note = f"score {scores[index]:.4g}, rank {rank[index]} of {len(scores)}, {kind}" + (
            f", rank error {errors[index]:.2f}" if errors[index] > 0 else ""
        )
        out.append(
            drawing.Case(
                drawing.strip([drawing.with_contour(small, mask), drawing.with_contour(hot, mask)]),
                pictures.paths[index],
                note,
            )
        )
    return out, (low, high)


def typical(task, data_root, side=240):
    """The case of an anomalous image that the category ranks right, of the middle score among them (of all anomalous
    ones where none is right); None without an anomalous image."""
    scores, labels = task.array("maps/M_img"), task.array("maps/label")
    errors = rank_errors(scores, labels)
    anomalous = np.flatnonzero(labels != 0)
    if len(anomalous) == 0:
        return None
    right = anomalous[errors[anomalous] == 0]
    chosen = right if len(right) else anomalous
    index = chosen[np.argsort(scores[chosen], kind="stable")[len(chosen) // 2]]
    pictures, full = images.Images(task, data_root), maps.Full(task)
    small, mask, hot = drawing.views(pictures, full, index, side, *full.scale())
    return drawing.Case(
        drawing.strip([drawing.with_contour(small, mask), drawing.with_contour(hot, mask)]),
        f"{task.row.dataset} / {task.row.category}",
        f"{pictures.paths[index]}, score {scores[index]:.4g}",
    )


def figures(selection, count=6):
    for row in selection.rows():
        with selection.run.task(row) as task:
            found, scale = cases(task, selection.data_root, count)
        figure = drawing.gallery(
            found, 3, f"{row.dataset}/{row.category}, {selection.text()}: the worst {len(found)}", scale
        )
        yield drawing.Figure(drawing.file_name("worst", row.dataset, row.category), row.category, "", figure)


def main():
    parser = command.parser(__doc__, EXAMPLES)
    parser.add_argument("--count", type=int, default=6, metavar="K", help="images a category (default: 6)")
    arguments = parser.parse_args()

    def body():
        selection = command.Selection(run.Run(arguments.run), arguments)
        if arguments.count < 1:
            raise run.Problem(f"--count is {arguments.count}, expected 1 or more")
        if not selection.rows():
            raise run.Problem(f"no task file of '{arguments.run}' ({selection.text()}) is there")
        command.write_figures(arguments, figures(selection, arguments.count))

    command.finish(body)
