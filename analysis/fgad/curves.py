"""ROC curves of images and pixels, and PRO curves, of every category. Curves are exact, over all thresholds; the pixels
of a category are pooled at the run's resolution. Pixel curves need the images' masks, so the images must be there."""
from . import command, drawing, images, maps, run
import numpy as np

EXAMPLES = """  analysis/curves.py results/demo
  analysis/curves.py results/mvtec --shots 1 --category bottle,cable --data-root /data
  analysis/curves.py results/demo --level image
"""
LINES = 8


class Measured:
    """The curves of one task. pixel, pro are None without masks; reason says why."""

    def __init__(self, task, data_root, level):
        self.row, self.limit = task.row, task.number("aupro_limit")
        self.image = maps.roc(task.array("maps/M_img"), task.array("maps/label")) if level != "pixel" else None
        self.pixel = self.pro = self.reason = None
        if level == "image":
            return
        try:
            both = maps.pixel_curves(task, images.Images(task, data_root), self.limit)
        except images.Missing as missing:
            self.reason = str(missing)
            return
        if both is None:
            self.reason = f"{task.row.dataset}/{task.row.category} has no anomalous or no normal pixel"
            return
        self.pixel, self.pro = both


def measure(selection, level="all"):
    out = []
    for row in selection.rows():
        command.note(f"curves of {row.name()}")
        with selection.run.task(row) as task:
            out.append(Measured(task, selection.data_root, level))
    return out


def figures(selection, measured=None):
    """measured: what measure(selection) gave; made here when it is not given."""
    measured = measure(selection) if measured is None else measured
    for dataset in run.unique(one.row.dataset for one in measured):
        there = [one for one in measured if one.row.dataset == dataset]
        parts = [there[i : i + LINES] for i in range(0, len(there), LINES)]
        for number, part in enumerate(parts, 1):
            ending = f" ({number} of {len(parts)})" if len(parts) > 1 else ""
            for kind in KINDS:
                yield from draw(kind, dataset, part, selection, ending, number if len(parts) > 1 else "")


# kind: column of results.csv, attribute of Measured, title, axes
KINDS = {
    "image-roc": ("image_auroc", "image", "Image ROC", "false-positive rate of images", "true-positive rate of images"),
    "pixel-roc": ("pixel_auroc", "pixel", "Pixel ROC", "false-positive rate of pixels", "true-positive rate of pixels"),
    "pro": ("aupro", "pro", "PRO", "false-positive rate of pixels", "mean overlap per region"),
}


def draw(kind, dataset, measured, selection, ending, number):
    metric, attribute, title, xlabel, ylabel = KINDS[kind]
    there = [(index, one) for index, one in enumerate(measured) if getattr(one, attribute) is not None]
    if not there:
        return
    lines = -(-len(there) // 2)
    width, height = 4.6, 4.85 + 0.17 * lines
    figure, axes = drawing.panel(f"{dataset}: {title}{ending}", xlabel, ylabel, (width, height))
    figure.set_layout_engine("none")
    axes.set_position([0.58 / width, 1 - (0.32 + 3.9) / height, 3.9 / width, 3.9 / height])
    notes = []
    for index, one in there:
        curve, stored = getattr(one, attribute), one.row.value.get(metric, np.nan)
        axes.plot(curve.x, curve.y, label=f"{one.row.category}  {drawing.percent(stored)}", **drawing.style(index))
        if not abs(curve.area - stored) <= 1e-4:
            notes.append(
                f"{one.row.category}: this curve's area is {100 * curve.area:.2f} %, the run has "
                f"{drawing.percent(stored)}, so images or masks are not those of the run"
            )
    if kind == "pro":
        limit = there[0][1].limit
        axes.axvspan(limit, 1, color=drawing.LINE, alpha=0.35, linewidth=0)
        axes.text(limit + 0.015, 0.03, f"not counted, above {limit:g}", fontsize=7.5, color=drawing.MUTED)
    else:
        axes.plot([0, 1], [0, 1], color=drawing.MUTED, linewidth=0.8, linestyle=":")
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
    caption = f"{title} curves of {dataset}, {selection.text()}; beside each category its {run.metric_title(metric)}."
    yield drawing.Figure(
        drawing.file_name(kind, dataset, number),
        f"{title} of {dataset}{ending}",
        caption + "".join(f" {note}." for note in notes),
        figure,
    )


def main():
    parser = command.parser(__doc__, EXAMPLES)
    parser.add_argument("--level", choices=["all", "image", "pixel"], default="all", help="which curves (default: all)")
    arguments = parser.parse_args()

    def body():
        selection = command.Selection(run.Run(arguments.run), arguments)
        measured = measure(selection, arguments.level)
        reasons = run.unique(one.reason for one in measured if one.reason)
        for reason in reasons:
            command.note(f"left out: {reason}")
        if not any(one.image or one.pixel for one in measured):
            raise run.Problem(
                f"no curve can be drawn: {reasons[0] if reasons else 'no task file of the selection is there'}"
            )
        command.write_figures(arguments, figures(selection, measured))

    command.finish(body)
