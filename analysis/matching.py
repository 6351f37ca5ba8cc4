#!/usr/bin/env python3
# `matching.py --help` tells; the work is done in fgad/matching.py.
import fgad

if __name__ == "__main__":
    fgad.script("matching")
