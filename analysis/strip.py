#!/usr/bin/env python3
# `strip.py --help` tells; the work is done in fgad/strip.py.
import fgad

if __name__ == "__main__":
    fgad.script("strip")
