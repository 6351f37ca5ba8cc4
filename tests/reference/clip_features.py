"""Golden values of the image tower's other arrays (method/README.md 0 and 2): tests/golden/clip/features.{txt,bin}.

Taps, means and heads come from one pass over the whole image; a window is a pass of its own over the class token and the
window's patches, each with its position in the whole image. Run with numpy and PyTorch.
"""
import numpy as np
import torch
import torch.nn.functional as F

import golden
import toy_model


def embed(tower, pixels):
    conv = tower.w["visual.conv1.weight"]
    x = F.conv2d(pixels[None].to(conv.dtype), conv, stride=tower.p["patch"])[0].flatten(1).T
    return torch.cat([tower.w["visual.class_embedding"][None], x]) + tower.w["visual.positional_embedding"]


def blocks(tower, x):
    """x (L, W) before ln_pre. Returns the states after every attention and after every block."""
    count = tower.p["width"] // tower.p["head_width"]
    x = tower.norm(x, "visual.ln_pre")
    states = {}
    for block in range(tower.p["layers"]):
        at = f"visual.transformer.resblocks.{block}."
        x = x + tower.attend(*tower.qkv(tower.norm(x, at + "ln_1"), at), count, at)
        states[block, "attn"] = x
        x = x + tower.mlp(tower.norm(x, at + "ln_2"), at)
        states[block, "mlp"] = x
    return states


def head(tower, x):
    return tower.norm(x, "visual.ln_post") @ tower.w["visual.proj"]


def case(preset, seed):
    tower = toy_model.Tower(preset, seed, text=False)
    layers, grid = tower.p["layers"], tower.p["image_size"] // tower.p["patch"]
    side = tower.p["image_size"]
    image = toy_model.uniform(toy_model.rng_key("image", preset, 0, seed, "pixels"), (3, side, side), 0.1, 1.0)
    x = embed(tower, torch.from_numpy(image))
    states = blocks(tower, x)
    last = layers - 1
    raw = {"cls": head(tower, states[last, "mlp"][:1]), "final": head(tower, states[last, "mlp"][1:])}
    for block, half in [(0, "attn"), (layers // 2, "mlp"), (last, "attn"), (last, "mlp")]:
        raw[f"{block}.{half}"] = states[block, half][1:]
    for first, to, half in [(0, last, "mlp"), (layers // 2 - 1, last, "attn")]:
        mean = sum(states[block, half] for block in range(first, to + 1)) / (to + 1 - first)
        raw[f"mean({first}.{half}..{to}.{half})"] = mean[1:]
    for tokens in [1, 2, 3, grid]:
        rows = []
        for top in range(grid - tokens + 1):
            for left in range(grid - tokens + 1):
                patches = [1 + y * grid + z for y in range(top, top + tokens) for z in range(left, left + tokens)]
                rows.append(head(tower, blocks(tower, x[[0] + patches])[last, "mlp"][0]))
        raw[f"windows{tokens}"] = torch.stack(rows)
    arrays = {"pixels": image}
    for name, value in raw.items():
        arrays[name] = F.normalize(value, dim=-1).numpy().astype(np.float32)
        arrays[name + "-raw"] = value.numpy().astype(np.float32)
    golden.write(f"clip/features-{preset}", arrays, "clip_features.py", [torch])


def other_size(preset, seed, sizes):
    """The same tower on images of another size: positions resized as open_clip does."""
    arrays = {}
    for size in sizes:
        tower = toy_model.Tower(preset, seed, text=False)
        stored, grid = tower.p["image_size"] // tower.p["patch"], size // tower.p["patch"]
        position = tower.w["visual.positional_embedding"]
        table = position[1:].T.reshape(1, -1, stored, stored)
        table = F.interpolate(table, size=(grid, grid), mode="bicubic", antialias=True, align_corners=False)
        tower.w["visual.positional_embedding"] = torch.cat([position[:1], table[0].flatten(1).T])
        image = toy_model.uniform(toy_model.rng_key("image", preset, 0, size, "pixels"), (3, size, size), 0.1, 1.0)
        states = blocks(tower, embed(tower, torch.from_numpy(image)))
        last = tower.p["layers"] - 1
        arrays[f"{size}.pixels"] = image
        arrays[f"{size}.cls"] = F.normalize(head(tower, states[last, "mlp"][:1]), dim=-1).numpy().astype(np.float32)
        arrays[f"{size}.1.attn"] = F.normalize(states[1, "attn"][1:], dim=-1).numpy().astype(np.float32)
    golden.write(f"clip/sizes-{preset}", arrays, "clip_features.py", [torch])


with torch.no_grad():
    other_size("toy-quick", 8, [20, 28, 8])
    case("toy", 6)
    case("toy-quick", 7)
