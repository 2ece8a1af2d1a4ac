"""What each limit on places is for: the pictures and numbers of docs/places.md.

Each drawing is made smaller twice: as it is shipped, and by the same engine without its looks at
single places, so that nothing but the score of the whole picture counts.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import ir_build
from ir_build.engine import compress
from ir_build.engine.gif import palette as gif
from ir_build.engine.jpeg import lossy as jpeg
from ir_build.engine.png import lossy as png
from ir_build.formats import MediaType
from ir_build.options import Compression, Options
from ir_build.quality import Reference, ciede2000
from ir_build.quality.damage import TILE, Damage
from ir_build.quality.pages import on_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ir_build.quality import Pixels

    Colour = tuple[int, int, int]

_ENLARGED, _GAP = 3, 6
_LOSSLESS = Options(compression_type=Compression.LOSSLESS)
_VERSIONS = ("original", "the score alone", "shipped")
_WHITE, _INK, _NAVY = (255, 255, 255), (60, 60, 66), (40, 70, 140)
_GREEN, _TEAL, _BROWN = (40, 189, 149), (37, 178, 163), (49, 41, 40)
_CHARCOAL, _SLATE, _VIOLET = (52, 52, 52), (46, 62, 72), (84, 80, 112)
_PALE, _OUTLINE, _LINK, _RED = (224, 240, 255), (60, 120, 220), (11, 118, 190), (220, 20, 30)
_PASTELS = ((255, 200, 210), (200, 255, 210), (200, 210, 255), (255, 240, 200), (230, 200, 255))
# Levels between a coloured pixel's highest band and its lowest in a JPEG, which leaves no exact colour.
_SATURATED = 80
# Levels by which what stands on a ground differs from it.
_NOT_GROUND = 40
# Pixels along a gradient's step that are taken together, and the share of its own that is set aside.
_RUN, _OF_ITS_OWN = 9, 0.25


@dataclass(frozen=True, slots=True)
class _Kind:
    """A drawing, and the place of it that is shown and measured."""

    name: str  #: of its pictures
    title: str
    rule: str  #: the limit that it is an example of
    draw: Callable[[], Image.Image]
    box: tuple[int, int, int, int]  #: left, top, right, bottom
    colour: Colour | None = None  #: of the pixels that are measured, None for a gradient
    media: MediaType = MediaType.PNG
    thin: bool = False  #: whether all is measured that is not ground


def draw(folder: Path) -> None:
    """Print the sections of the page and write its pictures into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in _KINDS:
        print(_section(kind, folder), flush=True)


def _section(kind: _Kind, folder: Path) -> str:
    """A kind's section of the page, whose pictures are written into `folder`."""
    drawing = kind.draw()
    mode = "RGBA" if drawing.mode == "RGBA" else "RGB"
    original = _encoded(drawing, kind.media)
    with _score_alone():
        alone = compress(original, kind.media, Options()).data
    files = (original, alone, _shipped(original, kind.media))
    before, *after = (np.asarray(Image.open(BytesIO(one)).convert(mode)) for one in files)
    pictures = []
    for version, pixels in zip(_VERSIONS, (before, *after), strict=True):
        name = f"{kind.name}-{version.rsplit(maxsplit=1)[-1]}.png"
        (folder / name).write_bytes(_cut(kind, pixels))
        pictures.append(f"![{kind.title}, {version}](places/{name})")
    reference = Reference(before)
    change = "moved by {:.1f} CIEDE2000" if kind.colour else "steps larger by {:.1f} levels"
    facts = [f"{len(compress(original, kind.media, _LOSSLESS).data):,} bytes without loss"]
    for data, pixels in zip(files[1:], after, strict=True):
        score = reference.score(pixels)
        moved = change.format(_moved(kind, before, pixels))
        facts.append(f"{len(data):,} bytes, score {score:.1f}, {moved}")
    rows = (_VERSIONS, "---", pictures, facts)
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"## {kind.title}\n\n{kind.rule}\n\n{table}\n"


def _encoded(picture: Image.Image, media: MediaType) -> bytes:
    buffer = BytesIO()
    fine = {"quality": 97, "subsampling": "4:4:4"} if media is MediaType.JPEG else {}
    picture.save(buffer, media.value, **fine)
    return buffer.getvalue()


def _shipped(data: bytes, media: MediaType) -> bytes:
    """What a build puts in the place of a file."""
    with tempfile.TemporaryDirectory() as temporary:
        source, out = Path(temporary) / f"a.{media}", Path(temporary) / "out"
        source.write_bytes(data)
        ir_build.optimize(
            source, out=out, compression_type="lossy", quality=Options().quality, backend="local",
            cache_dir=str(Path(temporary) / "cache"),
        )  # fmt: skip
        return (out / source.name).read_bytes()


class _AllHold:
    """Places and colours that may change in any way."""

    looked_at = 0

    def __init__(self, before: Pixels, quality: float) -> None:
        pass

    def damage(self, after: Pixels, **_: object) -> Damage:
        tiles = np.zeros([-(-size // TILE) for size in after.shape[:2]], np.bool_)
        return Damage(tiles, tiles, "")

    def moved(self, _: Pixels) -> None:
        return None


@contextmanager
def _score_alone() -> Iterator[None]:
    """The engine without its looks at places, and at the worst square of a picture."""
    with ExitStack() as stack:
        for module, looks in ((png, "Places"), (gif, "Places"), (jpeg, "ColouredPlaces")):
            stack.enter_context(patch.object(module, looks, _AllHold))
            stack.enter_context(patch.object(module, "of_both", lambda whole, _: whole))
        yield


def _moved(kind: _Kind, before: Pixels, after: Pixels) -> float:
    """How far the place moved: CIEDE2000 between means, or levels that a gradient's steps grew by."""
    left, top, right, bottom = kind.box
    part = np.s_[top:bottom, left:right]
    if kind.colour is None:
        return max(
            float((new - (1 + _OF_ITS_OWN) * old).max())
            for white in (True, False)
            for old, new in zip(
                _steps(on_page(before[part], white=white)),
                _steps(on_page(after[part], white=white)),
                strict=True,
            )
        )
    one, other = before[part], after[part]
    if kind.thin:
        measured = (np.abs(one.astype(int) - one[0, 0]) >= _NOT_GROUND).any(-1)
    elif kind.media is MediaType.JPEG:
        measured = np.ptp(one, -1) >= _SATURATED
    else:
        measured = (one == kind.colour).all(-1)
    return float(ciede2000.distance(one[measured].mean(0), other[measured].mean(0)))


def _steps(pixels: Pixels) -> Iterator[NDArray[np.float64]]:
    """The steps between rows, then between columns, in levels of the mean of bands over a run."""
    levels = pixels.mean(-1)
    for rows in (levels, levels.T):
        runs = np.lib.stride_tricks.sliding_window_view(rows, _RUN, 1).mean(-1)
        yield np.abs(np.diff(runs, axis=0))


def _cut(kind: _Kind, pixels: Pixels) -> bytes:
    """What is shown of a drawing, at its size and enlarged below, clear between them; a PNG."""
    left, top, right, bottom = kind.box
    part = pixels[top:bottom, left:right]
    pages = (True, False) if part.shape[2] == 4 else (True,)
    cuts = [Image.fromarray(on_page(part, white=white)) for white in pages]
    width, height = cuts[0].size
    large = (width * _ENLARGED, height * _ENLARGED)
    sheet = Image.new("RGBA", (large[0], height + len(cuts) * (large[1] + _GAP)))
    for number, cut in enumerate(cuts):
        sheet.paste(cut, (number * (width + _GAP), 0))
        below = height + _GAP + number * (large[1] + _GAP)
        sheet.paste(cut.resize(large, Image.Resampling.NEAREST), (0, below))
    return compress(_encoded(sheet, MediaType.PNG), MediaType.PNG, _LOSSLESS).data


def _text(
    page: Image.Image, at: tuple[int, int], text: str, colour: Colour, size: int = 12
) -> None:
    ImageDraw.Draw(page).text(at, text, colour, ImageFont.load_default(size))


def _page(theme: Colour, *, ground: Colour = _WHITE, ink: Colour = _INK) -> Image.Image:
    """A page of text, with a photograph and things in its theme's colour."""
    page = Image.new("RGB", (640, 400), ground)
    pencil = ImageDraw.Draw(page)
    pencil.rectangle((0, 0, page.width, 30), fill=theme)
    _text(page, (14, 7), "Documentation", _WHITE, 15)
    for row in range(18):
        _text(page, (20, 46 + 18 * row), "what a page of documentation says", ink)
    for row in range(10):
        _text(page, (260, 46 + 18 * row), "see the other page", theme)
    for top in range(46, 180, 40):
        pencil.rounded_rectangle((400, top, 480, top + 24), 6, fill=theme)
        _text(page, (416, top + 4), "Button", _WHITE, 13)
    page.paste(_photograph((96, 72), (5, 7), contrast=45, grain=14), (520, 50))
    return page


def _photograph(
    size: tuple[int, int], shapes: tuple[int, int], *, contrast: int, grain: int
) -> Image.Image:
    """Soft shapes and grain; `shapes` says how many, as rows, columns."""
    random = np.random.default_rng(1)
    coarse = np.clip(random.normal((120, 110, 100), contrast, (*shapes, 3)), 0, 255)
    soft = Image.fromarray(coarse.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    noise = random.normal(0, grain, (size[1], size[0], 1))
    return Image.fromarray(np.clip(np.asarray(soft) + noise, 0, 255).astype(np.uint8))


def _status() -> Image.Image:
    page = _page(_TEAL)
    disc = Image.new("L", (48, 48))
    ImageDraw.Draw(disc).ellipse((2, 2, 45, 45), fill=255)
    page.paste(_GREEN, (304, 304), disc.resize((12, 12), Image.Resampling.BOX))
    _text(page, (320, 303), "passed", _INK)
    return page


def _logo() -> Image.Image:
    page = _page((40, 70, 90), ink=_SLATE)
    _text(page, (300, 300), "brand", _CHARCOAL, 20)
    return page


def _panel() -> Image.Image:
    page = _page(_NAVY)
    pencil = ImageDraw.Draw(page)
    pencil.rectangle((520, 200, 639, 399), fill=(234, 240, 248))
    pencil.rectangle((304, 304, 319, 315), fill=_PALE)
    return page


def _letters() -> Image.Image:
    page = _page((40, 90, 84), ink=(58, 76, 72))
    _text(page, (300, 300), "test 23", _VIOLET, 10)
    return page


def _line() -> Image.Image:
    page = _page((60, 130, 190))
    ImageDraw.Draw(page).line((300, 300, 340, 300), fill=_OUTLINE)
    return page


def _dark() -> Image.Image:
    page = _page((200, 150, 60), ground=(30, 28, 27), ink=(220, 214, 206))
    pencil = ImageDraw.Draw(page)
    pencil.rectangle((400, 220, 639, 299), fill=(49, 42, 39))
    pencil.rectangle((308, 320, 329, 341), fill=_BROWN)
    return page


def _dots() -> Image.Image:
    page = _page(_NAVY)
    for number, colour in enumerate(_PASTELS):
        left = 307 + 16 * number
        ImageDraw.Draw(page).ellipse((left, 307, left + 9, 316), fill=colour)
    return page.quantize(255, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def _form(words: str, colour: Colour, label: str = "") -> Image.Image:
    """A page beside a large photograph, with coloured words or signs behind a label."""
    page = Image.new("RGB", (640, 400), _WHITE)
    page.paste(_photograph((280, 360), (9, 12), contrast=60, grain=9), (340, 20))
    for row in range(20):
        _text(page, (20, 16 + 18 * row), "what a page of it says", _INK)
    for row in range(0, 20, 4):
        _text(page, (200, 16 + 18 * row), label, _INK)
        _text(page, (200 + 7 * len(label), 16 + 18 * row), words, colour)
    return page


def _shadow() -> Image.Image:
    """A window whose shadow has a colour, in many levels of alpha."""
    y, x = np.mgrid[:240, :320]
    outside = np.hypot(np.maximum(abs(y - 120) - 70, 0), np.maximum(abs(x - 160) - 110, 0))
    pixels = np.full((240, 320, 4), (90, 110, 160, 0), np.uint8)
    pixels[..., 3] = 200 * np.exp(-((outside / 24) ** 2))
    window = Image.fromarray(pixels)
    inside = Image.new("RGBA", (220, 140), (250, 250, 252, 255))
    for row in range(7):
        _text(inside, (14, 10 + 18 * row), "what a window says", _INK)
        _text(inside, (140, 10 + 18 * row), "and more", _LINK)
    window.paste(inside, (50, 50))
    return window


def _sky() -> Image.Image:
    """A sky over hills."""
    rows = np.linspace((40, 90, 170), (200, 225, 245), 240).round().astype(np.uint8)
    picture = Image.fromarray(np.repeat(rows[:, None], 320, 1))
    hills = [(0, 240), (0, 200), (80, 160), (165, 215), (230, 180), (320, 220), (320, 240)]
    ImageDraw.Draw(picture).polygon(hills, fill=(40, 60, 50))
    return picture


_PIXELS = "{} pixels of one colour beside each other may move by {}."
_JPEG = "JPEG: {} saturated pixels of one hue within 16 x 16, on plain ground, may move by {}."
_GRADIENT = "A step between rows of a gradient may grow by 1 level and a quarter of its own{}."
_KINDS = (
    _Kind("icon", "A status icon", _PIXELS.format(64, 2), _status, (298, 296, 362, 324), _GREEN),
    _Kind("logo", "Letters of a logo", _PIXELS.format(12, 4), _logo, (296, 298, 360, 328),
          _CHARCOAL),
    _Kind("panel", "A pale panel", _PIXELS.format(64, 2), _panel, (280, 296, 344, 324), _PALE),
    _Kind("line", "A line of one pixel", _PIXELS.format(12, 4), _line, (288, 288, 352, 312),
          _OUTLINE),
    _Kind("letters", "Thin letters", "What stands on plain ground in a tile of 16 x 16, 32 pixels of it,"
          " may move by 3 as a whole.", _letters, (292, 292, 356, 320), _VIOLET, thin=True),
    _Kind("brown", "A dark brown panel",
          "A tile of 16 x 16 that is part of an area of about one colour may move by 1.", _dark,
          (287, 314, 351, 348), _BROWN),
    _Kind("dots", "Pastel dots in a GIF", _PIXELS.format(64, 2), _dots, (299, 299, 363, 325),
          _PASTELS[0], MediaType.GIF),
    _Kind("link", "A link's words in a JPEG", _JPEG.format(32, 3.5),
          partial(_form, "see the manual", _LINK), (198, 12, 262, 36), _LINK, MediaType.JPEG),
    _Kind("asterisk", "Asterisks of required fields in a JPEG", _JPEG.format(6, 5),
          partial(_form, "*", _RED, "Name "), (198, 12, 262, 36), _RED, MediaType.JPEG),
    _Kind("shadow", "A soft shadow in alpha", _GRADIENT.format(", on white and on black"),
          _shadow, (0, 100, 48, 140)),
    _Kind("sky", "A sky", _GRADIENT.format(""), _sky, (100, 20, 164, 100)),
)  # fmt: skip
