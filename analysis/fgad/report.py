"""One HTML file of a run: tables, ablations, curves, histograms, the worst images, matched groups, regions, losses and
provenance. It holds everything it shows, so it works offline and can be sent to others; it prints.

Numbers are those of results.csv: each cell of the table of all tasks carries the file's own digits. A run with missing
tasks says so at the top. Pictures show one task a category: --shots, --seed and --point choose which."""
import os

from . import (
    ablation,
    command,
    curves,
    drawing,
    histograms,
    images,
    losses,
    matching,
    page,
    regions,
    run,
    tables,
    worst,
)

EXAMPLES = """  analysis/report.py results/demo
  analysis/report.py results/mvtec --shots 1 --data-root /data -o mvtec-1shot.html
  analysis/report.py results/sweep --only results,ablation
"""
SECTIONS = ["examples", "results", "ablation", "curves", "scores", "worst", "matching", "regions", "losses", "tasks", "provenance"]
LISTED = 40
EXAMPLES_SHOWN = 6
REASONS = 3


# ---- Sections --------------------------------------------------------------------------------------------------------


def empty(reason):
    return f'<p class="empty">{page.escape(reason)}</p>'


def left_out(reasons, what="Left out"):
    """A line a category; of many the first ones, as a benchmark without its images has one for each."""
    reasons = run.unique(reasons)
    shown = reasons if len(reasons) <= REASONS + 1 else reasons[:REASONS]
    lines = [f"{what}: {reason}." for reason in shown]
    if len(shown) < len(reasons):
        lines.append(f"{what}: {len(reasons) - len(shown)} more categories.")
    return "".join(map(empty, lines))


def summary(selection):
    table = selection.run
    total = len(table.task_rows()) + table.missing_count()
    facts = [
        ("Datasets", ", ".join(table.datasets())),
        ("Categories", len({(row.dataset, row.category) for row in table.task_rows()})),
        ("Method", ", ".join(run.unique(row.method for row in table.rows))),
        ("Branches", ", ".join(run.list_of(table.attributes.get("branches", "")))),
        ("Shots", ", ".join(map(str, sorted({row.shots for row in table.rows})))),
        ("Seeds", ", ".join(map(str, sorted({row.seed for row in table.rows})))),
        ("Grid points", len(table.points())),
        ("Tasks with a result", f"{len(table.task_rows())} of {total}"),
        ("Model", os.path.basename(table.attributes.get("model", "").rstrip("/")) or "?"),
        ("Pictures show", selection.text()),
    ]
    return (
        '<dl class="facts">'
        + "".join(f"<div><dt>{page.escape(name)}</dt><dd>{page.escape(value)}</dd></div>" for name, value in facts)
        + "</dl>"
    )


def results_section(selection):
    return (
        summary(selection)
        + "<h3>Dataset means</h3>"
        + tables.means_table(selection)
        + tables.paper_table(selection)
        + "<h3>By category</h3>"
        + tables.category_table(selection)
    )


def ablation_section(selection):
    table = selection.run
    keys = ablation.swept(table)
    metrics = [name for name in ("image_auroc", "pixel_auroc", "aupro") if name in table.metrics]
    body = page.plots(ablation.figures(table, metrics=metrics, datasets=selection.datasets))
    return body or (empty("No swept key has two values with a result.") if keys else "")


def curves_section(selection):
    measured = curves.measure(selection)
    notes = left_out([one.reason for one in measured if one.reason], "Pixel curves are left out")
    return notes + page.plots(curves.figures(selection, measured))


def scores_section(selection):
    return page.plots(histograms.figures(selection)) + thresholds_table(selection)


def thresholds_table(selection):
    """What `fgad threshold` stored of the tasks shown, and what it gives on the labelled test images."""
    stored = selection.run.thresholds()
    shares = ("precision", "recall", "false_alarms")
    titles = ["Precision %", "Recall %", "False alarms %"]
    out = page.Table(
        "thresholds",
        [("Category", False, ""), ("Threshold", True, "a score above it counts as anomalous"), ("Found by", False, "")]
        + [(title, True, "of the labelled test images") for title in titles],
    )
    for row in selection.rows():
        line = stored.get(row.fields["task"])
        if line is None:
            continue
        cells = [page.word(row.category), page.Cell(f"{float(line['threshold']):.6g}", line["threshold"], "number")]
        cells.append(page.word(histograms.threshold_text(line)[0]))
        for name in shares:
            value = line.get(name)
            cells.append(page.Cell(f"{100 * float(value):.1f}" if value else "missing", value, "number"))
        out.add(cells)
    if not out.rows:
        return ""
    return (
        "<h3>Thresholds</h3>"
        + out.html()
        + '<p class="note">Stored by fgad threshold and used by fgad predict. A quantile of the shots sees no test image; '
        "F1-max is chosen by the test labels, an oracle.</p>"
    )



def galleries(selection, make, show):
    """A gallery a category. make(task) gives None where the task lacks what is shown; missing images are told. "" when
    there is nothing to show and nothing to tell."""
    parts, told = [], []
    for row in selection.rows():
        try:
            with selection.run.task(row) as task:
                found = make(task)
                if found is not None:
                    parts.append(
                        f"<h3>{page.escape(row.dataset)} / {page.escape(row.category)}</h3>" + show(found, task)
                    )
        except images.Missing as missing:
            told.append(str(missing))
    return left_out(told) + "".join(parts)


def worst_section(selection, count):
    note = (
        '<p class="note">Left the image with the outline of its ground truth, right its anomaly map. The rank error is '
        "the share of images of the other class that the image is on the wrong side of.</p>"
    )
    shown = galleries(
        selection,
        lambda task: worst.cases(task, selection.data_root, count),
        lambda found, _: page.legend(scale=found[1]) + page.gallery(found[0], drawing.webp),
    )
    return note + shown if shown else ""


def examples_section(selection):
    """One picture a category: the anomalous image of the middle score among those that no normal image outranks."""
    cases, told = [], []
    for row in selection.rows():
        try:
            with selection.run.task(row) as task:
                found = worst.typical(task, selection.data_root)
        except images.Missing as missing:
            told.append(str(missing))
            continue
        if found is not None:
            cases.append(found)
    if not cases:
        return ""
    note = (
        f'<p class="note">A typical hit of each category ({page.escape(selection.text())}): the image with the outline '
        "of its ground truth, and its anomaly map on the category's own scale. The worst images stand further down.</p>"
    )
    shown, more = page.gallery(cases[:EXAMPLES_SHOWN], drawing.webp), cases[EXAMPLES_SHOWN:]
    if more:
        shown += (
            f"<details><summary>{len(more)} more categories</summary>{page.gallery(more, drawing.webp)}</details>"
        )
    return note + shown + left_out(told)


def prompts_of(task):
    """The normal prompt of each group, and how many abnormal ones it has."""
    out = page.Table(
        drawing.file_name("prompts", task.row.dataset, task.row.category),
        [
            ("Group", False, ""),
            ("Normal prompt", False, ""),
            ("AHP", True, "abnormal handcrafted prompts"),
            ("ALP", True, "abnormal learnable prompts"),
        ],
    )
    names = task.group_names("pixel")
    for g, name in enumerate(names):
        base = f"prompts/pixel/groups/{g}"
        if not task.has(f"{base}/text") or not task.has(f"{base}/kind"):
            return ""
        texts, kinds = task.texts(f"{base}/text"), task.texts(f"{base}/kind")
        normal = [text for text, kind in zip(texts, kinds) if kind == "NHP"]
        out.add(
            [
                page.word(name),
                page.Cell(page.escape(normal[0] if normal else ""), kind="wrap"),
                page.whole(kinds.count("AHP")),
                page.whole(kinds.count("ALP")),
            ]
        )
    return f"<details><summary>Prompts of the groups</summary>{out.html()}</details>" if names else ""


def matching_section(selection, count):
    return galleries(
        selection,
        lambda task: matching.cases(task, selection.data_root, count),
        lambda found, task: (
            page.legend(found[1], found[2]) + page.gallery(found[0], drawing.webp, wide=True) + prompts_of(task)
        ),
    )


def regions_section(selection):
    return galleries(
        selection,
        lambda task: regions.cases(task, selection.data_root),
        lambda found, _: page.legend(found[1]) + page.gallery(found[0], drawing.webp),
    )


def losses_section(selection):
    return page.plots(losses.figures(selection))


# ---- The page --------------------------------------------------------------------------------------------------------


def listed(lines):
    return lines[:LISTED] + ([f"and {len(lines) - LISTED} more"] if len(lines) > LISTED else [])


def alerts(out, table):
    """What a reader must know before any number."""
    count, known = table.missing_count(), table.missing()
    if count > 0:
        lines = [
            f"{dataset}/{category}, {shots}-shot, seed {seed}" + (f", {point}" if point else "")
            for dataset, category, shots, seed, point in known
        ]
        if len(known) < count:
            lines.append(f"{count - len(known)} more, of categories that have no result at all")
        lines = listed(lines) + [f"failed: {reason}" for _, reason in listed(table.failures())]
        out.alert(
            f"INCOMPLETE: {count} task{'s' if count > 1 else ''} of this run "
            f"{'have' if count > 1 else 'has'} no result yet. Means over categories are given only where all "
            "categories are there.",
            lines,
        )
    without = table.tasks_without_file()
    if table.made_from is not None:
        out.alert(
            f"Rescored from the stored maps of '{table.made_from}': the numbers are of other settings than that run's. "
            "Its own report shows pictures."
        )
    elif without:
        out.alert(
            f"{len(without)} task file{'s are' if len(without) > 1 else ' is'} not in this folder: their numbers are in "
            "the tables, pictures made from their maps are left out.",
            listed([row.name() for row in without]),
        )


def build(selection, only, count):
    table = selection.run
    make = {
        "examples": ("Examples", lambda: examples_section(selection)),
        "results": ("Results", lambda: results_section(selection)),
        "ablation": ("Ablation", lambda: ablation_section(selection)),
        "curves": ("Curves", lambda: curves_section(selection)),
        "scores": ("Image scores", lambda: scores_section(selection)),
        "worst": ("Worst images", lambda: worst_section(selection, count)),
        "matching": ("Matched groups", lambda: matching_section(selection, count)),
        "regions": ("Regions", lambda: regions_section(selection)),
        "losses": ("Losses", lambda: losses_section(selection)),
        "tasks": ("All tasks", lambda: tables.tasks_table(selection)),
        "provenance": ("Provenance", lambda: tables.provenance(selection)),
    }
    out = page.Page(
        f"fgad: {table.name}",
        f"{', '.join(table.datasets())}; fgad {table.attributes.get('code_version', '?')}, "
        f"finished {table.attributes.get('written', '?')}",
    )
    alerts(out, table)
    for name in SECTIONS:
        if name in only:
            command.note(f"section {name}")
            title, body = make[name]
            out.section(name, title, body())
    return out.html(f"Made by analysis/report.py from {table.folder}. All numbers are those of results.csv.")


def main():
    parser = command.parser(__doc__, EXAMPLES, output="page")
    parser.add_argument("-o", "--output", metavar="FILE", help="the page (default: RUN/report.html)")
    parser.add_argument(
        "--only", metavar="NAME[,NAME]", help="these sections: " + ", ".join(SECTIONS) + " (default: all)"
    )
    parser.add_argument(
        "--count", type=int, default=6, metavar="K", help="images a category in the galleries (default: 6)"
    )
    arguments = parser.parse_args()

    def body():
        only = command.names(arguments.only)
        for name in only or []:
            if name not in SECTIONS:
                raise run.Problem(f"--only: '{name}' is not a section; expected some of {', '.join(SECTIONS)}")
        if arguments.count < 1:
            raise run.Problem(f"--count is {arguments.count}, expected 1 or more")
        selection = command.Selection(run.Run(arguments.run), arguments)
        path = arguments.output or os.path.join(arguments.run, "report.html")
        command.write_file(path, build(selection, only or SECTIONS, arguments.count).encode())
        print(path)

    command.finish(body)
