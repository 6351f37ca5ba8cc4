"""Reads what runs of fgad leave: tables, maps, images, masks, figures. It writes into no run.

    import fgad
    run = fgad.Run("results/demo")
    run.table()                                   # pandas DataFrame, a row a task
    with run.task(run.task_rows()[0]) as task:
        task.maps()                               # (images, h, w) anomaly maps as stored
        task.full_map(0)                          # (R, R) upsampled and smoothed as the metrics saw it
        task.images().image(task.paths[0])        # (H, W, 3) bytes
        task.images().mask(0)                     # (H, W) bool, or None for a normal image
    for figure in run.figures("curves"):
        figure.save("figures")                    # figures/NAME.png

run       the table of a run, its tasks, what is missing (README.md "What a run leaves")
images    the images and ground-truth masks behind a task's paths, in the layouts of datasets/README.md
maps      stored maps at full size (METHOD.md 9), regions of masks, exact ROC and PRO curves (METHOD.md 10)
drawing   one look for all figures, and pictures made of pixels
command   the common part of the command lines: selection, output, exit codes
ablation, audit, compare, curves, histograms, losses, matching, regions, worst    a module a kind of figure, a script each
report    the page of everything

Depends on h5py, numpy and matplotlib; on pandas where a DataFrame is asked for.
"""
import importlib
import sys

__version__ = "0.1.0"
__all__ = ["Problem", "Run", "__version__"]


def __getattr__(name):
    """Run and Problem, loaded when asked for, so that a script can say what is missing before it is needed."""
    if name in ("Run", "Problem"):
        return getattr(importlib.import_module(".run", __name__), name)
    raise AttributeError(f"module 'fgad' has no attribute '{name}'")


def script(name):
    """Runs the module as a command; a missing library is one line and exit code 2."""
    try:
        for library in ("h5py", "matplotlib", "numpy"):
            importlib.import_module(library)
    except ImportError as error:
        print(
            f"{name}.py: this Python ({sys.executable}) has no {error.name};"
            " the scripts need h5py, numpy and matplotlib (hint: apt-get install python3-h5py python3-numpy"
            " python3-matplotlib, then /usr/bin/python3)",
            file=sys.stderr,
        )
        sys.exit(2)
    importlib.import_module(f".{name}", __name__).main()


def report():
    """The command fgad-report of an installed package."""
    script("report")
