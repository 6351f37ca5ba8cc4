"""The four losses (METHOD.md 7), SGD and the query former (METHOD.md 8) in PyTorch; golden files from autograd."""
import math

import numpy as np
import torch
from torch.nn.functional import normalize

import golden

TERMS = ("total", "clip", "trip", "mean", "reg")
DEFAULTS = {"use": ("clip", "trip", "mean", "reg"), "epsilon": 1.0, "lambda_mean": 0.001, "lambda_reg": 1.0, "logit_scale": math.log(100), "triplet": "euclid", "images": 1, "plain_sum": False}
TRIPLETS = ("euclid", "squared", "channels")


class Group:
    """Rows of a group's prompts in f: NHP from `first`, then AHP, then ALP. region: image, foreground, background, component."""

    def __init__(self, region, first, normal, ahp, alp):
        self.region = region
        self.normal, self.ahp, self.alp = (slice(first, first + normal), slice(first + normal, first + normal + ahp), slice(first + normal + ahp, first + normal + ahp + alp))
        self.abnormal = slice(first + normal, first + normal + ahp + alp)
        self.counts = (first, normal, ahp, alp)


def anchors(f, groups):
    normal = torch.stack([normalize(f[g.normal].mean(0), dim=0) for g in groups])
    abnormal = torch.stack([normalize(f[g.abnormal].mean(0), dim=0) for g in groups])
    return normal, abnormal


def losses(f, groups, z, weights, options=()):
    """f (P, E), z (N, E), weights (G, N) or None -> {term: scalar}."""
    o = {**DEFAULTS, **dict(options)}
    normal, abnormal = anchors(f, groups)
    unit = normalize(f, dim=1)
    zero = f.new_zeros(())
    term = {name: zero for name in TERMS}
    for g, group in enumerate(groups):
        p_n, p_a, members = normal[g], abnormal[g], unit[group.abnormal]
        scaled = z if weights is None else weights[g][:, None] * z
        if "clip" in o["use"]:
            logits = o["logit_scale"] * torch.cat([scaled @ p_n[:, None], scaled @ members.T], 1)
            term["clip"] = term["clip"] - torch.log_softmax(logits, 1)[:, 0].mean()
        if "trip" in o["use"]:
            near, far = scaled - p_n, scaled - p_a
            if o["triplet"] == "euclid":
                near, far = near.norm(dim=1), far.norm(dim=1)
            elif o["triplet"] == "squared":
                near, far = near.square().sum(1), far.square().sum(1)
            else:  # of an image's tokens, channel by channel
                near, far = (x.square().reshape(o["images"], -1, x.shape[1]).sum(1) for x in (near, far))
            term["trip"] = term["trip"] + torch.relu(near - far + o["epsilon"]).mean()
        if "mean" in o["use"] and group.counts[2] and group.counts[3]:
            term["mean"] = term["mean"] + (unit[group.ahp].mean(0) - unit[group.alp].mean(0)).square().sum()
    region = {g.region: n for n, g in enumerate(groups)}
    parts = [g for g in groups if g.region == "component"]
    complete = "image" in region and "background" in region and parts and all(g.counts[3] for g in parts + [groups[region["image"]]])
    if "reg" in o["use"] and complete:
        whole = unit[groups[region["image"]].alp].mean(0)
        total = sum(unit[g.alp].mean(0) for g in parts)
        total = total if o["plain_sum"] else normalize(total, dim=0)
        term["reg"] = o["lambda_reg"] * (whole - total - normal[region["background"]]).norm()
    term["total"] = term["clip"] + term["trip"] + o["lambda_mean"] * term["mean"] + term["reg"]
    return term


def heads_of(E):
    return next(h for h in range(8, 0, -1) if E % h == 0)


class QueryFormer(torch.nn.Module):
    def __init__(self, G, E, dtype=torch.float64):
        super().__init__()
        self.query = torch.nn.Parameter(torch.randn(G, E, dtype=dtype))
        self.normal = torch.nn.MultiheadAttention(E, heads_of(E), dtype=dtype)
        self.abnormal = torch.nn.MultiheadAttention(E, heads_of(E), dtype=dtype)
        self.proj = torch.nn.Linear(2 * E, E, dtype=dtype)

    def names(self):
        order = ["query"] + [f"{side}.{p}" for side in ("normal", "abnormal") for p in ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")]
        return order + ["proj.weight", "proj.bias"]

    def flat(self, grad=False):
        params = dict(self.named_parameters())
        return torch.cat([(params[n].grad if grad else params[n].data).reshape(-1) for n in self.names()]).float().numpy()

    def load(self, flat):
        at = 0
        params = dict(self.named_parameters())
        for name in self.names():
            p = params[name]
            p.data = torch.from_numpy(np.ascontiguousarray(flat[at:at + p.numel()])).to(p.dtype).reshape(p.shape)
            at += p.numel()

    def forward(self, p_n, p_a):
        sides = [side(self.query, a, a, need_weights=False)[0] for side, a in ((self.normal, p_n), (self.abnormal, p_a))]
        return normalize(self.proj(torch.cat(sides, 1)), dim=1)

    def loss(self, p_n, p_a):
        q = self(p_n, p_a)
        return ((1 - (q * p_n).sum(1)) + (1 - (q * p_a).sum(1))).mean()


def train_query(former, p_n, p_a, steps=300, lr=3e-3):
    adam = torch.optim.Adam(former.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        adam.zero_grad()
        loss = former.loss(p_n, p_a)
        loss.backward()
        adam.step()
        history.append(loss.item())
    return np.array(history)


def loss_cases():
    generator = torch.Generator().manual_seed(41)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    full = [("image", 1, 5, 4), ("foreground", 2, 3, 2), ("background", 1, 4, 3), ("component", 1, 7, 4), ("component", 3, 2, 5)]
    no_background = [full[0], full[1], full[3]]
    no_alp = [(r, n, a, 0) for r, n, a, _ in full]
    no_ahp = [(r, n, 0, l) for r, n, _, l in full]
    single = [("image", 1, 1, 0)]
    every = ("clip", "trip", "mean", "reg")
    cases = [
        (full, 31, 23, True, {}),
        (full, 3, 23, False, {}),  # class tokens: w = 1
        (full, 31, 23, True, {"logit_scale": 100.0, "epsilon": 0.1, "lambda_mean": 0.5, "lambda_reg": 0.3}),
        (no_background, 10, 9, True, {}),
        (no_alp, 12, 16, True, {"epsilon": 0.0}),
        (no_ahp, 12, 16, True, {}),
        (single, 1, 3, True, {}),
    ]
    cases += [(full, 14, 12, True, {"use": tuple(t for t in every if t != off), "lambda_mean": 0.2}) for off in every]
    cases += [(full, 14, 12, True, {"use": (only,), "lambda_mean": 2.0}) for only in every]
    published = {"use": ("clip", "trip", "mean"), "lambda_mean": 0.001}
    cases += [(full, 14, 12, True, {"use": ("trip",), "triplet": "squared", "epsilon": 0.2}),
              (full, 3, 23, False, {**published, "triplet": "squared", "epsilon": 0.0}),
              (full, 21, 12, True, {"use": ("trip",), "triplet": "channels", "images": 3, "epsilon": 0.02}),
              (full, 12, 17, False, {**published, "triplet": "channels", "images": 4, "epsilon": 0.0}),
              (no_alp, 9, 11, True, {"triplet": "channels", "epsilon": 1.0})]
    cases += [(full, 14, 12, True, {"use": ("reg",), "plain_sum": True, "lambda_reg": 0.7}), (full, 11, 13, True, {"plain_sum": True})]
    for groups, N, E, weighted, options in cases:
        rows, at = [], 0
        for region, normal, ahp, alp in groups:
            rows.append(Group(region, at, normal, ahp, alp))
            at += normal + ahp + alp
        common = draw(E)  # text features share a direction, as CLIP's do
        f = (3 * (draw(at, E) + common)).float().double().requires_grad_()
        z = normalize(draw(N, E) + 0.5 * common, dim=1).float().double()
        weights = (1 + 1.5 * torch.rand(len(groups), N, generator=generator, dtype=torch.float64)).float().double() if weighted else None
        yield rows, f, z, weights, options


def main():
    torch.manual_seed(40)
    arrays = {}
    for n, (groups, f, z, weights, options) in enumerate(loss_cases()):
        term = losses(f, groups, z, weights, options)
        term["total"].backward()
        o = {**DEFAULTS, **options}
        regions = ("image", "foreground", "background", "component")
        arrays[f"{n}.groups"] = np.int32([[regions.index(g.region), *g.counts] for g in groups])
        arrays[f"{n}.f"], arrays[f"{n}.z"] = f.detach().float().numpy(), z.float().numpy()
        if weights is not None:
            arrays[f"{n}.weights"] = weights.float().numpy()
        arrays[f"{n}.use"] = np.int32([name in o["use"] for name in TERMS])
        arrays[f"{n}.options"] = np.float64([o["epsilon"], o["lambda_mean"], o["lambda_reg"], o["logit_scale"]])
        arrays[f"{n}.triplet"] = np.int32([TRIPLETS.index(o["triplet"]), o["images"], o["plain_sum"]])
        arrays[f"{n}.terms"] = np.float64([term[name].item() for name in TERMS])
        arrays[f"{n}.df"] = (f.grad if f.grad is not None else torch.zeros_like(f)).float().numpy()
        arrays[f"{n}.normal"], arrays[f"{n}.abnormal"] = (a.detach().float().numpy() for a in anchors(f, groups))
    golden.write("align/losses", arrays, "losses.py", (torch,))

    arrays = {}
    w = torch.nn.Parameter(torch.randn(29).float())
    arrays["w"] = w.detach().numpy().copy()
    sgd = torch.optim.SGD([w], lr=2e-3, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=7, eta_min=1e-5)
    gradients, steps, rates = torch.randn(7, 29), [], []
    for g in gradients:
        w.grad = g.clone()
        rates.append(sgd.param_groups[0]["lr"])
        sgd.step()
        schedule.step()
        steps.append(w.detach().numpy().copy())
    arrays["g"], arrays["steps"], arrays["rates"] = gradients.numpy(), np.stack(steps), np.float64(rates)
    golden.write("align/sgd", arrays, "losses.py", (torch,))

    arrays = {}
    for n, (G, E) in enumerate([(4, 15), (5, 16), (1, 7), (9, 24)]):
        former = QueryFormer(G, E)
        former.load(former.flat() + 0.05 * np.float32(np.random.default_rng(n).standard_normal(former.flat().shape)))  # biases too
        p_n, p_a = (normalize(torch.randn(G, E) + 1, dim=1).double() for _ in range(2))
        arrays[f"{n}.params"], arrays[f"{n}.normal"], arrays[f"{n}.abnormal"] = former.flat(), p_n.float().numpy(), p_a.float().numpy()
        arrays[f"{n}.bisector"] = normalize(p_n + p_a, dim=1).float().numpy()
        arrays[f"{n}.q"] = former(p_n, p_a).detach().float().numpy()
        former.loss(p_n, p_a).backward()
        arrays[f"{n}.grad"] = former.flat(grad=True)
        arrays[f"{n}.losses"] = train_query(former, p_n, p_a, 12)
        arrays[f"{n}.trained"] = former(p_n, p_a).detach().float().numpy()
    golden.write("align/query", arrays, "losses.py", (torch,))


if __name__ == "__main__":
    main()
