"""Pages as other programs than the engine's and verification's draw them."""

import io
import subprocess

import numpy as np
from PIL import Image

from services.programs import program


def poppler(data, dpi=100):
    """The first page as poppler draws it, RGB."""
    return _drawn([program("pdftoppm"), "-r", str(dpi), "-l", "1", "-"], data)


def mupdf(data, dpi=100, *, file):
    """The first page as MuPDF draws it, RGB; `file` is a path that it may be written to."""
    file.write_bytes(data)
    line = [program("mutool"), "draw", "-q", "-r", str(dpi), "-F", "ppm", "-o", "-", str(file), "1"]
    return _drawn(line, b"")


def _drawn(line, data):
    made = subprocess.run(line, input=data, capture_output=True, check=True, timeout=60)
    return np.asarray(Image.open(io.BytesIO(made.stdout)).convert("RGB"))
