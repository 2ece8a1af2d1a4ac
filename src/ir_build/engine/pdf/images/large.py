"""Images of more samples than are ever held at once: those of few colours become palette images."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pikepdf

from ..structure import streams
from ..structure.filters import Undecodable
from ..structure.source import MAX_DECODED
from . import lossless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..structure.source import PdfFile
    from .lossless import Shape

# Bytes of samples that are read, of one image and of all in a document.
_LARGEST, _BUDGET = 320 * 1024 * 1024, 1024 * 1024 * 1024
_BAND = 8 * 1024 * 1024
_FAMILIES = ("/DeviceRGB", "/ICCBased")
_MOST_COLOURS = 256
_UNKNOWN = -1


def shrink(source: PdfFile) -> None:
    """Turn what `repack` leaves as it is for its size into palette images, where that is lossless."""
    budget = _BUDGET
    for one in source.pdf.objects:
        if not isinstance(one, pikepdf.Stream) or one.get("/Subtype") != pikepdf.Name.Image:
            continue
        form = lossless.shape(one)
        if form is None or not MAX_DECODED < form.size <= min(_LARGEST, budget) or not _plain(one):
            continue
        if form.direct and (form.components, form.bits) == (3, 8) and form.family in _FAMILIES:
            budget -= form.size
            try:
                made = _as_palette(one, form)
            except Undecodable:
                continue
            if made is not None and made.cost < streams.present(one):
                streams.replace(one, made)


def _plain(image: pikepdf.Stream) -> bool:
    """Whether its samples are deflated without predictors, and in this file."""
    if "/F" in image or "/DecodeParms" in image or "/DP" in image:
        return False
    return image.get("/Filter") == pikepdf.Name.FlateDecode


def _as_palette(image: pikepdf.Stream, form: Shape) -> streams.Packed | None:
    """The samples as indices into the colours in the order that they are met."""
    index = np.empty(form.width * form.height, np.uint8)
    places = np.full(1 << 24, _UNKNOWN, np.int16)
    table: list[int] = []
    at = 0
    for band in _bands(image.read_raw_bytes(), form.size):
        colours = _joined(band)
        found = places[colours]
        if found.min() == _UNKNOWN:
            new = np.unique(colours[found == _UNKNOWN])
            if len(table) + len(new) > _MOST_COLOURS:
                return None
            places[new] = np.arange(len(table), len(table) + len(new))
            table += new.tolist()
            found = places[colours]
        index[at : at + found.size] = found
        at += found.size
    return _indexed(image, form, index.tobytes(), table)


def _bands(data: bytes, size: int) -> Iterator[NDArray[np.uint8]]:
    """The pixels in `size` bytes of samples, some at a time. Raises `Undecodable`."""
    unpacker, held = zlib.decompressobj(), b""
    while not unpacker.eof:
        try:
            new = unpacker.decompress(data, _BAND)
        except zlib.error as error:
            raise Undecodable(str(error)) from error
        size -= len(new)
        if size < 0 or not (new or unpacker.eof):
            raise Undecodable("cut off, or more samples than the image has")
        held, data = held + new, unpacker.unconsumed_tail
        whole = len(held) // 3 * 3
        if whole:
            yield np.frombuffer(held[:whole], np.uint8).reshape(-1, 3)
        held = held[whole:]
    if size or unpacker.unused_data.strip(b"\r\n"):
        raise Undecodable("fewer samples than the image has, or other data after them")


def _joined(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The three components of a pixel as one number."""
    joined = pixels[:, 0].astype(np.uint32)
    for at in (1, 2):
        joined <<= 8
        joined |= pixels[:, at]
    return joined


def _indexed(
    image: pikepdf.Stream, form: Shape, index: bytes, colours: list[int]
) -> streams.Packed:
    table = b"".join(colour.to_bytes(3, "big") for colour in colours)
    space = pikepdf.Array(
        [
            pikepdf.Name.Indexed,
            image.get_raw("/ColorSpace"),
            len(colours) - 1,
            pikepdf.String(table),
        ]
    )
    plain = streams.Plain(index, "", None)
    narrow = replace(form, components=1, family="/Indexed")
    made = lossless.best(image, plain, narrow, streams.pack(plain), None, mask=False)
    return replace(made, entries=(*made.entries, ("/ColorSpace", space)))
