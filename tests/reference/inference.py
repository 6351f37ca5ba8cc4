"""The whole inference of a finished task once more, by another road: images, captions and the model are read here, with
PIL, PyTorch (double), scipy and scikit-learn; only the options, the drawn shots, the drawn replacements of values and
learned parameters come from the task file. Compares prompts, anchors, maps and AUROCs with what fgad stored.

    /usr/bin/python3 tests/reference/inference.py TASK.h5...      from the folder where fgad ran (paths may be relative)
    ... --golden NAME    also writes this script's maps of one task to tests/golden/NAME.* (the towers of this script, not fgad's)

Ends with 1 when a map differs by more than 1e-4, an AUROC by 5e-5 or more, a prompt or a matched group at all (a group may
differ where two are equally near, within 1e-5).
"""
import argparse
import json
import os
import re
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import PIL  # noqa: E402
import scipy  # noqa: E402
import sklearn  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from PIL import Image  # noqa: E402
from scipy.ndimage import gaussian_filter  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

import golden  # noqa: E402
import heads  # noqa: E402
from resize import opencv  # noqa: E402
from tokenizer import Tokenizer, read_merges  # noqa: E402
from toy_model import Tower  # noqa: E402

MEAN, STD = np.array([0.48145466, 0.4578275, 0.40821073]), np.array([0.26862954, 0.26130258, 0.27577711])
ATTRIBUTES = ("color", "texture", "shape", "material", "direction", "number", "location")
MAP_TOLERANCE, AUROC_TOLERANCE, TIE = 1e-4, 5e-5, 1e-5


# ---- Model and images -----------------------------------------------------------------------------------------------
def read_safetensors(path):
    raw = np.memmap(path, np.uint8, "r")
    size = int(raw[:8].view("<u8")[0])
    tensors = {}
    for name, entry in json.loads(bytes(raw[8 : 8 + size])).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        data = np.frombuffer(raw[begin:end].tobytes(), {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}[entry["dtype"]])
        if entry["dtype"] == "BF16":
            data = (data.astype("<u4") << 16).view("<f4")
        tensors[name] = torch.from_numpy(data.astype(np.float64).reshape(entry["shape"]))
    return tensors


class Model:
    def __init__(self, folder):
        with open(os.path.join(folder, "open_clip_config.json"), encoding="utf-8") as file:
            config = json.load(file)["model_cfg"]
        vision, text = config["vision_cfg"], config["text_cfg"]
        self.tower = Tower.__new__(Tower)
        self.tower.w = read_safetensors(os.path.join(folder, "open_clip_model.safetensors"))
        self.tower.p = {
            "image_size": vision["image_size"], "patch": vision["patch_size"], "width": vision["width"], "layers": vision["layers"],
            "head_width": vision.get("head_width", 64), "text_heads": text["heads"], "text_layers": text["layers"],
            "quick_gelu": config.get("quick_gelu", False),
        }
        self.context, self.vocab = text.get("context_length", 77), text["vocab_size"]
        self.S, self.h = vision["image_size"], vision["image_size"] // vision["patch_size"]
        self.tokenizer = Tokenizer(read_merges(os.path.join(folder, "merges.txt"), self.vocab))
        self.embedding = self.tower.w["token_embedding.weight"]

    def image(self, path, taps, first=0, bgr=False):
        return self.pixels(read_picture(path, first, bgr).resize((self.S, self.S), Image.BICUBIC), taps)

    def pixels(self, picture, taps):
        pixels = (np.asarray(picture, np.float64) / 255 - MEAN) / STD
        return self.tower.image(torch.from_numpy(pixels.transpose(2, 0, 1).copy()), taps)


def read_picture(path, first=0, bgr=False):
    """first: a size that it goes through by OpenCV's bilinear; bgr: with its channels swapped."""
    pixels = np.asarray(Image.open(path).convert("RGB"))
    pixels = opencv(pixels, first) if first else pixels
    return Image.fromarray(np.ascontiguousarray(pixels[..., ::-1] if bgr else pixels))


def read_taps(text):
    """[(block, after its MLP)] of a task file's option, where the taps stand resolved."""
    return [(int(block), kind == "mlp") for block, kind in (name.split(".") for name in text.strip("[]").split(", "))]


# ---- Prompts, METHOD.md 4 and 5 -------------------------------------------------------------------------------------
def whole_words(sentence, text):
    """Where `text` stands in `sentence` with no letter, digit or hyphen on either side."""
    return [m.start() for m in re.finditer(r"(?<![a-z0-9-])" + re.escape(text) + r"(?![a-z0-9-])", sentence)]


def noun_place(sentence, noun, others):
    """The first place of the noun that no longer noun or value covers."""
    covered = set()
    for other in others:
        if len(other) > len(noun):
            for at in whole_words(sentence, other):
                covered.update(range(at, at + len(other)))
    return next(at for at in whole_words(sentence, noun) if not covered & set(range(at, at + len(noun))))


class Group:
    """name, body, noun and its place, whether that is a plural, the name by which states know it, and the values [(attribute,
    text, component)] that may be replaced in the body: numbers with their noun behind them, locations with "the" before."""

    def __init__(self, name, body, noun, values, others=(), known="foreground", plural=False):
        self.name, self.body, self.noun, self.known, self.plural = name, body, noun, known, plural
        self.at = noun_place(body, noun, [*others, *(text for _, text, _ in values)])
        self.values = [value for value in values if self.places(*value)]
        self.component = False

    def places(self, attribute, text, component):
        at = whole_words(self.body, text)
        if attribute == "number":
            at = [a for a in at if any(name > a for name in whole_words(self.body, component["name"]))]
        if attribute == "location":
            at = [a for a in at if PREPOSITION.search(self.body[:a])]
        return at

    def befalls(self, state):
        if isinstance(state, str):
            return self.known != "background"
        return self.known in state["of"]

    def applied(self, state):
        text = state if isinstance(state, str) else state["state"]
        text = re.sub(r"(\w+)\|(\w+)", r"\2" if self.plural else r"\1", text.replace("{}", self.noun))
        return right_article(self.body[: self.at], text) + self.body[self.at + len(self.noun) :]

    def replaced(self, attribute, text, component, other, prepositions):
        """All bodies with the value replaced by another: one a place where it stands."""
        out = []
        for at in self.places(attribute, text, component):
            head, tail = self.body[:at], self.body[at + len(text) :]
            if attribute == "location" and other in prepositions:
                head = PREPOSITION.sub("", head) + prepositions[other] + " the "
            if attribute == "number" and text == "one" and other != "no":
                plural = component.get("plural", component["name"] + "s")
                head, tail = (re.sub(r"(?<![a-z0-9-])" + re.escape(component["name"]) + r"(?![a-z0-9-])", plural, part) for part in (head, tail))
            out.append(right_article(head, other) + tail)
        return out


PREPOSITION = re.compile(r"(all )?\b(in|on|at|over|across|along|around|through|near|towards) the ((whole|entire|very) )?$")


def right_article(head, text):
    """head + text, with the article that ends the head put right ("a orange")."""
    article = re.search(r"(?:^| )(an?) $", head)
    if article:
        head = head[: article.start(1)] + ("an " if text[0] in "aeiou" else "a ")
    return head + text


def make_groups(caption, image_only, with_foreground=True):
    image, foreground = caption["image"], caption["foreground"]
    every, own, names = [], [], [c["name"] for c in caption["components"]]
    for place, component in zip(foreground["components"], caption["components"]):
        values = [*component["attributes"].items(), ("number", place["number"]), *([("location", place["location"])] if "location" in place else [])]
        values = [(attribute, text, place) for attribute, text in values]
        own.append(values)
        every += values
    groups = [Group("image", image["summary"], image["foreground"], every, [*names, image["background"]])]
    if image_only:
        return groups
    if with_foreground:
        groups.append(Group("foreground", foreground["relation"], image["foreground"], every, names))
    if image["background"] != "none":
        phrase = image["background"] + " background"
        groups.append(Group("background", phrase, phrase, [], known="background"))
    for place, component, values in zip(foreground["components"], caption["components"], own):
        others = [name for name in [image["foreground"], *names] if name not in [text for _, text, _ in values]]
        name, plural = component["name"], place["number"] != "one"
        group = Group(name, component["caption"], name, values, others, known=name, plural=plural)
        group.component = True
        groups.append(group)
    return groups


def others_of(attribute, value, caption, vocabulary):
    """What may be drawn for a value: base values and the caption's own, but for itself and its synonyms."""
    parts = set(re.split(r" (?:and|or|with) ", value))
    sets = [set(words) for words in vocabulary.get("synonyms", {}).get(attribute, [])]
    same = parts.union(*(words for words in sets if words & parts))
    if attribute == "number" and value != "one":
        same.add("one")
    words = vocabulary["base"][attribute] + caption.get("values", {}).get(attribute, [])
    return [word for word in words if word not in same] or ["not " + value]


def is_replacement(text, group, caption, vocabulary):
    """Whether `text` is the body with one value replaced by another of the vocabulary; returns the value replaced."""
    for attribute, value, component in group.values:
        for other in others_of(attribute, value, caption, vocabulary):
            bodies = group.replaced(attribute, value, component, other, vocabulary.get("prepositions", {}))
            if text in bodies:
                return attribute, value, group.places(attribute, value, component)[bodies.index(text)]
    return None


def check_learnable(text, group, reach, insert=False):
    """The body with values as [a1], [a2], ...; or one insertion before the noun when no value begins within `reach` tokens."""
    pieces = re.split(r"\[a\d+\]", text)
    if insert or not any(reach(group.body[:at]) for value in group.values for at in group.places(*value)):
        return len(pieces) == 2 and pieces[0] == group.body[: group.at] and pieces[1] == " " + group.body[group.at :]
    match = re.fullmatch("(.+)".join(re.escape(piece) for piece in pieces), group.body)
    return match is not None and all(found in [text for _, text, _ in group.values] for found in match.groups())


class Head:
    """Prompts of one head: texts checked against the caption, ids made here, features of the text tower."""

    def __init__(self, file, name, groups, caption, vocabulary, options, model, complain):
        self.groups, self.complain, self.model = groups, complain, model
        self.stored = file["prompts/" + name]
        self.learn = options["learn"] == "true"
        self.n_ctx, self.n_ctx_ab = (int(options["n_ctx"]), int(options["n_ctx_ab"])) if self.learn else (0, 1)
        self.copies = int(options[name + ".n_pro"]) if self.learn else 1
        self.n_ab = int(options["n_ab"]) if self.learn else 0
        self.n_ahp, self.order = int(options["n_ahp"]), options["ahp_order"]
        self.n_ahp_component, self.insert = int(options["n_ahp_component"]) or self.n_ahp, options["alp"] == "insert"
        self.table = None
        if self.learn:
            flat = self.parameters()
            vector, gate = self.stored["params/slot_vector"][:], self.stored["params/slot_gate"][:]
            D = model.embedding.shape[1]
            rows = [flat[v : v + D] * (torch.sigmoid(flat[g]) if g >= 0 else 1.0) for v, g in zip(vector, gate)]
            self.table = torch.stack(rows)
        if len(self.stored["groups"]) != len(groups):
            complain(f"{name} head: {len(self.stored['groups'])} groups are stored, {len(groups)} expected")
        self.f, self.count, self.cut = [], 0, 0
        for g, group in enumerate(groups):
            self.f.append(self.features(self.stored[f"groups/{g}"], group, caption, vocabulary))
        self.normal = torch.stack([F.normalize(f["NHP"].mean(0), dim=0) for f in self.f])
        self.abnormal = torch.stack([F.normalize(torch.cat([f["AHP"], f["ALP"]]).mean(0), dim=0) for f in self.f])

    def expect_texts(self, texts, group, caption, vocabulary):
        prefix = f"[V]x{self.n_ctx} " if self.n_ctx else ""
        bare = {kind: [text[len(prefix) :] for text in rows] for kind, rows in texts.items()}
        if any(not text.startswith(prefix) for rows in texts.values() for text in rows):
            self.complain(f"group {group.name}: a prompt without its prefix '{prefix}'")
        if bare["NHP"] != [group.body] * self.copies:
            self.complain(f"group {group.name}: NHP {bare['NHP']}, expected '{group.body}'")
        abnormal = bare["AHP"][:: self.copies]
        if bare["AHP"] != [text for text in abnormal for _ in range(self.copies)]:
            self.complain(f"group {group.name}: copies of AHP are not beside each other")
        normal_ids = self.model.tokenizer.encode(group.body, self.model.context - self.n_ctx)
        wanted = [group.applied(state) for state in caption["abnormal_states"] if group.befalls(state)]
        if not wanted and not group.values:
            wanted = [right_article(group.body[: group.at], "damaged " + group.noun) + group.body[group.at + len(group.noun) :]]
        visible = [t for t in wanted if self.model.tokenizer.encode(t, self.model.context - self.n_ctx) != normal_ids]
        values = [is_replacement(text, group, caption, vocabulary) for text in abnormal]
        said = [text for text, value in zip(abnormal, values) if value is None]
        replaced = [value for value in values if value is not None]
        if len(set(said)) < len(said) or not set(said) <= set(visible):
            self.complain(f"group {group.name}: AHP by states {said} are not of {visible}")
        if len(set(replaced)) < len(replaced):
            self.complain(f"group {group.name}: a value is replaced twice in {abnormal}")
        # A kind goes on alone only when the other is used up; which values a cut text still shows is not known here.
        turns = [value is None for value in values]
        if self.order == "alternate":
            turned = min(len(said), len(replaced))
            if turns[: 2 * turned] != [False, True] * turned:
                self.complain(f"group {group.name}: AHP do not take turns: {abnormal}")
        elif turns != sorted(turns, reverse=self.order == "states"):
            self.complain(f"group {group.name}: AHP are not in the order '{self.order}': {abnormal}")
        if self.order == "states" and said != visible[: len(said)]:
            self.complain(f"group {group.name}: states {said} are not in the caption's order")
        # With room left, every value that the body holds must have been replaced, and every state said.
        most = self.n_ahp_component if group.component else self.n_ahp
        if len(abnormal) > most:
            self.complain(f"group {group.name}: {len(abnormal)} AHP, at most {most} expected")
        if len(abnormal) < most and len(visible) == len(wanted):
            missing = {value for _, value, _ in group.values if value != group.noun} - {r[1] for r in replaced}
            if (missing or len(said) < len(visible)) and not self.cut:
                self.complain(f"group {group.name}: nothing replaces {missing}, {len(said)} of {len(visible)} states are said")
        room = self.model.context - 2 - self.n_ctx
        reach = lambda head: len(self.model.tokenizer.pieces(head)) < room  # noqa: E731
        if len(bare["ALP"]) != self.n_ab * self.copies or not all(check_learnable(text, group, reach, self.insert) for text in bare["ALP"]):
            self.complain(f"group {group.name}: ALP {bare['ALP']}")

    def expect_ids(self, text, ids, slots, copy):
        """Ids made from the text here; -1 where the file must name a slot. The slots themselves are the file's."""
        tokenizer, context = self.model.tokenizer, self.model.context
        text = text[len(f"[V]x{self.n_ctx} ") :] if self.n_ctx else text
        mine = [tokenizer.vocab - 2] + [-1] * self.n_ctx
        for i, piece in enumerate(re.split(r"\[a\d+\]", text)):
            mine += ([-1] * self.n_ctx_ab if i else []) + tokenizer.pieces(piece)
        mine = mine[: context - 1] + [tokenizer.vocab - 1]
        self.cut += len(mine) == context
        if mine != ids.tolist() or [s >= 0 for s in slots] != [i < 0 for i in mine]:
            self.complain(f"'{text}': ids {ids.tolist()}, expected {mine}")
        if self.n_ctx and slots[1 : 1 + self.n_ctx].tolist() != [copy * self.n_ctx + k for k in range(self.n_ctx)]:
            self.complain(f"'{text}': V is slots {slots[1 : 1 + self.n_ctx]}, copy {copy}")
        return mine

    def features(self, stored, group, caption, vocabulary):
        kinds = [kind.decode() for kind in stored["kind"][:]]
        texts = {kind: [] for kind in ("NHP", "AHP", "ALP")}
        out = {kind: [] for kind in texts}
        if stored.attrs["name"] != group.name:
            self.complain(f"group '{stored.attrs['name']}' stands where '{group.name}' is expected")
        for p, kind in enumerate(kinds):
            length, text = stored["length"][p], stored["text"][p].decode()
            slots = stored["slots"][p][:length]
            ids = self.expect_ids(text, stored["token_ids"][p][:length], slots, stored["copy"][p])
            rows = [self.model.embedding[i] if i >= 0 else self.table[s] for i, s in zip(ids, slots)]
            with torch.no_grad():
                out[kind].append(self.model.tower.text(torch.stack(rows)))
            texts[kind].append(text)
            self.count += 1
        self.expect_texts(texts, group, caption, vocabulary)
        empty = torch.zeros(0, self.model.tower.w["text_projection"].shape[1], dtype=torch.float64)
        return {kind: torch.stack(rows) if rows else empty for kind, rows in out.items()}

    def parameters(self):
        return torch.from_numpy(self.stored["params/final"][:].astype(np.float64))

    def bisector(self):
        return F.normalize(self.normal + self.abnormal, dim=1)

    def query_keys(self):
        """The query former's forward from its stored parameters, with torch's own attention."""
        G, E = self.normal.shape
        stored = self.stored["query_former"]
        if "params" not in stored:
            sys.exit("the query former's weights are not stored (hint: run the job with -s query_former.keep=true)")
        flat = torch.from_numpy(stored["params"][:].astype(np.float64))
        part = {}
        for name, offset, (rows, columns) in zip(stored["table/name"][:], stored["table/offset"][:], stored["table/shape"][:]):
            part[name.decode()] = flat[offset : offset + rows * columns].reshape(rows, columns)
        heads = next(h for h in range(8, 0, -1) if E % h == 0)
        sides = []
        for side, anchors in (("normal", self.normal), ("abnormal", self.abnormal)):
            attention = torch.nn.MultiheadAttention(E, heads, dtype=torch.float64)
            for key, value in attention.named_parameters():
                value.data = part[f"{side}.{key}"].reshape(value.shape)
            with torch.no_grad():
                sides.append(attention(part["query"], anchors, anchors, need_weights=False)[0])
        return F.normalize(F.linear(torch.cat(sides, 1), part["proj.weight"], part["proj.bias"].reshape(-1)), dim=1)


# ---- One task -------------------------------------------------------------------------------------------------------
def harmonic(a, b):
    return 1 / (1 / np.maximum(a, 1e-12) + 1 / np.maximum(b, 1e-12))


def upsample(maps, R):
    return F.interpolate(torch.from_numpy(maps)[:, None], size=(R, R), mode="bilinear", align_corners=False)[:, 0].numpy()


class Task:
    def __init__(self, path):
        self.path, self.problems = path, []
        self.file = heads.Task(path)
        self.options = {k: str(v) for k, v in self.file["options"].attrs.items()}
        self.dataset, self.category = self.file.attrs["dataset"], self.file.attrs["category"]
        roots = dict(pair.split(": ") for pair in self.options["roots"].strip("{}").split(", ") if pair)
        self.root = os.path.join(roots.get(self.dataset, os.path.join(self.options["data_root"], self.dataset)), self.category)
        self.names = [name.decode() for name in self.file["maps/path"][:]]
        self.model = Model(self.options["model"])
        self.branches = self.options["branches"].strip("[]").split(", ")
        self.heads = self.options["heads"].strip("[]").split(", ") if "pad" in self.branches else []

    def complain(self, line):
        self.problems.append(line)

    def prompts(self):
        assets = self.options["assets"]
        with open(os.path.join(assets, "mfsc", self.dataset, self.category + ".json"), encoding="utf-8") as file:
            caption = json.load(file)
        with open(os.path.join(assets, "mfsc", "vocabulary.json"), encoding="utf-8") as file:
            vocabulary = json.load(file)
        groups = make_groups(caption, self.options["groups"] == "[image]", "foreground" in self.options["groups"])
        heads = {}
        for name in self.heads:
            # Handcrafted prompts are the same for both heads: the file holds them once.
            stored = name if "prompts/" + name in self.file else self.file.names()[0]
            heads[name] = self.make_head(name, stored, groups, caption, vocabulary, self.options, self.model, self.complain)
        return heads

    def make_head(self, name, stored, *arguments):
        return Head(self.file, stored, *arguments)

    def pad(self, head, tokens, t):
        """Mhat, s_image, M_p, and how near the second-best group is."""
        retrieval = self.options["retrieval"]
        former = retrieval == "query_former" or (retrieval == "auto" and head.learn)
        keys = head.query_keys() if former else head.bisector() if retrieval == "bisector" else head.normal
        s = torch.sigmoid(t * (tokens @ (head.abnormal - head.normal).T)).numpy()  # e^{ta} / (e^{tn} + e^{ta})
        match = (tokens @ keys.T).numpy()
        group = match.argmax(1)
        hat = s[np.arange(len(s)), group] if self.options["token_wise"] == "true" else s.mean(1)
        weight = np.exp(s[:, 0]) / np.exp(s[:, 0]).sum()
        factor = {"mean1": len(s) * weight, "literal": weight, "off": 1.0}[self.options["reweight"]]
        return hat, s[:, 0], factor * hat, group, match

    def picture(self, name, taps, test):
        bgr = test and self.options["test_channels"] == "bgr"
        return self.model.image(os.path.join(self.root, name), taps, int(self.options["pre_resize"]), bgr)

    def vad(self, features, bank):
        return np.mean([((1 - features[f"memory{tap + 1}"] @ torch.cat(bank[tap]).T) / 2).min(1)[0].numpy() for tap in range(2)], 0)

    def fuse(self, M_v, M_p, scales):
        rule = self.options["fusion"]
        if rule == "arithmetic":
            return (M_v + M_p) / 2
        if rule == "geometric":
            return np.sqrt(np.maximum(M_v, 1e-12) * np.maximum(M_p, 1e-12))
        return (M_v / scales[0] + M_p / scales[1]) / 2 if rule == "standard" else harmonic(M_v, M_p)

    def temperature(self):
        stored = float(self.model.tower.w["logit_scale"]) if "logit_scale" in self.model.tower.w else np.log(1 / 0.07)
        scale = self.options["logit_scale"]
        return {"raw": stored, "exp": np.exp(stored)}[scale] if scale in ("raw", "exp") else float(scale)

    def infer(self):
        taps = read_taps(self.options["memory_taps"])
        t = self.temperature()
        heads = self.prompts()
        bank = [[], []]
        supports = []
        if "vad" in self.branches:
            for name in self.file["support/path"][:]:
                features = self.picture(name.decode(), taps, False)
                supports.append(features)
                for tap in range(2):
                    bank[tap].append(features[f"memory{tap + 1}"])
        scales = None
        if self.options["fusion"] == "standard" and "pixel" in heads and len(supports) > 1:
            # Each branch on the support images, the memory without the image itself.
            alone = [self.vad(image, [[b for i, b in enumerate(rows) if i != k] for rows in bank]) for k, image in enumerate(supports)]
            prompt = [self.pad(heads["pixel"], image["tokens"], t)[2] for image in supports]
            scales = [np.quantile(np.concatenate(values), 0.95) for values in (alone, prompt)]
        out = {key: [] for key in ("M_v", "Mhat_p", "s_image", "M_p", "M_pix", "group", "match", "S_i", "M_img")}
        for name in self.names:
            features = self.picture(name, taps, True)
            M_v = M_p = None
            if bank[0]:
                M_v = self.vad(features, bank)
                out["M_v"].append(M_v)
            if "pixel" in heads:
                hat, s_image, M_p, group, match = self.pad(heads["pixel"], features["tokens"], t)
                for key, value in (("Mhat_p", hat), ("s_image", s_image), ("M_p", M_p), ("group", group), ("match", match)):
                    out[key].append(value)
            M_pix = self.fuse(M_v, M_p, scales) if M_v is not None and M_p is not None else M_v if M_p is None else M_p
            out["M_pix"].append(M_pix)
            entering = M_v if self.options["image_map"] == "vad" and M_v is not None else M_pix
            if self.options["image_max"] == "resized":
                entering = upsample(entering.reshape(1, self.model.h, self.model.h), int(self.options["resolution"]))
            largest = entering.max()
            if "image" in heads:
                head = heads["image"]
                g = 0
                if self.options["class_token"] == "matched":
                    closed = self.options["retrieval"] in ("query_former", "bisector") or (self.options["retrieval"] == "auto" and head.learn)
                    g = int((head.bisector() if closed else head.normal).mv(features["cls"]).argmax())
                S = float(torch.sigmoid(t * (features["cls"] @ (head.abnormal[g] - head.normal[g]))))
                out["S_i"].append(S)
                largest = (largest + S) / 2 if self.options["image_fusion"] == "arithmetic" else harmonic(largest, S)
            out["M_img"].append(largest)
        h = self.model.h
        arrays = {key: np.array(value) for key, value in out.items() if value}
        for key in ("M_v", "Mhat_p", "s_image", "M_p", "M_pix", "group"):
            if key in arrays:
                arrays[key] = arrays[key].reshape(-1, h, h)
        self.heads_made = heads
        return arrays

    def aurocs(self, arrays):
        R, sigma = int(self.options["resolution"]), float(self.options["sigma"])
        labels, truth = [], []
        for name in self.names:
            defect, stem = name.split("/")[1], os.path.splitext(os.path.basename(name))[0]
            labels.append(defect != "good")
            if defect == "good":
                truth.append(np.zeros((R, R), bool))
            else:
                mask = np.asarray(Image.open(os.path.join(self.root, "ground_truth", defect, stem + "_mask.png")).convert("L"))
                threshold, first = max(int(self.options["mask_threshold"]), -1), int(self.options["pre_resize"])
                mask = mask > (threshold if threshold >= 0 else 127)
                if first:  # OpenCV's nearest
                    rows, columns = ((np.arange(first) * (size / first)).astype(int) for size in mask.shape)
                    mask = mask[rows][:, columns]
                # Not PIL's NEAREST: it adds up the ratio in floating point, and at 480 -> 400 falls short by a pixel in 59 of 400 columns.
                binary = torch.from_numpy(mask.astype(np.float32))[None, None]
                truth.append(F.interpolate(binary, size=(R, R), mode="nearest-exact")[0, 0].numpy() > 0)
        if not np.array_equal(labels, self.file["maps/label"][:] > 0):
            self.complain("labels differ")
        pixels = np.stack([gaussian_filter(m, sigma, truncate=4.0, mode="reflect") for m in upsample(arrays["M_pix"], R)])
        return {"image_auroc": roc_auc_score(labels, arrays["M_img"]), "pixel_auroc": roc_auc_score(np.stack(truth).ravel(), pixels.ravel())}

    def compare(self, arrays):
        largest = {}
        for key in ("M_v", "Mhat_p", "s_image", "M_p", "M_pix", "S_i", "M_img"):
            if (key in arrays) != ("maps/" + key in self.file):
                self.complain(f"{key} is in one of the two only")
            elif key in arrays:
                stored = self.file["maps/" + key][:]
                error = float(np.abs(stored.astype(np.float64) - arrays[key]).max()) if stored.shape == arrays[key].shape else np.inf
                largest[key] = error
                if not error <= MAP_TOLERANCE:
                    self.complain(f"{key} differs by {error:.3g}")
        for name, head in self.heads_made.items():
            stored = head.stored["anchors"]
            error = max(np.abs(stored["normal"][:] - head.normal.numpy()).max(), np.abs(stored["abnormal"][:] - head.abnormal.numpy()).max())
            largest[name + " anchors"] = float(error)
            if not error <= MAP_TOLERANCE:
                self.complain(f"anchors of the {name} head differ by {error:.3g}")
        if "group" in arrays:
            match, stored = arrays["match"].reshape(-1, arrays["match"].shape[-1]), self.file["maps/group"][:].ravel()
            rows = np.arange(len(match))
            loss = match.max(1) - match[rows, stored]
            largest["groups"] = int((stored != arrays["group"].ravel()).sum())
            if not loss.max() <= TIE:
                self.complain(f"{int((loss > TIE).sum())} tokens are matched to another group")
        for key, value in self.aurocs(arrays).items():
            stored = float(self.file["metrics/" + key][()])
            print(f"    {key}: {value:.6f}, fgad {stored:.6f}")
            if not abs(stored - value) < AUROC_TOLERANCE:
                self.complain(f"{key} is {stored:.6f}, here {value:.6f}")
        prompts = sum(head.count for head in self.heads_made.values())
        print(f"    {len(self.names)} images, {prompts} prompts; largest differences: " + ", ".join(f"{k} {v:.1e}" if k != "groups" else f"groups {v}" for k, v in largest.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+")
    parser.add_argument("--golden", help="write the maps of the one task to tests/golden/NAME")
    arguments = parser.parse_args()
    failed = 0
    for path in arguments.tasks:
        task = Task(path)
        settings = " ".join(f"{key}={task.options[key]}" for key in ("learn", "token_wise", "reweight", "logit_scale", "image_map", "retrieval"))
        print(f"{task.dataset}/{task.category} {task.file.attrs['shots']}-shot, {settings}")
        arrays = task.infer()
        task.compare(arrays)
        for line in task.problems:
            print("    WRONG: " + line)
        failed += len(task.problems) > 0
        if arguments.golden:
            kept = {key: arrays[key].astype(np.float32) for key in ("M_v", "Mhat_p", "s_image", "M_p", "M_pix", "S_i", "M_img") if key in arrays}
            numbers = task.aurocs(arrays)
            kept["auroc"] = np.float64([numbers["image_auroc"], numbers["pixel_auroc"]])
            golden.write(arguments.golden, kept, "inference.py", (torch, scipy, sklearn, PIL))
    print(f"{len(arguments.tasks)} tasks, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
