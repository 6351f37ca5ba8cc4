#!/usr/bin/env python3
"""Curves of a run's swept keys: dataset means over the values of each key, one line a number of shots.

The mean over seeds is drawn, with the sample standard deviation as a bar. In a product of several keys the others stay
at the job's own value when it is among the swept ones, else at their first; --at sets them.
"""
import math

from fgad import command, drawing, published, run

EXAMPLES = """  analysis/ablation.py results/table4
  analysis/ablation.py results/sweep --key epsilon --at gamma=1.5 --metric pixel_auroc,aupro
  analysis/ablation.py results/sweep --format pdf -o paper/figures
"""
DEFAULT_METRICS = ["image_auroc", "pixel_auroc"]


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
    """(Spread over seeds at each value, categories averaged, whether all of them). Rows MEAN where every value has them;
    else the mean of the categories that every value has at the same seeds, so that like is compared with like."""
    chosen = [row for row in table.rows if row.dataset == dataset and row.shots == shots]
    points = [point for _, point in pairs]
    means = {
        point: {row.seed: row.value[metric] for row in chosen if row.is_mean and row.point == point} for point in points
    }
    categories = run.unique(row.category for row in chosen if not row.is_mean)
    if all(means[point] and means[point].keys() == means[points[0]].keys() for point in points):
        return [run.Spread(means[point].values()) for point in points], categories, True
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
            run.Spread([run.Spread([cells[point, category, seed] for category in common]).mean for seed in seeds])
            for point in points
        ],
        common,
        False,
    )


def figures(table, keys=None, metrics=None, at=None, datasets=None):
    """One figure a swept key, dataset and metric."""
    there = swept(table)
    if not there:
        return
    for key in keys or there:
        pairs, fixed = axis_points(table, key, at or {})
        if len(pairs) < 2:
            continue
        x, numeric, logarithmic = positions([value for value, _ in pairs])
        order = sorted(range(len(pairs)), key=lambda i: x[i])
        for dataset in datasets or table.datasets():
            for metric in metrics or [name for name in DEFAULT_METRICS if name in table.metrics]:
                yield from draw(table, dataset, metric, key, fixed, pairs, x, order, numeric, logarithmic)


def draw(table, dataset, metric, key, fixed, pairs, x, order, numeric, logarithmic):
    figure, axes = drawing.panel(f"{dataset}: {run.metric_title(metric)}", key, f"{run.metric_title(metric)} (%)")
    notes, drawn = [], False
    shots = sorted({row.shots for row in table.rows if row.dataset == dataset})
    for index, k in enumerate(shots):
        spreads, categories, whole = series(table, dataset, k, pairs, metric)
        if spreads is None or all(math.isnan(spread.mean) for spread in spreads):
            notes.append(f"{k}-shot: no category has a value everywhere")
            continue
        if not whole:
            notes.append(
                f"{k}-shot: mean of the {len(categories)} categories that have every value, " "the others are missing"
            )
        shift = 0 if logarithmic else (index - (len(shots) - 1) / 2) * 0.008 * (max(x) - min(x))
        axes.errorbar(
            [x[i] + shift for i in order],
            [100 * spreads[i].mean for i in order],
            [0 if math.isnan(spreads[i].deviation) else 100 * spreads[i].deviation for i in order],
            marker="o",
            markersize=4,
            capsize=2.5,
            elinewidth=1,
            label=f"{k}-shot",
            **drawing.style(index),
        )
        drawn = True
    if not drawn:
        drawing.pyplot.close(figure)
        return
    if logarithmic:
        axes.set_xscale("log")
    ticks = [x[i] for i in order]
    if not numeric or len(ticks) <= 8:
        axes.set_xticks(ticks, [pairs[i][0] for i in order], rotation=0 if numeric or len(ticks) < 5 else 20)
        axes.minorticks_off()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4)
    own, best = table.attributes.get(key), published.best(key)
    fixed_text = ", ".join(f"{name}={value}" for name, value in fixed.items())
    caption = (
        f"Mean over categories against {key}; dots are means over seeds, bars their sample standard deviation."
        + (f" Other keys: {fixed_text}." if fixed_text else "")
        + (f" The job's own value is {own}." if own else "")
        + (f" The paper's curve on {best[1]}, {best[2]}-shot, is highest at {best[0]}." if best else "")
        + "".join(f" {note}." for note in notes)
    )
    yield drawing.Figure(drawing.file_name("ablation", dataset, key, metric), f"{key} on {dataset}", caption, figure)


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


if __name__ == "__main__":
    main()
