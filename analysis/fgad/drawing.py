"""One look for all figures, and pictures made of pixels.

Colours are Okabe and Ito's, told apart by most colour-blind people; lines differ in dash too once colours repeat.
"""
import hashlib
import io
import os

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (the backend must be chosen first)

from . import images  # noqa: E402

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6A5ACD", "#7F7F7F"]
INK, MUTED, LINE = "#1d2330", "#5d6675", "#d5dae2"
CONTOUR = (0, 255, 255)
GAP = 6

pyplot.rcParams.update(
    {
        "font.family": ["DejaVu Sans"],
        "font.size": 9,
        "text.parse_math": False,  # names of categories may hold $
        "axes.titlesize": 10,
        "axes.titleweight": "semibold",
        "axes.titlelocation": "left",
        "axes.titlepad": 8,
        "axes.labelsize": 9,
        "axes.labelcolor": INK,
        "axes.edgecolor": MUTED,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": LINE,
        "grid.linewidth": 0.6,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "text.color": INK,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "lines.linewidth": 1.6,
        "savefig.dpi": 160,
        "figure.constrained_layout.use": True,
        "svg.hashsalt": "fgad",
        "figure.max_open_warning": 0,
    }
)


class Figure:
    """A matplotlib figure with the name of its file, its title and one sentence of explanation."""

    def __init__(self, name, title, caption, figure):
        self.name, self.title, self.caption, self.figure = name, title, caption, figure

    def bytes(self, form):
        out = io.BytesIO()
        metadata = {"Date": None} if form == "svg" else {"CreationDate": None} if form == "pdf" else {}
        self.figure.savefig(out, format=form, metadata=metadata)
        return out.getvalue()

    def save(self, folder, form="png"):
        """Writes folder/NAME.FORM, whole or not at all, and returns its path."""
        from . import command

        path = os.path.join(folder, f"{self.name}.{form}")
        command.write_file(path, self.bytes(form))
        return path

    def close(self):
        pyplot.close(self.figure)


def panel(title="", xlabel="", ylabel="", size=(4.6, 3.5)):
    figure, axes = pyplot.subplots(figsize=size)
    axes.set_title(title)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    return figure, axes


def plain_powers(axis):
    """Ticks of a log scale in plain digits: matplotlib's own are markup, which parse_math leaves as it is."""
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def style(index):
    """Colour and dash of the index-th line."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": ["-", (0, (5, 2)), (0, (1, 1.2))][index // len(COLOURS) % 3],
    }


def file_name(*parts):
    """Parts joined to the name of a file: letters, digits, point, underscore and dash. What held others ends in digits of
    its own, so that no two become one."""
    joined = "-".join(str(part) for part in parts if str(part) != "")
    name = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in joined)
    return name if name == joined else f"{name}-{hashlib.sha256(joined.encode()).hexdigest()[:6]}"


def percent(value):
    return "missing" if np.isnan(value) else f"{100 * value:.2f} %"


# ---- Pictures of pixels ----------------------------------------------------------------------------------------------


def thumbnail_size(height, width, side):
    ratio = min(1.0, side / max(height, width))
    return max(1, round(height * ratio)), max(1, round(width * ratio))


def outline(mask):
    """The pixels of a mask that touch its outside, by 4 neighbours."""
    padded = np.pad(mask, 1, mode="edge")
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def with_contour(picture, mask):
    out = picture.copy()
    if mask is not None:
        out[outline(mask)] = CONTOUR
    return out


def blend(picture, colours, share):
    return np.clip(np.rint(picture * (1 - share) + colours * share), 0, 255).astype(np.uint8)


def grey(picture):
    return (picture @ np.array([0.299, 0.587, 0.114]))[..., None]


def heat(picture, values, low, high):
    """The picture in grey below its heat map; low and high are the ends of the colour scale."""
    level = np.clip((values - low) / (high - low), 0, 1)
    colours = matplotlib.colormaps["inferno"](level)[..., :3] * 255
    return blend(grey(picture), colours, 0.6)


def classes(picture, numbers, colours):
    """The picture in grey below a map of classes; colours (n,3) bytes."""
    return blend(grey(picture), np.asarray(colours)[numbers], 0.65)


def class_colours(count):
    """(count,3) bytes: the palette, then evenly spaced hues."""
    base = [tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in COLOURS[:7]]
    more = [
        tuple(int(255 * part) for part in matplotlib.colors.hsv_to_rgb((k * 0.381966 % 1, 0.55, 0.85)))
        for k in range(max(0, count - len(base)))
    ]
    return (base + more)[:count]


def strip(pictures):
    """RGB pictures of one height side by side, as RGBA: what is behind shows in the gaps, be it light or dark."""
    parts = []
    for picture in pictures:
        parts.append(np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]))
        parts.append(np.zeros((picture.shape[0], GAP, 4), np.uint8))
    return np.concatenate(parts[:-1], axis=1)


def webp(picture):
    out = io.BytesIO()
    matplotlib.image.imsave(out, picture, format="webp", pil_kwargs={"quality": 88})
    return out.getvalue()


def views(pictures, full, index, side, low, high):
    """An image's picture, its outline mask (or None) and its heat map, at thumbnail size."""
    image = pictures.image(pictures.paths[index])
    mask = pictures.mask(index)
    height, width = thumbnail_size(*image.shape[:2], side)
    small = images.shrink(image, height, width).clip(0, 255).astype(np.uint8)
    small_mask = images.shrink(mask, height, width) > 0 if mask is not None else None
    values = images.nearest(full.map(index), height, width)
    return small, small_mask, heat(small, values, low, high)


class Case:
    """One row of a gallery: a strip of pictures, what it is, and a line about it."""

    def __init__(self, picture, title, note):
        self.picture, self.title, self.note = picture, title, note


def gallery(cases, columns, title, scale=None, legend=None):
    """A matplotlib figure of cases. scale: (low, high) of the heat maps; legend: [(name, colour bytes)]."""
    columns = min(columns, len(cases))
    rows = -(-len(cases) // columns)
    ratio = max(case.picture.shape[0] / case.picture.shape[1] for case in cases)
    width = 4.4
    row, extra = width * ratio + 0.55, 0.3 if legend is None else 0.3 + 0.22 * -(-len(legend) // 5)
    figure, grid = pyplot.subplots(
        rows + 1,
        columns,
        squeeze=False,
        gridspec_kw={"height_ratios": [row] * rows + [extra]},
        figsize=(columns * width, rows * row + extra + 0.9),
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="semibold")
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, case in zip(grid[:-1].flat, cases):
        axes.imshow(case.picture, interpolation="antialiased")
        axes.set_title(f"{case.title}\n{case.note}", fontsize=8, fontweight="normal")
    if scale is not None:
        mappable = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(*scale), "inferno")
        figure.colorbar(
            mappable,
            ax=grid[:-1],
            location="bottom",
            shrink=0.4,
            aspect=40,
            pad=0.02,
            label="anomaly map, one scale for the category",
        )
    if legend is not None:
        handles = [matplotlib.patches.Patch(color=np.asarray(colour) / 255, label=name) for name, colour in legend]
        entries = grid[-1, 0].legend(handles=handles, loc="upper left", ncols=min(len(handles), 5), borderaxespad=0)
        entries.set_in_layout(False)  # else its width would widen the first column
    return figure


def matrix(pictures, titles, heads, title):
    """A matplotlib figure of pictures (rows, columns): titles stand at the left of rows, heads over columns."""
    rows, columns = len(pictures), len(pictures[0])
    width, lines = 2.2, 1 + max(head.count("\n") for head in heads)
    ratio = max(row[0].shape[0] / row[0].shape[1] for row in pictures)
    figure, grid = pyplot.subplots(
        rows, columns, squeeze=False, figsize=(columns * width, rows * (width * ratio + 0.1) + 0.6 + 0.16 * lines)
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="semibold")
    for row, (line, name) in enumerate(zip(pictures, titles)):
        for column, picture in enumerate(line):
            axes = grid[row, column]
            axes.imshow(picture, interpolation="antialiased")
            axes.set_xticks([])
            axes.set_yticks([])
            for spine in axes.spines.values():
                spine.set_visible(False)
            if row == 0:
                axes.set_title(heads[column], fontsize=7, fontweight="normal")
            if column == 0:
                axes.set_ylabel(name, fontsize=6)
    return figure
