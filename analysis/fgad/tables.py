"""The tables of the report: means, categories, the paper's figures beside ours, every row of results.csv, provenance."""
import math

from . import page, published, run


def percent_cell(spread, note="", deviations=False):
    """deviations: whether any cell of the table has one, so that all keep room for it."""
    if math.isnan(spread.mean):
        return page.Cell("missing", "", "number missing")
    deviation = "" if math.isnan(spread.deviation) else f"± {100 * spread.deviation:.2f}"
    room = f'<span class="sd">{deviation}</span>' if deviations else ""
    return page.Cell(f'{100 * spread.mean:.2f}{"†" if note else ""}{room}', repr(spread.mean), "number", note)


def counted_cell(found, expected, why):
    if found >= expected:
        return page.whole(found)
    return page.Cell(f"{found} of {expected}", found, "number short", why)


def metric_columns(table):
    return [(run.metric_title(name), True, f"{name}, percent") for name in table.measured]


def expected_seeds(table):
    return max(len(run.list_of(table.attributes.get("seeds", ""))), 1)


def protocols(rows):
    return "; ".join(run.unique(row.protocol for row in rows))


def one_class(table, block):
    """{metric: (categories without a value, categories)} of the tasks that a mean row is made of."""
    dataset, _, shots, point, _ = block
    tasks = [row for row in table.task_rows() if (row.dataset, row.shots, row.point) == (dataset, shots, point)]
    out = {}
    for name in table.measured:
        without = {row.category for row in tasks if math.isnan(row.value[name])}
        if without:
            out[name] = (sorted(without), len({row.category for row in tasks}))
    return out


def block_cells(table, key, spreads, with_category):
    """The cells of a row of averages over seeds."""
    dataset, category, shots, point, _ = key
    notes = {}
    if category == run.MEAN:
        notes = {
            name: f"mean of {total - len(without)} of {total} categories; without a value: {', '.join(without)}"
            for name, (without, total) in one_class(table, key).items()
        }
    found = next(iter(spreads.values())).total if spreads else 0
    cells = [page.word(dataset)] if len(table.datasets()) > 1 or not with_category else []
    cells += ([page.word(category)] if with_category else []) + [page.whole(shots)]
    cells += [page.word(point or "as the job")] if len(table.points()) > 1 else []
    return (
        cells
        + [counted_cell(found, expected_seeds(table), "not all seeds of the job are there")]
        + [percent_cell(spreads[name], notes.get(name, ""), expected_seeds(table) > 1) for name in table.measured]
    )


def block_columns(table, with_category):
    columns = [("Dataset", False, "")] if len(table.datasets()) > 1 or not with_category else []
    columns += [("Category", False, "")] if with_category else []
    columns += [("Shots", True, "training images a category")]
    columns += [("Grid point", False, "the swept keys")] if len(table.points()) > 1 else []
    return columns + [("Seeds", True, "draws of shots averaged")] + metric_columns(table)


def best_of(means, table):
    """{(dataset, shots, metric): the highest mean} where rows of the table differ in it."""
    rivals = {}
    for (dataset, _, shots, _, _), (_, spreads) in means.items():
        for name in table.measured:
            if not math.isnan(spreads[name].mean):
                rivals.setdefault((dataset, shots, name), []).append(spreads[name].mean)
    return {key: max(values) for key, values in rivals.items() if max(values) > min(values)}


def means_table(selection):
    """Dataset means of every number of shots and grid point; a block without all of its categories has none."""
    table = selection.run
    out = page.Table("means", block_columns(table, False))
    means = run.over_seeds([row for row in table.mean_rows() if selection.wants(row)], table.metrics)
    blocks = run.unique(
        (row.dataset, run.MEAN, row.shots, row.point, row.method) for row in table.task_rows() if selection.wants(row)
    )
    incomplete = False
    best = best_of(means, table)
    for key in sorted(blocks, key=lambda key: (table.datasets().index(key[0]), key[2], table.points().index(key[3]))):
        spreads = means[key][1] if key in means else {name: run.Spread([]) for name in table.metrics}
        incomplete = incomplete or key not in means
        cells = block_cells(table, key, spreads, False)
        for cell, name in zip(cells[-len(table.measured) :], table.measured):
            if best.get((key[0], key[2], name)) == spreads[name].mean:
                cell.kind += " best"
        out.add(cells)
    note = ""
    if any(one_class(table, key) for key in blocks):
        note += " † Categories without this value (one class in the test set, or no masks) are left out of the mean."
    absent = [name for name in table.metrics if name not in table.measured]
    if absent:
        note += f" Not measured in this run: {', '.join(map(run.metric_title, absent))}."
    if incomplete:
        note += " A block with a category missing has no mean."
    return (
        out.html()
        + '<p class="note">In percent: mean over categories, then mean ± sample standard deviation over seeds.'
        + f"{note}</p>"
    )


def category_table(selection):
    table = selection.run
    points = table.points() if len(table.rows) <= 1500 else [selection.point]
    rows = [row for row in table.rows if selection.wants(row) and row.point in points]
    blocks = run.over_seeds(rows, table.metrics)
    out = page.Table("categories", block_columns(table, True))
    order = sorted(
        blocks,
        key=lambda key: (table.datasets().index(key[0]), key[2], table.points().index(key[3]), key[1] == run.MEAN),
    )
    for key in order:
        out.add(block_cells(table, key, blocks[key][1], True), key[1] == run.MEAN)
    note = (
        ""
        if len(points) == len(table.points())
        else f" Grid point: {selection.point or 'as the job'}; the table of all " "tasks has the others."
    )
    return (
        out.html(filtered=True)
        + f'<p class="note">In percent: mean ± sample standard deviation over seeds.{page.escape(note)} '
        f"Protocol: <code>{page.escape(protocols(rows))}</code></p>"
    )


def paper_table(selection):
    """Our means beside the paper's, where it has the same dataset, shots and method."""
    table, figures = selection.run, published.read()
    rows = [row for row in table.mean_rows() if selection.wants(row) and row.point == selection.point]
    out = page.Table(
        "paper",
        [("Dataset", False, ""), ("Shots", True, ""), ("Categories", True, "that our mean is over")]
        + [
            (f"{run.metric_title(name)}{what}", True, "percent")
            for name in ("image_auroc", "pixel_auroc")
            for what in ("", ", paper", ", difference")
        ],
    )
    for (dataset, _, shots, _, method), (_, spreads) in run.over_seeds(rows, table.metrics).items():
        theirs = figures.get((dataset, shots, method))
        if theirs is None:
            continue
        ours = len({row.category for row in table.task_rows() if row.dataset == dataset and row.shots == shots})
        cells = [
            page.word(dataset),
            page.whole(shots),
            counted_cell(ours, published.CATEGORIES[dataset], "the paper has all"),
        ]
        for name in ("image_auroc", "pixel_auroc"):
            difference = spreads[name].mean - theirs[name] if name in theirs else math.nan
            cells += [
                percent_cell(spreads[name]),
                page.Cell(f"{100 * theirs[name]:.2f}", theirs[name], "number")
                if name in theirs
                else page.Cell("missing", "", "number missing"),
                page.Cell("missing", "", "number missing")
                if math.isnan(difference)
                else page.Cell(f"{100 * difference:+.2f}", difference, "number"),
            ]
        out.add(cells)
    if not out.rows:
        return ""
    return (
        "<h3>Beside the paper's figures</h3>" + out.html() + '<p class="note">The paper: Fan et al., arXiv 2510.26464, '
        "table 1; its code reports the best epoch on the test set, ours the last. This run: branches "
        f"{page.escape(table.attributes.get('branches', '?'))}, "
        f"model {page.escape(table.attributes.get('model', '?'))}.</p>"
    )


def tasks_table(selection):
    """Every row of results.csv with the file's digits."""
    table = selection.run
    out = page.Table("all", [(name, name in table.metrics or name in ("shots", "seed"), "") for name in table.columns])
    for row in table.rows:
        cells = []
        for name in table.columns:
            if name not in table.metrics:
                cells.append(page.whole(row.fields[name]) if name in ("shots", "seed") else page.word(row.fields[name]))
            elif row.fields[name] == "":
                cells.append(page.Cell("missing", "", "number missing"))
            else:
                cells.append(page.Cell(f"{row.value[name]:.6f}", row.fields[name], "number", row.fields[name]))
        out.add(cells, row.is_mean)
    return (
        f'<p class="note">The {len(table.rows)} rows of results.csv, fractions. A number shows all digits on hover.</p>'
        f"<details{' open' if len(table.rows) <= 24 else ''}><summary>Show the table</summary>"
        f"{out.html(filtered=True)}</details>"
    )


def provenance(selection):
    table = selection.run
    told = [
        "code_version",
        "written",
        "host",
        "ranks",
        "threads_per_rank",
        "blas",
        "made_on",
        "libraries",
        "model",
        "model_digest",
    ]
    out = page.Table("provenance-files", [("What", False, ""), ("Value", False, "")])
    for name in told:
        if name in table.attributes:
            out.add([page.word(name.replace("_", " ")), page.Cell(page.escape(table.attributes[name]), kind="wrap")])
    options = page.Table("options", [("Key", False, ""), ("Value", False, "")])
    for name, value in sorted(table.attributes.items()):
        if name not in told and name not in ("description", "tasks_missing"):
            options.add([page.word(name), page.Cell(page.escape(value), kind="wrap")])
    support = page.Table(
        "support",
        [
            ("Dataset", False, ""),
            ("Category", False, ""),
            ("Shots", True, ""),
            ("Seed", True, ""),
            ("Training images", False, ""),
        ],
    )
    for row in selection.rows():
        with table.task(row) as task:
            support.add(
                [
                    page.word(row.dataset),
                    page.word(row.category),
                    page.whole(row.shots),
                    page.whole(row.seed),
                    page.Cell(page.escape(", ".join(task.texts("support/path"))), kind="wrap"),
                ]
            )
    parts = out.html()
    if support.rows:
        parts += f"<details><summary>Training images of the tasks shown</summary>{support.html()}</details>"
    return parts + f"<details><summary>Options of the job</summary>{options.html(filtered=True)}</details>"
