#!/usr/bin/env python3
# `compare.py --help` tells; the work is done in fgad/compare.py.
import fgad

if __name__ == "__main__":
    fgad.script("compare")
