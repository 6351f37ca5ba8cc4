"""The paper's figures in datasets/published/published.yaml, to set a run's beside them."""
import os
import re

from . import images, run

PATH = os.path.join(images.PROJECT, "datasets", "published", "published.yaml")
METHODS = {"finegrainedad": "FineGrainedAD", "promptad": "PromptAD", "winclip+": "WinCLIP+", "patchcore": "PatchCore"}
PAIR = re.compile(r'(\w+): (?:"([^"]*)"|([^,}]+))')


def read(path=PATH):
    """{(dataset, shots, method as in job files): {metric: fraction}} of the methods' main rows; {} without the file."""
    if not os.path.isfile(path):
        return {}
    out = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.startswith("  - {table: 1,"):
                continue
            fields = {name: quoted or plain.strip() for name, quoted, plain in PAIR.findall(line)}
            for method, title in METHODS.items():
                if fields.get("method") != title or fields.get("variant", "") != "" or "shots" not in fields:
                    continue
                try:
                    out[fields["dataset"], int(fields["shots"]), method] = {
                        name: float(fields[name]) / 100 for name in ("image_auroc", "pixel_auroc") if name in fields
                    }
                except (KeyError, ValueError):
                    raise run.Problem(f"'{path}' line {number} is not a row of published figures") from None
    return out
