#!/bin/sh
# python.sh SCRIPT: runs it by a Python that has the modules of analysis/; exit 77 when there is none.
for python in python3 /usr/bin/python3; do
    "$python" -c 'import h5py, numpy, matplotlib' 2> /dev/null && exec "$python" "$@"
done
echo "skipped: no Python here has h5py, numpy and matplotlib"
exit 77
