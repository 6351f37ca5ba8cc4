"""Loss curves of learned prompts: the total and its terms by epoch, one figure a head and category, and the query
former's way down to its known minimum; with track_epochs also the test metrics along the way. A run of the memory
branch alone learns nothing and has none."""
from . import command, drawing, run
import numpy as np

EXAMPLES = """  analysis/losses.py results/demo
  analysis/losses.py results/demo --category tablet --shots 1 --format svg
"""


def terms_of(dataset, path):
    attribute = dataset.attrs.get("terms", dataset.attrs.get("names"))
    if attribute is None:
        raise run.Problem(f"'{path}': {dataset.name} does not name its terms (attribute terms)")
    named = [run.text(name) for name in attribute] if np.ndim(attribute) else run.text(attribute).split(",")
    named = [name.strip() for name in named]
    if dataset.ndim != 2 or dataset.shape[1] != len(named):
        raise run.Problem(f"'{path}': {dataset.name} has shape {dataset.shape}, its attribute names {len(named)} terms")
    return named


def figures(selection):
    for row in selection.rows():
        with selection.run.task(row) as task:
            for head in task.heads():
                yield from head_figure(task, head, selection)
                yield from query_figure(task, head, selection)
            yield from oracle_figure(task, selection)


def head_figure(task, head, selection):
    name = f"prompts/{head}/loss"
    if not task.has(name):
        return
    terms, values = terms_of(task.get(name), task.path), task.array(name)
    figure, axes = drawing.panel(f"{task.row.category}, {head} head", "epoch", "loss (dimensionless)")
    epochs = np.arange(1, len(values) + 1)
    axes.xaxis.get_major_locator().set_params(integer=True)
    for index, term in enumerate(terms):
        look = {"color": drawing.INK, "linewidth": 2.2} if term == "total" else drawing.style(index - 1)
        axes.plot(
            epochs,
            values[:, index],
            marker="o" if len(values) == 1 else None,
            label=f"{term}: {values[0, index]:.4g} → {values[-1, index]:.4g}",
            **look,
        )
    axes.legend(
        title="term: first → last epoch",
        title_fontsize=8,
        alignment="left",
        loc="upper center",
        bbox_to_anchor=(0.5, -0.16),
        ncols=2,
    )
    caption = (
        f"{task.row.dataset}/{task.row.category}, {selection.text()}: the loss at the parameters that each epoch "
        "starts from, summed over groups."
    )
    yield drawing.Figure(
        drawing.file_name("loss", task.row.dataset, task.row.category, head),
        f"{task.row.category}, {head} head",
        caption,
        figure,
    )


def query_figure(task, head, selection):
    name = f"prompts/{head}/query_former/loss"
    if not task.has(name):
        return
    values = task.array(name)
    floor = task.get(f"prompts/{head}/query_former").attrs.get("loss_floor")
    figure, axes = drawing.panel(f"{task.row.category}, query former", "step of Adam")
    if floor is None:
        axes.plot(values, color=drawing.INK)
        axes.set_ylabel("l_qf (dimensionless)")
    else:
        axes.plot(np.maximum(values - floor, 1e-9), color=drawing.INK)
        axes.set_yscale("log")
        drawing.plain_powers(axes.yaxis)
        axes.set_ylabel("l_qf above its minimum")
        axes.axhline(1e-3, color=drawing.COLOURS[1], linewidth=1, linestyle="--", label="1e-3, what a run must reach")
        axes.legend()
    caption = (
        f"{task.row.dataset}/{task.row.category}, {selection.text()}: loss of the query former, {values[-1]:.4f} at "
        f"the end" + ("." if floor is None else f", minimum {float(floor):.4f}.")
    )
    yield drawing.Figure(
        drawing.file_name("query-former", task.row.dataset, task.row.category, head),
        f"{task.row.category}, query former",
        caption,
        figure,
    )


def oracle_figure(task, selection):
    """What the test metrics were along the way, where the job has track_epochs. They chose nothing."""
    if not task.has("oracle/epoch"):
        return
    epochs = task.array("oracle/epoch")
    figure, axes = drawing.panel(f"{task.row.category}, oracle", "epochs done", "metric of the test images (%)")
    for index, name in enumerate(
        name for name in ("image_auroc", "pixel_auroc", "aupro") if task.has(f"oracle/{name}")
    ):
        axes.plot(
            epochs,
            100 * task.array(f"oracle/{name}"),
            marker="o",
            markersize=3,
            label=run.metric_title(name),
            **drawing.style(index),
        )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    caption = (
        f"{task.row.dataset}/{task.row.category}, {selection.text()}: test metrics at the states kept during learning "
        "(track_epochs). An oracle for study: the run's results are those of the last epoch."
    )
    yield drawing.Figure(
        drawing.file_name("oracle", task.row.dataset, task.row.category),
        f"{task.row.category}, oracle",
        caption,
        figure,
    )


def main():
    arguments = command.parser(__doc__, EXAMPLES).parse_args()

    def body():
        selection = command.Selection(run.Run(arguments.run), arguments)
        if command.write_figures(arguments, figures(selection)) == 0:
            raise run.Problem(
                f"no task of '{arguments.run}' ({selection.text()}) holds loss curves"
                " (a run with branches: [vad] or learn: false learns nothing)"
            )

    command.finish(body)
