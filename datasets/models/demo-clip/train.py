#!/usr/bin/env python3
"""Trains demo-clip, the small CLIP that comes with fgad, from pictures and captions that a program draws.

    OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=1 python3 train.py --data build/release/datasets/demo/fgad-demo-train-data \
        --minutes 60 --work demo-clip-work

Needs PyTorch 1.13 or later and numpy. Writes merges.txt, open_clip_config.json and open_clip_model.safetensors (F16)
to --out (default: this folder), and a checkpoint to --work every few minutes, from which it goes on.

What it learns, besides CLIP's contrastive loss on the class token with normal and defective captions of the same
scene against each other: the tokens of the V-V stream (METHOD.md section 2) are aligned with the captions of what
they show, and with normal against abnormal anchors built as METHOD.md section 5 builds them. The text tower sees
random soft prefixes in half of the batches, so that learnable placeholders do not throw it off.
"""
import argparse
import json
import math
import os
import queue
import random
import re
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

CONFIG = {"model_cfg": {"embed_dim": 128,
                        "vision_cfg": {"image_size": 96, "layers": 8, "width": 128, "head_width": 32, "patch_size": 8},
                        "text_cfg": {"context_length": 77, "vocab_size": 0, "width": 128, "heads": 4, "layers": 4}},
          "preprocess_cfg": {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711],
                             "interpolation": "bicubic", "resize_mode": "squash"}}

# ---------------------------------------------------------------------------------------------------- language

NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 8: "eight", 10: "ten", 12: "twelve"}
STATES = {
    "scratch": ["{} with a scratch", "{} with scratches", "scratched {}", "{} with a long scratch", "{} with a cut"],
    "crack": ["{} with a crack", "cracked {}", "{} with cracks", "{} with a dark crack"],
    "hole": ["{} with a hole", "{} with a small hole", "{} with a hole in the surface"],
    "stain": ["{} with a stain", "stained {}", "{} with a color stain", "{} with dirt", "{} with a dark spot"],
    "dent": ["{} with a dent", "dented {}", "{} with a dent on the surface"],
    "contamination": ["{} with contamination", "{} with foreign particles", "contaminated {}", "{} with dust"],
    "thread": ["{} with a thread", "{} with a loose thread", "{} with a hair or fiber"],
    "broken": ["broken {}", "{} with a broken edge", "{} with large breakage", "{} with a chipped edge",
               "{} with small breakage", "{} with a missing piece"],
    "missing": ["missing {}", "{} with a missing part", "{} that is missing"],
    "wrong_color": ["{} with wrong color", "discolored {}", "{} with faded color", "{} with a part of wrong color"],
    "bent": ["bent {}", "{} with a bent end", "{} with a bent part"],
    "any": ["damaged {}", "defective {}", "{} with a defect", "{} with damage", "{} with a flaw", "abnormal {}"],
}
KINDS = ["good"] + [k for k in STATES if k != "any"]
CAPTIONS = ["the {name} is a {texture} and {shape} piece of {color} {material}.",
            "a {color} and {shape} {name} of {material} with a {texture} surface.",
            "a {texture}, {shape} {name} made of {color} {material}.",
            "a {color}, {shape} {material} {name} that is {texture}.",
            "the {name} is {color}, {shape} and {texture}, made of {material}.",
            "a {shape} {name} of {texture} {color} {material}.",
            "a {color} {name}.", "a photo of a {color} {shape} {name}."]
GENERIC = ["part", "device", "module", "object", "product", "item", "assembly"]
NOUNS = ("arrow bar base block board bolt bottle box bracket button cable candle cap capacitor card carpet case chip "
         "clip cloth coin connector contact cookie cross disc fabric frame gear housing knob label leather lid light "
         "nut object panel paper part pin plate resistor ring screw seal sensor sheet star surface switch tablet tile "
         "wall washer wheel wood").split()
PLURAL = {"switch": "switches", "cross": "crosses"}
EXTRA = ("not no without and or with a an the of on in at is has it that made from which fills image photo picture seen above plain "
         "bright dark light background surface inside outside center middle top bottom left right edge corner corners each every "
         "good normal perfect flawless intact clean abnormal body seal gear fabric cloth connector housing pin pins label tablet button "
         "buttons board chip contact contacts capacitor capacitors resistor resistors horizontal vertical diagonal upright parallel radial "
         "one two three four five six eight ten twelve several many small large long lie lies around row along tooth teeth thin "
         "regular even pattern ring flat cut piece side front back").split()


def number_word(n):
    return NUMBERS.get(n, "several" if n < 9 else "many")


def plural(noun, count):
    return noun if count == 1 else PLURAL.get(noun, noun + "s")


class Scene:
    """The words of one scene: groups of (normal text, noun, values), as a caption file of METHOD.md section 4 has."""

    def __init__(self, record, vocabulary, rng):
        self.vocabulary, self.rng = vocabulary, rng
        items = record["items"]
        base = record["noun"]
        single = len(items) == 1
        self.noun, first = rng.choice([(base, "body"), (base, base), (rng.choice(GENERIC), base)]) if single else \
            rng.choice([(base, "body"), (rng.choice(GENERIC), base), (rng.choice(GENERIC), base)])
        self.names = [first] + [plural(i["noun"], i["count"]) for i in items[1:]]
        self.background = None if record["background"] == "none" else \
            rng.choice(["plain ", "", "", "dark " if record["background"] in ("black", "gray", "brown", "blue") else "bright "]) + record["background"]
        self.components = []
        for name, item in zip(self.names, items):
            values = {k: item[k] for k in ("color", "texture", "shape", "material")}
            self.components.append((rng.choice(CAPTIONS).format(name=name, **values), name, values))
        places = ["%s %s %s the %s" % (number_word(i["count"]), name, rng.choice(["at", "in", "on"]), i["location"])
                  for name, i in zip(self.names, items)]
        self.relation = "the %s has %s." % (self.noun, self.join(places))
        parts = []
        for name, item in zip(self.names, items):
            kinds = rng.choice([(item["color"],), (item["color"], item["shape"]), (item["color"], item["material"])])
            parts.append("%s %s %s" % ("a" if item["count"] == 1 else number_word(item["count"]), " ".join(kinds), name))
        tail = " on a %s background" % self.background if self.background else rng.choice([" that fills the image", ""])
        self.summary = rng.choice(["a %s with %s%s.", "a photo of a %s with %s%s.", "a %s made of %s%s."]) % (
            self.noun, self.join(parts), tail)
        self.numbers = {"number": [number_word(i["count"]) for i in items], "location": [i["location"] for i in items]}
        colors = [("color", i["color"]) for i in items]
        places = [(k, v) for k in self.numbers for v in self.numbers[k]]
        # group: text, noun, replaceable (attribute, value) pairs
        self.groups = [(self.summary, self.noun, colors), (self.relation, self.noun, places)]
        if self.background:
            self.groups.append((self.background + " background", self.background, []))
        self.first_component = len(self.groups)
        for text, name, values in self.components:
            self.groups.append((text, name, [(k, v) for k, v in values.items() if v in text]))

    @staticmethod
    def join(parts):
        return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]

    def concatenated(self, group, kind):
        text, noun, _ = self.groups[group]
        state = self.rng.choice(STATES[kind]).format(noun)
        return re.sub(r"(?<![\w-])%s(?![\w-])" % re.escape(noun), lambda _: state, text, count=1)

    def replaced(self, group):
        text, _, values = self.groups[group]
        if not values:
            return None
        key, value = self.rng.choice(values)
        others = [v for v in self.vocabulary[key] if v != value]
        new = self.rng.choice(others) if self.rng.random() < 0.8 else "not " + value
        return re.sub(r"(?<![\w-])%s(?![\w-])" % re.escape(value), lambda _: new, text, count=1)

    def token_group(self, part):
        """Group of a part label of the stream (0: background)."""
        if part == 0:
            return 2 if self.background else self.first_component
        return self.first_component + part - 1


# --------------------------------------------------------------------------------------------------- tokenizer

PATTERN = re.compile(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+", re.IGNORECASE)


def bytes_to_unicode():
    bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    cs, n = bs[:], 0
    for b in range(256):
        if b not in bs:
            bs.append(b)
            cs.append(256 + n)
            n += 1
    return dict(zip(bs, map(chr, cs)))


def build_merges(words):
    """Plain BPE on a list of words until each is one token: the most frequent pair first, ties by spelling."""
    table = bytes_to_unicode()
    split = {}
    for w in sorted(set(words)):
        letters = [table[b] for b in w.encode()]
        split[w] = letters[:-1] + [letters[-1] + "</w>"]
    merges = []
    while True:
        counts = {}
        for s in split.values():
            for pair in zip(s, s[1:]):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts:
            return merges
        best = min(counts, key=lambda p: (-counts[p], p))
        merges.append(best)
        for w, s in split.items():
            i, out = 0, []
            while i < len(s):
                if i + 1 < len(s) and (s[i], s[i + 1]) == best:
                    out.append(s[i] + s[i + 1])
                    i += 2
                else:
                    out.append(s[i])
                    i += 1
            split[w] = out


class Tokenizer:
    """open_clip's SimpleTokenizer on a merges file."""

    def __init__(self, path):
        self.table = bytes_to_unicode()
        with open(path, encoding="utf-8") as f:
            merges = [tuple(line.split()) for line in f.read().split("\n")[1:] if line.strip()]
        vocab = list(self.table.values())
        vocab = vocab + [v + "</w>" for v in vocab] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
        self.ids = {v: i for i, v in enumerate(vocab)}
        self.ranks = {m: i for i, m in enumerate(merges)}
        self.sot, self.eot = len(vocab) - 2, len(vocab) - 1
        self.cache = {}

    def word(self, text):
        if text in self.cache:
            return self.cache[text]
        letters = [self.table[b] for b in text.encode("utf-8")]
        s = letters[:-1] + [letters[-1] + "</w>"]
        while len(s) > 1:
            ranked = [(self.ranks.get(p, 1 << 30), i) for i, p in enumerate(zip(s, s[1:]))]
            rank, _ = min(ranked)
            if rank == 1 << 30:
                break
            best, out, i = next(p for p in zip(s, s[1:]) if self.ranks.get(p) == rank), [], 0
            while i < len(s):
                if i + 1 < len(s) and (s[i], s[i + 1]) == best:
                    out.append(s[i] + s[i + 1])
                    i += 2
                else:
                    out.append(s[i])
                    i += 1
            s = out
        self.cache[text] = [self.ids[x] for x in s]
        return self.cache[text]

    def __call__(self, text, context=77):
        ids = [i for w in PATTERN.findall(" ".join(text.lower().split())) for i in self.word(w)]
        return [self.sot] + ids[:context - 2] + [self.eot]


def write_merges(path, vocabulary):
    words = set(EXTRA) | set(GENERIC)
    for noun in NOUNS:
        words |= {noun, plural(noun, 2)}
    texts = [v for k in vocabulary if k != "description" for v in vocabulary[k]] + CAPTIONS + sum(STATES.values(), [])
    for text in texts:
        words |= {w for w in PATTERN.findall(re.sub(r"\{\w*\}", " ", text)) if w.isalpha()}
    merges = build_merges(words)
    with open(path, "w", encoding="utf-8") as f:
        f.write('#version: 0.2 - demo-clip, made by train.py\n' + "".join("%s %s\n" % m for m in merges))


# ------------------------------------------------------------------------------------------------------- model

class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def attend(self, q, k, v, mask=None):
        b, t, c = q.shape
        q, k, v = [x.reshape(b, t, self.heads, c // self.heads).transpose(1, 2) for x in (q, k, v)]
        a = (q * (c // self.heads) ** -0.5) @ k.transpose(-1, -2)
        if mask is not None:
            a = a + mask
        return self.out_proj((a.softmax(-1) @ v).transpose(1, 2).reshape(b, t, c))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1, self.attn, self.ln_2 = nn.LayerNorm(width), Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def forward(self, ori, vv=None, mask=None):
        """Both streams of METHOD.md section 2 (vv None: the usual block). Returns ori, vv, ori after attention."""
        q, k, v = F.linear(self.ln_1(ori), self.attn.in_proj_weight, self.attn.in_proj_bias).chunk(3, -1)
        if vv is not None:
            vv = vv + self.attn.attend(v, v, v)
        ori = ori + self.attn.attend(q, k, v, mask)
        return ori + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(ori)))), vv, ori


class Transformer(nn.Module):
    def __init__(self, width, layers, heads):
        super().__init__()
        self.resblocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])


class Vision(nn.Module):
    def __init__(self, cfg, embed):
        super().__init__()
        w, p, grid = cfg["width"], cfg["patch_size"], cfg["image_size"] // cfg["patch_size"]
        self.conv1 = nn.Conv2d(3, w, p, p, bias=False)
        self.class_embedding = nn.Parameter(w ** -0.5 * torch.randn(w))
        self.positional_embedding = nn.Parameter(w ** -0.5 * torch.randn(grid * grid + 1, w))
        self.ln_pre, self.transformer = nn.LayerNorm(w), Transformer(w, cfg["layers"], w // cfg["head_width"])
        self.ln_post, self.proj = nn.LayerNorm(w), nn.Parameter(w ** -0.5 * torch.randn(w, embed))

    def forward(self, x, taps=False, keep=None):
        """keep (B, K): the patches to look at, for training with part of each picture."""
        x = self.conv1(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(len(x), 1, -1).to(x.dtype), x], 1) + self.positional_embedding
        if keep is not None:
            rows = torch.cat([torch.zeros_like(keep[:, :1]), keep + 1], 1)
            x = x.gather(1, rows[..., None].expand(-1, -1, x.shape[-1]))
        ori = vv = self.ln_pre(x)
        at = (2, 5)  # fgad.yaml
        memory = []
        for i, block in enumerate(self.transformer.resblocks):
            ori, vv, attended = block(ori, vv)
            if taps and i in at:
                memory.append(F.normalize(attended[:, 1:].float(), dim=-1))
        cls = F.normalize((self.ln_post(ori[:, 0]) @ self.proj).float(), dim=-1)
        tokens = F.normalize((self.ln_post(vv[:, 1:]) @ self.proj).float(), dim=-1)
        return cls, tokens, memory


class CLIP(nn.Module):
    def __init__(self, config):
        super().__init__()
        cfg = config["model_cfg"]
        text, embed = cfg["text_cfg"], cfg["embed_dim"]
        w = text["width"]
        self.visual = Vision(cfg["vision_cfg"], embed)
        self.token_embedding = nn.Embedding(text["vocab_size"], w)
        self.positional_embedding = nn.Parameter(0.01 * torch.randn(text["context_length"], w))
        self.transformer = Transformer(w, text["layers"], text["heads"])
        self.ln_final, self.text_projection = nn.LayerNorm(w), nn.Parameter(w ** -0.5 * torch.randn(w, embed))
        self.logit_scale = nn.Parameter(torch.tensor(2.5))
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        for tower, layers in ((self.visual.transformer, cfg["vision_cfg"]["layers"]), (self.transformer, text["layers"])):
            for b in tower.resblocks:
                width = b.ln_1.weight.numel()
                nn.init.normal_(b.attn.in_proj_weight, std=width ** -0.5)
                nn.init.normal_(b.attn.out_proj.weight, std=width ** -0.5 * (2 * layers) ** -0.5)
                nn.init.normal_(b.mlp["c_fc"].weight, std=(2 * width) ** -0.5)
                nn.init.normal_(b.mlp["c_proj"].weight, std=width ** -0.5 * (2 * layers) ** -0.5)
                for lin in (b.attn.out_proj, b.mlp["c_fc"], b.mlp["c_proj"]):
                    nn.init.zeros_(lin.bias)

    def encode_text(self, ids, prefix=None):
        """ids: lists of token ids ending in EOT. prefix (P, D): soft vectors after SOT. Not normalised."""
        eot = torch.tensor([len(t) - 1 for t in ids])
        batch = torch.zeros(len(ids), int(eot.max()) + 1, dtype=torch.long)
        for i, t in enumerate(ids):
            batch[i, :len(t)] = torch.tensor(t)
        x = self.token_embedding(batch)
        if prefix is not None and len(prefix):
            x = torch.cat([x[:, :1], prefix.expand(len(x), -1, -1), x[:, 1:]], 1)
            eot = eot + len(prefix)
        n = x.shape[1]
        x = x + self.positional_embedding[:n]
        mask = torch.full((n, n), float("-inf")).triu(1)
        for block in self.transformer.resblocks:
            x, _, _ = block(x, None, mask)
        return (self.ln_final(x[torch.arange(len(x)), eot]) @ self.text_projection).float()


class Probes(nn.Module):
    """Linear read-outs of the kind of defect, for training only: they make the vision tower see defects while the text
    tower's abnormal phrases still differ little, and keep them in the memory features."""

    def __init__(self, config):
        super().__init__()
        embed, width = config["model_cfg"]["embed_dim"], config["model_cfg"]["vision_cfg"]["width"]
        self.tokens, self.cls = nn.Linear(embed, len(KINDS)), nn.Linear(embed, len(KINDS))
        self.memory = nn.ModuleList([nn.Linear(width, len(KINDS)) for _ in range(2)])
        # scale and threshold of a logistic read-out: distance to the memory, its largest, largest of the text score
        self.cuts = nn.Parameter(torch.tensor([[3.0, 0.1], [3.0, 0.15], [0.0, 0.0]]))


def load_safetensors(path):
    with open(path, "rb") as f:
        size, = struct.unpack("<Q", f.read(8))
        header, data = json.loads(f.read(size)), f.read()
    kinds = {"F16": np.float16, "F32": np.float32}
    out = {}
    for name, t in header.items():
        if name != "__metadata__":
            a, b = t["data_offsets"]
            out[name] = torch.from_numpy(np.frombuffer(data[a:b], kinds[t["dtype"]]).reshape(t["shape"]).astype(np.float32))
    return out


def save_safetensors(path, tensors, metadata):
    header, offset, blobs = {"__metadata__": metadata}, 0, []
    for name in sorted(tensors):
        blob = tensors[name].detach().numpy().astype("<f2").tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".new", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    os.replace(path + ".new", path)


# -------------------------------------------------------------------------------------------------------- data

def read_record(pipe):
    magic = pipe.read(4)
    if magic != b"FGDS":
        raise EOFError("the stream ended")
    size, images, length = struct.unpack("<3I", pipe.read(12))
    text = json.loads(pipe.read(length))
    raw = np.frombuffer(pipe.read(images * 5 * size * size), np.uint8).reshape(images, 5 * size * size)
    area = size * size
    return (text, raw[:, :3 * area].reshape(images, size, size, 3), raw[:, 3 * area:4 * area].reshape(images, size, size),
            raw[:, 4 * area:].reshape(images, size, size))


class Batches:
    """Reads the stream in the background and makes batches of scenes with their texts."""

    def __init__(self, args, tokenizer, vocabulary, first, stride, seed):
        size, patch = CONFIG["model_cfg"]["vision_cfg"]["image_size"], CONFIG["model_cfg"]["vision_cfg"]["patch_size"]
        self.grid, self.scenes, self.tokenizer, self.vocabulary = size // patch, args.scenes, tokenizer, vocabulary
        self.process = subprocess.Popen([args.data, str(seed), str(first), str(stride), str(1 << 40), str(args.images), str(size)],
                                        stdout=subprocess.PIPE, bufsize=1 << 20)
        self.rng = random.Random(seed * 1000003 + first)
        self.queue, self.pool = queue.Queue(4), []
        threading.Thread(target=self.fill, daemon=True).start()

    def fill(self):
        while True:
            self.queue.put(self.make())

    def make(self):
        rgb, labels, covers, kinds, classes, whole, scenes, texts, index = [], [], [], [], [], [], [], [], {}

        def text_id(text):
            if text not in index:
                index[text] = len(texts)
                texts.append(self.tokenizer(text))
            return index[text]

        g = self.grid
        for _ in range(self.scenes):
            # Every picture is used twice, far apart: drawing costs as much as a third of a training step.
            if len(self.pool) > 100 and self.rng.random() < 0.5:
                record, pixels, part, defect = self.pool.pop(self.rng.randrange(50))
            else:
                record, pixels, part, defect = read_record(self.process.stdout)
                self.pool.append((record, pixels, part, defect))
            scene = Scene(record, self.vocabulary, self.rng)
            n, s = part.shape[0], part.shape[1] // g
            cells = part.reshape(n, g, s, g, s).transpose(0, 1, 3, 2, 4).reshape(n, g * g, s * s)
            counts = np.stack([(cells == k).mean(-1) for k in range(len(scene.names) + 1)], -1)
            label = np.array([scene.token_group(k) for k in range(len(scene.names) + 1)])[counts.argmax(-1)]
            label[counts.max(-1) < 0.7] = -1
            cover = defect.reshape(n, g, s, g, s).astype(np.float32).mean((2, 4)).reshape(n, g * g) / 255
            # A defect that the view does not show is none.
            own = [i["defect"] if c.max() > 0.08 else "good" for i, c in zip(record["images"], cover)]
            states = sorted({k for k in own if k != "good"})
            while len(states) < 2:
                k = self.rng.choice(list(STATES))
                if k not in states:
                    states.append(k)
            groups = []
            for i in range(len(scene.groups)):
                normal = text_id(scene.groups[i][0])
                abnormal = [text_id(scene.concatenated(i, k)) for k in states]
                extra = scene.replaced(i) if self.rng.random() < 0.35 else None
                groups.append((normal, abnormal, [text_id(extra)] if extra else []))
            scenes.append((groups, states, scene.first_component, scene.background is not None))
            rgb.append(pixels)
            labels.append(label)
            covers.append(cover)
            kinds.append([states.index(k) if k != "good" else -1 for k in own])
            whole.append([i["zoom"] <= 1 for i in record["images"]])
            classes.append([KINDS.index(k) for k in own])
        x = torch.from_numpy(np.concatenate(rgb)).permute(0, 3, 1, 2).float() / 255
        mean, std = [torch.tensor(CONFIG["preprocess_cfg"][k]).view(1, 3, 1, 1) for k in ("mean", "std")]
        return ((x - mean) / std, torch.from_numpy(np.stack(labels)).long(), torch.from_numpy(np.stack(covers)), torch.tensor(kinds),
                torch.tensor(classes), torch.tensor(whole), scenes, texts)

    def next(self):
        return self.queue.get()


# -------------------------------------------------------------------------------------------------------- loss

def compute_loss(model, probes, batch, args, share=1.0):
    """share < 1: the vision tower sees this part of the patches, all that show a defect among them."""
    x, labels, covers, kinds, classes, whole, scenes, texts = batch
    keep = None
    if share < 1:
        order = torch.rand_like(covers) + 10 * (covers > 0.01)
        keep = order.topk(int(share * covers.shape[-1]), -1).indices
        labels, covers = labels.gather(-1, keep), covers.gather(-1, keep)
        keep = keep.flatten(0, 1)
    n_images = kinds.shape[1]
    prefix = None
    if random.random() < 0.5:
        prefix = 0.02 * torch.randn(random.randrange(5), CONFIG["model_cfg"]["text_cfg"]["width"])
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bool(args.bf16)):
        cls, tokens, memory = model.visual(x, True, keep)
        f = model.encode_text(texts, prefix)
    fn = F.normalize(f, dim=-1)
    # Kinds by linear read-outs of tokens, memory features and class token.
    want = (covers > 0.08).long() * classes[..., None]
    keep = (covers > 0.08) | (covers < 0.01)
    balance = torch.where(covers > 0.08, torch.full_like(covers, args.defect_weight), torch.ones_like(covers))[keep]

    def probe(features, head):
        logits = head(10 * features.view(*covers.shape, -1)[keep])
        return (F.cross_entropy(logits, want[keep], reduction="none") * balance).sum() / balance.sum()

    token_probe = probe(tokens, probes.tokens)
    memory_probe = probe(memory[0], probes.memory[0]) + probe(memory[1], probes.memory[1])
    # The memory branch (METHOD.md section 9): the first picture of a scene is the memory of the others. A defect's
    # tokens should lie far from it, all others near, and so should the farthest token of a picture.
    distance = 0.0
    for r in memory:
        r = r.view(len(scenes), n_images, -1, r.shape[-1])
        near = torch.einsum("sitc,skc->sitk", r[:, 1:], r[:, 0]).max(-1).values
        distance = distance + (1 - near) / 4
    cut = probes.cuts[:, 0].exp()
    seen = keep[:, 1:] & whole[:, 1:, None]
    far = F.binary_cross_entropy_with_logits(cut[0] * (distance - probes.cuts[0, 1]), (covers[:, 1:] > 0.08).float(), reduction="none")
    far_weight = torch.where(covers[:, 1:] > 0.08, torch.full_like(far, args.defect_weight), torch.ones_like(far)) * seen
    bad_image = (kinds[:, 1:] >= 0).float()
    farthest = F.binary_cross_entropy_with_logits(cut[1] * (distance.max(-1).values - probes.cuts[1, 1]), bad_image, reduction="none")
    vad = (far * far_weight).sum() / far_weight.sum() + (farthest * whole[:, 1:]).sum() / whole[:, 1:].sum().clamp(min=1)
    cls_probe = F.cross_entropy(probes.cls(10 * cls), classes.flatten())
    cls, tokens = cls.view(len(scenes), n_images, -1), tokens.view(len(scenes), n_images, tokens.shape[1], -1)
    t = 10.0
    scale = model.logit_scale.clamp(max=math.log(30)).exp()
    state = state_w = kind_loss = kind_n = 0.0
    image_bce, peak, hits, shots = [], [], 0.0, 0.0
    normal_ids, group_of = [], []
    for s, (groups, states, first, has_bg) in enumerate(scenes):
        z, label, cover = tokens[s], labels[s], covers[s]
        pn = fn[[g[0] for g in groups]]
        pa = F.normalize(torch.stack([f[g[1] + g[2]].mean(0) for g in groups]), dim=-1)
        logit = t * (z @ (pa - pn).T)                                    # (I, T, G)
        y = (cover > 0.08).float()
        weight = torch.where(cover > 0.08, torch.full_like(cover, args.defect_weight), (cover < 0.01).float())
        own = F.one_hot(label.clamp(min=0), len(groups)).float() * (label >= 0).float()[..., None]
        gw = 0.25 + 0.75 * own
        gw[..., :2] = 0.5
        bce = F.binary_cross_entropy_with_logits(logit, y[..., None].expand_as(logit), reduction="none")
        w = weight[..., None] * gw
        state = state + (bce * w).sum()
        state_w = state_w + w.sum()
        # The most defective token decides about a picture.
        top = (logit * own).sum(-1) + (own.sum(-1) == 0) * logit[..., 0]
        peak.append(F.binary_cross_entropy_with_logits(cut[2] * (top.max(-1).values - probes.cuts[2, 1]), (kinds[s] >= 0).float()))
        # Which defect: its tokens against the phrases of the scene's states and the normal text.
        bad = (cover > 0.08) & (label >= 0)
        for i in range(n_images):
            m = bad[i]
            k = int(kinds[s, i])
            if k < 0 or not m.any():
                continue
            g = int(label[i][m].mode().values)
            choice = fn[groups[g][1] + [groups[g][0]]]
            kind_loss = kind_loss + F.cross_entropy(t * z[i][m & (label[i] == g)] @ choice.T, torch.full((int((m & (label[i] == g)).sum()),), k))
            kind_n += 1
        image_bce.append(F.binary_cross_entropy_with_logits(t * (cls[s] @ (pa[0] - pn[0])), (kinds[s] >= 0).float()))
        hits += float((((cls[s].detach() @ (pa[0] - pn[0]).detach()) > 0) == (kinds[s] >= 0)).float().sum())
        shots += n_images
        start = len(normal_ids)
        normal_ids += [g[0] for g in groups[2:]]
        group_of.append((start, len(groups) - 2))
    # What is it: normal tokens against the captions and backgrounds of all scenes; equal texts count as one.
    # The sentences on whole scenes stand among the wrong answers, so that a part is matched by its own caption.
    unique, inverse = torch.unique(torch.tensor(normal_ids), return_inverse=True)
    choices = torch.cat([unique, torch.tensor([i for i in {g[k][0] for g, *_ in scenes for k in (0, 1)} if i not in set(normal_ids)])])
    what, what_n = 0.0, 0
    for s in range(len(scenes)):
        m = (covers[s] < 0.01) & (labels[s] >= 2)
        target = inverse[group_of[s][0] + labels[s][m] - 2]
        pick = torch.randperm(len(target))[:160]
        what = what + F.cross_entropy(t * tokens[s][m][pick] @ fn[choices].T, target[pick], reduction="sum")
        what_n += len(pick)
    # CLIP's own loss on the class token: every image against the summaries of all scenes, normal and abnormal.
    image_texts = [i for groups, *_ in scenes for i in [groups[0][0]] + groups[0][1]]
    target, offset = [], 0
    for s, (groups, states, *_) in enumerate(scenes):
        target += [offset + 1 + int(k) if k >= 0 else offset for k in kinds[s]]
        offset += 1 + len(groups[0][1])
    target = torch.tensor(target)
    logits = scale * cls.reshape(-1, cls.shape[-1]) @ fn[image_texts].T
    back = F.one_hot(target, len(image_texts)).float().T
    have = back.sum(1) > 0
    clip = 0.5 * F.cross_entropy(logits, target) + 0.5 * F.cross_entropy(logits.T[have], back[have] / back[have].sum(1, keepdim=True))
    parts = {"state": state / state_w, "what": what / what_n, "kind": kind_loss / max(kind_n, 1), "image": torch.stack(image_bce).mean(), "clip": clip,
             "probe": token_probe, "probe_memory": memory_probe, "probe_cls": cls_probe, "vad": vad, "peak": torch.stack(peak).mean()}
    total = 2 * parts["state"] + 0.5 * parts["what"] + 0.25 * parts["kind"] + parts["image"] + 0.5 * parts["clip"] + token_probe + 0.5 * memory_probe + 0.6 * cls_probe + vad + 0.5 * parts["peak"]
    return total, {**{k: float(v) for k, v in parts.items()}, "image_acc": hits / shots}


def average(tensors, values):
    """Sums tensors' gradients and the numbers over the ranks in one message; gradients become means."""
    flat = torch.cat([(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in tensors] + [torch.tensor(values)])
    torch.distributed.all_reduce(flat)
    ranks, at = torch.distributed.get_world_size(), 0
    for p in tensors:
        p.grad = flat[at:at + p.numel()].view_as(p) / ranks
        at += p.numel()
    return flat[at:].tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--data", required=True, help="the program fgad-demo-train-data")
    parser.add_argument("--out", default=here)
    parser.add_argument("--work", required=True, help="folder of the checkpoint and the log")
    parser.add_argument("--minutes", type=float, default=60, help="training time, resumed runs counted together")
    parser.add_argument("--scenes", type=int, default=6, help="scenes a batch and process")
    parser.add_argument("--images", type=int, default=3, help="images a scene")
    parser.add_argument("--lr", type=float, default=1.2e-3)
    parser.add_argument("--defect-weight", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2, help="data-parallel processes of one thread each")
    parser.add_argument("--bf16", type=int, default=1, help="bfloat16 arithmetic in the towers")
    parser.add_argument("--share", type=float, default=0.5, help="part of the patches that the first part of training looks at")
    parser.add_argument("--share-until", type=float, default=0.7, help="where that part of training ends")
    parser.add_argument("--export", action="store_true", help="write the checkpoint as a model and stop")
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    os.makedirs(args.work, exist_ok=True)
    ranks = 1 if args.export else args.processes
    if ranks > 1:
        meeting = os.path.join(os.path.abspath(args.work), "meeting")
        if args.rank == 0:
            if os.path.exists(meeting):
                os.remove(meeting)
            for r in range(1, ranks):
                subprocess.Popen([sys.executable] + sys.argv + ["--rank", str(r)])
        else:
            time.sleep(3)
        torch.distributed.init_process_group("gloo", init_method="file://" + meeting, rank=args.rank, world_size=ranks)
    values = json.load(open(os.path.join(here, "../../mfsc/vocabulary.json")))
    vocabulary = {k: v + values["extra"].get(k, []) for k, v in values["base"].items()}
    merges = os.path.join(args.out, "merges.txt")
    if args.rank == 0 and not os.path.exists(merges):
        write_merges(merges, vocabulary)
    if ranks > 1:
        torch.distributed.barrier()
    tokenizer = Tokenizer(merges)
    CONFIG["model_cfg"]["text_cfg"]["vocab_size"] = tokenizer.eot + 1
    torch.manual_seed(args.seed)
    model, probes = CLIP(CONFIG), Probes(CONFIG)
    named = list(model.named_parameters()) + list(probes.named_parameters())
    decay = [p for n, p in named if p.ndim >= 2 and "embedding" not in n and n != "cuts"]
    other = [p for n, p in named if not (p.ndim >= 2 and "embedding" not in n and n != "cuts")]
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": other, "weight_decay": 0}], lr=args.lr, betas=(0.9, 0.98))
    checkpoint, step, spent = os.path.join(args.work, "checkpoint.pt"), 0, 0.0
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        probes.load_state_dict(saved["probes"])
        optimiser.load_state_dict(saved["optimiser"])
        step, spent = saved["step"], saved["spent"]

    def export():
        with open(os.path.join(args.out, "open_clip_config.json"), "w") as f:
            json.dump(CONFIG, f, indent=2)
            f.write("\n")
        save_safetensors(os.path.join(args.out, "open_clip_model.safetensors"), model.state_dict(),
                         {"format": "pt", "steps": str(step), "minutes": "%.1f" % (spent / 60), "torch": torch.__version__})

    if args.export:
        return export()
    batches = Batches(args, tokenizer, vocabulary, step * args.scenes * ranks + args.rank, ranks, args.seed)
    random.seed(args.seed + step * ranks + args.rank)
    torch.manual_seed(args.seed + step * ranks + args.rank)
    parameters = [p for _, p in named]
    log = open(os.path.join(args.work, "log.txt"), "a") if args.rank == 0 else None
    mean, last, saved_at = {}, time.time(), time.time()
    while spent < args.minutes * 60:
        progress = spent / (args.minutes * 60)
        rate = args.lr * min(1, (step + 1) / 150) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss, parts = compute_loss(model, probes, batches.next(), args, args.share if progress < args.share_until else 1.0)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        now = time.time()
        spent, last = spent + now - last, now
        if ranks > 1:
            # All ranks go by the clock of the first.
            spent = average(parameters, [spent if args.rank == 0 else 0.0])[0]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        if args.rank != 0:
            continue
        for k, v in parts.items():
            mean[k] = v if k not in mean else 0.98 * mean[k] + 0.02 * v
        if step % 50 == 0:
            line = "%6d %6.1f min %s" % (step, spent / 60, " ".join("%s %.3f" % kv for kv in mean.items()))
            print(line, flush=True)
            log.write(line + "\n")
            log.flush()
        if now - saved_at > 150 or spent >= args.minutes * 60:
            torch.save({"model": model.state_dict(), "probes": probes.state_dict(), "optimiser": optimiser.state_dict(), "step": step,
                        "spent": spent}, checkpoint + ".new")
            os.replace(checkpoint + ".new", checkpoint)
            saved_at = now
    batches.process.kill()
    if args.rank == 0:
        export()


if __name__ == "__main__":
    main()
