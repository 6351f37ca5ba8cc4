"""The seeded models of tests/tools/toy_model.c, bit for bit, as {tensor name: float32 array}; and open_clip's towers on them.

The towers are written with torch.nn.functional from METHOD.md 2 and 3 alone, and run in double so that what is compared
with is sharp.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

PRESETS = {  # as in toy_model.c
    "toy": dict(embed=28, image_size=20, patch=4, width=60, layers=12, head_width=20, context=32, vocab=1024,
                text_width=36, text_heads=3, text_layers=3, quick_gelu=False),
    "toy-quick": dict(embed=28, image_size=12, patch=4, width=24, layers=2, head_width=8, context=32, vocab=1024,
                      text_width=36, text_heads=3, text_layers=2, quick_gelu=True),
    "vit-b-16-plus-240": dict(embed=640, image_size=240, patch=16, width=896, layers=12, head_width=64, context=77,
                              vocab=49408, text_width=640, text_heads=10, text_layers=12, quick_gelu=False),
}
U64 = (1 << 64) - 1
HASH_SEED = 14695981039346656037


def hash_bytes(state, data):
    for byte in data:
        state = ((state ^ byte) * 1099511628211) & U64
    return state


def hash_string(state, text):
    data = text.encode()
    return hash_bytes(hash_bytes(state, len(data).to_bytes(8, "little")), data)


def rng_key(dataset, category, shots, seed, purpose):
    """rng_init of base: the 64-bit key of a stream."""
    key = hash_string(hash_string(HASH_SEED, dataset), category)
    key = hash_bytes(key, shots.to_bytes(8, "little") + seed.to_bytes(8, "little"))
    key = hash_string(key, purpose)
    key = ((key ^ (key >> 30)) * 0xBF58476D1CE4E5B9) & U64
    key = ((key ^ (key >> 27)) * 0x94D049BB133111EB) & U64
    return key ^ (key >> 31)


def rng_words(key, count):
    """The first `count` 32-bit words of a stream (Philox 4x32-10)."""
    blocks = (count + 3) // 4
    mask = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    index = np.arange(blocks, dtype=np.uint64)
    c0, c1 = index & mask, index >> shift
    c2, c3 = np.zeros_like(c0), np.zeros_like(c0)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ np.uint64(k0), p1 & mask, (p0 >> shift) ^ c3 ^ np.uint64(k1), p0 & mask
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], 1).reshape(-1)[:count]


def uniform(key, shape, center, deviation):
    count = int(np.prod(shape, dtype=np.int64))
    u = (rng_words(key, count) >> np.uint64(8)).astype(np.float64) * 2.0 ** -23 - 1.0
    return (center + deviation * math.sqrt(3.0) * u).astype(np.float32).reshape(shape)


def make(preset, seed, text=True, image=True):
    p = PRESETS[preset]
    weights = {}

    def add(name, center, deviation, *shape):
        weights[name] = uniform(rng_key("model", name, 0, seed, "weights"), shape, center, deviation)

    def add_block(at, width):
        unit, unit4 = 1 / math.sqrt(width), 1 / math.sqrt(4.0 * width)
        add(at + "ln_1.weight", 1, 0.2, width)
        add(at + "ln_1.bias", 0, 0.1, width)
        add(at + "attn.in_proj_weight", 0, unit, 3 * width, width)
        add(at + "attn.in_proj_bias", 0, 0.1, 3 * width)
        add(at + "attn.out_proj.weight", 0, 0.5 * unit, width, width)
        add(at + "attn.out_proj.bias", 0, 0.1, width)
        add(at + "ln_2.weight", 1, 0.2, width)
        add(at + "ln_2.bias", 0, 0.1, width)
        add(at + "mlp.c_fc.weight", 0, unit, 4 * width, width)
        add(at + "mlp.c_fc.bias", 0, 0.1, 4 * width)
        add(at + "mlp.c_proj.weight", 0, 0.5 * unit4, width, 4 * width)
        add(at + "mlp.c_proj.bias", 0, 0.1, width)

    if image:
        add_image(p, add, add_block)
    if text:
        add_text(p, add, add_block)
    return weights


def add_image(p, add, add_block):
    W, E, P, T = p["width"], p["embed"], p["patch"], p["image_size"] // p["patch"]
    add("visual.conv1.weight", 0, 1 / math.sqrt(3 * P * P), W, 3, P, P)
    add("visual.class_embedding", 0, 0.5, W)
    add("visual.positional_embedding", 0, 0.3, T * T + 1, W)
    add("visual.ln_pre.weight", 1, 0.2, W)
    add("visual.ln_pre.bias", 0, 0.1, W)
    for layer in range(p["layers"]):
        add_block(f"visual.transformer.resblocks.{layer}.", W)
    add("visual.ln_post.weight", 1, 0.2, W)
    add("visual.ln_post.bias", 0, 0.1, W)
    add("visual.proj", 0, 1 / math.sqrt(W), W, E)


def add_text(p, add, add_block):
    D, E = p["text_width"], p["embed"]
    add("token_embedding.weight", 0, 0.3, p["vocab"], D)
    add("positional_embedding", 0, 0.1, p["context"], D)
    for layer in range(p["text_layers"]):
        add_block(f"transformer.resblocks.{layer}.", D)
    add("ln_final.weight", 1, 0.2, D)
    add("ln_final.bias", 0, 0.1, D)
    add("text_projection", 0, 1 / math.sqrt(D), D, E)


class Tower:
    """Both towers of one model. dtype: torch.float64 for golden values."""

    def __init__(self, preset, seed, half=False, dtype=torch.float64, text=True, image=True):
        self.p = PRESETS[preset]
        self.w = {}
        for name, value in make(preset, seed, text, image).items():
            value = value.astype(np.float16) if half else value
            self.w[name] = torch.from_numpy(value).to(dtype)

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], 1e-5)

    def heads(self, x, count):
        return x.reshape(x.shape[0], count, -1).transpose(0, 1)  # (H, L, d)

    def attend(self, q, k, v, count, at, causal=False):
        q, k, v = self.heads(q, count), self.heads(k, count), self.heads(v, count)
        scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
        if causal:
            scores = scores + torch.full(scores.shape[1:], float("-inf"), dtype=scores.dtype).triu(1)
        out = (scores.softmax(-1) @ v).transpose(0, 1).reshape(q.shape[1], -1)
        return F.linear(out, self.w[at + "attn.out_proj.weight"], self.w[at + "attn.out_proj.bias"])

    def mlp(self, x, at):
        hidden = F.linear(x, self.w[at + "mlp.c_fc.weight"], self.w[at + "mlp.c_fc.bias"])
        hidden = hidden * torch.sigmoid(1.702 * hidden) if self.p["quick_gelu"] else F.gelu(hidden)
        return F.linear(hidden, self.w[at + "mlp.c_proj.weight"], self.w[at + "mlp.c_proj.bias"])

    def qkv(self, y, at):
        return F.linear(y, self.w[at + "attn.in_proj_weight"], self.w[at + "attn.in_proj_bias"]).chunk(3, -1)

    def image(self, pixels, taps):
        """pixels (3,S,S); taps [(block, after_mlp)] * 2. Returns {name: tensor}, checkpoints of both streams included."""
        count = self.p["width"] // self.p["head_width"]
        conv = self.w["visual.conv1.weight"]
        x = F.conv2d(pixels[None].to(conv.dtype), conv, stride=self.p["patch"])[0].flatten(1).T
        x = torch.cat([self.w["visual.class_embedding"][None], x]) + self.w["visual.positional_embedding"]
        ori = vv = self.norm(x, "visual.ln_pre")
        out = {"x0": ori}

        def tap(block, after_mlp):
            for i in range(2):
                if taps[i] == (block, after_mlp):
                    out[f"memory{i + 1}"] = F.normalize(ori[1:], dim=-1)

        for block in range(self.p["layers"]):
            at = f"visual.transformer.resblocks.{block}."
            q, k, v = self.qkv(self.norm(ori, at + "ln_1"), at)
            vv = vv + self.attend(v, v, v, count, at)
            ori = ori + self.attend(q, k, v, count, at)
            tap(block, False)
            ori = ori + self.mlp(self.norm(ori, at + "ln_2"), at)
            tap(block, True)
            out[f"ori.{block}"], out[f"vv.{block}"] = ori, vv
        out["cls"] = F.normalize(self.norm(ori[0], "visual.ln_post") @ self.w["visual.proj"], dim=-1)
        out["tokens"] = F.normalize(self.norm(vv[1:], "visual.ln_post") @ self.w["visual.proj"], dim=-1)
        return out

    def text(self, embeddings, watch=None):
        """embeddings (L,D) without positions, EOT last. Returns f (E), not normalised."""
        x = embeddings + self.w["positional_embedding"][: embeddings.shape[0]]
        for block in range(self.p["text_layers"]):
            at = f"transformer.resblocks.{block}."
            q, k, v = self.qkv(self.norm(x, at + "ln_1"), at)
            x = x + self.attend(q, k, v, self.p["text_heads"], at, causal=True)
            x = x + self.mlp(self.norm(x, at + "ln_2"), at)
            if watch is not None:
                watch(block, x)
        return self.norm(x[-1], "ln_final") @ self.w["text_projection"]
