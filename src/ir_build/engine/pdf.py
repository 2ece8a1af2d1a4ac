"""PDF: every stream packed again, equal objects merged, images as the image engine makes them."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pikepdf

from ..candidate import Candidate
from ..errors import LeftAlone, Reason
from ..options import Compression, Effort, Meta, Options
from . import pdf_images, pdf_objects, pdf_photos, pdf_private, pdf_source, pdf_streams, pdf_writer
from .pdf_filters import Undecodable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .pdf_objects import Table
    from .pdf_source import Source
    from .pdf_streams import Packed, Plain

# Work is bounded by what goes in, never by the clock: the same file gives the same result.
_BUDGET_DECODED = 1024 * 1024 * 1024
# A search for a quality costs some 2 to 4 CPU seconds a million pixels.
_BUDGET_SEARCHED = {Effort.FAST: 2_000_000, Effort.DEFAULT: 8_000_000, Effort.BEST: 24_000_000}
# Trying row filters costs up to 1 CPU second a million bytes that deflate makes of the image.
_BUDGET_FILTERED = {Effort.FAST: 4_000_000, Effort.DEFAULT: 12_000_000, Effort.BEST: 24_000_000}
# What qpdf writes as the second part of /ID when asked for a static one.
_STATIC_SECOND_ID = b"><31415926535897932384626433832795>]"
# Packing an object stream needs this version.
_PACKED_VERSION = "1.5"


@dataclass(slots=True)
class _Budget:
    """What may still be spent on this document."""

    decoded: int  #: bytes of decoded streams
    searched: int  #: pixels searched for a lossy quality
    filtered: int  #: deflated bytes of images whose row filters are tried


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest PDF that shows, says and does the same as `data`."""
    source = pdf_source.read(data)
    dropped = pdf_private.drop(source, keep_metadata=Meta.COPYRIGHT in options.preserve_metas)
    changed = _shrink_streams(source, options)
    table = pdf_objects.merged(pdf_objects.read(source.pdf))
    packed = not source.classic
    version = max(source.pdf.pdf_version, _PACKED_VERSION) if packed else source.pdf.pdf_version
    identifier = _identifier(source.pdf)
    if identifier is None and source.linearized:
        identifier = hashlib.sha256(data).digest()[:16]  # which qpdf would make up otherwise
    result = pdf_writer.write(table, version, identifier, packed=packed)
    _check(result, table)
    if source.linearized:
        # A second time, because qpdf orders what it has compressed itself in another way.
        result = _linearized(_linearized(result, packed=packed), packed=packed)
    notes = [f"stripped {', '.join(dropped)}"] if dropped else []
    if changed:
        notes.append(f"coded {changed} image{'s' if changed > 1 else ''} again")
    return Candidate(result, lossy=changed > 0, notes=tuple(notes))


def _shrink_streams(source: Source, options: Options) -> int:
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
            pdf_streams.replace(stream, made[0])
            changed += made[1]
    return changed


def _smaller(
    stream: pikepdf.Stream, options: Options, budget: _Budget, *, mask: bool
) -> tuple[Packed, bool] | None:
    """A smaller form of the stream, and whether pixels changed; None to leave it as it is."""
    try:
        plain = pdf_streams.unpack(stream, min(pdf_source.MAX_DECODED, budget.decoded))
    except Undecodable:
        return None
    budget.decoded -= len(plain.data)
    if stream.get("/Subtype") == pikepdf.Name.Image:
        made, lossy = _image(stream, plain, options, budget, mask=mask)
    else:
        made, lossy = pdf_streams.pack(plain), False
    return (made, lossy) if made.cost < pdf_streams.present(stream) else None


def _sign(stream: pikepdf.Stream, *, mask: bool) -> bytes:
    """The same for streams that come out the same."""
    entries = b"%d" % mask + stream.stream_dict.unparse(resolved=True)
    return hashlib.sha256(entries + b"\n" + stream.read_raw_bytes()).digest()


def _image(
    stream: pikepdf.Stream, plain: Plain, options: Options, budget: _Budget, *, mask: bool
) -> tuple[Packed, bool]:
    """The smallest form of an image, and whether its pixels changed."""
    form = pdf_images.shape(stream)
    lossless = replace(options, compression_type=Compression.LOSSLESS)
    if form is None:
        return pdf_streams.pack(plain), False
    pixels = form.width * form.height
    lossy = (
        options.compression_type is Compression.LOSSY
        and not mask
        and pixels <= budget.searched
        and pdf_photos.photographic(form)
        and not _premultiplied(stream)
    )
    if plain.codec == "/DCTDecode":
        lossy = lossy and not pdf_photos.coarse(plain, options.quality)
        budget.searched -= pixels if lossy else 0
        made = pdf_photos.transcoded(plain, options if lossy else lossless)
        candidates = [(pdf_streams.pack(plain), False), *([made] if made else [])]
        return min(candidates, key=lambda one: one[0].cost)
    if plain.codec:
        return pdf_streams.pack(plain), False
    deflated = pdf_streams.pack(plain)
    thorough = len(deflated.data) <= budget.filtered
    budget.filtered -= len(deflated.data) if thorough else 0
    effort = options.effort if thorough else None
    best = pdf_images.best(stream, plain, form, deflated, effort, mask=mask)
    if lossy:
        photo = pdf_photos.as_jpeg(plain, form, best, options)
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


def _identifier(pdf: pikepdf.Pdf) -> bytes | None:
    parts = pdf.trailer.get("/ID")
    if isinstance(parts, pikepdf.Array) and len(parts) and isinstance(parts[0], pikepdf.String):
        return bytes(parts[0])
    return None


def _reopened(data: bytes) -> pikepdf.Pdf:
    try:
        return pikepdf.open(
            io.BytesIO(data),
            attempt_recovery=False,
            inherit_page_attributes=False,
            conversion_mode="explicit",
        )
    except (pikepdf.PdfError, RuntimeError, ValueError) as error:
        raise LeftAlone(Reason.WOULD_CHANGE, "the new file cannot be read") from error


def _check(data: bytes, table: Table) -> None:
    """Read the new file again: every object must come back as it was written."""
    again = _reopened(data)
    back = pdf_objects.read(again)
    if again.get_warnings() or _outline(back) != _outline(table):
        raise LeftAlone(Reason.WOULD_CHANGE, "the new file reads differently")


def _outline(table: Table) -> list[tuple[bytes, bytes | None]]:
    """The objects in the order they are met from the trailer, whatever their numbers."""
    met: dict[int, int] = {}
    waiting = [table.trailer]
    found = []
    while waiting:
        body = waiting.pop()
        for key in body.references:
            if key not in met:
                met[key] = len(met)
                waiting.append(table.bodies[key])
        found.append((body.render(met.__getitem__), body.data))
    return found


def _linearized(data: bytes, *, packed: bool) -> bytes:
    pikepdf.settings.set_flate_compression_level(9)
    out = io.BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    with warnings.catch_warnings():
        # It is about pages copied between documents; here a stray widget was there before.
        warnings.simplefilter("ignore", pikepdf.PageCopyWarning)
        _reopened(data).save(
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
