"""The memory features as the public towers store them, METHOD.md 12.1, beside what fgad wrote into its feature cache.

    /usr/bin/python3 tests/reference/hooked_tower.py MODEL_FOLDER CHUNK.h5... --root FOLDER [--hooks 2 7]

The tower here is made of PyTorch's own modules. Forward hooks on blocks 2 and 7 keep the tensor that the block returns,
without copying it; the block after it then adds its attention residual to that very tensor, in place. What is kept is
therefore the state of blocks 3 and 8 after attention: fgad's taps 3.attn and 8.attn. Nothing of the other reference scripts
is used. Prints the largest difference of each tap, and with the taps one block later beside it; ends with 1 above 1e-5.
"""
import argparse
import collections
import glob
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import h5py  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from torch import nn  # noqa: E402

TYPES = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}


def weights(folder):
    with open(os.path.join(folder, "open_clip_model.safetensors"), "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        start = file.tell()
        for name, entry in header.items():
            if name.startswith("visual."):
                file.seek(start + entry["data_offsets"][0])
                raw = file.read(entry["data_offsets"][1] - entry["data_offsets"][0])
                values = np.frombuffer(raw, TYPES[entry["dtype"]]).reshape(entry["shape"])
                yield name[len("visual."):], torch.from_numpy(values.astype(np.float32))


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self, width, heads, hidden, quick):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads)
        self.mlp = nn.Sequential(collections.OrderedDict(
            c_fc=nn.Linear(width, hidden), gelu=QuickGELU() if quick else nn.GELU(), c_proj=nn.Linear(hidden, width)))

    def forward(self, x):
        y = self.ln_1(x)
        x += self.attn(y, y, y, need_weights=False)[0]  # in place: what an earlier hook kept changes with it
        return x + self.mlp(self.ln_2(x))


class Visual(nn.Module):
    def __init__(self, config):
        super().__init__()
        v = config["vision_cfg"]
        width, self.size = v["width"], v["image_size"]
        heads, hidden = width // v.get("head_width", 64), int(width * v.get("mlp_ratio", 4))
        self.conv1 = nn.Conv2d(3, width, v["patch_size"], v["patch_size"], bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty((self.size // v["patch_size"]) ** 2 + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList(
            Block(width, heads, hidden, config.get("quick_gelu", False)) for _ in range(v["layers"]))

    def forward(self, image):
        x = self.conv1(image).flatten(2).permute(2, 0, 1)
        x = torch.cat([self.class_embedding.expand(1, x.shape[1], -1), x]) + self.positional_embedding[:, None]
        x = self.ln_pre(x)
        for block in self.transformer.resblocks:
            x = block(x)
        return x


def pixels(path, size):
    image = np.asarray(Image.open(path).convert("RGB").resize((size, size), Image.BICUBIC), np.float32) / 255
    mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    return torch.from_numpy(((image - np.float32(mean)) / np.float32(std)).transpose(2, 0, 1)[None].copy())


def stored_tap(file, name):
    """One array of the images that the cache's file lists; its folder is told from where fgad ran."""
    folder, which = (value.decode() if isinstance(value, bytes) else value for value in (file.attrs["arrays"], file.attrs["array_id"]))
    (path,) = glob.glob(os.path.join(glob.escape(folder), name, f"*-{which}.h5"))
    with h5py.File(path) as array:
        return array[name][()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("chunks", nargs="+")
    parser.add_argument("--root", default="", help="the category's folder of images, in which the paths that the chunks name lie")
    parser.add_argument("--hooks", nargs=2, type=int, default=[2, 7])
    options = parser.parse_args()
    with open(os.path.join(options.model, "open_clip_config.json"), encoding="utf-8") as file:
        visual = Visual(json.load(file)["model_cfg"])
    missing, _ = visual.load_state_dict(dict(weights(options.model)), strict=False)
    assert not missing, missing
    kept = {}

    def keep(block):
        def hook(module, inputs, output):
            kept[block] = output
        return hook

    for block in {*options.hooks, *(block + 1 for block in options.hooks)}:
        visual.transformer.resblocks[block].register_forward_hook(keep(block))
    worst, later, images = np.zeros(2), np.zeros(2), 0
    for name in options.chunks:
        with h5py.File(name) as file:
            taps = [stored_tap(file, f"{block + 1}.attn") for block in options.hooks]
            for row, path in enumerate(file["path"][:]):
                with torch.no_grad():
                    visual(pixels(os.path.join(options.root, path.decode()), visual.size))
                images += 1
                for tap, block in enumerate(options.hooks):
                    stored = taps[tap][row]
                    for differences, at in ((worst, block), (later, block + 1)):
                        rows = nn.functional.normalize(kept[at][1:, 0], dim=-1).numpy()
                        differences[tap] = max(differences[tap], np.abs(rows - stored).max())
    for tap, block in enumerate(options.hooks):
        print(f"{images} images, hook on block {block}: largest difference {worst[tap]:.2e} (on block {block + 1}: {later[tap]:.2e})")
    raise SystemExit(int(worst.max() > 1e-5))


main()
