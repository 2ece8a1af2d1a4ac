"""A folder with something for every part of a report."""

import subprocess
import sys

from pikepdf import Name
from PIL import Image

import documents
from pictures import animated, encoded, exif_block, lined_png, lined_svg, photo

#: A name that is markup. Windows takes no such names.
HOSTILE = "&lt;b&gt;.png" if sys.platform == "win32" else '"><img src=x onerror=owned()>&lt;.png'
SECRET = "taken at home"


def make(folder):
    """Photos, drawings, an animation, a PDF with a photo, a broken file, a hostile name."""
    images = folder / "images"
    images.mkdir(parents=True)
    large = photo((720, 480), grid=(5, 7), seed=1, grey=9)
    (images / "large.jpg").write_bytes(encoded(large, "JPEG", quality=97))
    small = photo((200, 150), grid=(5, 6), seed=2, grey=3)
    notes = exif_block({0x010E: SECRET})
    (images / "small.jpg").write_bytes(encoded(small, "JPEG", quality=97, exif=notes))
    (images / "lines.svg").write_bytes(lined_svg())
    frames = [
        Image.fromarray(photo((120, 90), grid=(4, 5), seed=4 + number, grey=4))
        for number in range(3)
    ]
    moving = animated(frames, "WEBP", quality=98, duration=120, loop=0)
    (images / "moving.webp").write_bytes(moving)
    (folder / "paper.pdf").write_bytes(_scan())
    (folder / "broken.png").write_bytes(lined_png()[:200])
    (folder / HOSTILE).write_bytes(lined_png((300, 200)))


def _scan():
    """A sheet with a photo that has far more pixels than are shown."""
    document = documents.with_image(
        photo((600, 480), grid=(4, 5), seed=8, grey=5).tobytes(),
        page_size=(576, 720),
        content=b"q 72 0 0 58 200 400 cm /I Do Q",
        Width=600,
        Height=480,
        ColorSpace=Name.DeviceRGB,
        BitsPerComponent=8,
    )
    return documents.saved(document)


def optimize(folder, *arguments):
    """Run `ir-build optimize` in `folder`. Its cache is beside the folder."""
    line = [sys.executable, "-m", "ir_build", "optimize", "--jobs", "1", *map(str, arguments)]
    line += ["--cache-dir", str(folder.with_name("cache"))]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
