"""Golden values of the text tower and of its gradient: tests/golden/clip/text-*.{txt,bin}. Run with numpy and PyTorch."""
import numpy as np
import torch

import golden
import toy_model

SOT, EOT = 1022, 1023


def draw(label, shape, deviation):
    return toy_model.uniform(toy_model.rng_key("text", label, 0, 0, "golden"), shape, 0.0, deviation)


def case(name, preset, seed, prompts, slots, checkpoints=False, half=False):
    """prompts: lists of ids, -1-k for slot k. Gradient of sum(df * f) over all prompts with respect to the slots."""
    tower = toy_model.Tower(preset, seed, half, image=False)
    width, embed = tower.p["text_width"], tower.p["embed"]
    table = draw(name + " slots", (slots, width), 0.3)
    df = draw(name + " df", (len(prompts), embed), 1.0)
    learn = torch.from_numpy(table).double().requires_grad_()
    longest = max(len(p) for p in prompts)
    ids = np.full((len(prompts), longest), EOT, np.int32)
    arrays = {"lengths": np.array([len(p) for p in prompts], np.int32), "ids": ids, "slots": table, "df": df}
    features = []
    for index, prompt in enumerate(prompts):
        ids[index, : len(prompt)] = prompt
        rows = [tower.w["token_embedding.weight"][i] if i >= 0 else learn[-1 - i] for i in prompt]

        def watch(block, x):
            if checkpoints:
                arrays[f"block.{block}.{index}"] = x.detach().numpy().astype(np.float32)

        features.append(tower.text(torch.stack(rows), watch))
    f = torch.stack(features)
    (f * torch.from_numpy(df)).sum().backward()
    arrays["f"] = f.detach().numpy().astype(np.float32)
    arrays["dslots"] = learn.grad.numpy().astype(np.float32)
    golden.write(f"clip/text-{name}", arrays, "clip_text.py", [torch])


V = [-1, -2, -3, -4]
body = [17, 230, 5, 999, 42, 7, 301, 88, 64]
PROMPTS = [
    [SOT] + V + body + [EOT],
    [SOT] + V + body[:4] + [12, 13] + body[5:] + [EOT],  # shares its beginning, then differs
    [SOT] + V + body[:2] + [-5] + body[3:7] + [-6, 64] + [EOT],  # learnable words in the body
    [SOT] + V + [500] + [EOT],
    [SOT, 3, 4, 5, EOT],  # no slot at all
    [SOT] + V + body + [EOT],  # the first once more
    [SOT, -6, -6, -7] + list(range(700, 727)) + [EOT],  # a slot twice, as long as the context of 32
]

case("toy", "toy", 1, PROMPTS, 8, checkpoints=True)
case("toy-quick", "toy-quick", 2, PROMPTS[:4], 8, half=True)
FULL = [[i if i < 0 else {SOT: 49406, EOT: 49407}.get(i, i * 40) for i in p] for p in PROMPTS[:3]]
case("vit-b-16-plus-240", "vit-b-16-plus-240", 5, FULL, 8)
