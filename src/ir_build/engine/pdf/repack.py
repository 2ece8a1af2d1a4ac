"""Every stream of a document packed again as small as it gets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pikepdf

from ...options import Compression, Effort, Options
from . import images, photos, streams
from .filters import Undecodable
from .source import MAX_DECODED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import Source
    from .streams import Packed, Plain

# Work is bounded by what goes in, never by the clock: the same file gives the same result.
_BUDGET_DECODED = 1024 * 1024 * 1024
# A search for a quality costs some 2 to 4 CPU seconds a million pixels.
_BUDGET_SEARCHED = {Effort.FAST: 2_000_000, Effort.DEFAULT: 8_000_000, Effort.BEST: 24_000_000}
# Trying row filters costs up to 1 CPU second a million bytes that deflate makes of the image.
_BUDGET_FILTERED = {Effort.FAST: 4_000_000, Effort.DEFAULT: 12_000_000, Effort.BEST: 24_000_000}


@dataclass(slots=True)
class _Budget:
    """What may still be spent on this document."""

    decoded: int  #: bytes of decoded streams
    searched: int  #: pixels searched for a lossy quality
    filtered: int  #: deflated bytes of images whose row filters are tried


def repack(source: Source, options: Options) -> int:
    """Pack every stream again, and say how many images have other pixels than before."""
    budget = _Budget(
        _BUDGET_DECODED, _BUDGET_SEARCHED[options.effort], _BUDGET_FILTERED[options.effort]
    )
    masks = _masks(source.pdf)
    changed = 0
    # Documents put together from others repeat whole streams.
    done: dict[bytes, tuple[Packed, bool] | None] = {}
    for stream in _by_size(source.pdf):
        if source.conforming and stream.get("/Type") == pikepdf.Name.Metadata:
            continue  # PDF/A-1 wants it plain, and other standards' tools look for it
        mask = stream.objgen in masks
        sign = _sign(stream, mask=mask)
        if sign not in done:
            done[sign] = _smaller(stream, options, budget, mask=mask)
        made = done[sign]
        if made is not None:
            streams.replace(stream, made[0])
            changed += made[1]
    return changed


def _smaller(
    stream: pikepdf.Stream, options: Options, budget: _Budget, *, mask: bool
) -> tuple[Packed, bool] | None:
    """A smaller form of the stream, and whether pixels changed; None to leave it as it is."""
    try:
        plain = streams.unpack(stream, min(MAX_DECODED, budget.decoded))
    except Undecodable:
        return None
    budget.decoded -= len(plain.data)
    if stream.get("/Subtype") == pikepdf.Name.Image:
        made, lossy = _image(stream, plain, options, budget, mask=mask)
    else:
        made, lossy = streams.pack(plain), False
    return (made, lossy) if made.cost < streams.present(stream) else None


def _sign(stream: pikepdf.Stream, *, mask: bool) -> bytes:
    """The same for streams that come out the same."""
    entries = b"%d" % mask + stream.stream_dict.unparse(resolved=True)
    return hashlib.sha256(entries + b"\n" + stream.read_raw_bytes()).digest()


def _image(
    stream: pikepdf.Stream, plain: Plain, options: Options, budget: _Budget, *, mask: bool
) -> tuple[Packed, bool]:
    """The smallest form of an image, and whether its pixels changed."""
    form = images.shape(stream)
    lossless = replace(options, compression_type=Compression.LOSSLESS)
    if form is None:
        return streams.pack(plain), False
    pixels = form.width * form.height
    lossy = (
        options.compression_type is Compression.LOSSY
        and not mask
        and pixels <= budget.searched
        and photos.photographic(form)
        and not _premultiplied(stream)
    )
    if plain.codec == "/DCTDecode":
        lossy = lossy and not photos.coarse(plain, options.quality)
        budget.searched -= pixels if lossy else 0
        made = photos.transcoded(plain, options if lossy else lossless)
        candidates = [(streams.pack(plain), False), *([made] if made else [])]
        return min(candidates, key=lambda one: one[0].cost)
    if plain.codec:
        return streams.pack(plain), False
    deflated = streams.pack(plain)
    thorough = len(deflated.data) <= budget.filtered
    budget.filtered -= len(deflated.data) if thorough else 0
    effort = options.effort if thorough else None
    best = images.best(stream, plain, form, deflated, effort, mask=mask)
    if lossy:
        photo = photos.as_jpeg(plain, form, best, options)
        budget.searched -= pixels if photo else 0
        if photo:
            return photo, True
    return best, False


def _by_size(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Stream]:
    """Streams, the largest first: the budget goes where it saves most."""
    sized = [
        (len(one.read_raw_bytes()), one.objgen, one)
        for one in pdf.objects
        if isinstance(one, pikepdf.Stream)
        and one.get("/Type") not in (pikepdf.Name.ObjStm, pikepdf.Name.XRef)
    ]
    for _, _, one in sorted(sized, key=lambda entry: (-entry[0], entry[1])):
        yield one


def _masks(pdf: pikepdf.Pdf) -> set[tuple[int, int]]:
    """The images that are another image's mask."""
    return {
        one[key].objgen
        for one in pdf.objects
        if isinstance(one, pikepdf.Stream)
        for key in ("/SMask", "/Mask")
        if isinstance(one.get(key), pikepdf.Stream)
    }


def _premultiplied(stream: pikepdf.Stream) -> bool:
    mask = stream.get("/SMask")
    return isinstance(mask, pikepdf.Stream) and "/Matte" in mask
