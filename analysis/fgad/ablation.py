"""Curves of a run's swept keys: dataset means over the values of each key, one line a number of shots.

The mean over seeds is drawn, with the sample standard deviation as a bar. Beside an AUROC stand those of the branches
that it is fused of (PAD dashed, VAD and the class token dotted), where the run has them: the fused map hides what a key
does. In a product of several keys the others stay at the job's own value when it is among the swept ones, else at their
first; --at sets them.
"""
import math

from . import command, drawing, published, run

EXAMPLES = """  analysis/ablation.py results/table4
  analysis/ablation.py results/sweep --key epsilon --at gamma=1.5 --metric pixel_auroc,aupro
  analysis/ablation.py results/sweep --format pdf -o paper/figures
"""
LEAST_SPAN = 0.5  # points of an axis from bottom to top
DEFAULT_METRICS = ["image_auroc", "pixel_auroc"]
# What is drawn beside a metric: {metric: [(column, its name, dash)]}.
BRANCHES = {
    "image_auroc": [
        ("pad_image", "PAD", (0, (5, 2))),
        ("vad_image", "VAD", (0, (1, 1.2))),
        ("cls_image", "class token", (0, (1, 3))),
    ],
    "pixel_auroc": [("pad_pixel", "PAD", (0, (5, 2))), ("vad_pixel", "VAD", (0, (1, 1.2)))],
}
FEW_SHOTS = 2  # with more lines than these, the prompt branch alone stands beside what is fused


def swept(table):
    """{key: values in the order of the run}."""
    keys = {}
    for point in table.points():
        for key, value in run.point_values(point).items():
            if value not in keys.setdefault(key, []):
                keys[key].append(value)
    return keys


def own_value(table, key, values):
    """How a point spells the job's own value of a key; None when it is not there."""
    own = table.attributes.get(key)
    for value in values:
        if own is not None and (value == own or same_number(value, own)):
            return value
    return None


def same_number(a, b):
    try:
        return float(a) == float(b)
    except ValueError:
        return False


def axis_points(table, key, at):
    """[(value, point)] along one key, and the values at which the other keys stand."""
    keys = swept(table)
    one_at_a_time = "" in table.points()
    values = keys[key]
    if one_at_a_time:
        pairs = [
            (run.point_values(point)[key], point) for point in table.points() if list(run.point_values(point)) == [key]
        ]
        own = table.attributes.get(key)
        if own is not None and own not in [value for value, _ in pairs]:
            pairs.append((own, ""))
        return pairs, {}
    fixed = {
        other: at.get(other) or own_value(table, other, there) or there[0]
        for other, there in keys.items()
        if other != key
    }
    pairs = []
    for value in values:
        for point in table.points():
            if run.point_values(point) == {**fixed, key: value}:
                pairs.append((value, point))
    return pairs, fixed


def positions(values):
    """(x of each value, whether they are numbers, whether their axis is logarithmic), for values in any order."""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return list(range(len(values))), False, False
    positive = [number for number in numbers if number > 0]
    wide = len(positive) > 1 and max(positive) / min(positive) >= 50
    if wide and len(positive) < len(numbers):
        order = sorted(numbers)
        return [order.index(number) for number in numbers], False, False
    return numbers, True, wide


def series(table, dataset, shots, pairs, metric):
    """({seed: mean over categories} at each value, the categories, whether all of them). Rows MEAN where every value has
    them; else the mean of the categories that every value has at the same seeds, so that like is compared with like."""
    chosen = [row for row in table.rows if row.dataset == dataset and row.shots == shots]
    points = [point for _, point in pairs]
    means = {
        point: {row.seed: row.value[metric] for row in chosen if row.is_mean and row.point == point} for point in points
    }
    categories = run.unique(row.category for row in chosen if not row.is_mean)
    if all(means[point] and means[point].keys() == means[points[0]].keys() for point in points):
        return [means[point] for point in points], categories, True
    cells = {(row.point, row.category, row.seed): row.value[metric] for row in chosen if not row.is_mean}
    seeds = sorted({row.seed for row in chosen})
    common = [
        category
        for category in categories
        if all((point, category, seed) in cells for point in points for seed in seeds)
    ]
    if not common:
        return None, [], False
    return (
        [
            {seed: run.Spread([cells[point, category, seed] for category in common]).mean for seed in seeds}
            for point in points
        ],
        common,
        False,
    )


class Axis:
    """One swept key: its values in the job's order, where they stand, and at what values the other keys stand."""

    def __init__(self, table, key, at):
        self.key, self.own_text = key, table.attributes.get(key)
        self.pairs, self.fixed = axis_points(table, key, at)
        values = [value for value, _ in self.pairs]
        self.x, self.numeric, self.logarithmic = positions(values)
        self.order = sorted(range(len(self.pairs)), key=lambda i: self.x[i])
        there = own_value(table, key, values)
        self.own = values.index(there) if there is not None else None  # place of the job's own value


def axes_of(table, keys, at):
    made = [Axis(table, key, at or {}) for key in keys or swept(table)]
    return [axis for axis in made if len(axis.pairs) > 1]


def figures(table, keys=None, metrics=None, at=None, datasets=None):
    """One figure a swept key, dataset and metric; where several keys are swept, before them one of all keys a dataset."""
    metrics = metrics or [name for name in DEFAULT_METRICS if name in table.metrics]
    axes = axes_of(table, keys, at)
    for dataset in datasets or table.datasets():
        if len(axes) > 1:
            yield from overview(table, dataset, metrics, axes)
    for axis in axes:
        for dataset in datasets or table.datasets():
            for metric in metrics:
                yield from alone(table, dataset, metric, axis)


def equal_steps(table, dataset, axis, names=None):
    """Pairs of neighbouring positions whose points have the same numbers everywhere, to the last bit: all, or those named."""
    numbers = [
        {
            (row.category, row.shots, row.seed): [row.value.get(name) for name in names or table.measured]
            for row in table.rows
            if row.dataset == dataset and row.point == point and not row.is_mean
        }
        for _, point in axis.pairs
    ]
    return [
        (axis.x[i], axis.x[j])
        for i, j in zip(axis.order, axis.order[1:])
        if numbers[i] and repr(numbers[i]) == repr(numbers[j])
    ]


def half_bars(values, own):
    """Half the height of the bar at each value, in percent: the sample standard deviation over seeds; where `own` is the
    place of the job's own value, that of the difference from it, seed by seed."""
    spreads = [
        run.Spread([there[seed] - (values[own][seed] if own is not None else 0) for seed in there]) for there in values
    ]
    return [0 if math.isnan(spread.deviation) else 100 * spread.deviation for spread in spreads]


def curves(panel, table, dataset, metric, axis, paired=False):
    """Draws a line a number of shots and branch; paired: with bars of the difference from the job's own value.
    (whether any was drawn, notes on what is missing)"""
    notes, drawn = [], False
    shots = sorted({row.shots for row in table.rows if row.dataset == dataset})
    there = [line for line in BRANCHES.get(metric, []) if line[0] in table.measured]
    branches = there[: 1 if len(shots) > FEW_SHOTS else None] if len(there) > 1 else []
    lines = [(metric, "fused" if branches else "", "-")] + branches
    pieces = [(index, k, line) for index, k in enumerate(shots) for line in lines]
    for place, (index, k, (name, label, dash)) in enumerate(pieces):
        values, categories, whole = series(table, dataset, k, axis.pairs, name)
        main = name == metric
        if values is None or all(math.isnan(value) for there in values for value in there.values()):
            if main:
                notes.append(f"{k}-shot: no category has a value everywhere")
            continue
        if not whole and main:
            notes.append(f"{k}-shot: mean of the {len(categories)} categories that have every value, the others are missing")
        # Side by side, so that no bar hides another.
        shift = 0 if axis.logarithmic else (place - (len(pieces) - 1) / 2) * 0.012 * (max(axis.x) - min(axis.x))
        colour = index if len(shots) > 1 else place
        look = drawing.style(colour) | ({"linestyle": dash} if branches else {})
        if not main:
            look["linewidth"] = 1.1
        means = [100 * run.Spread(there.values()).mean for there in values]
        bars = half_bars(values, axis.own if paired else None)
        line = panel.errorbar(
            [axis.x[i] + shift for i in axis.order],
            [means[i] for i in axis.order],
            [bars[i] for i in axis.order],
            capsize=2.5,
            elinewidth=1,
            label=", ".join(part for part in (f"{k}-shot" if len(shots) > 1 or not label else "", label) if part),
            **look,
        )
        same = {high for _, high in equal_steps(table, dataset, axis, [name])}
        for i in axis.order:
            panel.plot(
                axis.x[i] + shift,
                means[i],
                marker="o",
                markersize=4.5 if main else 3.5,
                color=line.lines[0].get_color(),
                markerfacecolor=panel.get_facecolor() if axis.x[i] in same else line.lines[0].get_color(),
            )
        drawn = True
    if axis.logarithmic:
        panel.set_xscale("log")
        drawing.plain_powers(panel.xaxis)
    ticks = [axis.x[i] for i in axis.order]
    if not axis.numeric or len(ticks) <= 8:
        straight = axis.numeric or len(ticks) < 5
        panel.set_xticks(ticks, [axis.pairs[i][0] for i in axis.order], rotation=0 if straight else 20)
        panel.minorticks_off()
    for low, high in equal_steps(table, dataset, axis):
        panel.axvspan(low, high, color=drawing.LINE, alpha=0.6, linewidth=0, zorder=0)
    if axis.own is not None:
        panel.axvline(axis.x[axis.own], color=drawing.MUTED, linewidth=1, linestyle=(0, (2, 2)), zorder=0)
    return drawn, notes


def honest(panel):
    """No offset on the numbers, nothing above 100 %, and never less than half a point from top to bottom: a curve that is
    flat looks flat."""
    low, high = panel.get_ylim()
    missing = max(0, LEAST_SPAN - (high - low)) / 2
    low, high = low - missing, high + missing
    panel.set_ylim(low - max(0, high - 100.02), min(high, 100.02))
    panel.ticklabel_format(axis="y", style="plain", useOffset=False)


def overview(table, dataset, metrics, axes):
    """A row of panels a metric, a panel a key; the panels of a row share their axis, so that effects compare."""
    figure, grid = drawing.pyplot.subplots(
        len(metrics), len(axes), squeeze=False, sharey="row", figsize=(1.1 + 2.5 * len(axes), 0.6 + 2.4 * len(metrics))
    )
    drawn = False
    for row, metric in zip(grid, metrics):
        for panel, axis in zip(row, axes):
            drawn = curves(panel, table, dataset, metric, axis, paired=True)[0] or drawn
            panel.set_xlabel(axis.key)
        row[0].set_ylabel(f"{run.metric_title(metric)} (%)")
        honest(row[0])
    if not drawn:
        drawing.pyplot.close(figure)
        return
    grid[0][0].set_title(" ")  # room for one legend above all panels
    legend = grid[0][0].legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=8)
    legend.set_in_layout(False)  # else its width would widen the first column
    caption = (
        f"All swept keys on {dataset}: mean over categories and seeds; bars are the sample standard deviation, over seeds, of "
        "the difference from the job's own value (dotted line; where it is not among the values, of the mean itself). A hollow "
        "dot has the numbers of the one before to the bit: there the key has no effect on that line; over a grey band it has "
        "none at all. PAD, VAD: the largest value and the pixels of one branch's map alone."
    )
    yield drawing.Figure(drawing.file_name("ablation", dataset), f"swept keys on {dataset}", caption, figure)


def alone(table, dataset, metric, axis):
    figure, panel = drawing.panel(f"{dataset}: {run.metric_title(metric)}", axis.key, f"{run.metric_title(metric)} (%)")
    drawn, notes = curves(panel, table, dataset, metric, axis)
    if not drawn:
        drawing.pyplot.close(figure)
        return
    honest(panel)
    panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4)
    best = published.best(axis.key)
    fixed_text = ", ".join(f"{name}={value}" for name, value in axis.fixed.items())
    caption = (
        f"Mean over categories against {axis.key}; dots are means over seeds, bars their sample standard deviation."
        + (f" Other keys: {fixed_text}." if fixed_text else "")
        + (f" The job's own value is {axis.own_text} (dotted)." if axis.own_text else "")
        + (f" The paper's curve on {best[1]}, {best[2]}-shot, is highest at {best[0]}." if best else "")
        + " A hollow dot has the numbers of the one before, to the bit."
        + (" Over a grey band nothing changes at all." if equal_steps(table, dataset, axis) else "")
        + "".join(f" {note}." for note in notes)
    )
    yield drawing.Figure(
        drawing.file_name("ablation", dataset, axis.key, metric), f"{axis.key} on {dataset}", caption, figure
    )


def main():
    parser = command.parser(__doc__, EXAMPLES)
    parser.add_argument("--key", metavar="KEY[,KEY]", help="these keys (default: every swept one)")
    parser.add_argument(
        "--metric", metavar="NAME[,NAME]", help="columns of results.csv (default: image_auroc,pixel_auroc)"
    )
    parser.add_argument("--at", metavar="'KEY=VALUE ...'", default="", help="where the other keys of a product stand")
    arguments = parser.parse_args()

    def body():
        table = run.Run(arguments.run)
        keys, metrics, at = (
            command.names(arguments.key),
            command.names(arguments.metric),
            run.point_values(arguments.at),
        )
        there = swept(table)
        if not there:
            raise run.Problem(f"'{arguments.run}' sweeps no key (hint: sweep.KEY=VALUE,VALUE in its job)")
        command.check("key", keys, there)
        command.check("metric", metrics, table.metrics)
        command.check("dataset", command.names(arguments.dataset), table.datasets())
        for key, value in at.items():
            command.check("at", [key], there)
            command.check(f"at {key}", [value], there[key])
        command.write_figures(arguments, figures(table, keys, metrics, at, command.names(arguments.dataset)))

    command.finish(body)
