"""The pictures and fonts that the pages of a PDF draw with, before and after: which pages changed, and how."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from ..errors import CorruptFile
from .pdf_unseen import calibrated, unseen_group, unseen_mask, unseen_resources, unseen_state

if TYPE_CHECKING:
    from collections.abc import Iterator

# Resources of one page, and resources in resources. More are not followed. Not fitted: a limit of work. Pictures of
# such a page have to keep their samples.
_MOST_STEPS = 20_000
_PROGRAMS = ("/FontFile", "/FontFile2", "/FontFile3")
# A picture of up to so many pixels may be a code. Larger ones are scanned pages. The two tones of a code are at
# least `_CONTRAST` levels apart. At least the share `_TONE` of its pixels has each tone, and at least the share
# `_TWO_TONES` has one of both. Not fitted: the engine keeps codes by wider limits (`_LEAST_CONTRAST` in its
# `kinds`), and this check is for what others made. A picture that is taken for a code keeps its pixels.
_LARGEST_CODE = 1 << 20
_CONTRAST, _TONE, _TWO_TONES = 96, 0.3, 0.9
# How often the rows of a code change from one tone to the other, in the mean. The smallest code of squares (Data
# Matrix, ISO/IEC 16022, 10 x 10 and one around) does so 4.6 times, along its columns too. The shortest code of
# bars (UPC-E, ISO/IEC 15420) does so 33 times along one of both, or half of that with its number below it.
# Symbols of one shape, which interfaces and soft masks are full of, change 2 to 3.3 times.
_CHANGES_OF_SQUARES, _CHANGES_OF_BARS = 3.5, 10.0
# Pixels of a picture whose samples are compared. Not fitted: a limit of memory. A larger picture counts as changed.
_LARGEST = 50_000_000
_OPAQUE = b"white all over, in grey"
_UNREADABLE = (pikepdf.PdfError, RuntimeError, ValueError, TypeError, AttributeError)
_UNDECODABLE = (
    *_UNREADABLE,
    NotImplementedError,
    OSError,
    pikepdf.models.image.ImageDecompressionError,
)


@dataclass(slots=True)
class _Used:
    """What a page draws with."""

    #: pictures by the digest of their bytes in the file
    pictures: dict[bytes, Stream] = field(default_factory=dict)
    #: bytes of font programs, by their digest
    programs: dict[bytes, int] = field(default_factory=dict)
    pixels: int = 0  #: of all pictures
    #: what the page has that PDFium does not draw as it is meant
    unseen: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Change:
    """How the pictures and fonts of a page changed."""

    size: int  #: bytes of the pictures and fonts that are gone
    scaled: bool  #: whether pictures have fewer pixels
    gone: tuple[Stream, ...]  #: pictures of the original that are gone
    come: tuple[Stream, ...]  #: pictures that are new
    fonts: bool  #: whether font programs changed
    unseen: tuple[str, ...]  #: what drawing does not show as it is meant


class Pages:
    """The pages of two documents, original and candidate. It is a context manager, which closes both."""

    def __init__(self, before: bytes, after: bytes) -> None:
        """Open the files `before` and `after`. Raises `CorruptFile`."""
        try:
            self._old = pikepdf.open(io.BytesIO(before))
            self._new = pikepdf.open(io.BytesIO(after))
        except (pikepdf.PdfError, pikepdf.PasswordError) as error:
            raise CorruptFile("does not open") from error
        self._samples: dict[bytes, bytes | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._old.close()
        self._new.close()

    def changes(self) -> dict[int, Change]:
        """The pages with other pictures or fonts, by index from 0 on. Pages with most changed bytes come first.

        Raises `CorruptFile`.
        """
        old, new = _Document(), _Document()
        try:
            found = {}
            for index, (one, other) in enumerate(
                zip(self._old.pages, self._new.pages, strict=False)
            ):
                change = _change(old.used(one), new.used(other), old.sizes)
                if change.gone or change.come or change.fonts:
                    found[index] = change
        except _UNREADABLE as error:
            raise CorruptFile("has pages that cannot be read") from error
        return dict(sorted(found.items(), key=lambda one: (-one[1].size, one[0])))

    def same_samples(self, change: Change) -> bool:
        """Whether the pictures of a page hold the same samples, however they are coded."""
        gone, come = ({self._sign(one) for one in side} for side in (change.gone, change.come))
        # A mask that hides nothing may have been dropped.
        return None not in gone and gone - {_OPAQUE} == come - {_OPAQUE}

    def shrunken_code(self, change: Change) -> bool:
        """Whether a picture lost pixels that may be a code, such as a QR code."""
        sizes = {_size(one) for one in change.come}
        return change.scaled and any(
            _size(one) not in sizes and _two_tones(one) for one in change.gone
        )

    def _sign(self, image: Stream) -> bytes | None:
        key = hashlib.sha256(image.stream_dict.unparse() + image.read_raw_bytes()).digest()
        if key not in self._samples:
            self._samples[key] = _samples(image)
        return self._samples[key]


def _change(before: _Used, after: _Used, sizes: dict[bytes, int]) -> Change:
    gone = [key for key in before.pictures if key not in after.pictures]
    fonts = [key for key in before.programs if key not in after.programs]
    return Change(
        size=sum(sizes[key] for key in gone) + sum(before.programs[key] for key in fonts),
        scaled=after.pixels < before.pixels,
        gone=tuple(before.pictures[key] for key in gone),
        come=tuple(one for key, one in after.pictures.items() if key not in before.pictures),
        fonts=before.programs.keys() != after.programs.keys(),
        unseen=tuple(sorted(before.unseen | after.unseen)),
    )


class _Document:
    """One document. Each of its streams is read once."""

    def __init__(self) -> None:
        self._digests: dict[tuple[int, int], bytes] = {}
        self.sizes: dict[bytes, int] = {}

    def used(self, page: pikepdf.Page) -> _Used:
        used = _Used()
        seen: set[tuple[int, int]] = set()
        waiting: list[object] = [page.resources, page.obj, *_looks(page.obj.get("/Annots"))]
        steps = 0
        while waiting:
            one = waiting.pop()
            if not isinstance(one, (Dictionary, Stream)):
                continue
            if one.is_indirect:
                if one.objgen in seen:
                    continue
                seen.add(one.objgen)
            steps += 1
            if steps > _MOST_STEPS:
                used.unseen.add("more on it than is looked at")
                break
            waiting += self._follow(one, used)
        return used

    def _follow(self, one: Dictionary | Stream, used: _Used) -> Iterator[object]:
        """Put what `one` draws with into `used`. The result is what to follow next."""
        used.unseen.update(unseen_group(one.get("/Group")))
        if isinstance(one, Stream) and one.get("/Subtype") == Name.Image:
            self._picture(one, used)
            yield one.get("/SMask")
            yield one.get("/Mask")
            return
        used.unseen.update(unseen_resources(one.get("/ColorSpace")))
        for key in _PROGRAMS:
            if isinstance(program := one.get(key), Stream):
                digest = self._digest(program)
                used.programs[digest] = self.sizes[digest]
        for key in ("/XObject", "/Font", "/Pattern", "/CharProcs"):
            yield from _values(one.get(key))
        for state in _values(one.get("/ExtGState")):
            used.unseen.update(unseen_state(state))
            mask = state.get("/SMask") if isinstance(state, Dictionary) else None
            if isinstance(mask, Dictionary):
                used.unseen.update(unseen_mask(mask))
                yield mask.get("/G")
        parts = one.get("/DescendantFonts")
        yield from parts if isinstance(parts, Array) else ()
        yield one.get("/FontDescriptor")
        yield one.get("/Resources")

    def _picture(self, image: Stream, used: _Used) -> None:
        used.pictures[self._digest(image)] = image
        used.pixels += int(image.get("/Width", 0)) * int(image.get("/Height", 0))
        used.unseen.update(calibrated(image.get("/ColorSpace")))

    def _digest(self, stream: Stream) -> bytes:
        if stream.objgen not in self._digests:
            data = stream.read_raw_bytes()
            digest = hashlib.sha256(data).digest()
            self._digests[stream.objgen], self.sizes[digest] = digest, len(data)
        return self._digests[stream.objgen]


def _values(entries: object) -> list[object]:
    return list(entries.values()) if isinstance(entries, Dictionary) else []


def _looks(notes: object) -> Iterator[object]:
    """The appearances of annotations, in all their states."""
    for note in notes if isinstance(notes, Array) else ():
        looks = note.get("/AP") if isinstance(note, Dictionary) else None
        for look in _values(looks):
            if isinstance(look, Stream):
                yield look
            else:
                yield from _values(look)


def _samples(image: Stream) -> bytes | None:
    """A digest of the samples of a picture and of what they mean; None if they cannot be read."""
    if int(image.get("/Width", 0)) * int(image.get("/Height", 0)) > _LARGEST:
        return None
    try:
        picture = pikepdf.PdfImage(image).as_pil_image()
        if (
            image.get("/ColorSpace") == Name.DeviceGray
            and picture.convert("L").getextrema()[0] == 255
        ):
            return _OPAQUE
        said = f"{picture.size} {_space(image.get('/ColorSpace'))} {_plain(image, '/Decode')}"
        said += f" {_plain(image, '/Mask')}"
        data = picture.convert("CMYK" if picture.mode == "CMYK" else "RGB").tobytes()
    except _UNDECODABLE:
        return None
    return hashlib.sha256(said.encode() + data).digest()


def _size(image: Stream) -> tuple[int, int]:
    return int(image.get("/Width", 0)), int(image.get("/Height", 0))


def _two_tones(image: Stream) -> bool:
    """Whether a picture has only dark and light pixels, about as many as a code, and changes as often."""
    width, height = _size(image)
    if width * height > _LARGEST_CODE:
        return False
    try:
        levels = np.asarray(pikepdf.PdfImage(image).as_pil_image().convert("L"))
    except _UNDECODABLE:
        return False
    low, high = np.percentile(levels, (2, 98))
    near = (high - low) / 8
    dark, light = float(np.mean(levels <= low + near)), float(np.mean(levels >= high - near))
    if high - low < _CONTRAST or min(dark, light) < _TONE or dark + light < _TWO_TONES:
        return False
    is_light = levels > (low + high) / 2
    changes = [float(np.mean(np.diff(one, axis=1).sum(1))) for one in (is_light, is_light.T)]
    return min(changes) >= _CHANGES_OF_SQUARES or max(changes) >= _CHANGES_OF_BARS


def _plain(image: Stream, key: str) -> str:
    value = image.get(key)
    return str(value.unparse(resolved=True)) if isinstance(value, Array) else ""


def _space(space: object) -> str:
    """A colour space, however it is stored, as text. A palette has the colour space of its colours."""
    if not isinstance(space, Array) or len(space) < 2:
        return str(space)
    if space[0] == Name.Indexed:
        return _space(space[1])
    if isinstance(space[1], Stream):
        return f"{space[0]} {hashlib.sha256(space[1].read_bytes()).hexdigest()}"
    return str(space.unparse(resolved=True))
