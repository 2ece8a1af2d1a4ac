"""PDF: streams are packed again, equal objects become one, and the image engine codes the images."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pikepdf

from ...candidate import Candidate
from ...options import Part
from .fonts import slim
from .repack import repack
from .structure import memory, objects, private, repair, writer
from .structure.linearize import linearized
from .structure.self_check import check, signs

if TYPE_CHECKING:
    from ...options import Options

# A file with object streams needs this version (ISO 32000-1, 7.5.7).
_PACKED_VERSION = "1.5"


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest PDF that shows, says and does the same as the PDF `data`.

    Raises `FileSkipped` for a document that must stay as it is, `CorruptFile` and `TooLarge`.
    """
    source, fault = repair.sound(data)
    kept = options.kept_parts
    dropped = () if Part.STRUCTURE in kept else private.drop(source)
    slimmed = 0 if Part.FONTS in kept else slim.slim(source)
    changed = repack(source, options)
    table = objects.read(source.pdf, objects.moved)
    if Part.STRUCTURE not in kept:
        table = objects.merged(table)
    packed = not source.classic
    version = max(source.pdf.pdf_version, _PACKED_VERSION) if packed else source.pdf.pdf_version
    identifier = _identifier(source.pdf)
    if identifier is None and source.linearized:
        # qpdf would make up an identifier.
        identifier = hashlib.sha256(data).digest()[:16]
    meant = signs(table)
    if len(data) > memory.LARGE:
        memory.release()
    result = writer.write(table, version, identifier, packed=packed)
    check(result, meant)
    if source.linearized:
        result = linearized(result, packed=packed, plain_metadata=source.conforming)
    notes = ["stripped private application data"] if dropped else []
    if fault:
        notes.append(f"repaired: {fault}")
    if slimmed:
        notes.append(f"made {slimmed} font{'s' if slimmed > 1 else ''} smaller")
    if changed:
        notes.append(f"coded {changed} image{'s' if changed > 1 else ''} again")
    parts = _parts(source.pdf, slimmed) - kept
    return Candidate(result, lossy=changed > 0, notes=tuple(notes), parts=parts)


def _parts(pdf: pikepdf.Pdf, slimmed: int) -> frozenset[Part]:
    """The parts of a document that were changed, or may have been."""
    pictures = any(
        isinstance(one, pikepdf.Stream) and one.get("/Subtype") == pikepdf.Name.Image
        for one in pdf.objects
    )
    there = {Part.FONTS: slimmed > 0, Part.PICTURES: pictures, Part.STRUCTURE: True}
    return frozenset(part for part, changed in there.items() if changed)


def _identifier(pdf: pikepdf.Pdf) -> bytes | None:
    parts = pdf.trailer.get("/ID")
    if isinstance(parts, pikepdf.Array) and len(parts) and isinstance(parts[0], pikepdf.String):
        return bytes(parts[0])
    return None
