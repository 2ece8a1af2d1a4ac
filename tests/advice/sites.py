"""Small sites for the tests of advice, in folders of their own."""

import numpy as np
from PIL import Image

from pictures import animated, encoded, photo

DOCTYPE = "<!doctype html><html><head><meta charset=utf-8><title>x</title>"
#: what themes say of pictures
STYLE = "<style>img{max-width:100%;height:auto} main{max-width:700px}</style>"
SIZED = 'width="600" height="400"'


def page(body, head=STYLE):
    """A page with this body, whose content begins at once."""
    return f"{DOCTYPE}{head}</head><body><main>{body}</main></body></html>"


def jpeg(width=600, height=400, quality=60):
    """A photo that is compressed well."""
    return encoded(photo((width, height), grid=(5, 6), seed=1, grey=3), "jpeg", quality=quality)


def png_photo(width=300, height=200):
    """A photo as a PNG."""
    return encoded(photo((width, height), grid=(5, 6), seed=2, grey=4, colour=2), "png")


def screenshot(width=600, height=400):
    """A window with some boxes, as a small PNG."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    for number in range(12):
        top = 10 + number * height // 13
        pixels[top : top + 8, 20 : 40 + 37 * number % width] = (40, 60, 20 * number)
    return encoded(pixels, "png")


def noise(width, height, seed=1):
    """Pixels that no format makes small."""
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def film(size=(160, 120), frames=12):
    """An animated GIF of more than 100 kB; a still with one frame."""
    made = [Image.fromarray(noise(*size, seed=one)).quantize(256) for one in range(frames)]
    return animated(made, "gif", duration=80, loop=0)


class Site:
    """A folder of files."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, content):
        """Write a file, text as UTF-8."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self
