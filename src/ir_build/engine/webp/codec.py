"""WebP: lossless pictures stay lossless, lossy ones are coded again if that pays, and metadata goes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...candidate import Candidate
from ...options import Compression, Meta, Options
from ..shared import colour_profile, exif, raster
from ..shared.scorer import target_of_resized
from . import coding, frames
from . import file as webp_file

if TYPE_CHECKING:
    from .file import WebPFile

#: A lossy result must be smaller than the exact one by this share. Less is not worth a loss. This is a choice,
#: the same as for PNG and JPEG.
_WORTH_LOSS = 0.05
#: A picture of up to so many pixels is coded again. A larger one only loses its metadata. Not fitted: a worker
#: has no time for more.
_CODED = 40_000_000


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest WebP that stands for `data`.

    Raises `CorruptFile` and `TooLarge`, and `FileSkipped` for a file that must stay as it is.
    """
    source = webp_file.read(data)
    raster.check_size(source.width, source.height, options.max_pixels)
    file, notes = _stripped(source, options)
    if file.animation is not None:
        exact, lossy, more = frames.compress(file, options)
        notes += more
    elif _size(file, options) != (file.width, file.height):
        exact, lossy = None, _resized(file, options)
    else:
        exact, lossy = _still(file, options)
    if exact is None or (
        lossy is not None and len(lossy.write()) < (1 - _WORTH_LOSS) * len(exact.write())
    ):
        assert lossy is not None
        return Candidate(lossy.write(), lossy=True, notes=notes)
    return Candidate(exact.write(), lossy=False, notes=notes)


def _stripped(file: WebPFile, options: Options) -> tuple[WebPFile, tuple[str, ...]]:
    """The file without the metadata that may go, and notes that say what went."""
    metas = options.preserve_metas
    notes = []
    kept = None
    if file.exif is not None:
        # Chromium shows a WebP as it is stored, and other viewers turn it. So the orientation stays.
        turned = exif.orientation(file.exif) != 1
        size = file.width, file.height
        resized = _size(file, options) if file.animation is None else size
        kept = exif.keep(
            file.exif,
            metas | {Meta.ORIENTATION} if turned else metas,
            size,
            resized if resized != size else None,
        )
        if kept != file.exif:
            notes.append("stripped Exif")
    xmp = file.xmp if metas & exif.IN_XMP else None
    if xmp != file.xmp:
        notes.append("stripped XMP")
    icc = file.icc
    if icc is not None and Meta.ICC not in metas and colour_profile.changes_nothing(icc):
        icc = None
        notes.append("stripped sRGB profile")
    return replace(file, exif=kept, xmp=xmp, icc=icc), tuple(notes)


def _size(file: WebPFile, options: Options) -> tuple[int, int]:
    if options.resize is None:
        return file.width, file.height
    return options.resize.fit(file.width, file.height)


def _still(file: WebPFile, options: Options) -> tuple[WebPFile | None, WebPFile | None]:
    if file.width * file.height > _CODED:
        return file, None
    image = coding.decode(file.image)
    lossy = options.compression_type is Compression.LOSSY
    stream, hides = coding.again_without_loss(file.image, image, options.effort, hidden=not lossy)
    exact = file.with_image(stream)
    if hides:
        return None, exact
    if stream.lossless or not lossy or not raster.can_be_scored(*image.size):
        return exact, None
    coded = coding.up_to_score(
        image, options.quality, options.effort, alpha=stream.alpha, profile=file.icc
    )
    return exact, None if coded is None else file.with_image(coded[0])


def _resized(file: WebPFile, options: Options) -> WebPFile:
    image = raster.resized(coding.decode(file.image), _size(file, options))
    lossy = options.compression_type is Compression.LOSSY
    if file.image.lossless:
        return file.with_image(coding.lossless(image, options.effort, hidden=not lossy))
    coded = coding.up_to_score(image, target_of_resized(options), options.effort, profile=file.icc)
    if coded is None:
        return file.with_image(coding.lossy(image, 100, options.effort))
    return file.with_image(coded[0])
