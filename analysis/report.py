#!/usr/bin/env python3
# `report.py --help` tells; the work is done in fgad/report.py.
import fgad

if __name__ == "__main__":
    fgad.script("report")
