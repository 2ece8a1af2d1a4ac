"""The steps of the engine, and how each is turned off: something that finds nothing is put in its place."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ir_build.engine.gif.frames_shown import Unclear
from ir_build.engine.pdf.fonts.type1 import Unusual
from ir_build.engine.svg.minify import Outlines
from ir_build.errors import FileSkipped, Reason
from ir_build.formats import MediaType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: makes, of a function or constant, what stands in its place
    Off = Callable[[Any], Any]


def constant(value: object) -> Off:
    """Another constant, or another function."""
    return lambda _: value


def gives(value: object) -> Off:
    """A function that returns `value`."""
    return constant(lambda *_args, **_named: value)


def same(number: int) -> Off:
    """A function that returns one of its arguments as it is."""
    return constant(lambda *args, **_named: args[number])


def raises(error: Exception) -> Off:
    """A function that refuses its work."""

    def refuse(*_args: object, **_named: object) -> None:
        raise error

    return constant(refuse)


def _all_chunks(extras: Callable[..., Any]) -> Any:
    def all_of_them(file: Any, *args: object) -> Any:
        found = extras(file, *args)
        known = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}
        known |= {one.kind for one in (*found.before, *found.after)}
        rest = (one for one in file.chunks if one.kind not in known)
        return replace(found, before=(*rest, *found.before))

    return all_of_them


def _all_segments(file: Any, *_: object) -> Any:
    kept = {*range(0xE1, 0xEE), 0xEF, 0xFE}
    return [one for one in file.segments if one.marker in kept], ()


def _all_boxes(picture: Any, *_: object) -> tuple[bytes, tuple[str, ...]]:
    return picture.data, ()


def _one_way(bare: bytes, trials: Any, pack: Callable[..., bytes]) -> list[bytes]:
    return [pack(bare, trials.ways, trials.level)]


def _halfway(search: Any, _near: float) -> int:
    if search._above is None:  # noqa: SLF001
        return int(search._high)  # noqa: SLF001
    low = search._below[0] if search._below else search._low  # noqa: SLF001
    return int(low + search._above.quality) // 2  # noqa: SLF001


_OFF = FileSkipped(Reason.UNSUPPORTED_VARIANT, "its step is off")
#: by format: the name of a step, `module:name` in `ir_build.engine`, and how it is turned off
STEPS: dict[MediaType, tuple[tuple[str, str, Off], ...]] = {
    MediaType.PNG: (
        ("pixels that look the same", "png.codec:_lossy", gives(None)),
        ("palettes", "png.lossy:_palette", gives(None)),
        ("near-lossless coding", "png.lossy:_near_lossless", gives(None)),
        ("mixtures of two colours", "shared.drawing:Drawing.mix", gives(None)),
        ("colours kept exactly", "shared.quantize:Quantizer._with_kept", same(1)),
        ("k-means", "shared.quantize:Quantizer._refined", same(1)),
        ("lossless coding", "png.coding:recompressed", same(0)),
        ("every way for icons", "png.coding:_TINY", constant(0)),
        ("filters by strips (best only)", "png.coding:_well_filtered", constant(_one_way)),
        ("metadata", "png.file:extras", _all_chunks),
        ("animations", "png.animation:recompressed", raises(_OFF)),
    ),
    MediaType.JPEG: (
        ("coding again", "jpeg.codec:_coded_again", gives(None)),
        ("transcoding", "jpeg.lossy:transcode", same(0)),
        ("finer colour at half size", "jpeg.lossy:_HALF", constant(((1.0, 1.0),))),
        ("coarser colour at full size", "jpeg.lossy:_FULL", constant(((1.0, 1.0),))),
        ("samples", "jpeg.lossy:_LARGE", constant(10**12)),
        ("a guess of the quality", "jpeg.lossy:guess", gives(80)),
        ("lines through scores", "shared.search:Search._step", constant(_halfway)),
        ("places keep colours", ".quality.coloured:ColouredPlaces.damage", gives("")),
        ("metadata", "jpeg.file:metadata", constant(_all_segments)),
    ),
    MediaType.GIF: (
        ("frames drawn anew", "gif.codec:redraw", raises(Unclear("its step is off"))),
        ("fewer colours", "gif.codec:_lossy", gives(None)),
    ),
    MediaType.WEBP: (
        ("coding up to a score", "webp.coding:up_to_score", gives(None)),
        (
            "lossless coding",
            "webp.coding:again_without_loss",
            constant(lambda stream, *_args, **_named: (stream, False)),
        ),
        ("metadata", "webp.codec:_stripped", constant(lambda file, _: (file, ()))),
    ),
    MediaType.AVIF: (
        ("coding again", "avif.codec:_coded_again", gives(None)),
        ("metadata", "avif.strip:without_metadata", constant(_all_boxes)),
    ),
    MediaType.SVG: (
        (
            "rounded outlines",
            "svg.codec:_rounded",
            constant(lambda minified: (*minified(Outlines.RESPELLED), False)),
        ),
        ("outlines", "svg.outline:shortest", same(0)),
        ("pictures inside", "svg.images:shrink", constant(lambda tokens, _: (tokens, False))),
    ),
    MediaType.PDF: (
        ("fonts", "pdf.fonts.slim:slim", gives(0)),
        ("fonts: subsets", "pdf.fonts.subset:emptied", gives(None)),
        ("fonts: Type 1 as CFF", "pdf.fonts.cff:from_type1", raises(Unusual("its step is off"))),
        ("streams packed again", "pdf.codec:repack", gives(0)),
        ("the size pictures are shown at", "pdf.images.placement:sizes", gives({})),
        ("pictures without loss", "pdf.images.lossless:best", same(3)),
        ("JPEG coded again", "pdf.images.photos:transcoded", gives(None)),
        ("palettes", "pdf.images.palettes:smallest", gives(None)),
        ("scans", "pdf.images.scans:ScanCoder.coded", gives(None)),
        ("equal resources as one", "pdf.structure.objects:merged", same(0)),
        ("private data", "pdf.structure.private:drop", gives(False)),  # noqa: FBT003
        ("repair", "pdf.structure.repair:_repaired", raises(_OFF)),
    ),
}


def place(where: str) -> tuple[Any, str]:
    """The module or class that has a step, and its name there. Ends the run if it is gone."""
    module, _, path = where.partition(":")
    *classes, name = path.split(".")
    try:
        owner: Any = import_module(f".{module}", "ir_build.engine")
        for one in classes:
            owner = getattr(owner, one)
        getattr(owner, name)
    except (ImportError, AttributeError) as error:
        raise SystemExit(
            f"the engine has no {where} any more: in benchmarks/steps.py write where that step "
            "is now, or leave it out"
        ) from error
    return owner, name


@contextmanager
def put(where: str, other: Off) -> Iterator[None]:
    """Something else in the place of a step."""
    owner, name = place(where)
    before = getattr(owner, name)
    setattr(owner, name, other(before))
    try:
        yield
    finally:
        setattr(owner, name, before)
