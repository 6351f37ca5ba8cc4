"""datasets/models/convert on weights as people have them: every folder it makes holds the toy's bits. Arguments: WORK, the toy's
folder, the program. Needs numpy; where torch is, pickles are made and tried, too."""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys

import numpy as np

WORK, TOY, FGAD = sys.argv[1:4]
CONVERT = "datasets/models/convert"
MERGES = "tests/golden/clip/merges-small.txt"


def read(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(size)), file.read()
    out = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        out[name] = (entry["dtype"], tuple(entry["shape"]), data[begin:end])
    return out


def write(path, tensors):
    at, header = 0, {}
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values()))


toy = read(f"{TOY}/open_clip_model.safetensors")
with open(f"{TOY}/open_clip_config.json") as _file:
    config = json.load(_file)
made = 0


def place(name, config_name="open_clip_config.json", values=None):
    path = f"{WORK}/{name}"
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    if config_name:
        with open(f"{path}/{config_name}", "w") as file:
            json.dump(values or config, file)
        shutil.copy(MERGES, f"{path}/merges.txt")
    return path


def convert(*arguments, code=0):
    run = subprocess.run([sys.executable, CONVERT, *arguments], capture_output=True, text=True)
    if run.returncode != code or "Traceback" in run.stderr:
        sys.exit(f"convert {' '.join(arguments)} ends with {run.returncode}, expected {code}: {run.stdout}{run.stderr}")
    return run.stdout if code == 0 else run.stderr


def same(*arguments, says=(), wanted=None, quick=None):
    """Converts into a new folder, which the program reads, and compares every tensor's bits."""
    global made
    made += 1
    out = f"{WORK}/out-{made}"
    shutil.rmtree(out, ignore_errors=True)
    told = convert(*arguments, "--out", out)
    for text in says:
        if text not in told:
            sys.exit(f"'{text}' is not said: {told}")
    found = read(f"{out}/open_clip_model.safetensors")
    wanted = toy if wanted is None else wanted
    if found != wanted:
        names = sorted(n for n in set(found) | set(wanted) if found.get(n) != wanted.get(n))
        sys.exit(f"{' '.join(arguments)}: {len(names)} tensors differ: {names[:4]}")
    info = subprocess.run([FGAD, "model", "info", out], capture_output=True, text=True)
    if info.returncode != 0 or "tokenizer      merges.txt" not in info.stdout:
        sys.exit(f"{out}: {info.stdout}{info.stderr}")
    if quick is not None and ("QuickGELU" in info.stdout) != quick:
        sys.exit(f"{out}: quick_gelu is not {quick}: {told}")


def refused(text, *arguments):
    out = f"{WORK}/refused"
    told = convert(*arguments, "--out", out, code=2)
    if text not in told or told.count("\n") != 1:
        sys.exit(f"'{text}' is not what is said: {told}")
    if os.path.exists(out) or os.path.exists(out + ".part"):
        sys.exit(f"a refused conversion leaves {out}: {told}")


def beginnings():
    folder = place("module")
    write(f"{folder}/open_clip_model.safetensors", {"module." + k: v for k, v in toy.items()})
    same(folder, says=["every name's 'module.' is taken off", "quick_gelu is false (the configuration says so)"], quick=False)
    same(f"{folder}/open_clip_model.safetensors", "--quick-gelu", "yes", says=["quick_gelu is true (--quick-gelu)"], quick=True)
    write(f"{folder}/open_clip_model.safetensors", {("module." if "visual" in k else "") + k: v for k, v in toy.items()})
    refused("begins with 'module.' and '", folder)
    write(f"{folder}/open_clip_model.safetensors", {k: v for k, v in toy.items() if "token_embedding" not in k})
    refused("has no tensor 'token_embedding.weight', expected a CLIP with both towers", folder)


def doubles():
    folder = place("f64")
    wide = {k: ("F64", s, np.frombuffer(d, "<f4").astype("<f8").tobytes()) for k, (_, s, d) in toy.items()}
    write(f"{folder}/model.safetensors", wide)
    info = subprocess.run([FGAD, "model", "info", folder], capture_output=True, text=True)
    if info.returncode != 2 or "is of type F64, expected F32, F16 or BF16 (hint: datasets/models/convert stores F32)" not in info.stderr:
        sys.exit(f"doubles, unconverted, are met with {info.returncode}: {info.stderr}")
    same(folder, says=[f"{len(toy)} tensors were F64 and are rounded to F32"])


def transformers():
    """transformers' layout of the toy: other names, q, k and v apart, projections turned over."""
    theirs = {}
    for name, (dtype, shape, data) in toy.items():
        x = np.frombuffer(data, "<f4").reshape(shape)
        put = lambda to, y: theirs.__setitem__(to, ("F32", y.shape, np.ascontiguousarray(y).tobytes()))
        tower = "vision_model" if name.startswith("visual.") else "text_model"
        if ".resblocks." in "." + name:
            index, rest = name.split("resblocks.")[1].split(".", 1)
            at = f"{tower}.encoder.layers.{index}."
            if rest.startswith("attn.in_proj_"):
                for letter, part in zip("qkv", np.split(x, 3)):
                    put(f"{at}self_attn.{letter}_proj.{rest[13:]}", part)
            else:
                for ours, other in (("ln_1.", "layer_norm1."), ("ln_2.", "layer_norm2."), ("attn.out_proj.", "self_attn.out_proj."),
                                    ("mlp.c_fc.", "mlp.fc1."), ("mlp.c_proj.", "mlp.fc2.")):
                    rest = rest.replace(ours, other)
                put(at + rest, x)
            continue
        names = {"visual.class_embedding": "vision_model.embeddings.class_embedding",
                 "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
                 "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
                 "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight", "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
                 "visual.ln_post.weight": "vision_model.post_layernorm.weight", "visual.ln_post.bias": "vision_model.post_layernorm.bias",
                 "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
                 "positional_embedding": "text_model.embeddings.position_embedding.weight",
                 "ln_final.weight": "text_model.final_layer_norm.weight", "ln_final.bias": "text_model.final_layer_norm.bias"}
        turned = {"visual.proj": "visual_projection.weight", "text_projection": "text_projection.weight"}
        if name in turned:
            put(turned[name], x.T)
        else:
            put(names.get(name, name), x)
    theirs["text_model.embeddings.position_ids"] = ("I64", (1, 2), b"\0" * 16)
    vision, text = config["model_cfg"]["vision_cfg"], config["model_cfg"]["text_cfg"]
    values = {"projection_dim": config["model_cfg"]["embed_dim"],
              "vision_config": {"image_size": vision["image_size"], "num_hidden_layers": vision["layers"], "hidden_size": vision["width"],
                                "patch_size": vision["patch_size"], "num_attention_heads": vision["width"] // vision["head_width"],
                                "intermediate_size": 4 * vision["width"], "hidden_act": "gelu"},
              "text_config": {"max_position_embeddings": text["context_length"], "vocab_size": text["vocab_size"],
                              "hidden_size": text["width"], "num_attention_heads": text["heads"], "hidden_act": "gelu",
                              "num_hidden_layers": text["layers"], "intermediate_size": 4 * text["width"]}}
    folder = place("transformers", "config.json", values)
    write(f"{folder}/model.safetensors", theirs)
    same(folder, says=["transformers' names are open_clip's now"], quick=False)
    values["vision_config"]["hidden_act"] = values["text_config"]["hidden_act"] = "quick_gelu"
    folder = place("transformers", "config.json", values)
    write(f"{folder}/model.safetensors", theirs)
    same(folder, says=["quick_gelu is true (the configuration says so)"], quick=True)
    values["text_config"]["hidden_act"] = "gelu"
    with open(f"{folder}/config.json", "w") as file:
        json.dump(values, file)
    refused("hidden_act is gelu and quick_gelu, expected quick_gelu or gelu of both towers", folder)


def refusals():
    refused("there is no model 'ViT-Z', expected a configuration file or one of vit-b-16, ",
            f"{TOY}/open_clip_model.safetensors", "--config", "ViT-Z")
    refused("the weights' embed_dim is 28, the configuration's 512", f"{TOY}/open_clip_model.safetensors", "--config", "ViT-B-32")
    folder = place("lone", None)
    shutil.copy(f"{TOY}/open_clip_model.safetensors", f"{folder}/vit.safetensors")
    refused("its shapes are of no model known by name and the number of heads is in no shape (hint: --config NAME",
            f"{folder}/vit.safetensors")
    refused("'nowhere.pt' does not exist", "nowhere.pt")
    refused("is no weight file by its name, expected one of .pt, ", MERGES)
    with open(f"{folder}/vit.safetensors", "r+b") as file:
        file.truncate(5000)
    refused("is ", f"{folder}/vit.safetensors")
    with open(f"{folder}/vit.safetensors", "wb") as file:
        file.write(b"version https://git-lfs.github.com/spec/v1\n")
    refused("is git-lfs's pointer to the file, not the file (hint: git lfs pull)", f"{folder}/vit.safetensors")
    told = convert(f"{TOY}/open_clip_model.safetensors", "--out", WORK, code=2)
    if f"'{WORK}' exists" not in told:
        sys.exit(told)


def release():
    """A checkpoint as open_clip's training leaves them (tests/reference/peers.py): no torch is needed."""
    peers = "tests/golden/clip/peers"
    out = f"{WORK}/release"
    shutil.rmtree(out, ignore_errors=True)
    told = convert(f"{peers}/release.pt", "--config", f"{peers}/fp16/open_clip_config.json", "--merges", f"{peers}/fp16/merges.txt", "--out", out)
    if "every name's 'module.' is taken off" not in told or "quick_gelu is false (assumed: OpenAI's" not in told:
        sys.exit(f"what was assumed is not said: {told}")
    found = read(f"{out}/open_clip_model.safetensors")
    with open(f"{peers}/release.sha256") as file:
        if hashlib.sha256(b"".join(found[name][2] for name in sorted(found))).hexdigest() != file.read().strip():
            sys.exit("the converted release's bits are not the checkpoint's")
    info = subprocess.run([FGAD, "model", "info", out], capture_output=True, text=True)
    if info.returncode != 0:
        sys.exit(info.stderr)


def pickles():
    try:
        import torch
    except ImportError:
        print("pickles are not tried: this Python has no torch")
        return
    state = {k: torch.from_numpy(np.frombuffer(d, "<f4").copy().reshape(s)) for k, (_, s, d) in toy.items()}
    folder = place("pickle")
    weight = torch.nn.Parameter(torch.zeros(3))
    optimiser = torch.optim.AdamW([weight])
    weight.sum().backward()
    optimiser.step()
    release = {"epoch": 32, "name": "ViT", "state_dict": {"module." + k: v for k, v in state.items()}, "optimizer": optimiser.state_dict()}
    torch.save(release, f"{folder}/epoch_32.pt")
    same(folder, says=["every name's 'module.' is taken off"])
    torch.save(state, f"{folder}/open_clip_pytorch_model.bin")
    same(folder)
    same(f"{folder}/epoch_32.pt", "--config", f"{folder}/open_clip_config.json", "--merges", MERGES)
    half = {k: v.half() for k, v in state.items()}
    torch.save({**half, "visual.proj": state["visual.proj"].bfloat16()}, f"{folder}/open_clip_pytorch_model.bin")
    wanted = {k: ("F16", s, np.frombuffer(d, "<f4").astype("<f2").tobytes()) for k, (_, s, d) in toy.items()}
    top = np.frombuffer(toy["visual.proj"][2], "<u4").astype(np.uint64)
    top = ((top + 0x7FFF + ((top >> 16) & 1)) >> 16).astype("<u2")  # to the nearest, ties to even
    wanted["visual.proj"] = ("BF16", toy["visual.proj"][1], top.tobytes())
    same(f"{folder}/open_clip_pytorch_model.bin", wanted=wanted)

    class Archive(torch.nn.Module):  # OpenAI's files are TorchScript with three numbers beside the weights
        def __init__(self):
            super().__init__()
            for name, value in {**state, "input_resolution": torch.tensor(20), "context_length": torch.tensor(32),
                                "vocab_size": torch.tensor(1024)}.items():
                at = self
                for part in name.split(".")[:-1]:
                    if not hasattr(at, part):
                        at.add_module(part, torch.nn.Module())
                    at = getattr(at, part)
                at.register_buffer(name.split(".")[-1], value)

        def forward(self, x):
            return x

    torch.jit.save(torch.jit.script(Archive()), f"{folder}/ViT-toy.pt")
    plain = {k: v for k, v in config["model_cfg"].items() if k != "quick_gelu"}
    with open(f"{folder}/plain.json", "w") as file:
        json.dump(plain, file)
    same(f"{folder}/ViT-toy.pt", "--config", f"{folder}/plain.json", says=["quick_gelu is true (OpenAI's archives are"], quick=True)

    class Hostile:
        def __reduce__(self):
            return os.system, (f"touch {WORK}/ran",)

    torch.save({"state_dict": state, "x": Hostile()}, f"{folder}/hostile.pt")
    same(f"{folder}/hostile.pt")
    if os.path.exists(f"{WORK}/ran"):
        sys.exit("a pickle's program ran")
    with open(f"{folder}/cut.pt", "wb") as out, open(f"{folder}/epoch_32.pt", "rb") as file:
        out.write(file.read(10000))
    refused("is no file of torch.save (a zip): it is cut off, or older than torch 1.6", f"{folder}/cut.pt")
    torch.save(state, f"{folder}/old.pt", _use_new_zipfile_serialization=False)
    refused("is no file of torch.save (a zip): it is cut off, or older than torch 1.6", f"{folder}/old.pt")
    torch.save([1, 2], f"{folder}/list.pt")
    refused("holds no tensors by name, expected a state dict", f"{folder}/list.pt")
    torch.save({**state, "visual.proj": state["visual.proj"].T.contiguous().T}, f"{folder}/strided.pt")
    same(f"{folder}/strided.pt")


beginnings()
doubles()
transformers()
refusals()
release()
pickles()
print(f"{made} folders made, all with the toy's bits")
