"""PNG: recompression without loss, and pixels that look the same and need fewer bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...candidate import Candidate
from ...options import Compression, Options
from ..shared import raster
from . import animation, coding
from . import file as png_file
from . import lossy as png_lossy

if TYPE_CHECKING:
    from .file import Extras, PngFile

# A lossy result must be a twentieth smaller than the lossless one. Less is not worth a loss. This is a
# choice, the same as for JPEG and WebP.
_WORTH = 0.95
# Thorough lossless coding rarely leaves less than this share of a quick result: it did for 2 of 20 PNG files of
# documentation sites, with 0.69 at least. A lossy result that is clearly smaller than that is taken without
# thorough lossless coding. A share of 0.65 took 4 % more CPU for no fewer bytes
# (`python benchmarks FOLDER --sweep png.codec:_CLEAR 0.65`). Files of few bytes are an exception: a repetition
# may be nearly all of such a file, and only one of the two ways may find it. `_FEW_BYTES` is not fitted: such
# files take little time.
_CLEAR = 0.8
_FEW_BYTES = 20_000


def compress(data: bytes, options: Options) -> Candidate:
    """The smallest PNG that stands for `data`.

    Raises `CorruptFile` and `TooLarge`, and `FileSkipped` for a file that must stay as it is.
    """
    file = png_file.parse(data)
    raster.check_size(file.width, file.height, options.max_pixels)
    kept = png_file.extras(file, options.preserve_metas)
    notes = (f"stripped {', '.join(kept.stripped)}",) if kept.stripped else ()
    if file.animated:
        if options.resize and options.resize.fit(file.width, file.height) != (
            file.width,
            file.height,
        ):
            notes = (*notes, "not resized: APNG")
        return Candidate(animation.recompressed(file, kept, options), lossy=False, notes=notes)
    bare = png_file.bare(file)
    resized = False
    if options.resize and not (kept.payload or kept.unknown):
        size = options.resize.fit(file.width, file.height)
        if size != (file.width, file.height):
            kept = png_file.extras(file, options.preserve_metas, size)
            bare = coding.resized(bare, size)
            file = png_file.parse(bare)
            resized = True
            notes = (*notes, f"resized to {size[0]} x {size[1]}")

    types = _types(file, kept)
    lossy = None
    if options.compression_type is Compression.LOSSY and _may_lose(file, kept):
        lossy = _lossy(file, bare, kept.colours.profile, types, options)
    if lossy is not None:
        chosen = Candidate(png_file.assembled(lossy, kept), lossy=True, notes=notes)
        # Quick coding decides clear cases without thorough coding.
        guess = coding.recompressed(bare, types, None, options.max_pixels)
        if len(guess) > _FEW_BYTES and len(lossy) < len(guess) * _CLEAR * _WORTH:
            return chosen
    lossless = coding.recompressed(bare, types, options.effort, options.max_pixels)
    if lossy is not None and len(lossy) < len(lossless) * _WORTH:
        return chosen
    return Candidate(png_file.assembled(lossless, kept), lossy=resized, notes=notes)


def _types(file: PngFile, kept: Extras) -> coding.Types:
    # A profile is for grey pictures or for coloured ones. Viewers ignore it in pictures of the other kind.
    # A gamma and primaries near those of sRGB are for both.
    if not kept.colours.kinds or (kept.colours.known and kept.colours.profile is None):
        return coding.Types.ANY
    return coding.Types.SAME if file.grey else coding.Types.COLOURED


def _may_lose(file: PngFile, kept: Extras) -> bool:
    """Whether other pixels can stand for those of `file` and be scored."""
    return (
        not kept.payload
        # Somebody chose this palette, often at the limit of what nobody sees.
        and not file.indexed
        and kept.colours.known
        and raster.can_be_scored(file.width, file.height)
        # With a profile 8 bits may be too few, and a palette would make a grey picture a coloured one.
        and (kept.colours.profile is None or not (file.grey or file.bit_depth == 16))
    )


def _lossy(
    file: PngFile, bare: bytes, profile: bytes | None, types: coding.Types, options: Options
) -> bytes | None:
    """The smallest file that reaches the quality; None if there is none."""
    pixels = coding.decoded(bare)
    palette, coarse = png_lossy.versions(pixels, options.quality, profile)
    files = [coding.indexed(palette)] if palette else []
    if coarse is not None:
        files.append(coding.coded(coarse))
    elif file.bit_depth == 16:
        files.append(coding.coded(pixels))
    if len(files) > 1:
        # The file that is shorter after quick coding stays so, with few exceptions. Thorough coding
        # takes most of the time. So only one file gets it.
        drafts = [coding.recompressed(one, types, None, options.max_pixels) for one in files]
        files = [min(drafts, key=len)]
    return (
        coding.recompressed(files[0], types, options.effort, options.max_pixels) if files else None
    )
