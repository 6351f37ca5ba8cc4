#!/usr/bin/env python3
"""Figures of a demo-clip on the demo set without learning, by METHOD.md sections 1, 2, 3, 5, 9 and 10 in PyTorch/numpy.

    python3 tests/reference/demo_clip_eval.py --demo OUT [--model datasets/models/demo-clip] [--shots 4] [--seeds 2]

Prints image and pixel AUROC of VAD alone, PAD alone and fused. The draws (shots, replaced values) are this script's
own, so the figures agree with fgad's in size, not in every digit. Uses the towers and the tokenizer of train.py.
"""
import argparse
import glob
import json
import os
import random
import re
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def load_image(path, size):
    x = np.asarray(Image.open(path).convert("RGB").resize((size, size), Image.BICUBIC), np.float32) / 255
    x = (x - np.array([0.48145466, 0.4578275, 0.40821073])) / np.array([0.26862954, 0.26130258, 0.27577711])
    return torch.from_numpy(x.astype(np.float32)).permute(2, 0, 1)


def substitute(text, old, new, count=1):
    return re.sub(r"(?<![\w-])%s(?![\w-])" % re.escape(old), lambda _: new, text, count=count)


def states_of(caption, group):
    """The abnormal states that can befall a group: all of its own, and those of no group in particular but for the background."""
    for state in caption["abnormal_states"]:
        if isinstance(state, str):
            if group != "background":
                yield state
        elif group in state["of"]:
            yield state["state"]


def groups_of(caption, vocabulary, rng, n_ahp=8):
    """[(name, normal text, abnormal texts)] of METHOD.md section 5."""
    image, fore = caption["image"], caption["foreground"]
    attributes = [(k, v) for c in caption["components"] for k, v in c["attributes"].items()]
    places = [(k, c[k]) for c in fore["components"] for k in ("number", "location") if k in c]
    out = [("image", image["summary"], image["foreground"], attributes),
           ("foreground", fore["relation"], image["foreground"], places)]
    if image["background"] != "none":
        out.append(("background", image["background"] + " background", image["background"], []))
    out += [(c["name"], c["caption"], c["name"], list(c["attributes"].items())) for c in caption["components"]]
    result = []
    for name, text, noun, values in out:
        abnormal = [substitute(text, noun, s.format(noun)) for s in states_of(caption, name)] or ["damaged " + noun]
        swaps = []
        for key, value in values:
            others = [v for v in vocabulary[key] if v != value]
            new = substitute(text, value, rng.choice(others) if others else "not " + value)
            if new != text:
                swaps.append(new)
        rng.shuffle(swaps)
        result.append((name, text, (abnormal + swaps)[:n_ahp]))
    return result


def upsample(maps, size):
    big = F.interpolate(torch.from_numpy(maps)[:, None].float(), (size, size), mode="bilinear", align_corners=False)[:, 0].numpy()
    return np.stack([gaussian_filter(m, size / 100, mode="reflect", truncate=4.0) for m in big])


def evaluate(model, train, tokenizer, folder, caption, vocabulary, shots, seed, detail, full):
    rng = random.Random(seed)
    size = model.size
    paths = sorted(glob.glob(os.path.join(folder, "train/good/*.png")))
    support = rng.sample(paths, shots)
    tests = sorted(glob.glob(os.path.join(folder, "test/*/*.png")))
    labels = np.array(["/good/" not in t for t in tests])
    masks = np.zeros((len(tests), full, full), bool)
    for i, t in enumerate(tests):
        if labels[i]:
            m = np.asarray(Image.open(t.replace("/test/", "/ground_truth/").replace(".png", "_mask.png"))) > 127
            masks[i] = np.asarray(Image.fromarray(m.astype(np.uint8)).resize((full, full), Image.NEAREST)) > 0
    with torch.no_grad():
        _, _, memory = model.visual(torch.stack([load_image(p, size) for p in support]), True)
        cls, z, taps = model.visual(torch.stack([load_image(p, size) for p in tests]), True)
        groups = groups_of(caption, vocabulary, rng)
        normal, abnormal = [], []
        for _, text, others in groups:
            normal.append(F.normalize(model.encode_text([tokenizer(text)])[0], dim=0))
            abnormal.append(F.normalize(torch.cat([model.encode_text([tokenizer(o)]) for o in others]).mean(0), dim=0))
        pn, pa, t = torch.stack(normal), torch.stack(abnormal), float(model.logit_scale)
        score = torch.sigmoid(t * (z @ (pa - pn).T))
        best = (z @ pn.T).argmax(-1)
        mhat = score.gather(-1, best[..., None])[..., 0]
        mp = mhat * score[..., 0].softmax(-1) * mhat.shape[1]
        s_image = torch.sigmoid(t * (cls @ (pa[0] - pn[0]))).numpy()
        mv = sum((1 - torch.stack([(r @ m.reshape(-1, m.shape[-1]).T).max(-1).values for r in tap])) / 2 for tap, m in zip(taps, memory)) / 2
    mv, mp = mv.numpy(), mp.numpy()
    fused = 1 / (1 / np.maximum(mv, 1e-12) + 1 / np.maximum(mp, 1e-12))
    g = int(round(mv.shape[1] ** 0.5))
    out = {}
    for name, maps in (("vad", mv), ("pad", mp), ("fused", fused)):
        big = upsample(maps.reshape(-1, g, g), full)
        peak = big.max((1, 2))
        image = peak if name == "vad" else 1 / (1 / np.maximum(peak, 1e-12) + 1 / s_image)
        out[name] = (roc_auc_score(labels, image), roc_auc_score(masks.ravel(), big.ravel()))
        if detail:
            for d in sorted({t.split("/")[-2] for t in tests}):
                pick = np.array([t.split("/")[-2] in (d, "good") for t in tests])
                if d != "good":
                    print("      %-6s %-18s image %.3f pixel %.3f" % (name, d, roc_auc_score(labels[pick], image[pick]),
                                                                   roc_auc_score(masks[pick].ravel(), big[pick].ravel())))
    out["s_image"] = (roc_auc_score(labels, s_image), float("nan"))
    if detail:
        for i, (name, *_) in enumerate(groups):
            print("      group %-12s share %.2f cos(pn,pa) %.2f" % (name, float((best == i).float().mean()), float(pn[i] @ pa[i])))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--demo", required=True, help="folder of the generated demo set")
    parser.add_argument("--model", default=os.path.join(ROOT, "datasets/models/demo-clip"))
    parser.add_argument("--shots", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resolution", type=int, default=400, help="maps are compared at this size, sigma = size / 100")
    parser.add_argument("--checkpoint", help="a checkpoint of train.py in place of the model's weights")
    parser.add_argument("--detail", action="store_true", help="figures of every kind of defect and group")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    sys.path.insert(0, os.path.join(ROOT, "datasets/models/demo-clip"))
    import train
    with open(os.path.join(args.model, "open_clip_config.json")) as f:
        config = json.load(f)
    model = train.CLIP(config).eval()
    model.size = config["model_cfg"]["vision_cfg"]["image_size"]
    weights = torch.load(args.checkpoint)["model"] if args.checkpoint else \
        train.load_safetensors(os.path.join(args.model, "open_clip_model.safetensors"))
    model.load_state_dict(weights)
    tokenizer = train.Tokenizer(os.path.join(args.model, "merges.txt"))
    with open(os.path.join(ROOT, "datasets/mfsc/vocabulary.json")) as f:
        vocabulary = json.load(f)["base"]
    total = {}
    for folder in sorted(glob.glob(os.path.join(args.demo, "*"))):
        category = os.path.basename(folder)
        with open(os.path.join(ROOT, "datasets/mfsc/demo", category + ".json")) as f:
            caption = json.load(f)
        runs = [evaluate(model, train, tokenizer, folder, caption, vocabulary, args.shots, s, args.detail and s == 0, args.resolution) for s in range(args.seeds)]
        line = []
        for k in runs[0]:
            mean = np.mean([r[k] for r in runs], axis=0)
            total.setdefault(k, []).append(mean)
            line.append("%s %.3f/%.3f" % (k, mean[0], mean[1]))
        print("%-14s %s" % (category, "  ".join(line)))
    print("%-14s %s" % ("MEAN", "  ".join("%s %.3f/%.3f" % (k, *np.mean(v, axis=0)) for k, v in total.items())))


if __name__ == "__main__":
    main()
