#!/usr/bin/env python3
# `losses.py --help` tells; the work is done in fgad/losses.py.
import fgad

if __name__ == "__main__":
    fgad.script("losses")
