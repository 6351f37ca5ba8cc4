"""Histograms of image scores, normal against anomalous, one figure a category."""
from . import command, drawing, run
import numpy as np

EXAMPLES = """  analysis/histograms.py results/demo
  analysis/histograms.py results/demo --category tablet --shots 4 --bins 40
"""


def f1_threshold(scores, labels):
    """The lowest score of the images called anomalous where F1 is highest; None when one class is absent. It is chosen by
    the test labels: an oracle."""
    if labels.all() or not labels.any():
        return None
    order = np.argsort(-scores, kind="stable")
    hits, called = np.cumsum(labels[order]), np.arange(1, len(scores) + 1)
    last = np.append(scores[order][1:] != scores[order][:-1], True)
    f1 = np.where(last, 2 * hits / (called + labels.sum()), 0)
    return scores[order][int(np.argmax(f1))]


def threshold_text(line):
    """How a stored threshold came about, and what it gives on the labelled test images."""
    kind = {"f1-max": "F1-max (oracle)", "quantile": f"quantile {line.get('quantile')} of the shots"}
    shares = [
        f"{name.replace('_', ' ')} {100 * float(line[name]):.1f} %"
        for name in ("precision", "recall", "false_alarms")
        if line.get(name)
    ]
    return kind.get(line["kind"], "value"), ", ".join(shares)


def figures(selection, bins=None):
    stored = selection.run.thresholds()
    for row in selection.rows():
        with selection.run.task(row) as task:
            scores, labels = task.array("maps/M_img"), task.array("maps/label") != 0
        figure, axes = drawing.panel(
            f"{row.category}: image AUROC {drawing.percent(row.value['image_auroc'])}",
            "image score (dimensionless)",
            "images",
            (4.6, 3.3),
        )
        count = bins or round(2 * len(scores) ** 0.5)
        edges = np.linspace(scores.min(), max(scores.max(), scores.min() + 1e-9), count + 1)
        for index, (name, chosen) in enumerate((("normal", ~labels), ("anomalous", labels))):
            axes.hist(scores[chosen], edges, color=drawing.COLOURS[index], alpha=0.55, label=f"{name} ({chosen.sum()})")
            axes.hist(scores[chosen], edges, color=drawing.COLOURS[index], histtype="step", linewidth=1.2)
        threshold = f1_threshold(scores, labels)
        if threshold is not None:
            axes.axvline(threshold, color=drawing.INK, linewidth=1, linestyle=(0, (3, 2)), label="F1-max (oracle)")
        line, told = stored.get(row.fields["task"]), ""
        if line is not None:
            kind, shares = threshold_text(line)
            axes.axvline(float(line["threshold"]), color=drawing.INK, linewidth=1.6, label=f"threshold: {kind}")
            told = f" At the threshold {float(line['threshold']):.6g} ({kind}): {shares or 'no labelled test image'}."
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=3 if line is None else 2)
        missing = "" if labels.any() and not labels.all() else " The test set has one class only, so there is no AUROC."
        yield drawing.Figure(
            drawing.file_name("scores", row.dataset, row.category),
            f"{row.dataset}/{row.category}",
            f"Image scores of {row.dataset}/{row.category}, {selection.text()}.{missing}{told}",
            figure,
        )


def main():
    parser = command.parser(__doc__, EXAMPLES)
    parser.add_argument(
        "--bins", type=int, metavar="N", help="bins over the range of scores (default: twice the root of their number)"
    )
    arguments = parser.parse_args()

    def body():
        selection = command.Selection(run.Run(arguments.run), arguments)
        if arguments.bins is not None and arguments.bins < 1:
            raise run.Problem(f"--bins is {arguments.bins}, expected 1 or more")
        if not selection.rows():
            raise run.Problem(f"no task file of '{arguments.run}' ({selection.text()}) is there")
        command.write_figures(arguments, figures(selection, arguments.bins))

    command.finish(body)
