"""Linearized files (ISO 32000-1, annex F), which show while they load; qpdf writes them."""

from __future__ import annotations

import hashlib
import io
import warnings
import zlib

import pikepdf

from ....errors import FileSkipped
from . import linear_file, objects
from .self_check import Written, opened, outline

# What qpdf writes as the second part of /ID when asked for a static one.
_STATIC_SECOND_ID = b"><31415926535897932384626433832795>]"
_SMALL = 1 << 20


def linearized(data: bytes, *, packed: bool, plain_metadata: bool) -> bytes:
    """The document in the order that pages are shown in; `packed` allows object streams.

    `plain_metadata` leaves XMP without a filter.
    """
    # A second time, because qpdf orders what it has compressed itself in another way.
    made = _pass(_pass(data, packed=packed), packed=packed)
    if not packed:
        return made
    try:
        tight = linear_file.tightened(made, plain_metadata=plain_metadata)
        same = _unpacked(tight) == _unpacked(data)
    except (ValueError, KeyError, zlib.error, FileSkipped):
        return made  # not laid out as is known of qpdf
    return tight if same and len(tight) < len(made) else made


def _unpacked(data: bytes) -> list[Written]:
    """What is in the file, but for whether small streams are deflated, which qpdf sees to."""
    return [_inflated(*one) for one in outline(objects.read(opened(data)))]


def _inflated(text: bytes, data: bytes | None) -> Written:
    if data is None or b"/DecodeParms" in text or b"/Filter/FlateDecode" not in text:
        return text, data
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(data, _SMALL)
    return (text.replace(b"/Filter/FlateDecode", b""), plain) if unpacker.eof else (text, data)


def _pass(data: bytes, *, packed: bool) -> bytes:
    pikepdf.settings.set_flate_compression_level(9)
    out = io.BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    with warnings.catch_warnings():
        # It is about pages copied between documents; here a stray widget was there before.
        warnings.simplefilter("ignore", pikepdf.PageCopyWarning)
        opened(data).save(
            out,
            linearize=True,
            object_stream_mode=mode,
            compress_streams=packed,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            static_id=True,
            fix_metadata_version=False,
        )
    # qpdf's own deterministic /ID differs for a file that it wrote itself.
    digest = hashlib.sha256(out.getvalue()).hexdigest()[:32]
    return out.getvalue().replace(_STATIC_SECOND_ID, b"><%s>]" % digest.encode())
