"""Prompt learning (METHOD.md 5, 7) redone with PyTorch's autograd; golden files of whole training steps on a toy CLIP.

replay.py uses the same classes on the files of a real run.
"""
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F

import golden
import toy_model
from losses import TERMS, Group, anchors, losses


def load_model(directory):
    """Weights by name (float32) and the text configuration of a model directory in open_clip's layout."""
    with open(os.path.join(directory, "open_clip_config.json"), encoding="utf-8") as file:
        config = json.load(file)["model_cfg"]
    raw = np.memmap(os.path.join(directory, "open_clip_model.safetensors"), np.uint8, "r")
    size = int(raw[:8].view("<u8")[0])
    weights = {}
    for name, entry in json.loads(bytes(raw[8:8 + size])).items():
        if name == "__metadata__" or name.startswith("visual."):
            continue
        first, last = (8 + size + o for o in entry["data_offsets"])
        data = np.frombuffer(raw[first:last].tobytes(), {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}[entry["dtype"]])
        if entry["dtype"] == "BF16":
            data = (data.astype("<u4") << 16).view("<f4")
        weights[name] = data.astype(np.float32).reshape(entry["shape"])
    return weights, config


def open_tower(directory, dtype=torch.float64):
    weights, config = load_model(directory)
    text = config["text_cfg"]
    tower = TextTower(weights, text["layers"], text["heads"], config.get("quick_gelu", False), dtype)
    return tower, float(weights.get("logit_scale", math.log(1 / 0.07)))


class TextTower:
    """open_clip's text tower over weights by name, for batches of prompts of one length."""

    def __init__(self, weights, layers, heads, quick_gelu, dtype=torch.float64):
        self.layers, self.heads, self.quick_gelu = layers, heads, quick_gelu
        names = ("token_embedding.weight", "positional_embedding", "ln_final.weight", "ln_final.bias", "text_projection")
        self.w = {n: torch.as_tensor(v).to(dtype) for n, v in weights.items() if n in names or n.startswith("transformer.")}
        self.dtype = dtype

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], 1e-5)

    def linear(self, x, name):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def __call__(self, x):
        """x (B, L, D) input embeddings without positions, EOT last -> f (B, E)."""
        B, L, D = x.shape
        x = x + self.w["positional_embedding"][:L]
        mask = torch.full((L, L), -math.inf, dtype=self.dtype).triu(1)
        for layer in range(self.layers):
            at = f"transformer.resblocks.{layer}."
            y = self.norm(x, at + "ln_1")
            qkv = F.linear(y, self.w[at + "attn.in_proj_weight"], self.w[at + "attn.in_proj_bias"])
            q, k, v = (a.reshape(B, L, self.heads, -1).transpose(1, 2) for a in qkv.chunk(3, -1))
            p = (q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]) + mask).softmax(-1)
            x = x + self.linear((p @ v).transpose(1, 2).reshape(B, L, D), at + "attn.out_proj")
            h = self.linear(self.norm(x, at + "ln_2"), at + "mlp.c_fc")
            h = h * torch.sigmoid(1.702 * h) if self.quick_gelu else F.gelu(h)
            x = x + self.linear(h, at + "mlp.c_proj")
        return self.norm(x[:, -1], "ln_final") @ self.w["text_projection"]


class Head:
    """One head's prompts and learning. ids: a list of lists, token ids or -1-k for slot k; slots: (S, 2) offsets of
    vector and gate (-1: none) in the flat parameters."""

    def __init__(self, tower, ids, groups, slots, initial, options, epochs, rate=2e-3, rate_end=1e-5, momentum=0.9, decay=5e-4):
        self.tower, self.groups, self.options = tower, groups, options
        self.params = torch.from_numpy(np.array(initial, np.float64)).to(tower.dtype).requires_grad_()
        D = tower.w["positional_embedding"].shape[1]
        self.vector = torch.as_tensor(np.array([v for v, _ in slots], np.int64))[:, None] + torch.arange(D)
        self.gate = torch.as_tensor(np.array([g for _, g in slots], np.int64))
        self.batches = []
        for length in sorted({len(i) for i in ids}):
            rows = [n for n, i in enumerate(ids) if len(i) == length]
            self.batches.append((torch.as_tensor(rows), torch.as_tensor(np.array([ids[n] for n in rows], np.int64))))
        self.sgd = torch.optim.SGD([self.params], lr=rate, momentum=momentum, weight_decay=decay)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.sgd, T_max=epochs, eta_min=rate_end)

    def features(self):
        gates = torch.where(self.gate >= 0, torch.sigmoid(self.params[self.gate.clamp(min=0)]), torch.ones((), dtype=self.params.dtype))
        table = torch.cat([gates[:, None] * self.params[self.vector], self.tower.w["token_embedding.weight"]])
        order, parts = [], []
        for rows, ids in self.batches:
            index = torch.where(ids < 0, -1 - ids, ids + len(self.gate))
            parts.append(self.tower(table[index]))
            order.append(rows)
        return torch.cat(parts)[torch.argsort(torch.cat(order))]

    def epoch(self, z, weights):
        """One step; the terms at the parameters before it."""
        self.sgd.zero_grad()
        term = losses(self.features(), self.groups, z, weights, self.options)
        term["total"].backward()
        self.sgd.step()
        self.schedule.step()
        return [float(term[name]) for name in TERMS]

    def anchors(self):
        with torch.no_grad():
            return anchors(self.features(), self.groups)

    def flat(self):
        return self.params.detach().float().numpy().copy()


SOT, EOT = 1022, 1023
LEVELS = ("image", "foreground", "background", "component")


def toy_prompts(rng, n_pro, D):
    """Prompts as METHOD.md 5 builds them: the same body with places changed, V in front, gates in components."""
    n_ctx, n_ab, vectors = 4, 2, 1
    slots, at = [], 0

    def take(count, gates=None):
        nonlocal at
        first = len(slots)
        for i in range(count):
            slots.append([at, -1 if gates is None else gates[i]])
            at += D
        return [-1 - first - i for i in range(count)]

    V = [take(n_ctx) for _ in range(n_pro)]
    ids, groups, table, parameters = [], [], [], [("V", 0)]
    for level, component, ahp, places in (("image", -1, 3, 2), ("foreground", -1, 2, 1), ("background", -1, 2, 1), ("component", 0, 3, 3), ("component", 1, 1, 1)):
        body = rng.integers(0, 1000, 5 + 2 * places).tolist()
        group = [[SOT] + V[copy] + body + [EOT] for copy in range(n_pro)]
        for _ in range(ahp):
            other = list(body)
            other[rng.integers(0, len(body))] = int(rng.integers(0, 1000))
            if rng.integers(0, 2):
                other.insert(2, int(rng.integers(0, 1000)))
            group += [[SOT] + V[copy] + other + [EOT] for copy in range(n_pro)]
        spots = rng.permutation(len(body))[:places]
        start = at
        blocks = [[[at + ((a * n_pro + copy) * places + i) * D for i in range(places)] for copy in range(n_pro)] for a in range(n_ab)]
        at += n_ab * n_pro * places * vectors * D
        gates = list(range(at, at + places)) if level == "component" else [-1] * places
        at += places if level == "component" else 0
        for a in range(n_ab):
            for copy in range(n_pro):
                learnable = list(body)
                for i, spot in enumerate(spots):
                    learnable[spot] = -1 - len(slots)
                    slots.append([blocks[a][copy][i], gates[i]])
                group.append([SOT] + V[copy] + learnable + [EOT])
        parameters.append((level, start))
        table.append([LEVELS.index(level), component, n_pro, ahp * n_pro, n_ab * n_pro])
        groups.append(Group(level, len(ids), n_pro, ahp * n_pro, n_ab * n_pro))
        ids += group
    gate_offsets = sorted({g for _, g in slots if g >= 0})
    initial = rng.normal(0, 0.02, at).astype(np.float32)
    initial[gate_offsets] = 0
    return ids, groups, np.int32(table), np.int32(slots), initial


def main():
    weights = toy_model.make("toy", 7, image=False)
    shape = toy_model.PRESETS["toy"]
    tower = TextTower(weights, shape["text_layers"], shape["text_heads"], shape["quick_gelu"])
    check = toy_model.Tower("toy", 7, image=False)
    x = torch.randn(2, 9, shape["text_width"], dtype=torch.float64)
    assert torch.allclose(tower(x), torch.stack([check.text(row) for row in x]), atol=1e-12)

    every = TERMS[1:]
    cases = [("pixel", 1, {}), ("image", 3, {})] + [(f"without-{off}", 1, {"use": tuple(t for t in every if t != off)}) for off in every]
    arrays, epochs = {}, 10
    for name, n_pro, options in cases:
        rng = np.random.default_rng(20240613)
        ids, groups, table, slots, initial = toy_prompts(rng, n_pro, shape["text_width"])
        # The toy's features change little by one step of 2e-3: a larger rate shows errors sooner.
        head = Head(tower, ids, groups, slots, initial, options, epochs, rate=0.05)
        with torch.no_grad():
            common = F.normalize(head.features().mean(0), dim=0).numpy()
        N = 7 if name == "image" else 40
        z = rng.standard_normal((N, shape["embed"])) / math.sqrt(shape["embed"]) + common
        z = (z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.float32)
        w = None if name == "image" else (1 + 1.5 * rng.integers(0, 17, (len(groups), N)) / 16).astype(np.float32)
        longest = max(map(len, ids))
        if name in ("pixel", "image"):  # the others share pixel's prompts and tokens
            arrays[f"{name}.ids"] = np.int32([i + [EOT] * (longest - len(i)) for i in ids])
            arrays[f"{name}.lengths"] = np.int32([len(i) for i in ids])
            arrays[f"{name}.groups"], arrays[f"{name}.slots"], arrays[f"{name}.initial"] = table, slots, initial
            arrays[f"{name}.z"] = z
            if w is not None:
                arrays[f"{name}.weights"] = w
            normal, abnormal = head.anchors()
            arrays[f"{name}.start"] = torch.stack([normal, abnormal]).float().numpy()
        tokens = torch.from_numpy(z).double()
        scale = None if w is None else torch.from_numpy(w).double()
        terms, params = [], []
        for epoch in range(1, epochs + 1):
            terms.append(head.epoch(tokens, scale))
            if epoch in (1, 3, 10):
                params.append(head.flat())
        normal, abnormal = head.anchors()
        arrays[f"{name}.terms"], arrays[f"{name}.params"] = np.float64(terms), np.stack(params)
        arrays[f"{name}.anchors"] = torch.stack([normal, abnormal]).float().numpy()
    golden.write("align/training", arrays, "training.py", (torch,))


if __name__ == "__main__":
    main()
