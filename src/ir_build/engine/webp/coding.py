"""One WebP picture coded again: without loss, or up to a score."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ...options import Effort
from ..shared import raster
from ..shared.scorer import Scorer, work
from ..shared.search import Found, Search
from . import file as webp_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .file import Bitstream

#: The slowest lossless method is for pictures of up to so many pixels, by effort. It takes 10 CPU seconds for a
#: megapixel. These limits and the searches below were chosen by the curves of docs/effort.md:
#: `python benchmarks FOLDER --curve effort.svg`.
_THOROUGH = {Effort.FAST: 0, Effort.DEFAULT: 1_500_000, Effort.BEST: 4_000_000}
_METHOD = 6
#: The methods of libwebp to search with, by effort. Each has the points over the target at which its search may
#: end: first at the first number, then it goes on to the next. A step of quality is about half a point and 1 %
#: of the bytes. Scores do not rise evenly. So a search that goes on may end with a larger file, and the smallest
#: file counts. One picture in five comes out smaller from the faster method. Each effort does what the lower
#: ones do.
_SEARCHES = {
    Effort.FAST: ((6, (2.0,)),),
    Effort.DEFAULT: ((6, (2.0, 1.0)),),
    Effort.BEST: ((6, (2.0, 1.0, 0.4)), (4, (2.0, 0.4))),
}
#: The part of the encoder's scale of 0 to 100 that is searched.
#: (`python benchmarks FOLDER --sweep webp.coding:_LOWEST 5 40` tries others.)
_LOWEST, _HIGHEST = 20, 98
#: How much scores usually rise with a step of quality from 80 on. Only the first step of a search uses it.
#: (Others: `--sweep webp.coding:_RISE 0.5 2.0`.)
_RISE = 1.0
#: Only pictures with up to so many pixels to be scored are searched for, by effort (docs/effort.md, as above).
_SCORED = {Effort.FAST: 6_000_000, Effort.DEFAULT: 18_000_000, Effort.BEST: 24_000_000}
#: The first byte of alpha data: no filter, no preprocessing, compressed as VP8L (RFC 9649, 2.7.1.2).
_ALPHA_HEADER = b"\x01"
#: The bytes at the beginning of VP8L that alpha data do not have: signature, width, height, a flag, a version
#: (RFC 9649, 3.4).
_VP8L_HEADER = 5


def decode(stream: Bitstream) -> Image.Image:
    """The pixels of one picture: RGB if all are opaque, else RGBA. Raises `CorruptFile`."""
    image = raster.decode(stream.file(), "WEBP")
    return image.convert("RGB") if raster.opaque(image) else image


def lossless(
    image: Image.Image, effort: Effort, *, hidden: bool = True, total: int | None = None
) -> Bitstream:
    """`image`, RGB or RGBA, as VP8L. `hidden` keeps the colours of fully transparent pixels.

    `total` is the number of all pixels to be coded; None if these are the pixels of `image`.
    """
    thorough = (total or image.width * image.height) <= _THOROUGH[effort]
    # The faster method may be the better one.
    coded = [
        _encode(image, lossless=True, quality=100, method=method, exact=hidden)
        for method in ((6, 4) if thorough else (4,))
    ]
    return min(coded, key=lambda one: len(one.data))


def transparency(image: Image.Image, effort: Effort) -> bytes:
    """The ALPH data of an RGBA picture, without loss.

    They are a lossless picture without its header. Its green band is the transparency (RFC 9649, 2.7.1.2).
    libwebp can make the same bytes by itself, but takes ten times as long.
    """
    empty = Image.new("L", image.size)
    plane = Image.merge("RGB", (empty, image.getchannel("A"), empty))
    return _ALPHA_HEADER + lossless(plane, effort).data[_VP8L_HEADER:]


def lossy(
    image: Image.Image, quality: float, effort: Effort, alpha: bytes | None = None
) -> Bitstream:
    """`image`, RGB or RGBA, as VP8 at a quality of 0 to 100. Its transparency is coded without loss.

    `alpha` is the transparency as ALPH data, if it is coded already.
    """
    if alpha is None and image.mode == "RGBA":
        alpha = transparency(image, effort)
    return _vp8(image, quality, _METHOD, alpha)


def again_without_loss(
    stream: Bitstream,
    image: Image.Image,
    effort: Effort,
    *,
    hidden: bool = True,
    total: int | None = None,
) -> tuple[Bitstream, bool]:
    """The same pixels in fewer bytes, and whether colours that nobody sees have changed.

    `image` is what `stream` decodes to. `hidden` and `total` are as for `lossless`. A lossy picture only has
    its transparency coded again.
    """
    if not stream.lossless:
        return _alpha_again(stream, image, effort), False
    hides = not hidden and _hides_colours(image)
    coded = lossless(image, effort, hidden=not hides, total=total)
    if len(coded.data) >= len(stream.data):
        return stream, False
    before, after = (
        _visible(image, all_of_it=not hides),
        _visible(decode(coded), all_of_it=not hides),
    )
    return (coded, hides) if np.array_equal(before, after) else (stream, False)


def up_to_score(
    image: Image.Image,
    target: float,
    effort: Effort,
    *,
    alpha: bytes | None = None,
    guess: int = 80,
    profile: bytes | None = None,
) -> tuple[Bitstream, int] | None:
    """The smallest VP8 picture whose score against `image` reaches `target`, and its quality of 0 to 100.

    The result is None if there is none, or if `image` is too large. `alpha` is the transparency as ALPH data, if
    it is coded already. The search begins at the quality `guess`. Both pictures are shown by the ICC data
    `profile`.
    """
    if work(image) > _SCORED[effort]:
        return None
    if image.mode == "RGBA" and alpha is None:
        alpha = transparency(image, effort)
    scorer = Scorer(image, "WEBP", target, profile)
    coder = partial(_vp8, image, alpha=alpha)

    def search(target: float, before: Found | None) -> Found | None:
        start = before.quality if before else guess
        return _search(image, scorer, target, effort, start, coder)

    found = scorer.holding(search)
    return (webp_file.read(found.data).image, found.quality) if found else None


def _search(
    image: Image.Image,
    scorer: Scorer,
    target: float,
    effort: Effort,
    guess: int,
    coder: Callable[..., Bitstream],
) -> Found | None:
    """The smallest file whose score reaches `target` on both backgrounds."""

    @cache
    def encode(method: int, quality: int) -> bytes:
        return coder(quality=quality, method=method).file()

    on_likely = cache(partial(scorer.score_on, 0))
    on_other = cache(partial(scorer.score_on, 1)) if image.mode == "RGBA" else on_likely

    def on_both(data: bytes) -> float:
        return min(on_likely(data), on_other(data))

    best: Found | None = None
    for method, rooms in _SEARCHES[effort]:
        search, thorough = (
            Search(
                partial(encode, method),
                score,
                target,
                low=_LOWEST,
                high=_HIGHEST,
                guess=guess,
                rise=_RISE,
            )
            for score in (on_likely, on_both)
        )
        for near in rooms:
            found = search.within(near)
            if found is not None and on_other(found.data) < target:
                found = thorough.within(near)
            if found is not None and (best is None or len(found.data) < len(best.data)):
                best = found
    return best


def _alpha_again(stream: Bitstream, image: Image.Image, effort: Effort) -> Bitstream:
    """A lossy picture with its transparency coded again, if that takes fewer bytes."""
    if stream.alpha is None:
        return stream
    if image.mode != "RGBA":
        return replace(stream, alpha=None)  # Every pixel is opaque.
    alpha = transparency(image, effort)
    slimmer = replace(stream, alpha=alpha)
    if len(alpha) >= len(stream.alpha):
        return stream
    return slimmer if np.array_equal(_visible(image), _visible(decode(slimmer))) else stream


def _vp8(image: Image.Image, quality: float, method: int, alpha: bytes | None) -> Bitstream:
    # The transparency is replaced. So it need not be good.
    stream = _encode(
        image, lossless=False, quality=quality, method=method, exact=False, alpha_quality=0
    )
    return replace(stream, alpha=alpha)


def _encode(
    image: Image.Image,
    *,
    lossless: bool,
    quality: float,
    method: int,
    exact: bool,
    alpha_quality: int = 100,
) -> Bitstream:
    buffer = io.BytesIO()
    image.save(
        buffer,
        "WEBP",
        lossless=lossless,
        quality=quality,
        method=method,
        exact=exact,
        alpha_quality=alpha_quality,
    )
    return webp_file.read(buffer.getvalue()).image


def _hides_colours(image: Image.Image) -> bool:
    if image.mode != "RGBA":
        return False
    pixels = np.asarray(image)
    return bool(pixels[pixels[..., 3] == 0].any())


def _visible(image: Image.Image, *, all_of_it: bool = True) -> NDArray[np.uint8]:
    pixels = np.array(image.convert("RGBA"))
    if not all_of_it:
        pixels[pixels[..., 3] == 0] = 0
    return pixels
