#!/usr/bin/env python3
# `regions.py --help` tells; the work is done in fgad/regions.py.
import fgad

if __name__ == "__main__":
    fgad.script("regions")
