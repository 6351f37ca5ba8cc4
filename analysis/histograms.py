#!/usr/bin/env python3
# `histograms.py --help` tells; the work is done in fgad/histograms.py.
import fgad

if __name__ == "__main__":
    fgad.script("histograms")
