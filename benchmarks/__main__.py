"""`python benchmarks`: see README.md."""

from __future__ import annotations

import argparse
from pathlib import Path

import quality
import warm

parser = argparse.ArgumentParser(prog="python benchmarks")
parser.add_argument("folder", type=Path, nargs="?", help="images and PDFs to measure on")
parser.add_argument("--lossless", action="store_true", help="measure lossless compression")
parser.add_argument("--effort", default="default", help="fast, default or best")
parser.add_argument("--no-score", action="store_true", help="leave the perceptual quality out")
parser.add_argument("--warm", action="store_true", help="measure a warm run over many small files")
parser.add_argument("--files", type=int, default=10_000, help="how many, with --warm")
arguments = parser.parse_args()

if arguments.warm:
    warm.measure(arguments.files)
elif arguments.folder is None:
    parser.error("give a folder, or --warm")
else:
    quality.measure(
        arguments.folder,
        kind="lossless" if arguments.lossless else "lossy",
        effort=arguments.effort,
        score=not arguments.no_score,
    )
