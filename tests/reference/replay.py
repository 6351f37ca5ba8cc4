"""Redoes the learning of task files by another road: PyTorch's autograd in double on the file's own token ids and initial
parameters, the cached features and the model. Prints one line a head and exits 1 when one is out of tolerance: every loss
term of every epoch within 1e-4 relative, every parameter within 1e-3 of its array's largest change, final anchors with
cosine above 0.9999, regions equal to regions.py's.

A trajectory may be unstable: where the loss rises for some epochs, rounding errors grow by orders of magnitude in any
program. So a head out of tolerance is redone once more in PyTorch's own float32, and passes, named as such, when that
strays from PyTorch's float64 as far as the file does (within a factor of 4; 16 for 1 - cosine, which is quadratic).

usage: replay.py --model MODEL-DIR --features results/cache/features/MODEL TASK.h5 [TASK.h5 ...]
Jobs with query_former.keep=true have the query former checked too.
Jobs with pixel.epochs and image.epochs of 1 and 10 and with one loss less give the comparison of every stage.
"""
import argparse
import glob
import os
import sys

import h5py
import numpy as np
import torch

import heads
import regions
from losses import TERMS, Group, QueryFormer
from training import Head, open_tower


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def read_array(h5, feature):
    """One array of the images that the cache's file `h5` names; its path is told from where the program ran."""
    (file,) = glob.glob(os.path.join(glob.escape(text(h5.attrs["arrays"])), feature, f"*-{text(h5.attrs['array_id'])}.h5"))
    with h5py.File(file, "r") as array:
        return array[feature][()].astype(np.float32)


def read_features(directory, path):
    """cls (E) and tokens (T, E) of the image called `path`, from whichever file of the cache holds it."""
    for file in sorted(glob.glob(os.path.join(directory, "*.h5"))):
        if os.path.basename(file).startswith("tiles-"):
            continue
        with h5py.File(file, "r") as h5:
            names = [text(p) for p in h5["path"][()]]
            if path in names:
                row = names.index(path)
                return read_array(h5, "cls")[row], read_array(h5, "tokens")[row], int(h5.attrs["grid"])
    sys.exit(f"{directory}: no feature file holds {path}")


def read_grid(directory, path, scale):
    """(scale h, scale w, E): the stitched tiles of one enlarged image."""
    for file in sorted(glob.glob(os.path.join(directory, f"tiles-*-x{scale}.h5"))):
        with h5py.File(file, "r") as h5:
            if text(h5["path"][0]) == path:
                h = int(h5.attrs["grid"])
                tiles = read_array(h5, "tokens").reshape(scale, scale, h, h, -1)
                return tiles.transpose(0, 2, 1, 3, 4).reshape(scale * h, scale * h, -1)
    sys.exit(f"{directory}: no file holds the tiles of {path}")


class Replay:
    def __init__(self, h5, name, tower, directory):
        self.h5, self.name, self.directory = h5, name, directory
        self.base = h5[f"prompts/{name}"]
        self.options = {key: text(value) for key, value in h5["options"].attrs.items()}
        self.ids, self.groups = [], []
        for g in sorted(self.base["groups"], key=int):
            group = self.base["groups"][g]
            token, slot, length = group["token_ids"][()], group["slots"][()], group["length"][()]
            kind = [text(k) for k in group["kind"][()]]
            counts = [kind.count(k) for k in ("NHP", "AHP", "ALP")]
            assert kind == [k for k, n in zip(("NHP", "AHP", "ALP"), counts) for _ in range(n)]
            level = text(group.attrs["name"])
            if int(g) > 1 and (int(g), level) != (2, "background"):
                level = "component"
            self.groups.append(Group(level, len(self.ids), *counts))
            self.ids += [[int(t) if s < 0 else -1 - int(s) for t, s in zip(token[i, :n], slot[i, :n])] for i, n in enumerate(length)]
        self.initial, self.final = self.base["params/initial"][()], self.base["params/final"][()]
        slots = np.stack([self.base["params/slot_vector"][()], self.base["params/slot_gate"][()]], 1)
        number = lambda key: float(self.options[key])
        use = tuple(term.strip(" []") for term in self.options["losses"].split(","))
        losses = {"use": use, "logit_scale": float(self.base.attrs["logit_scale"])}
        losses.update({key: number(key) for key in ("epsilon", "lambda_mean", "lambda_reg")})
        self.loss = self.base["loss"][()]
        self.head = Head(tower, self.ids, self.groups, slots, self.initial, losses, len(self.loss), number("lr"), number("lr_min"), number("momentum"), number("weight_decay"))
        self.support = [text(p) for p in h5["support/path"][()]]

    def tokens(self):
        features = [read_features(self.directory, path) for path in self.support]
        if self.name == "image":
            return torch.from_numpy(np.stack([f[0] for f in features])), None
        z = torch.from_numpy(np.concatenate([f[1] for f in features]))
        if "regions" not in self.base:
            return z, None
        labels, scale, grid = self.base["regions"][()], int(self.options["aggregation.scale"]), features[0][2]
        assert labels.shape[1:] == (scale * grid, scale * grid)
        components = sum(g.region == "component" for g in self.groups)
        rows, number = [], 0
        for group in self.groups:
            region = group.region
            if region == "component":
                region, number = number, number + 1
            rows.append(np.concatenate([regions.weights(image, scale, components, region, float(self.options["gamma"])).ravel() for image in labels]))
        return z, torch.from_numpy(np.stack(rows))

    def region_differences(self):
        """Tokens whose label is not regions.py's, by the initial anchors computed here."""
        if self.name == "image" or "regions" not in self.base:
            return 0
        normal = self.head.anchors()[0].float().numpy()
        level = [g.region for g in self.groups]
        chosen = [n for n, l in enumerate(level) if l == "component"]
        components, background = len(chosen), "background" in level
        chosen += [level.index("background")] if background else []
        scale = int(self.options["aggregation.scale"])
        different = 0
        for path, labels in zip(self.support, self.base["regions"][()]):
            z = read_grid(self.directory, path, scale)
            got = regions.aggregate(z.reshape(-1, z.shape[-1]), normal[chosen], components, background, self.options["aggregation.centers"], self.options["aggregation.reference"], int(self.options["aggregation.stages"]))
            different += int((got != labels.ravel()).sum())
        return different

    def parameter_error(self, got, want):
        """Largest |difference| / largest change over the arrays of the table, and that array's name."""
        table = self.base["params/table"]
        worst = (0.0, "-")
        for name, offset, shape in zip(table["name"][()], table["offset"][()], table["shape"][()]):
            span = slice(int(offset), int(offset) + int(np.prod(shape[shape > 0])))
            change = np.abs(want[span] - self.initial[span]).max()
            error = np.abs(got[span] - want[span]).max()
            worst = max(worst, (float(error / change) if change > 0 else float(error), text(name)))
        return worst

    def query_error(self):
        """(largest difference of the stored keys from torch's forward of the stored parameters, loss above its floor)."""
        if "query_former/params" not in self.base: # none, or a job without query_former.keep
            return 0.0, 0.0
        stored = self.base["query_former"]
        p_n, p_a = (torch.from_numpy(self.base[f"anchors/{side}"][()]).double() for side in ("normal", "abnormal"))
        former = QueryFormer(*p_n.shape)
        former.load(stored["params"][()])
        with torch.no_grad():
            error = (former(p_n, p_a) - torch.from_numpy(stored["keys"][()])).abs().max().item()
            floor = (2 - (p_n + p_a).norm(dim=1)).mean().item()
            return error, former.loss(p_n, p_a).item() - floor

    def learn(self):
        """terms (epochs, TERMS), final parameters and anchors (2, G, E), in the tower's precision."""
        z, weights = self.tokens()
        dtype = self.head.tower.dtype
        z, weights = z.to(dtype), None if weights is None else weights.to(dtype)
        terms = np.array([self.head.epoch(z, weights) for _ in range(len(self.loss))])
        return terms, self.head.flat(), torch.stack(self.head.anchors()).double()


def relative(got, want):
    """Largest relative difference of every term, and the first epoch where one is above 1e-4 (-1: none)."""
    scale = np.maximum(np.abs(got), np.abs(want))
    error = np.abs(got - want) / np.where(scale > 0, scale, 1)
    above = np.flatnonzero(error.max(1) > 1e-4)
    return error.max(0), int(above[0]) + 1 if len(above) else -1


def distance(got, want, replay):
    """(terms, first epoch above 1e-4, parameters, array, 1 - cosine) between two results of learn()."""
    term, epoch = relative(got[0], want[0])
    parameter, array = replay.parameter_error(got[1], want[1])
    cosine = torch.nn.functional.cosine_similarity(got[2], want[2], dim=2).min().item()
    return term, epoch, parameter, array, 1 - cosine


def describe(label, found):
    term, epoch, parameter, array, cosine = found
    cells = " ".join(f"{name} {error:.1e}" for name, error in zip(TERMS, term))
    since = f", above 1e-4 from epoch {epoch}" if epoch > 0 else ""
    print(f"  {label}: {cells}{since} | parameters {parameter:.1e} ({array}) | 1 - cosine {cosine:.1e}", flush=True)


def within(found, terms=1e-4, parameters=1e-3, cosine=1e-4):
    return found[0].max() <= terms and found[2] <= parameters and found[4] <= cosine


def check(h5, name, directory, tower, model):
    replay = Replay(h5, name, tower, directory)
    different = replay.region_differences()
    key, above = replay.query_error()
    exact = replay.learn()
    stored = (replay.loss, replay.final, torch.stack([torch.from_numpy(replay.base[f"anchors/{side}"][()]) for side in ("normal", "abnormal")]).double())
    found = distance(stored, exact, replay)
    good = within(found)
    verdict = "ok" if good else "OUT OF TOLERANCE"
    single = None
    if not good:
        other = Replay(h5, name, open_tower(model, torch.float32)[0], directory)
        single = distance(other.learn(), exact, other)
        good = within(found, max(1e-4, 4 * single[0].max()), max(1e-3, 4 * single[2]), max(1e-4, 16 * single[4]))
        verdict = "ok as far as float32 can tell" if good else verdict
    if different or key > 1e-4 or above > 1e-3:
        good, verdict = False, "OUT OF TOLERANCE"
    print(f"{text(h5.attrs['category'])} {name}: {len(replay.loss)} epochs, losses {replay.options['losses']}, {different} regions differ, query former {key:.1e} from torch's, {above:.1e} above floor: {verdict}")
    describe("file", found)
    if single is not None:
        describe("torch float32", single)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--features", required=True, help="feature cache of the model: holds <dataset>/<category>")
    parser.add_argument("--head", choices=("pixel", "image"))
    parser.add_argument("tasks", nargs="+")
    arguments = parser.parse_args()
    tower, _ = open_tower(arguments.model)
    good = True
    for path in arguments.tasks:
        with heads.Task(path) as h5:
            directory = os.path.join(arguments.features, text(h5.attrs["dataset"]), text(h5.attrs["category"]))
            for name in [arguments.head] if arguments.head else ["pixel", "image"]:
                if f"prompts/{name}/loss" in h5:
                    good = check(h5, name, directory, tower, arguments.model) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
