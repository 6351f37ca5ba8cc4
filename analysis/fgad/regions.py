"""Region maps of the training images (the paper's figure 6): to which component, or to the background, aggregation gave
each token of the enlarged image. Needs learned prompts; the training images must be there."""
import os

from . import command, drawing, images, run
import numpy as np

EXAMPLES = """  analysis/regions.py results/demo
  analysis/regions.py results/demo --category tablet --shots 4
"""
COMMON = ("image", "foreground", "background")


def classes_of(task, count):
    """(name, colour) of each value of prompts/pixel/regions: components, then background, coloured as by matching.py."""
    names = task.group_names("pixel")
    components = [g for g, name in enumerate(names) if g > 2 or name not in COMMON]
    colours = drawing.class_colours(max(len(names), count + 3))
    out = [(names[g], colours[g]) for g in components]
    out += [(f"component {c}", colours[c + 3]) for c in range(len(components), count - 1)]
    return out + [("background", colours[names.index("background")] if "background" in names else (90, 96, 108))]


def cases(task, data_root, side=240):
    """(cases, legend [(name, colour)]). None when nothing was aggregated."""
    if not task.has("prompts/pixel/regions"):
        return None
    labels = task.array("prompts/pixel/regions")
    support = task.texts("support/path")
    if labels.ndim != 3 or len(labels) != len(support):
        raise run.Problem(
            f"'{task.path}': prompts/pixel/regions has shape {labels.shape}, expected ({len(support)}, h, w)"
        )
    classes = classes_of(task, int(labels.max()) + 1)
    names, colours = zip(*classes)
    pictures, out = images.Images(task, data_root), []
    for path, numbers in zip(support, labels):
        if not os.path.isfile(os.path.join(pictures.base, path)):
            raise images.Missing(f"'{os.path.join(pictures.base, path)}' does not exist: a training image of the run")
        image = pictures.image(path)
        height, width = drawing.thumbnail_size(*image.shape[:2], side)
        small = images.shrink(image, height, width).clip(0, 255).astype(np.uint8)
        share = np.bincount(numbers.ravel(), minlength=len(names)) / numbers.size
        note = ", ".join(f"{name} {100 * part:.0f} %" for name, part in zip(names, share) if part > 0)
        shown = drawing.classes(small, images.nearest(numbers, height, width), colours)
        out.append(drawing.Case(drawing.strip([small, shown]), path, note))
    return out, classes


def figures(selection):
    for row in selection.rows():
        with selection.run.task(row) as task:
            found = cases(task, selection.data_root)
        if found is None:
            continue
        figure = drawing.gallery(
            found[0], 2, f"{row.dataset}/{row.category}, {selection.text()}: regions of the shots", legend=found[1]
        )
        yield drawing.Figure(drawing.file_name("regions", row.dataset, row.category), row.category, "", figure)


def main():
    arguments = command.parser(__doc__, EXAMPLES).parse_args()

    def body():
        selection = command.Selection(run.Run(arguments.run), arguments)
        if command.write_figures(arguments, figures(selection)) == 0:
            raise run.Problem(
                f"no task of '{arguments.run}' ({selection.text()}) holds prompts/pixel/regions"
                " (regions are aggregated where the pixel head learns)"
            )

    command.finish(body)
