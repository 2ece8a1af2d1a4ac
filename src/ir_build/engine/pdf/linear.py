"""Linearized files (ISO 32000-1, annex F), which show while they load; qpdf writes them."""

from __future__ import annotations

import hashlib
import io
import warnings

import pikepdf

from .reread import opened

# What qpdf writes as the second part of /ID when asked for a static one.
_STATIC_SECOND_ID = b"><31415926535897932384626433832795>]"


def linearized(data: bytes, *, packed: bool) -> bytes:
    """The document in the order that pages are shown in; `packed` allows object streams."""
    # A second time, because qpdf orders what it has compressed itself in another way.
    return _pass(_pass(data, packed=packed), packed=packed)


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
