"""Ten small models as open_clip itself saves them, with what open_clip computes with them: tests/golden/clip/peers/.

    python -m venv --system-site-packages V && V/bin/pip install open_clip_torch ftfy    (torch as the system has it)
    V/bin/python tests/reference/peers.py

One toy of each of the seven shapes of table 5 (their image size and patch; small widths, two or three blocks), one with
QuickGELU, one as CustomTextCLIP, one in fp16. Each folder holds what open_clip's saver for the hub writes, and the merges;
peer-<name>.{txt,bin} hold encode_image (normalised) and encode_text of open_clip's model in double, and open_clip's ids.
release.pt is a checkpoint as open_clip's training leaves them, of the tenth's sister in fp32. The ids of CLIP's own
vocabulary, which tokenizer.py writes, are compared with open_clip's here.
"""
import gzip
import os
import shutil
import tempfile
import warnings

import ftfy
import numpy as np

warnings.filterwarnings("ignore")
import open_clip
import torch
from open_clip.push_to_hf_hub import save_for_hf
from open_clip.tokenizer import SimpleTokenizer

import golden
import tokenizer as plain
import toy_model

PEERS = os.path.join(golden.GOLDEN, "clip", "peers")
MERGES, CONTEXT = 96, 40
# name: embed, image, patch, width, layers, head width; text width, heads, layers; what else the configuration says
SHAPES = {
    "vit-b-32": (20, 224, 32, 16, 2, 8, 16, 2, 2, {}),
    "vit-b-16": (20, 224, 16, 24, 2, 8, 16, 2, 2, {}),
    "vit-b-16-plus": (28, 224, 16, 32, 2, 8, 24, 3, 2, {}),
    "vit-b-16-plus-240": (28, 240, 16, 32, 3, 8, 24, 3, 2, {}),
    "vit-l-14": (24, 224, 14, 24, 3, 8, 24, 3, 2, {}),
    "vit-l-14-336": (24, 336, 14, 24, 3, 8, 24, 3, 2, {}),
    "vit-h-14": (28, 224, 14, 30, 3, 10, 24, 3, 2, {}),
    "quickgelu": (20, 56, 8, 24, 2, 8, 16, 2, 3, {"quick_gelu": True}),
    "customtext": (20, 48, 12, 24, 2, 8, 16, 2, 3, {"custom_text": True}),
    "fp16": (20, 60, 12, 24, 2, 8, 16, 2, 2, {}),
}
TEXTS = ["a photo of a fox", "the bottle\u2019s cap", "A \ufb01ne screw with a bent tip!", "\uff34\uff28\uff25 caf\u00e9 \u2014 10\u00b0",
         "the object has many parts. " * 6, ""]


class Merges:
    """Stands for the tokenizer that open_clip's saver wants to save: leaves the merges."""

    def __init__(self, lines):
        self.lines = lines

    def save_pretrained(self, folder):
        with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8", newline="\n") as file:
            file.write("\n".join(self.lines) + "\n")


def small_tokenizer(lines):
    with tempfile.NamedTemporaryFile(suffix=".gz") as file:
        file.write(gzip.compress("\n".join(lines).encode()))  # a last newline would be a token to open_clip
        file.flush()
        return SimpleTokenizer(file.name, context_length=CONTEXT)


def build(name, vocab):
    embed, image, patch, width, layers, head, text_width, heads, text_layers, more = SHAPES[name]
    config = {"embed_dim": embed,
              "vision_cfg": {"image_size": image, "layers": layers, "width": width, "head_width": head, "patch_size": patch},
              "text_cfg": {"context_length": CONTEXT, "vocab_size": vocab, "width": text_width, "heads": heads, "layers": text_layers},
              **more}
    arguments = {k: v for k, v in config.items() if k != "custom_text"}
    torch.manual_seed(sorted(SHAPES).index(name) + 1)
    model = (open_clip.CustomTextCLIP if "custom_text" in more else open_clip.CLIP)(**arguments).eval()
    with torch.no_grad():  # biases and gains that differ from 0 and 1, positions that are seen
        for key, value in model.named_parameters():
            if value.ndim == 1:
                value += 0.2 * torch.randn_like(value)
            if "positional" in key:
                value *= 10
    open_clip.model.set_model_preprocess_cfg(model, {"mean": toy_mean, "std": toy_std, "interpolation": "bicubic", "resize_mode": "shortest"})
    return model, config


toy_mean, toy_std = open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD


def peer(name, lines, tokenizer):
    model, config = build(name, tokenizer.vocab_size)
    if name == "fp16":
        release(model)
        model.half()
    folder = os.path.join(PEERS, name)
    save_for_hf(model, Merges(lines), config, folder, safe_serialization=True)
    side = config["vision_cfg"]["image_size"]
    pixels = toy_model.uniform(toy_model.rng_key("image", name, 0, 1, "pixels"), (3, side, side), 0.1, 1.0)
    ids = tokenizer(TEXTS)
    model.double()
    with torch.no_grad():
        image = model.encode_image(torch.from_numpy(pixels)[None].double(), normalize=True)[0]
        text = model.encode_text(ids)
    rows = [row[: int(row.argmax()) + 1].numpy() for row in ids]
    blobs = [text.encode("utf-8") for text in TEXTS]
    golden.write(f"clip/peer-{name}", {
        "cls": image.numpy().astype(np.float32),
        "text": text.numpy().astype(np.float32),
        "text_ends": np.cumsum([len(blob) for blob in blobs]).astype(np.int32),
        "texts": np.frombuffer(b"".join(blobs), np.uint8),
        "id_ends": np.cumsum([len(row) for row in rows]).astype(np.int32),
        "ids": np.concatenate(rows).astype(np.int32),
    }, "peers.py", [torch, open_clip, ftfy])
    size = sum(os.path.getsize(os.path.join(folder, file)) for file in os.listdir(folder))
    print(f"{name}: {size / 1e3:.0f} kB, {sorted(os.listdir(folder))}")
    return size


def release(model):
    """What open_clip's training saves after an epoch, from a model that DistributedDataParallel wraps."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-4, betas=(0.9, 0.98), eps=1e-6)
    state = {"module." + key: value for key, value in model.state_dict().items()}
    scaler = {"scale": 65536.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2000, "_growth_tracker": 0}
    torch.save({"epoch": 32, "name": "2026_peer", "state_dict": state, "optimizer": optimiser.state_dict(), "scaler": scaler},
               os.path.join(PEERS, "release.pt"))
    arrays = {key: value.numpy() for key, value in model.state_dict().items()}
    digest = np.frombuffer(b"".join(arrays[key].tobytes() for key in sorted(arrays)), np.uint8)
    with open(os.path.join(PEERS, "release.sha256"), "w") as file:
        import hashlib
        file.write(hashlib.sha256(digest.tobytes()).hexdigest() + "\n")


def compare_vocabulary():
    """tokenizer.py's own ids of CLIP's vocabulary are open_clip's."""
    theirs = SimpleTokenizer()
    ours = plain.Tokenizer(plain.read_merges(open_clip.tokenizer.default_bpe(), 49408))
    texts = plain.captions() + plain.AWKWARD
    for text in texts:
        row = ([theirs.sot_token_id] + theirs.encode(text) + [theirs.eot_token_id])[:77]
        row[-1] = theirs.eot_token_id
        assert row == ours.encode(text), text
    print(f"{len(texts)} strings: tokenizer.py's ids are open_clip {open_clip.__version__}'s")


def main():
    shutil.rmtree(PEERS, ignore_errors=True)
    os.makedirs(PEERS)
    with open(plain.SMALL, encoding="utf-8") as file:
        lines = file.read().split("\n")[: MERGES + 1]
    tokenizer = small_tokenizer(lines)
    assert tokenizer.vocab_size == 514 + MERGES
    sizes = [peer(name, lines, tokenizer) for name in SHAPES]
    print(f"{sum(sizes) / 1e6:.2f} MB in ten folders, release.pt {os.path.getsize(os.path.join(PEERS, 'release.pt')) / 1e3:.0f} kB")
    compare_vocabulary()


if __name__ == "__main__":
    main()
