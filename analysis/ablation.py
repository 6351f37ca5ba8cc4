#!/usr/bin/env python3
# `ablation.py --help` tells; the work is done in fgad/ablation.py.
import fgad

if __name__ == "__main__":
    fgad.script("ablation")
