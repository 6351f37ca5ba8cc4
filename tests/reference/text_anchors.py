"""Golden anchors of fixed texts: tests/golden/align/texts.{txt,bin}. Run with numpy and PyTorch."""
import numpy as np
import torch
from torch.nn.functional import normalize

import golden
import toy_model

tower = toy_model.Tower("toy", 4, image=False)
rng = np.random.default_rng(8)
vocab, normal, lengths = tower.p["vocab"], 7, [5, 9, 6, 12, 3, 8, 10, 7, 11, 4, 9]
# Beginnings are shared, as templates share theirs.
ids = [np.concatenate([[vocab - 2], [5, 6][: n % 3], rng.integers(0, vocab - 2, size), [vocab - 1]]).astype(np.int32) for n, size in enumerate(lengths)]
with torch.no_grad():
    f = torch.stack([tower.text(tower.w["token_embedding.weight"][torch.from_numpy(i.astype(np.int64))]) for i in ids])
arrays = {"ids": np.concatenate(ids), "lengths": np.int32([len(i) for i in ids]), "normal": np.int32([normal])}
for name, rows in (("plain", f), ("unit", normalize(f, dim=1))):
    arrays[name] = torch.stack([normalize(rows[:normal].mean(0), dim=0), normalize(rows[normal:].mean(0), dim=0)]).numpy().astype(np.float32)
golden.write("align/texts", arrays, "text_anchors.py", [torch])
