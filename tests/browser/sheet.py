"""A page that shows pictures side by side, and what a browser makes of it."""

from dataclasses import dataclass
from html import escape
from io import BytesIO

import numpy as np
from PIL import Image

from browser.capture import screenshot

_WIDTH = 1600
#: the pages pictures are seen on
_LIGHT, _DARK = "#f4f0ea", "#15202b"


@dataclass(frozen=True)
class Tile:
    """A picture as shown, on a light and on a dark page: height x width x 3."""

    light: np.ndarray
    dark: np.ndarray


def shown(browser, folder, files):
    """The `files`, by any name, each as a `Tile`; all in one page, in real pixels.

    Fails where the browser cannot show one.
    """
    folder.mkdir()
    names = list(files)
    pictures = []
    for number, name in enumerate(names):
        path = folder / f"{number:04}"
        path.write_bytes(files[name])
        pictures.append(f"<img src='{path.name}' alt='{escape(str(name))}'>")
    page = folder / "sheet.html"
    pages = "".join(
        f"<p style='background:{shade}'>{''.join(pictures)}" for shade in (_LIGHT, _DARK)
    )
    style = "body,p{margin:0}p{line-height:0}img{margin:2px;vertical-align:top}"
    page.write_text(f"<!doctype html><meta charset=utf-8><style>{style}</style>{pages}")
    context = browser.new_context(viewport={"width": _WIDTH, "height": 900}, device_scale_factor=1)
    window = context.new_page()
    window.goto(page.as_uri())
    places = window.evaluate(
        "[...document.images].map(i => [i.x, i.y, i.naturalWidth, i.naturalHeight])"
    )
    broken = [name for name, place in zip(names * 2, places, strict=True) if not place[2]]
    assert not broken, f"not shown: {broken}"
    with Image.open(BytesIO(screenshot(window, full_page=True))) as image:
        pixels = np.asarray(image.convert("RGB"), np.int16)
    context.close()
    cut = [pixels[y : y + height, x : x + width] for x, y, width, height in places]
    count = len(names)
    return {name: Tile(cut[n], cut[count + n]) for n, name in enumerate(names)}


def difference(one, other):
    """How far two tiles are apart: the largest of single pixels, and of means of 8 x 8, in levels.

    Both are infinite where the tiles differ in size.
    """
    pairs = ((one.light, other.light), (one.dark, other.dark))
    if any(a.shape != b.shape for a, b in pairs):
        return np.inf, np.inf
    apart = [a - b for a, b in pairs]
    return max(int(np.abs(a).max()) for a in apart), max(_blocks(a) for a in apart)


def _blocks(values):
    height, width = (size // 8 * 8 for size in values.shape[:2])
    cut = values[:height, :width].reshape(height // 8, 8, width // 8, 8, 3)
    return float(np.abs(cut.mean((1, 3))).max())
