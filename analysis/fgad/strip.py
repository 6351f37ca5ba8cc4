"""One small picture of a run: a typical hit of each category with the outline of its ground truth, its anomaly map below it."""
import io
import os

import numpy as np

from . import command, drawing, images, run, worst

EXAMPLES = """  analysis/strip.py results/demo -o strip
"""


def framed(part, side):
    """In the middle of a white square."""
    out = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - part.shape[0]) // 2, (side - part.shape[1]) // 2
    out[top : top + part.shape[0], left : left + part.shape[1]] = part
    return out


def picture(selection, side):
    """(2 side, categories * side, 3) bytes."""
    columns = []
    for row in selection.rows():
        with selection.run.task(row) as task:
            found = worst.typical(task, selection.data_root, side)
        if found is not None:
            shown = found.picture[..., :3]
            width = (shown.shape[1] - drawing.GAP) // 2
            columns.append(np.concatenate([framed(shown[:, part], side) for part in (np.s_[:width], np.s_[-width:])]))
    if not columns:
        raise run.Problem(f"'{selection.run.folder}' has no anomalous test image to show")
    return np.concatenate(columns, axis=1)


def png(pixels, colours=128):
    """A PNG of few colours: a third of the size, and no eye sees it at this size."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).quantize(colours, method=Image.Quantize.MEDIANCUT).save(out, "PNG", optimize=True)
    return out.getvalue()


def main():
    parser = command.parser(__doc__, EXAMPLES)
    parser.add_argument("--side", type=int, default=128, metavar="PIXELS", help="of each picture (default: 128)")
    arguments = parser.parse_args()

    def body():
        if not 16 <= arguments.side <= 1024:
            raise run.Problem(f"--side is {arguments.side}, expected 16 to 1024")
        selection = command.Selection(run.Run(arguments.run), arguments)
        path = os.path.join(arguments.output or os.path.join(arguments.run, "figures"), "strip.png")
        command.write_file(path, png(picture(selection, arguments.side)))
        print(path)

    command.finish(body)
