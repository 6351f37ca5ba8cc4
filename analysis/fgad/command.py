"""The common part of the command lines: selection of tasks, output, exit codes (0 done, 2 bad input)."""
import argparse
import importlib
import os
import sys
import tempfile

from . import images, run


def parser(description, examples, output="figures", several=False):
    """The options that all scripts have. output: 'figures' (a folder and a format) or 'page' (one file). several: runs
    (arguments.runs) and all their points, instead of a run and one point."""
    out = argparse.ArgumentParser(
        description=description, epilog="examples:\n" + examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if several:
        out.add_argument("runs", metavar="RUN", nargs="+", help="folders of runs, as results/demo")
    else:
        out.add_argument("run", metavar="RUN", help="folder of a run, as results/demo")
    out.add_argument("--dataset", metavar="NAME[,NAME]", help="these datasets (default: all)")
    out.add_argument("--category", metavar="NAME[,NAME]", help="these categories (default: all)")
    out.add_argument("--shots", type=int, metavar="K", help="tasks of K shots (default: the most of the run)")
    out.add_argument("--seed", type=int, metavar="N", help="tasks of this seed (default: the least of the run)")
    if not several:
        out.add_argument(
            "--point",
            metavar="'KEY=VALUE ...'",
            help="tasks of this grid point, as results.csv writes it (default: the first)",
        )
    out.add_argument(
        "--data-root",
        metavar="DIR",
        help="folder with one folder a dataset, where the images are not where the run found them",
    )
    if output == "figures":
        out.add_argument("-o", "--output", metavar="DIR", help="folder of the figures (default: RUN/figures)")
        out.add_argument("--format", choices=["png", "svg", "pdf"], default="png", help="default: png")
    return out


def names(option):
    return None if option is None else [name.strip() for name in option.split(",") if name.strip()]


class Selection:
    """Which tasks a figure shows: one a category, of one number of shots, seed and grid point."""

    def __init__(self, table, arguments):
        self.run = table
        datasets, categories = names(arguments.dataset), names(arguments.category)
        rows = table.task_rows()
        if not rows:
            failures = [reason for _, reason in table.failures()]
            raise run.Problem(
                f"'{table.folder}' has no finished task; {table.missing_count()} are missing"
                + (f", the first failure: {failures[0]}" if failures else " (hint: `fgad run` goes on)")
            )
        check("dataset", datasets, table.datasets())
        check("category", categories, run.unique(row.category for row in rows))
        check("point", None if arguments.point is None else [arguments.point], table.points())
        check("shots", None if arguments.shots is None else [arguments.shots], sorted({row.shots for row in rows}))
        check("seed", None if arguments.seed is None else [arguments.seed], sorted({row.seed for row in rows}))
        self.point = arguments.point if arguments.point is not None else table.points()[0]
        self.shots = arguments.shots if arguments.shots is not None else max(row.shots for row in rows)
        self.seed = arguments.seed if arguments.seed is not None else min(row.seed for row in rows)
        self.datasets, self.categories, self.data_root = datasets, categories, arguments.data_root
        self.tasks = [
            row
            for row in rows
            if self.wants(row) and row.shots == self.shots and row.seed == self.seed and row.point == self.point
        ]

    def wants(self, row):
        """Whether dataset and category were asked for; means belong to every category."""
        return (self.datasets is None or row.dataset in self.datasets) and (
            self.categories is None or row.is_mean or row.category in self.categories
        )

    def rows(self):
        """The task of each category whose file is there. A run copied without its tasks has none, nor has a rescored
        set: the maps of the run it was made from have other numbers."""
        return [row for row in self.tasks if os.path.isfile(self.run.task_path(row))]

    def text(self):
        return f"{self.shots}-shot, seed {self.seed}" + (f", {self.point}" if self.point else "")


FIGURES = ["ablation", "curves", "histograms", "losses", "matching", "regions", "worst"]
CHOICE = ["dataset", "category", "shots", "seed", "point", "data_root"]


def figures(table, kind, choice):
    """The figures that the script of that name draws by default. choice: some of CHOICE, as its options."""
    if kind not in FIGURES:
        raise run.Problem(f"'{kind}' is not a kind of figure; expected one of {', '.join(FIGURES)}")
    for name in choice:
        if name not in CHOICE:
            raise run.Problem(f"'{name}' chooses no tasks; expected some of {', '.join(CHOICE)}")
    chosen = argparse.Namespace(**{name: choice.get(name) for name in CHOICE})
    module, selection = importlib.import_module(f".{kind}", __package__), Selection(table, chosen)
    return module.figures(table, datasets=selection.datasets) if kind == "ablation" else module.figures(selection)


def check(what, asked, there):
    for value in asked or []:
        if value not in there:
            raise run.Problem(
                f"--{what}: '{value}' is not in this run, which has "
                + ", ".join(f"'{name}'" if name == "" else str(name) for name in there)
            )


def write_file(path, data):
    """Whole or not at all."""
    folder = os.path.dirname(path) or "."
    try:
        os.makedirs(folder, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".fgad-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o666 & ~umask())
        os.replace(name, path)
    except OSError as error:
        raise run.Problem(f"'{path}' cannot be written: {error.strerror}") from None


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def note(message):
    print(message, file=sys.stderr, flush=True)


def finish(body):
    """Runs body(), which does the script's work, and turns a problem into one line and exit code 2."""
    script = os.path.basename(sys.argv[0])
    try:
        body()
    except (run.Problem, images.Missing) as problem:
        note(f"{script}: {problem}")
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(141)


def write_figures(arguments, figures):
    """Writes the figures of a generator, prints their paths and returns how many there were."""
    count = 0
    folder = arguments.output or os.path.join(arguments.run, "figures")
    for figure in figures:
        path = os.path.join(folder, f"{figure.name}.{arguments.format}")
        write_file(path, figure.bytes(arguments.format))
        figure.close()
        print(path)
        count += 1
    return count
