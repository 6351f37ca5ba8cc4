"""The paper's figures in datasets/published/published.json, to set a run's beside them."""
import json
import os

from . import images, run

PATH = os.path.join(images.PROJECT, "datasets", "published", "published.json")
METHODS = {"FineGrainedAD": "finegrainedad", "PromptAD": "promptad", "WinCLIP+": "winclip+", "PatchCore": "patchcore"}
CATEGORIES = {"mvtec": 15, "visa": 12, "realiad": 30}  # that the paper's means are over


def load(path, name):
    with open(path, encoding="utf-8") as file:
        return json.load(file)[name]


def read(path=PATH):
    """{(dataset, shots, method as in job files): {metric: fraction}} of table 1's main rows; {} without the file."""
    if not os.path.isfile(path):
        return {}
    try:
        return {
            (row["dataset"], row["shots"], METHODS[row["method"]]): {
                name: row[name] / 100 for name in ("image_auroc", "pixel_auroc") if name in row
            }
            for row in load(path, "rows")
            if row["table"] == 1 and row["method"] in METHODS and row.get("variant", "") == "" and "shots" in row
        }
    except (KeyError, TypeError, ValueError) as error:
        raise run.Problem(f"'{path}' is not a file of published figures: {error}") from None


def best(key, path=PATH):
    """(value, dataset, shots) where the paper's figure 7 is highest, all that it says of it; None: not in it."""
    if not os.path.isfile(path):
        return None
    try:
        figure = load(path, "figure7")
        value = figure["best"].get(key)
        return None if value is None else (f"{value:g}", figure["dataset"], figure["shots"])
    except (KeyError, TypeError, ValueError) as error:
        raise run.Problem(f"'{path}' is not a file of published figures: {error}") from None
