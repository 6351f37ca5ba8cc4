"""A head's epoch of bench_learn in PyTorch on one core, as published code runs it: 77 positions a prompt, one call of the
text tower a group, autograd (10 GB for metal_nut's image head). The first epoch's loss must be that of bench_learn on the
same numbers.
usage: bench_learn.py MODEL-DIR HEAD-prompts.txt HEAD-data.f32 [EPOCHS [best]]
best: as well as PyTorch does it instead: no position behind the longest prompt, one call for all groups."""
import os
import resource
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from losses import Group, losses  # noqa: E402
from training import LEVELS, load_model  # noqa: E402

torch.set_num_threads(1)
weights, config = load_model(sys.argv[1])
shape = config["text_cfg"]
D, L = shape["width"], shape["context_length"]


class Block(torch.nn.Module):
    def __init__(self, at):
        super().__init__()
        self.ln_1, self.ln_2 = torch.nn.LayerNorm(D), torch.nn.LayerNorm(D)
        self.attn = torch.nn.MultiheadAttention(D, shape["heads"], batch_first=True)
        self.c_fc, self.c_proj = torch.nn.Linear(D, 4 * D), torch.nn.Linear(4 * D, D)
        state = {k[len(at):].replace("mlp.", ""): torch.from_numpy(v.copy()) for k, v in weights.items() if k.startswith(at)}
        self.load_state_dict(state)

    def forward(self, x, mask):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=mask)[0]
        return x + self.c_proj(torch.nn.functional.gelu(self.c_fc(self.ln_2(x))))


blocks = [Block(f"transformer.resblocks.{n}.").requires_grad_(False) for n in range(shape["layers"])]
w = {name: torch.from_numpy(weights[name].copy()) for name in ("token_embedding.weight", "positional_embedding", "ln_final.weight", "ln_final.bias", "text_projection")}


def encode(x, eot):
    x = x + w["positional_embedding"][:L]
    for block in blocks:
        x = block(x, mask)
    x = torch.nn.functional.layer_norm(x, (D,), w["ln_final.weight"], w["ln_final.bias"])
    return x[torch.arange(len(x)), eot] @ w["text_projection"]


groups, batches, at = [], [], 0
for line in open(sys.argv[2], encoding="ascii"):
    if line.startswith("group"):
        level, *counts = map(int, line.split()[1:])
        groups.append(Group(LEVELS[level], at, *counts))
        at += sum(counts)
        batches.append([])
    else:
        batches[-1].append(list(map(int, line.split())))
if sys.argv[5:] == ["best"]:
    batches = [sum(batches, [])]
    L = max(len(prompt) for prompt in batches[0])
mask = torch.full((L, L), float("-inf")).triu(1)
data = np.fromfile(sys.argv[3], "<f4")
S, _, N, E, G = (int(value) for value in data[:5])
scale, wanted = float(data[5]), float(data[6])
slots, z, token_weights = (torch.from_numpy(part.copy()) for part in np.split(data[8:], np.cumsum([S * D, N * E])))
z, token_weights = z.view(N, E), token_weights.view(G, N)
params = torch.nn.Parameter(slots.view(S, D))
sgd = torch.optim.SGD([params], lr=2e-3, momentum=0.9, weight_decay=5e-4)


def epoch():
    sgd.zero_grad()
    features = []
    for batch in batches:
        ids = torch.zeros(len(batch), L, dtype=torch.long)
        for row, prompt in zip(ids, batch):
            row[:len(prompt)] = torch.tensor(prompt)
        eot = torch.tensor([len(prompt) - 1 for prompt in batch])
        x = torch.where((ids < 0)[..., None], params[(-1 - ids).clamp(min=0)], w["token_embedding.weight"][ids.clamp(min=0)])
        features.append(encode(x, eot))
    term = losses(torch.cat(features), groups, z, token_weights, {"logit_scale": scale})
    term["total"].backward()
    sgd.step()
    return term["total"].item()


best, rounds = np.inf, int(sys.argv[4]) if len(sys.argv) > 4 else 3
for step in range(rounds):
    start = time.process_time()
    loss = epoch()
    best = min(best, time.process_time() - start)
    if step == 0 and abs(loss - wanted) > 1e-4 * abs(wanted):
        raise SystemExit(f"bench_learn.py: the first loss is {loss:.6f}, bench_learn's is {wanted:.6f}")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"torch {torch.__version__}: {at} prompts at {L} positions, {len(batches)} call{'' if len(batches) == 1 else 's'}: {best:.2f} s an epoch (best of {rounds}, processor time), first loss as bench_learn's, peak memory {peak:.0f} MB")
