"""What the scripts of this folder share. Each module reads results; none writes into a run's tasks.

run       the table of a run, its tasks, what is missing (README.md "What a run leaves")
images    the images and ground-truth masks behind a task's paths, in the layouts of datasets/README.md
maps      stored maps at full size (METHOD.md 9), regions of masks, exact ROC and PRO curves (METHOD.md 10)
drawing   one look for all figures, and pictures made of pixels
command   the common part of the command lines: selection, output, exit codes

Depends on h5py, numpy and matplotlib alone.
"""
import sys

try:
    import h5py  # noqa: F401
    import matplotlib  # noqa: F401
    import numpy  # noqa: F401
except ImportError as error:
    print(
        f"{sys.argv[0].rsplit('/', 1)[-1]}: this Python ({sys.executable}) has no {error.name};"
        " the scripts need h5py, numpy and matplotlib (hint: apt-get install python3-h5py python3-numpy"
        " python3-matplotlib, then /usr/bin/python3)",
        file=sys.stderr,
    )
    sys.exit(2)
