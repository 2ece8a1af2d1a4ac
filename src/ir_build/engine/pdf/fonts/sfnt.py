"""Font files of tables (OpenType, "Organization of an OpenType Font")."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from .type1 import Unusual

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_MOST_TABLES = 64
# For layout, devices and signatures: a PDF places every glyph itself.
NEEDLESS = frozenset({
    b"BASE", b"DSIG", b"EBDT", b"EBLC", b"EBSC", b"FFTM", b"Feat", b"GDEF", b"GPOS", b"GSUB",
    b"Glat", b"Gloc", b"JSTF", b"LTSH", b"MATH", b"MERG", b"PCLT", b"Silf", b"Sill", b"VDMX",
    b"feat", b"hdmx", b"kern", b"kerx", b"meta", b"mort", b"morx", b"trak",
})  # fmt: skip
_HEAD = b"head"
_CHECKSUM = 0xB1B0AFBA


def read(data: bytes, magics: Collection[bytes]) -> dict[bytes, bytes]:
    """The tables of a font that begins with one of `magics`. Raises `Unusual`."""
    if data[:4] not in magics:
        raise Unusual("another kind of font")
    count = int.from_bytes(data[4:6], "big")
    if count > _MOST_TABLES or len(data) < 12 + 16 * count:
        raise Unusual("a table of contents that is cut off")
    tables = {}
    for at in range(12, 12 + 16 * count, 16):
        tag, _, start, length = struct.unpack_from(">4sIII", data, at)
        if start + length > len(data) or tag in tables:
            raise Unusual("a table out of bounds, or twice")
        tables[tag] = data[start : start + length]
    return tables


def write(magic: bytes, tables: Mapping[bytes, bytes]) -> bytes:
    """The font of `tables`, with true checksums."""
    count = len(tables)
    power = count.bit_length() - 1
    head = magic + struct.pack(">HHHH", count, 16 << power, power, 16 * count - (16 << power))
    at = len(head) + 16 * count
    records, bodies = [], []
    for tag, data in sorted(tables.items()):
        body = data if tag != _HEAD else data[:8] + b"\0\0\0\0" + data[12:]
        bodies.append(body + b"\0" * (-len(body) % 4))
        records.append(struct.pack(">4sIII", tag, _sum(bodies[-1]), at, len(body)))
        at += len(bodies[-1])
    made = bytearray(head + b"".join(records) + b"".join(bodies))
    for tag, _, start, length in (struct.unpack(">4sIII", one) for one in records):
        if tag == _HEAD and length >= 12:
            struct.pack_into(">I", made, start + 8, _CHECKSUM - _sum(bytes(made)) & 0xFFFFFFFF)
    return bytes(made)


def _sum(data: bytes) -> int:
    return int(np.frombuffer(data, ">u4").sum(dtype=np.uint64)) & 0xFFFFFFFF
