#!/usr/bin/env python3
# `audit.py --help` tells; the work is done in fgad/audit.py.
import fgad

if __name__ == "__main__":
    fgad.script("audit")
