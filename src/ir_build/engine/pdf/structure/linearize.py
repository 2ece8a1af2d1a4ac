"""Linearized files, which are shown while they load (ISO 32000-1, annex F). qpdf writes them."""

from __future__ import annotations

import hashlib
import io
import warnings

import pikepdf

from .self_check import opened

# The second part of /ID that qpdf writes for a static one.
_STATIC_SECOND_ID = b"><31415926535897932384626433832795>]"
# qpdf removes the filter of streams of this type. So metadata get another type while it writes.
_METADATA, _HIDDEN = b"/Type /Metadata", b"/Type /Metadatb"


def linearized(data: bytes, *, packed: bool, plain_metadata: bool) -> bytes:
    """The PDF `data` with its objects in the order in which pages are shown.

    `packed` allows object streams. `plain_metadata` leaves XMP without a filter. Raises `FileSkipped` if the document
    cannot be read.
    """
    document = opened(data)
    # If the document already has the other type, metadata keep theirs. The two could not be told apart later.
    hidden = not plain_metadata and _HIDDEN.split()[1] not in data
    for one in document.objects if hidden else ():
        if isinstance(one, pikepdf.Stream) and one.get("/Type") == pikepdf.Name.Metadata:
            one.Type = pikepdf.Name(_HIDDEN.split()[1].decode())
    # It is written twice, because qpdf orders objects that it compressed itself in another way.
    made = _pass(opened(_pass(document, packed=packed)), packed=packed)
    return made.replace(_HIDDEN, _METADATA) if hidden else made


def _pass(document: pikepdf.Pdf, *, packed: bool) -> bytes:
    pikepdf.settings.set_flate_compression_level(9)
    out = io.BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    with warnings.catch_warnings():
        # The warning is about pages that were copied between documents. The stray widget was there before.
        warnings.simplefilter("ignore", pikepdf.PageCopyWarning)
        document.save(
            out,
            linearize=True,
            object_stream_mode=mode,
            compress_streams=packed,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            static_id=True,
            fix_metadata_version=False,
        )
    # qpdf can make a deterministic /ID, too. It would change for a file that qpdf wrote itself.
    digest = hashlib.sha256(out.getvalue()).hexdigest()[:32]
    return out.getvalue().replace(_STATIC_SECOND_ID, b"><%s>]" % digest.encode())
