"""The generic stream filters of PDF (ISO 32000-1, 7.4), decoded strictly and within a limit."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

import deflate
import numpy as np

from ....containers.png_chunks import SIGNATURE, PngChunk
from ....errors import InputError
from ...shared import raster

# Streams with other generic filters keep them. None of 151 documents of documentation sites had one.
GENERIC = frozenset({"/FlateDecode", "/ASCII85Decode"})
# Levels of libdeflate: the highest one, and one for streams of more than `_LARGE` bytes. The highest one saves half
# a per cent in five times the time, which is too long for the rows of a large image.
# `python benchmarks FOLDER --sweep pdf.structure.filters:_LARGE 0` tries the other one for all.
_BEST, _GOOD = 12, 8
_LARGE = 8 * 1024 * 1024
_SPACE = b"\0\t\n\f\r "


class Undecodable(Exception):
    """Data that break the rules of their filter, are over the limit, or have a filter that is not decoded here."""


@dataclass(frozen=True, slots=True)
class Parms:
    """The decode parameters of one filter. A missing entry has the value that is the default here."""

    predictor: int = 1
    colors: int = 1
    bits: int = 8
    columns: int = 1

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of samples."""
        return (self.columns * self.colors * self.bits + 7) // 8


def decode(data: bytes, name: str, parms: Parms, limit: int) -> bytes:
    """`data` without the filter `name`: up to `limit` bytes. Raises `Undecodable`."""
    if name == "/FlateDecode":
        return _unpredict(_inflate(data, limit), parms)
    if name == "/ASCII85Decode":
        return _ascii85(data)
    raise Undecodable(name)


def deflated(data: bytes) -> bytes:
    """`data` as zlib data. libdeflate makes them smaller than zlib does."""
    return bytes(deflate.zlib_compress(data, _BEST if len(data) < _LARGE else _GOOD))


def _inflate(data: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(data, limit)
    except zlib.error as error:
        raise Undecodable(str(error)) from error
    # Some writers count the line end before `endstream` as data. All other bytes after the end are a fault.
    if not unpacker.eof or unpacker.unused_data.strip(b"\r\n"):
        raise Undecodable("the zlib stream is cut off, followed by other data, or over the limit")
    return plain


def _ascii85(data: bytes) -> bytes:
    text, end, rest = data.partition(b"~>")
    if not end or rest.strip(_SPACE):
        raise Undecodable("ASCII85 data without an end")
    try:
        return base64.a85decode(text, ignorechars=_SPACE)
    except ValueError as error:
        raise Undecodable(str(error)) from error


def _unpredict(data: bytes, parms: Parms) -> bytes:
    if parms.predictor == 1 or not data:
        return data
    pixel = parms.colors * parms.bits
    if min(parms.columns, parms.colors) < 1 or parms.bits not in (1, 2, 4, 8, 16):
        raise Undecodable("predictor parameters out of range")
    if parms.predictor == 2 and parms.bits == 8 and len(data) % parms.row_bytes == 0:
        deltas = np.frombuffer(data, np.uint8).reshape(-1, parms.columns, parms.colors)
        return np.cumsum(deltas, axis=1, dtype=np.uint8).tobytes()
    if not 10 <= parms.predictor <= 15:
        raise Undecodable(f"predictor {parms.predictor}")
    return _unfilter(data, parms.row_bytes, max(1, pixel // 8))


def _unfilter(data: bytes, row: int, pixel: int) -> bytes:
    """Undo the row filters of PNG (PNG, third edition, 9.2) by Pillow's decoder.

    A filter only knows how many bytes a pixel has. So any colour type with as many bytes will do.
    """
    kinds = {1: 0, 2: 4, 3: 2, 4: 6}
    height, rest = divmod(len(data), row + 1)
    if rest or pixel not in kinds or row % pixel or max(data[:: row + 1]) > 4:
        raise Undecodable("rows of another length, or unknown row filters")
    header = struct.pack(">IIBBBBB", row // pixel, height, 8, kinds[pixel], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(data, 1)), (b"IEND", b""))
    png = SIGNATURE + b"".join(PngChunk(kind, body).encode() for kind, body in chunks)
    try:
        return raster.decode(png, "PNG").tobytes()
    except InputError as error:
        raise Undecodable(error.message) from error
