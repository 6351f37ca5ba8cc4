"""Toy DINOv2 models of random weights as transformers saves them, and golden values of its towers on them:
tests/golden/clip/dinov2-*/ (config.json, model.safetensors) and tests/golden/clip/dinov2-*.{txt,bin}. Run with PyTorch and
transformers 4.48 or later (from PyPI); the C tests need neither.
"""
import os

import numpy as np
import torch
import transformers
from torch.nn.functional import normalize
from transformers import Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel

import golden


def randomise(model, generator):
    for name, p in model.named_parameters():
        scale, middle = 0.1, 0.0
        if p.ndim >= 2 and "embeddings." not in name:
            scale = 1 / np.sqrt(p.shape[1])
        elif "projection.weight" in name:
            scale = 1 / np.sqrt(p[0].numel())
        elif "embeddings." in name and "bias" not in name:
            scale = 0.4
        elif "norm" in name and name.endswith("weight"):
            scale, middle = 0.2, 1.0
        elif "lambda1" in name:
            scale, middle = 0.2, 0.6
        p.data = middle + scale * torch.randn(p.shape, generator=generator)


def states(model, pixels):
    """{name: rows of patches or the class token}, raw."""
    first = 1 + getattr(model.config, "num_register_tokens", 0)
    x, out = model.embeddings(pixels), {}
    for n, layer in enumerate(model.encoder.layer):
        attention = layer.layer_scale1(layer.attention(layer.norm1(x))[0])
        out[f"{n}.attn"] = (x + attention)[0, first:]
        x = layer(x)[0]
        out[f"{n}.mlp"] = x[0, first:]
    last = model(pixels).last_hidden_state[0]
    assert torch.allclose(model.layernorm(x)[0], last)
    out["cls"], out["final"] = last[:1], last[first:]
    out["mean(0.mlp..2.mlp)"] = sum(out[f"{n}.mlp"] for n in range(3)) / 3
    return out


def case(name, config, kind, sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    model = kind(config).eval()
    randomise(model, generator)
    model.save_pretrained(os.path.join(golden.GOLDEN, "clip", name), safe_serialization=True)
    model = model.double()
    arrays = {"sizes": np.int32(sizes)}
    for size in sizes:
        pixels = (0.1 + torch.randn((1, 3, size, size), generator=generator)).float().double()
        arrays[f"{size}.pixels"] = pixels[0].float().numpy()
        for key, value in states(model, pixels).items():
            unit = key in ("0.attn", "final")
            arrays[f"{size}.{key}" + ("" if unit else "-raw")] = (normalize(value, dim=-1) if unit else value).float().numpy()
    golden.write(f"clip/{name}", arrays, "dinov2.py", [torch, transformers])


shape = dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=3, image_size=28, patch_size=4, mlp_ratio=4)
with torch.no_grad():
    case("dinov2-mlp", Dinov2Config(**shape), Dinov2Model, [28, 44, 20], 1)
    case("dinov2-registers", Dinov2WithRegistersConfig(**shape, num_register_tokens=3, use_swiglu_ffn=True), Dinov2WithRegistersModel, [28, 44, 20], 2)
    case("dinov2-swiglu", Dinov2Config(**dict(shape, num_hidden_layers=3, hidden_size=18), use_swiglu_ffn=True), Dinov2Model, [28], 3)
