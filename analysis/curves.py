#!/usr/bin/env python3
# `curves.py --help` tells; the work is done in fgad/curves.py.
import fgad

if __name__ == "__main__":
    fgad.script("curves")
