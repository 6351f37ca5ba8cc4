"""Golden values of the image tower: tests/golden/clip/vision-*.{txt,bin}. Run with numpy and PyTorch."""
import numpy as np
import torch

import golden
import toy_model


def pixels(preset, seed):
    side = toy_model.PRESETS[preset]["image_size"]
    return toy_model.uniform(toy_model.rng_key("image", preset, 0, seed, "pixels"), (3, side, side), 0.1, 1.0)


def case(name, preset, seed, taps, half=False, checkpoints=False):
    tower = toy_model.Tower(preset, seed, half)
    image = pixels(preset, seed)
    out = tower.image(torch.from_numpy(image), taps)
    arrays = {"pixels": image}
    for key, value in out.items():
        if checkpoints or "." not in key and key != "x0":
            arrays[key] = value.numpy().astype(np.float32)
    golden.write(f"clip/vision-{name}", arrays, "clip_vision.py", [torch])


def full_size(name, preset, seed, taps, rows):
    """The real shapes: some rows of each output; the C test makes weights and pixels itself."""
    out = toy_model.Tower(preset, seed, text=False).image(torch.from_numpy(pixels(preset, seed)), taps)
    arrays = {"rows": np.array(rows, np.int32), "cls": out["cls"].numpy().astype(np.float32)}
    for key in ("tokens", "memory1", "memory2"):
        arrays[key] = out[key].numpy()[rows].astype(np.float32)
    golden.write(f"clip/vision-{name}", arrays, "clip_vision.py", [torch])


with torch.no_grad():
    case("toy", "toy", 1, [(3, False), (8, False)], checkpoints=True)
    case("toy-mlp", "toy", 2, [(2, True), (11, True)])
    case("toy-last", "toy", 2, [(11, False), (0, False)])
    case("toy-half", "toy", 3, [(3, False), (8, False)], half=True)
    case("quick", "toy-quick", 4, [(0, True), (1, False)])
    full_size("vit-b-16-plus-240", "vit-b-16-plus-240", 5, [(3, False), (8, False)], [0, 17, 112, 150, 224])
