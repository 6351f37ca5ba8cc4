#!/usr/bin/env python3
# `worst.py --help` tells; the work is done in fgad/worst.py.
import fgad

if __name__ == "__main__":
    fgad.script("worst")
