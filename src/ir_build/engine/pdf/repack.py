"""Packs every stream of a document again, in as few bytes as possible."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pikepdf

from ...options import Compression, Effort, Options, Part
from .images import colours, kinds, palettes, photos, placement, scaling, scans
from .images import lossless as images_lossless
from .images.kinds import Kind
from .structure import streams
from .structure.filters import Undecodable
from .structure.source import MAX_DECODED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .images.lossless import Shape
    from .images.placement import Shown
    from .structure.source import PdfFile
    from .structure.streams import Packed, Plain

# Work is bounded by what goes in, never by the clock. So the same file gives the same result. Not fitted: the
# budgets and the largest size are limits of work and memory. Streams beyond them are packed in less time.
# Decoded bytes of a document. Nearly all scans that fit into the largest file are below it.
_BUDGET_DECODED = 4 * 1024 * 1024 * 1024
# Pixels of images for which a quality is searched for. A million takes some 2 to 4 CPU seconds.
_BUDGET_SEARCHED = {Effort.FAST: 2_000_000, Effort.DEFAULT: 8_000_000, Effort.BEST: 24_000_000}
# Decoded bytes of an image whose row filters are tried.
_LARGEST_FILTERED = 48 * 1024 * 1024
# A result with loss has to be smaller than this share of the bytes without loss. Not fitted: a smaller gain is not
# worth any loss. 12 PDF files of documentation sites came to the same bytes with 0.8 and with 1.0
# (`--sweep pdf.repack:_WORTH_LOSS 0.8 1.0`).
_WORTH_LOSS = 0.9
# A JPEG below this share of the bytes of the image is taken, and no other way is tried. Not fitted: it saves time, and
# only decides between two results that both look the same.
_CLEAR = 0.5
# Bytes that deflate makes of the images whose row filters are tried. A million takes up to 1 CPU second. Not fitted:
# a limit of work.
_BUDGET_FILTERED = {Effort.FAST: 4_000_000, Effort.DEFAULT: 12_000_000, Effort.BEST: 24_000_000}


@dataclass(slots=True)
class _Budget:
    """How much work may still be done on this document."""

    decoded: int  #: bytes of decoded streams
    searched: int  #: pixels searched for a lossy quality
    filtered: int  #: deflated bytes of images whose row filters are tried


@dataclass(frozen=True, slots=True)
class _ImageStream:
    """The samples of an image, and how it is used."""

    stream: pikepdf.Stream
    plain: Plain
    form: Shape
    #: their quality is the one that it needs at the size at which it is shown
    options: Options
    #: whether another image uses it as its mask
    mask: bool
    #: width and height in pixels to which it is scaled down; None to leave its size
    size: tuple[int, int] | None
    #: whether its samples may change if it looks the same
    free: bool
    #: whether the search for its quality begins at the quality of the image before, as for scanned pages
    quick: bool
    #: whether it fills a sheet of paper
    sheet: bool


class _StreamPacker:
    """Packs the streams of one document."""

    def __init__(self, options: Options, *, remapped: bool = False) -> None:
        """Take the options. `remapped` says that device colours have another meaning in the document.

        Then every image keeps its samples.
        """
        self._options = options
        self._remapped = remapped
        self._scans = scans.ScanCoder(options.max_pixels)
        self._budget = _Budget(
            _BUDGET_DECODED, _BUDGET_SEARCHED[options.effort], _BUDGET_FILTERED[options.effort]
        )

    def smaller(
        self, stream: pikepdf.Stream, shown: Shown | None, *, mask: bool
    ) -> tuple[Packed, bool] | None:
        """A smaller form of the stream, and whether pixels changed; None to leave the stream as it is.

        `shown` is the size of an image on pages; None if it is not known. `mask` says that another image uses
        it as its mask.
        """
        # An image that is scaled down may be larger, because it is not stored in its own size.
        scaled = shown and self._options.pdf_dpi
        most = max(MAX_DECODED, self._options.max_pixels * 3) if scaled else MAX_DECODED
        try:
            plain = streams.unpack(stream, min(most, self._budget.decoded))
        except Undecodable:
            return None
        self._budget.decoded -= len(plain.data)
        picture = stream.get("/Subtype") == pikepdf.Name.Image
        free = picture and Part.PICTURES not in self._options.kept_parts
        form = images_lossless.shape(stream) if free else None
        if form is None:
            made, lossy = streams.pack(plain), False
        else:
            made, lossy = self._image(self._placed(stream, plain, form, shown, mask=mask))
        return (made, lossy) if made.cost < streams.present(stream) else None

    def _placed(
        self,
        stream: pikepdf.Stream,
        plain: Plain,
        form: Shape,
        shown: Shown | None,
        *,
        mask: bool,
    ) -> _ImageStream:
        options = self._options
        free = (
            options.compression_type is Compression.LOSSY
            and photos.photographic(form)
            and not self._remapped
            and colours.plain(stream.get("/ColorSpace"), form.components)
            and not _premultiplied(stream)
        )
        quality = scaling.quality(form, shown, options.quality) if shown else options.quality
        free = free and quality is not None
        sheet = scaling.fills_a_sheet(shown)
        # A JPEG of a whole sheet is a scan. Finding out its kind would take as long as decoding it.
        look = free and not (sheet and plain.codec)
        kind = kinds.of(plain, form) if look else Kind.PHOTO
        free = free and kind is not Kind.EXACT
        size = None
        if free and shown and options.pdf_dpi:
            # A scan gets the density of a photo, however clean it is. Twice the density would be four times
            # the pixels.
            density = 1 if sheet or kind is Kind.PHOTO else kinds.DRAWN_DENSITY
            size = scaling.target(form, shown, options.pdf_dpi * density)
        width, height = size or (form.width, form.height)
        beyond = width * height > self._budget.searched
        photo = kind is Kind.PHOTO or plain.codec == "/DCTDecode"
        if sheet:
            quick = photo or beyond
        else:
            rich = photos.is_rich(form, streams.present(stream))
            quick = photo and rich and (beyond or not plain.codec)
        quick = quick and free and not mask
        options = replace(options, quality=options.quality if quality is None else quality)
        return _ImageStream(stream, plain, form, options, mask, size, free, quick, sheet)

    def _image(self, image: _ImageStream) -> tuple[Packed, bool]:
        """The smallest form of an image, and whether its pixels changed."""
        plain, form = image.plain, image.form
        if image.quick:
            photo = self._quickly(image)
            if photo or plain.codec:
                return photo or self._jpeg(replace(image, free=False))
        if plain.codec == "/DCTDecode":
            return self._jpeg(image)
        if plain.codec:
            return streams.pack(plain), False
        if len(plain.data) != form.size or not image.free:
            return self._stored(image), False
        if image.size and form.width * form.height <= image.options.max_pixels:
            smaller, its_form = scaling.scaled(plain, form, image.size)
            made, _ = self._seen(replace(image, plain=smaller, form=its_form))
            if made.cost < streams.present(image.stream) * _WORTH_LOSS:
                return replace(made, entries=(*made.entries, *scaling.entries(image.size))), True
        return self._seen(image)

    def _quickly(self, image: _ImageStream) -> tuple[Packed, bool] | None:
        """A photo that looks the same, found in little time, and whether its pixels changed.

        The result is None if that saves little.
        """
        plain = image.plain
        quality = image.options.quality
        coarse = plain.codec and not image.size and photos.coarse(plain, quality)
        made = None
        if not coarse:
            made = self._scans.coded(plain, image.form, image.size, quality, sheet=image.sheet)
        present = streams.present(image.stream)
        if made is None or made.cost > present * _WORTH_LOSS:
            return None
        if not plain.codec and made.cost > present * _CLEAR:
            other, lossy = self._seen(image)
            if made.cost > other.cost * (1 if lossy else _WORTH_LOSS):
                return other, lossy
        return made, True

    def _seen(self, image: _ImageStream) -> tuple[Packed, bool]:
        """The smallest samples that look the same, and whether they changed."""
        plain, form = image.plain, image.form
        pixels = form.width * form.height
        if image.mask or not photos.SMALLEST <= pixels <= self._budget.searched:
            return self._stored(image), False
        self._budget.searched -= pixels
        found = palettes.smallest(image.stream, plain, form, image.options)
        return found or (self._stored(image), False)

    def _stored(self, image: _ImageStream) -> Packed:
        """The samples, packed without loss."""
        deflated = streams.pack(image.plain)
        budget = self._budget
        thorough = (
            len(deflated.data) <= budget.filtered and len(image.plain.data) <= _LARGEST_FILTERED
        )
        budget.filtered -= len(deflated.data) if thorough else 0
        effort = self._options.effort if thorough else None
        return images_lossless.best(
            image.stream, image.plain, image.form, deflated, effort, mask=image.mask
        )

    def _jpeg(self, image: _ImageStream) -> tuple[Packed, bool]:
        plain, options = image.plain, image.options
        own_size = image.form.width, image.form.height
        free = image.free and not image.mask
        size = image.size if free and image.size and photos.size(plain) == own_size else None
        width, height = size or own_size
        lossy = free and width * height <= self._budget.searched
        lossy = lossy and (size is not None or not photos.coarse(plain, options.quality))
        self._budget.searched -= width * height if lossy else 0
        lossless = replace(options, compression_type=Compression.LOSSLESS)
        candidates = [(streams.pack(plain), False)]
        made = photos.transcoded(plain, options, size) if lossy else None
        if size or made is None:
            candidates.append(photos.transcoded(plain, lossless) or candidates[0])
        return min([*candidates, *([made] if made else [])], key=lambda one: one[0].cost)


def repack(source: PdfFile, options: Options) -> int:
    """Pack every stream of `source` again. The result is how many images have other pixels than before."""
    lossy = options.compression_type is Compression.LOSSY
    packer = _StreamPacker(options, remapped=lossy and colours.remapped(source))
    shown = placement.sizes(source) if lossy else {}
    masks = _masks(source.pdf, shown)
    changed = 0
    # Documents that were put together from others repeat whole streams. Results are kept for these only.
    order = list(_by_size(source.pdf))
    signs = [_sign(one, shown.get(one.objgen), mask=one.objgen in masks) for one in order]
    times = Counter(signs)
    done: dict[bytes, tuple[Packed, bool] | None] = {}
    for stream, sign in zip(order, signs, strict=True):
        if source.conforming and stream.get("/Type") == pikepdf.Name.Metadata:
            continue  # PDF/A-1 wants it without filters, and tools for other standards look for that.
        mask = stream.objgen in masks
        size = shown.get(stream.objgen)
        made = done[sign] if sign in done else packer.smaller(stream, size, mask=mask)
        if times[sign] > 1:
            done[sign] = made
        if made is not None:
            streams.replace(stream, made[0])
            changed += made[1]
    return changed


def _sign(stream: pikepdf.Stream, shown: Shown | None, *, mask: bool) -> bytes:
    """A digest of all that decides how a stream is packed."""
    entries = f"{mask} {shown}".encode() + stream.stream_dict.unparse(resolved=True)
    return hashlib.sha256(entries + b"\n" + stream.read_raw_bytes()).digest()


def _by_size(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Stream]:
    """All streams, the largest first. So the budget is spent on those that save most."""
    sized = [
        (len(one.read_raw_bytes()), one.objgen, one)
        for one in pdf.objects
        if isinstance(one, pikepdf.Stream)
        and one.get("/Type") not in (pikepdf.Name.ObjStm, pikepdf.Name.XRef)
    ]
    for _, _, one in sorted(sized, key=lambda entry: (-entry[0], entry[1])):
        yield one


def _masks(pdf: pikepdf.Pdf, shown: dict[tuple[int, int], Shown]) -> set[tuple[int, int]]:
    """The images that are masks of others. They are added to `shown` with the size of these."""
    masks = set()
    for one in pdf.objects:
        for key in ("/SMask", "/Mask") if isinstance(one, pikepdf.Stream) else ():
            mask = one.get(key)
            if isinstance(mask, pikepdf.Stream):
                masks.add(mask.objgen)
                size = shown.get(one.objgen)
                if size and "/Matte" not in mask:
                    shown[mask.objgen] = size.joined(shown.get(mask.objgen, size))
    return masks


def _premultiplied(stream: pikepdf.Stream) -> bool:
    mask = stream.get("/SMask")
    return isinstance(mask, pikepdf.Stream) and "/Matte" in mask
