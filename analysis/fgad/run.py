"""Reading a run: results.csv and results.h5, task files, and what is missing.

Everything that is not as a run leaves it raises Problem with one line that says which file, what is there, and what was
expected. results.csv and results.h5 hold the same table; both are read and must agree, so that a column which was moved
or edited in one of them is noticed and never shown under another name.
"""
import csv
import hashlib
import io
import math
import os
import re

import h5py
import numpy as np

FIRST_COLUMNS = ["dataset", "category", "shots", "seed", "point", "method", "image_auroc", "pixel_auroc"]
LAST_COLUMNS = ["protocol", "task"]
MEAN = "MEAN"
TITLES = {
    "image_auroc": "Image AUROC",
    "pixel_auroc": "Pixel AUROC",
    "aupro": "AUPRO",
    "image_ap": "Image AP",
    "image_f1max": "Image F1-max",
    "pixel_ap": "Pixel AP",
    "pixel_f1max": "Pixel F1-max",
    "sample_auroc": "Sample AUROC",
    "vad_image": "VAD image AUROC",
    "vad_pixel": "VAD pixel AUROC",
    "pad_image": "PAD image AUROC",
    "pad_pixel": "PAD pixel AUROC",
    "cls_image": "Class token AUROC",
}
USER_BLOCK = 512
FORMATS = ("1", "2")  # of task files: 1 holds its learned heads, 2 names them
SEAL = re.compile(rb"fgad: HDF5 from byte 512 on, with SHA-256 ([0-9a-f]{64})\n")


class Problem(Exception):
    """Bad input: one line for people."""


def metric_title(name):
    return TITLES.get(name, name.replace("_", " "))


def text(value):
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def open_sealed(path):
    """An h5py.File of a file whose bytes have the SHA-256 of its first line."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise Problem(f"'{path}' cannot be read: {error.strerror}") from None
    seal = SEAL.match(data[:USER_BLOCK])
    if seal is None:
        raise Problem(f"'{path}' is not a result file of fgad (its first line holds no SHA-256)")
    if hashlib.sha256(memoryview(data)[USER_BLOCK:]).hexdigest() != seal.group(1).decode():
        raise Problem(
            f"'{path}' was changed or damaged: its bytes do not have the SHA-256 of its first line"
            " (hint: `fgad run` on the run's run.yaml makes it again)"
        )
    try:
        return h5py.File(io.BytesIO(data), "r")
    except OSError as error:
        raise Problem(f"'{path}' is not readable as HDF5: {error}") from None


def point_values(point):
    """'sigma=2 losses=clip, trip' as a dict of texts, in order."""
    values = {}
    for part in re.split(r"\s+(?=[a-z][a-z0-9_.]*=)", point.strip()) if point.strip() else []:
        key, equals, value = part.partition("=")
        if equals == "":
            raise Problem(f"the grid point '{point}' is not a list of key=value")
        values[key] = value
    return values


def list_of(option):
    """'[1, 2, 4]' as a list of texts."""
    inner = option.strip().removeprefix("[").removesuffix("]")
    return [part.strip() for part in inner.split(",") if part.strip() != ""]


def map_of(option):
    """'{mvtec: /data/mvtec_ad}' as a dict of texts."""
    inner = option.strip().removeprefix("{").removesuffix("}")
    return {
        key.strip(): value.strip() for key, colon, value in (part.partition(":") for part in inner.split(",")) if colon
    }


class Row:
    """One row of the table: a task, or (category MEAN) the mean over a dataset's categories."""

    def __init__(self, fields, metrics):
        self.fields = fields
        self.dataset, self.category = fields["dataset"], fields["category"]
        self.shots, self.seed = int(fields["shots"]), int(fields["seed"])
        self.point, self.method = fields["point"], fields["method"]
        self.protocol, self.task = fields["protocol"], fields["task"]
        self.value = {name: float(fields[name]) if fields[name] != "" else math.nan for name in metrics}

    def key(self):
        return self.dataset, self.category, self.shots, self.seed, self.point

    @property
    def is_mean(self):
        return self.category == MEAN

    def name(self):
        point = f" {self.point}" if self.point else ""
        return f"{self.dataset}/{self.category} {self.shots}-shot seed {self.seed}{point}"


class Task:
    """The file of one task. Arrays are read when asked for."""

    def __init__(self, path, row):
        self.path, self.row = path, row
        self.head_files = {}  # of heads that the file names: name -> file of <run>/heads
        self.file = open_sealed(path)
        if text(self.file.attrs.get("format", "1")) not in FORMATS:
            raise Problem(
                f"'{path}' is of format {text(self.file.attrs['format'])}, this package reads {' and '.join(FORMATS)}"
                f" (hint: fgad {text(self.file.attrs.get('code_version', 'of another version'))} wrote it)"
            )
        attributes = self.file.attrs
        for name, expected in (("id", row.task), ("dataset", row.dataset), ("category", row.category)):
            found = text(attributes.get(name, ""))
            if found != expected:
                raise Problem(f"'{path}': its {name} is '{found}', expected '{expected}' (results.csv)")
        if "maps" not in self.file or "M_pix" not in self.file["maps"]:
            raise Problem(f"'{path}' holds no maps/M_pix")
        self.options = {name: text(value) for name, value in self.file["options"].attrs.items()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for file in self.head_files.values():
            file.close()
        self.file.close()

    @property
    def paths(self):
        """Of the test images, below the category's folder, in the order of the maps."""
        return self.texts("maps/path")

    @property
    def labels(self):
        """(images) 0 normal, 1 anomalous."""
        return self.array("maps/label")

    @property
    def scores(self):
        """(images) image scores."""
        return self.array("maps/M_img")

    def maps(self):
        """(images, h, w) fused anomaly maps as they are stored, one value a patch token."""
        return self.array("maps/M_pix")

    def full_map(self, index, height=None, width=None):
        """One map upsampled and smoothed as the run's metrics saw it; (R,R), or another size where one is given."""
        from . import maps

        return maps.Full(self).map(index, height, width)

    def images(self, data_root=None):
        """The images and masks behind `paths`; raises images.Missing where they are not on this machine."""
        from . import images

        return images.Images(self, data_root)

    def head_file(self, head):
        """The file of a learned head: what the group heads names, or, of a run of format 1, the task's own."""
        if head not in self.head_files and "heads" in self.file and head in self.file["heads"].attrs:
            category = os.path.dirname(self.path)
            run = os.path.dirname(os.path.dirname(os.path.dirname(category)))
            name = text(self.file["heads"].attrs[head]) + ".h5"
            path = os.path.join(run, "heads", self.row.dataset, self.row.category, name)
            self.head_files[head] = open_sealed(path)
        return self.head_files.get(head, self.file)

    def get(self, name):
        """A dataset or group by its name, of the task or, below prompts/, of its heads; None: there is none."""
        parts = name.split("/")
        file = self.head_file(parts[1]) if parts[0] == "prompts" and len(parts) > 1 else self.file
        return file.get(name)

    def has(self, name):
        return self.get(name) is not None

    def array(self, name):
        found = self.get(name)
        if found is None:
            raise Problem(f"'{self.path}' holds no {name}")
        return found[()]

    def texts(self, name):
        return [text(value) for value in self.array(name)]

    def number(self, key):
        value = self.options.get(key)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise Problem(f"'{self.path}': option {key} is '{value}', expected a number") from None

    def heads(self):
        """Names of the heads that were learned or built, pixel first; none in a run of the memory branch alone."""
        names = set(self.file.get("prompts", ()))
        if "heads" in self.file:
            names |= set(self.file["heads"].attrs) - {"description"}
        return sorted(names, key=lambda name: (name != "pixel", name))

    def group_names(self, head):
        """The names of the prompt groups in the order of their numbers."""
        groups = self.get(f"prompts/{head}/groups")
        if groups is None:
            return []
        order = sorted(groups, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))
        return [text(groups[name].attrs.get("name", name)) for name in order]


class Run:
    """A run's folder. rows: the table in its order; metrics: names of the numeric columns in their order; measured:
    those of them that any row has."""

    def __init__(self, folder):
        self.folder = os.path.normpath(folder)
        csv_path, h5_path = self.path("results.csv"), self.path("results.h5")
        for path in (csv_path, h5_path):
            if not os.path.isfile(path):
                raise Problem(
                    f"'{path}' does not exist (expected the folder of a run, as results/demo;"
                    " hint: `fgad run` writes it at the end)"
                )
        self.columns, table = read_csv(csv_path)
        with open_sealed(h5_path) as file:
            self.attributes = {name: text(value) for name, value in file.attrs.items()}
            self.metrics = compare(csv_path, self.columns, table, h5_path, file)
            lost = file.get("lost")
            self.lost = (
                None
                if lost is None
                else [
                    (text(d), text(c), int(k), int(s), text(p))
                    for d, c, k, s, p in zip(
                        *(lost[name][()] for name in ("dataset", "category", "shots", "seed", "point"))
                    )
                ]
            )
        self.rows = [Row(fields, self.metrics) for fields in table]
        seen = set()
        for row in self.rows:
            if row.key() in seen:
                raise Problem(f"'{csv_path}' has two rows of {row.name()}")
            seen.add(row.key())
        if not self.attributes.get("tasks_missing", "").isdigit():
            raise Problem(f"'{h5_path}' does not say how many tasks are missing (attribute tasks_missing)")
        self.tasks_missing = int(self.attributes["tasks_missing"])
        self.made_from = self.attributes.get("made_from")  # of a rescored set: the run whose maps it was made from
        self.measured = [name for name in self.metrics if any(row.fields[name] != "" for row in self.rows)]

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    @property
    def name(self):
        return self.attributes.get("name") or os.path.basename(os.path.abspath(self.folder))

    def thresholds(self):
        """What `fgad threshold` stored, by the id of a task (row.fields["task"]): texts of a line of thresholds.csv."""
        path = self.path("thresholds.csv")
        if not os.path.isfile(path):
            return {}
        try:
            with open(path, encoding="utf-8", newline="") as file:
                lines = [{k: without_mark(v or "") for k, v in line.items() if k} for line in csv.DictReader(file)]
            for line in lines:
                float(line["threshold"]), line["kind"]
            return {line["task"]: line for line in lines}
        except (OSError, UnicodeDecodeError, csv.Error, KeyError, ValueError) as error:
            raise Problem(f"'{path}' cannot be read as thresholds ({error}; hint: `fgad threshold` writes it)") from None

    # ---- What the table has ----

    def task_rows(self):
        return [row for row in self.rows if not row.is_mean]

    def mean_rows(self):
        return [row for row in self.rows if row.is_mean]

    def table(self, means=False):
        """results.csv as a pandas DataFrame: a row a task, or (means) a row a dataset's mean. Metrics are fractions,
        NaN where a category has none."""
        try:
            import pandas
        except ImportError:
            raise Problem("a table needs pandas (hint: apt-get install python3-pandas, or read task_rows())") from None
        rows = self.mean_rows() if means else self.task_rows()
        return pandas.DataFrame(
            [{**row.fields, "shots": row.shots, "seed": row.seed, **row.value} for row in rows], columns=self.columns
        )

    def figures(self, kind, **choice):
        """Figures of one kind: ablation, curves, histograms, losses, matching, regions or worst. `choice`: dataset,
        category, shots, seed, point, data_root, as the scripts' options."""
        from . import command

        return command.figures(self, kind, choice)

    def datasets(self):
        return unique(row.dataset for row in self.rows)

    def points(self):
        return unique(row.point for row in self.rows)

    def task_path(self, row):
        return self.path("tasks", row.dataset, row.category, f"k{row.shots}-s{row.seed}-{row.task}.h5")

    def task(self, row):
        return Task(self.task_path(row), row)

    # ---- What is missing ----

    def missing(self):
        """(dataset, category, shots, seed, point) of rows that the grid asks for and the table lacks: those that the run
        lists as lost, and holes in the grid of the job's shots and seeds over the categories and points of the table.
        """
        have = {row.key() for row in self.task_rows()}
        shots = [int(value) for value in list_of(self.attributes.get("shots", ""))]
        seeds = [int(value) for value in list_of(self.attributes.get("seeds", ""))]
        named = list_of(self.attributes.get("category", ""))
        out = list(self.lost or [])
        for dataset in list_of(self.attributes.get("dataset", "")):
            rows = [row for row in self.task_rows() if row.dataset == dataset]
            folder = self.path("tasks", dataset)
            folders = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
            for category in unique([row.category for row in rows] + named + folders):
                for point in self.points() or [""]:
                    out += [
                        (dataset, category, k, seed, point)
                        for k in shots
                        for seed in seeds
                        if (dataset, category, k, seed, point) not in have
                    ]
        return unique(out)

    def missing_count(self):
        return max(self.tasks_missing, len(self.missing()))

    def failures(self):
        """(file, reason) of every failed step that the run recorded."""
        folder = self.path("failed")
        out = []
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
            out.append((name, " ".join(lines[1:]) if len(lines) > 1 else " ".join(lines)))
        return out

    def tasks_without_file(self):
        return [row for row in self.task_rows() if not os.path.isfile(self.task_path(row))]


def unique(values):
    return list(dict.fromkeys(values))


def read_csv(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Problem(f"'{path}' cannot be read: {error}") from None
    if not lines:
        raise Problem(f"'{path}' is empty")
    header = lines[0]
    if header[: len(FIRST_COLUMNS)] != FIRST_COLUMNS:
        raise Problem(
            f"'{path}' begins with the columns {','.join(header[:len(FIRST_COLUMNS)])},"
            f" expected {','.join(FIRST_COLUMNS)}"
        )
    for name in LAST_COLUMNS:
        if name not in header:
            raise Problem(f"'{path}' has no column '{name}'")
    if len(set(header)) != len(header):
        raise Problem(f"'{path}' names a column twice: {','.join(header)}")
    table = []
    for number, fields in enumerate(lines[1:], 2):
        if len(fields) != len(header):
            raise Problem(f"'{path}' line {number} has {len(fields)} fields, its header {len(header)}")
        table.append(dict(zip(header, map(without_mark, fields))))
    return header, table


def without_mark(field):
    """The field without the apostrophe that keeps a spreadsheet from computing it, as `fgad` reads it, too."""
    if field.startswith("'") and (rest := field.lstrip("'"))[:1] in tuple("=+-@\t\r"):
        try:
            float(rest)
        except ValueError:
            return field[1:]
    return field


def compare(csv_path, columns, table, h5_path, file):
    """The names of the numeric columns, when both files hold the same table."""
    stored = [name for name in file if isinstance(file[name], h5py.Dataset) and file[name].ndim == 1]
    for name in columns:
        if name not in stored:
            raise Problem(f"'{csv_path}' has a column '{name}' that '{h5_path}' lacks")
    metrics = []
    for name in columns:
        column = file[name][()]
        if len(column) != len(table):
            raise Problem(
                f"'{csv_path}' has {len(table)} rows, '{h5_path}' has {len(column)}"
                " (hint: `fgad run` writes both again)"
            )
        kind = column.dtype.kind
        if kind == "f":
            metrics.append(name)
        for number, (fields, value) in enumerate(zip(table, column), 2):
            same = fields[name] == text(value)
            if kind == "f":
                try:
                    number_there = float(fields[name]) if fields[name] != "" else math.nan
                except ValueError:
                    raise Problem(
                        f"'{csv_path}' line {number}: {name} is '{fields[name]}', expected a number"
                    ) from None
                same = number_there == value or (math.isnan(number_there) and np.isnan(value))
            if not same:
                raise Problem(
                    f"'{csv_path}' line {number}: {name} is '{fields[name]}', '{h5_path}' has '{text(value)}':"
                    " one of them was changed (hint: `fgad run` writes both again)"
                )
    return metrics


# ---- Averages over seeds ---------------------------------------------------------------------------------------------


class Spread:
    """Mean and sample standard deviation of the values that are there."""

    def __init__(self, values):
        there = [value for value in values if not math.isnan(value)]
        self.count, self.total = len(there), len(values)
        self.mean = sum(there) / len(there) if there else math.nan
        self.deviation = (
            math.sqrt(sum((value - self.mean) ** 2 for value in there) / (len(there) - 1))
            if len(there) > 1
            else math.nan
        )


def over_seeds(rows, metrics):
    """{(dataset, category, shots, point, method): (rows, {metric: Spread})}, in the order of the table."""
    blocks = {}
    for row in rows:
        blocks.setdefault((row.dataset, row.category, row.shots, row.point, row.method), []).append(row)
    return {
        key: (block, {name: Spread([row.value[name] for row in block]) for name in metrics})
        for key, block in blocks.items()
    }
