"""Exif metadata: what orientation a picture has, and a block with only what shall be kept."""

from __future__ import annotations

import struct
import warnings

from PIL import Image

from ..options import Meta

_ORIENTATION = 0x0112
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_HEADER = b"Exif\0\0"

#: tags of the main directory and of the Exif directory that each kind of metadata is made of
_MAIN_TAGS = {
    Meta.DATETIME: (0x0132,),
    Meta.COPYRIGHT: (0x013B, 0x8298),
    Meta.ORIENTATION: (_ORIENTATION,),
}
_EXIF_TAGS = {Meta.DATETIME: (0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9290, 0x9291, 0x9292)}

# What Pillow's reader raises on a damaged block.
_DAMAGED = (ValueError, SyntaxError, KeyError, TypeError, IndexError, OSError, struct.error)


def orientation(block: bytes) -> int:
    """The orientation that `block` asks a viewer for, 1 to 8; 1 when it asks for none."""
    try:
        value = _load(block).get(_ORIENTATION, 1)
    except _DAMAGED:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def keep(block: bytes, metas: frozenset[Meta]) -> bytes | None:
    """A block, beginning with its TIFF header, with only what `metas` asks for; None if empty."""
    try:
        found = _load(block)
        kept = Image.Exif()
        for meta in sorted(metas):
            for tag in _MAIN_TAGS.get(meta, ()):
                if tag in found:
                    kept[tag] = found[tag]
            details = found.get_ifd(_EXIF_IFD)
            for tag in _EXIF_TAGS.get(meta, ()):
                if tag in details:
                    kept.get_ifd(_EXIF_IFD)[tag] = details[tag]
        if Meta.LOCATION in metas and (place := found.get_ifd(_GPS_IFD)):
            kept.get_ifd(_GPS_IFD).update(place)
        if kept.get(_ORIENTATION) == 1:
            del kept[_ORIENTATION]
        written = kept.tobytes().removeprefix(_HEADER)
        return written if len(written) > len(Image.Exif().tobytes()) - len(_HEADER) else None
    except _DAMAGED:
        return None


def _load(block: bytes) -> Image.Exif:
    exif = Image.Exif()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damage, which is dropped with the rest
        exif.load(_HEADER + block.removeprefix(_HEADER))
        exif.get_ifd(_EXIF_IFD)
        exif.get_ifd(_GPS_IFD)
    return exif
