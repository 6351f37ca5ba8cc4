"""The whole step of a learned task once more, by another road than fgad's: towers, regions, losses, anchors, maps and image
scores in PyTorch (double), numpy and scipy, from the pictures on. From the files come only options, drawn shots, prompts
as token ids and the initial values of what is learned; inference.py checks the prompts' texts.

    /usr/bin/python3 tests/reference/published.py TASK.h5...   from the folder where fgad ran (paths may be relative)
    ... --golden NAME     also writes this script's arrays of one task to tests/golden/NAME.*

Made for `protocol: published` (METHOD.md 12), it follows any other, too. Ends with 1 when a loss differs by more than 1e-4
of the largest, an anchor's cosine is below 0.9999, or inference.py's comparison fails.
"""
import argparse
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

import golden  # noqa: E402
import inference  # noqa: E402
import regions  # noqa: E402
import training  # noqa: E402
from losses import TERMS, Group  # noqa: E402

LOSS_TOLERANCE, COSINE = 1e-4, 0.9999


class Learned(inference.Head):
    """A head whose parameters were learned here."""

    def __init__(self, task, name, flat, *arguments):
        self.own = flat
        super().__init__(task.file, name, *arguments)

    def parameters(self):
        return torch.from_numpy(self.own.astype(np.float64))


class Task(inference.Task):
    def support(self):
        return [name.decode() for name in self.file["support/path"][:]]

    def grid(self, name, scale):
        """(scale h, scale w, E): tokens of the enlarged training image, tile by tile."""
        picture = inference.read_picture(os.path.join(self.root, name), int(self.options["pre_resize"]))
        S, h = self.model.S, self.model.h
        large = np.asarray(picture.resize((scale * S, scale * S), Image.BICUBIC))
        rows = []
        for y in range(scale):
            tiles = [self.model.pixels(Image.fromarray(np.ascontiguousarray(large[y * S : (y + 1) * S, x * S : (x + 1) * S])), [(0, True), (0, True)])["tokens"] for x in range(scale)]
            rows.append(np.concatenate([tile.numpy().reshape(h, h, -1) for tile in tiles], 1))
        return np.concatenate(rows).astype(np.float32)

    def prompts_of(self, name):
        """(ids with slots as -1 - k, groups, slots) of a head's file."""
        base, ids, groups = self.file["prompts/" + name], [], []
        components = 0
        for g in sorted(base["groups"], key=int):
            group = base["groups"][g]
            token, slot, length = group["token_ids"][()], group["slots"][()], group["length"][()]
            kind = [k.decode() for k in group["kind"][()]]
            level = group.attrs["name"]
            level = level.decode() if isinstance(level, bytes) else level
            known = level in ("image", "foreground", "background") and components == 0 and level not in [x.region for x in groups]
            components += not known
            groups.append(Group(level if known else "component", len(ids), *(kind.count(k) for k in ("NHP", "AHP", "ALP"))))
            ids += [[int(t) if s < 0 else -1 - int(s) for t, s in zip(token[i, :n], slot[i, :n])] for i, n in enumerate(length)]
        slots = np.stack([base["params/slot_vector"][()], base["params/slot_gate"][()]], 1)
        return ids, groups, slots

    def losses_of(self, name):
        listed = self.options[name + ".losses"].strip("[]") or self.options["losses"].strip("[]")
        margin = float(self.options[name + ".epsilon"])
        triplet = {"pixel": "channels", "image": "squared"}[name] if self.options["triplet"] == "published" else "euclid"
        return {
            "use": tuple(listed.split(", ")), "epsilon": margin if margin >= 0 else float(self.options["epsilon"]), "triplet": triplet,
            "plain_sum": self.options["reg_sum"] == "plain", "images": len(self.support()), "lambda_mean": float(self.options["lambda_mean"]),
            "lambda_reg": float(self.options["lambda_reg"]), "logit_scale": self.temperature(),
        }

    def learn(self, name):
        """(terms by epoch, anchors (2, G, E), parameters) of a head."""
        ids, groups, slots = self.prompts_of(name)
        base, o = self.file["prompts/" + name], self.options
        tower = training.open_tower(o["model"])[0]
        epochs = int(o[name + ".epochs"])
        head = training.Head(tower, ids, groups, slots, base["params/initial"][()], self.losses_of(name), epochs, float(o["lr"]), float(o["lr_min"]), float(o["momentum"]), float(o["weight_decay"]))
        features = [self.picture(path, inference.read_taps(o["memory_taps"]), False) for path in self.support()]
        weights = None
        if name == "image":
            z = torch.stack([one["cls"] for one in features])
        else:
            z = torch.cat([one["tokens"] for one in features])
            weights = self.weights(head, groups)
        terms = np.float64([head.epoch(z.double(), weights) for _ in range(epochs)])
        return terms, torch.stack(head.anchors()).numpy(), head.flat()

    def weights(self, head, groups):
        level = [g.region for g in groups]
        chosen = [n for n, l in enumerate(level) if l == "component"]
        components, background = len(chosen), "background" in level
        if len(groups) == 1:
            return None
        anchors = head.anchors()[0].float().numpy()[chosen + ([level.index("background")] if background else [])]
        scale, rows, number = int(self.options["aggregation.scale"]), [], 0
        labels = []
        for k, path in enumerate(self.support()):
            z = self.grid(path, scale)
            found = regions.aggregate(z.reshape(-1, z.shape[-1]), anchors, components, background, self.options["aggregation.centers"], self.options["aggregation.reference"], int(self.options["aggregation.stages"]))
            labels.append(found.reshape(z.shape[:2]))
            different = int((labels[-1] != self.file["prompts/pixel"]["regions"][k]).sum())
            if different:
                self.complain(f"{different} of {labels[-1].size} tokens of shot {k} are of another region")
        for group in groups:
            region = group.region
            if region == "component":
                region, number = number, number + 1
            rows.append(np.concatenate([regions.weights(image, scale, components, region, float(self.options["gamma"])).ravel() for image in labels]))
        return torch.from_numpy(np.stack(rows)).double()

    def learn_all(self):
        self.result = {name: self.learn(name) for name in self.heads}

    def make_head(self, name, stored, *arguments):
        return Learned(self, stored, self.result[name][2], *arguments)

    def compare_learning(self):
        for name, (terms, anchors, _) in self.result.items():
            base = self.file["prompts/" + name]
            stored = base["loss"][()]
            error = np.abs(stored - terms).max(0) / np.maximum(np.abs(terms).max(0), 1e-30)
            cosine = min(
                float((base["anchors/" + side][()].astype(np.float64) * anchors[i]).sum(1).min()) for i, side in enumerate(("normal", "abnormal"))
            )
            print(f"    {name} head, {len(terms)} epochs: " + ", ".join(f"{t} {e:.1e}" for t, e in zip(TERMS, error)) + f", 1 - cosine of anchors {1 - cosine:.1e}")
            if not error.max() <= LOSS_TOLERANCE or not cosine >= COSINE:
                self.complain(f"the {name} head's learning differs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+")
    parser.add_argument("--golden", help="write the arrays of the one task to tests/golden/NAME")
    arguments = parser.parse_args()
    failed = 0
    for path in arguments.tasks:
        task = Task(path)
        print(f"{task.dataset}/{task.category} {task.file.attrs['shots']}-shot, protocol {task.options['protocol']}")
        task.learn_all()
        task.compare_learning()
        arrays = task.infer()
        task.compare(arrays)
        for line in task.problems:
            print("    WRONG: " + line)
        failed += len(task.problems) > 0
        if arguments.golden:
            kept = {key: arrays[key].astype(np.float32) for key in ("M_v", "Mhat_p", "s_image", "M_p", "M_pix", "S_i", "M_img") if key in arrays}
            for name, (terms, anchors, _) in task.result.items():
                kept[f"{name}.loss"], kept[f"{name}.normal"], kept[f"{name}.abnormal"] = terms, *anchors.astype(np.float32)
            numbers = task.aurocs(arrays)
            kept["auroc"] = np.float64([numbers["image_auroc"], numbers["pixel_auroc"]])
            golden.write(arguments.golden, kept, "published.py", (torch,))
    print(f"{len(arguments.tasks)} tasks, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
