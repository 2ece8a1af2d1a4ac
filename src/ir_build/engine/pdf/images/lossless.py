"""An image XObject's samples, stored losslessly in the form that takes the fewest bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import oxipng
import pikepdf
from PIL import Image, TiffImagePlugin

from ....containers import png_chunks
from ....options import Effort
from ..structure import streams
from ..structure.streams import Packed, Plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_LEVELS = {None: 0, Effort.FAST: 1, Effort.DEFAULT: 2, Effort.BEST: 4}
_PNG_KINDS = {1: "grayscale", 2: "grayscale_alpha", 3: "rgb", 4: "rgba"}
_DEVICE_COMPONENTS = {
    "/DeviceGray": 1, "/G": 1, "/CalGray": 1, "/Indexed": 1, "/I": 1, "/Separation": 1,
    "/DeviceRGB": 3, "/RGB": 3, "/CalRGB": 3, "/Lab": 3, "/DeviceCMYK": 4, "/CMYK": 4,
}  # fmt: skip
_ROWS_PER_STRIP, _STRIPS, _LENGTHS, _PHOTOMETRIC = 278, 273, 279, 262


#: entries of an image's dictionary
Entries = tuple[tuple[str, pikepdf.Object | int], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """How an image's samples lie in its data."""

    width: int
    height: int
    components: int
    bits: int
    #: the colour space's family ("/DeviceRGB", "/ICCBased"), empty for a stencil mask
    family: str
    #: samples mean what they say: no decode array, no colour key
    direct: bool

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return (self.width * self.components * self.bits + 7) // 8

    @property
    def size(self) -> int:
        """Bytes of all rows."""
        return self.row_bytes * self.height


def shape(image: pikepdf.Stream) -> Shape | None:
    """The shape of an image, None when its dictionary does not say it clearly."""
    mask = image.get("/ImageMask")
    stencil = isinstance(mask, pikepdf.Boolean) and bool(mask)
    width, height = _number(image, "/Width"), _number(image, "/Height")
    bits = 1 if stencil else _number(image, "/BitsPerComponent")
    family, components = ("", 1) if stencil else _colours(image.get("/ColorSpace"))
    if min(width, height, components) < 1 or bits not in (1, 2, 4, 8, 16):
        return None
    direct = "/Decode" not in image and not isinstance(image.get("/Mask"), pikepdf.Array)
    return Shape(width, height, components, bits, family, direct)


def best(
    image: pikepdf.Stream,
    plain: Plain,
    form: Shape,
    deflated: Packed,
    effort: Effort | None,
    *,
    mask: bool,
) -> Packed:
    """The smallest form of `plain`, the samples of `image`, of which `deflated` is the plainest.

    `effort`: None to spend next to no time. `mask`: another image uses it as its mask, so its
    colour space cannot change.
    """
    candidates = [deflated]
    if len(plain.data) == form.size:
        for entries, these, rows in _variants(image, form, plain.data, mask=mask):
            candidates += _coded(these, rows, effort, entries)
    return min(candidates, key=streams.cost)


def samples(plain: Plain, form: Shape) -> NDArray[np.uint8]:
    """Height x width x components, of an image with 8 bits a sample."""
    return np.frombuffer(plain.data, np.uint8).reshape(form.height, form.width, form.components)


def _variants(
    image: pikepdf.Stream, form: Shape, data: bytes, *, mask: bool
) -> Iterator[tuple[Entries, Shape, bytes]]:
    """The samples as they are, and with fewer bits where they stand for the same colours."""
    fewer = _fewer(image, form, data, mask=mask) if form.direct and form.bits == 8 else None
    if fewer is not None:
        yield fewer
    # Fewer bits all but always win, and trying both costs twice.
    if fewer is None or fewer[1].bits == 8:
        yield (), form, data


def _fewer(
    image: pikepdf.Stream, form: Shape, data: bytes, *, mask: bool
) -> tuple[Entries, Shape, bytes] | None:
    values = np.frombuffer(data, np.uint8).reshape(form.height, form.width, form.components)
    if form.components == 1:
        present = np.flatnonzero(np.bincount(values.ravel(), minlength=256))
        if form.family in ("/Indexed", "/I"):
            bits = _bits(int(present[-1]) + 1)
            return _narrowed(form, values[..., 0], bits) if bits < 8 else None
        for bits, step in ((1, 255), (2, 85), (4, 17)):
            if not np.any(present % step):
                return _narrowed(form, values[..., 0] // step, bits)
        return None
    # Some readers see to the gamma of a CalRGB palette only, and not to that of other pictures.
    if mask or form.components != 3 or form.family not in ("/DeviceRGB", "/ICCBased"):
        return None
    # A few rows tell most photographs from drawings.
    if len(np.unique(_joined(values[:: max(1, form.height // 16)]))) > 256:
        return None
    joined = _joined(values)
    colours = np.unique(joined)
    if len(colours) > 256:
        return None
    index = np.searchsorted(colours, joined).astype(np.uint8)
    table = b"".join(int(colour).to_bytes(3, "big") for colour in colours)
    space = pikepdf.Array(
        [
            pikepdf.Name.Indexed,
            image.get_raw("/ColorSpace"),
            len(colours) - 1,
            pikepdf.String(table),
        ]
    )
    bits = _bits(len(colours))
    entries, narrow, rows = _narrowed(form, index, bits)
    return (*entries, ("/ColorSpace", space)), narrow, rows


def _joined(values: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The three components of a pixel as one number."""
    joined = values[..., 0].astype(np.uint32)
    joined <<= 8
    joined |= values[..., 1]
    joined <<= 8
    joined |= values[..., 2]
    return joined


def _bits(values: int) -> int:
    return next(bits for bits in (1, 2, 4, 8) if values <= 1 << bits)


def _narrowed(form: Shape, values: NDArray[np.uint8], bits: int) -> tuple[Entries, Shape, bytes]:
    narrow = Shape(form.width, form.height, 1, bits, form.family, form.direct)
    entries = (("/BitsPerComponent", bits),)
    if bits == 8:
        return entries, narrow, values.tobytes()
    each = 8 // bits
    padded = np.pad(values, ((0, 0), (0, -form.width % each)))
    rows = np.zeros((form.height, padded.shape[1] // each), np.uint8)
    for at in range(each):
        rows |= padded[:, at::each] << (8 - bits * (at + 1))
    return entries, narrow, rows.tobytes()


def _coded(form: Shape, data: bytes, effort: Effort | None, entries: Entries) -> Iterator[Packed]:
    if entries:  # as they were the caller has them deflated already
        plain = streams.pack(Plain(data, "", None))
        yield Packed(plain.data, plain.filters, plain.parms, entries)
    filtered = _filtered(form, data, effort)
    if filtered is not None:
        parms = pikepdf.Dictionary(
            Predictor=15, Colors=form.components, BitsPerComponent=form.bits, Columns=form.width
        )
        yield Packed(filtered, ("/FlateDecode",), parms, entries)
    if form.bits == 1 and form.components == 1:
        fax, black = _group4(form, data)
        parms = pikepdf.Dictionary(K=-1, Columns=form.width, Rows=form.height, BlackIs1=black)
        yield Packed(fax, ("/CCITTFaxDecode",), parms, entries)


def _filtered(form: Shape, data: bytes, effort: Effort | None) -> bytes | None:
    """The rows with PNG's filters, deflated by oxipng; None for shapes that PNG does not have."""
    if form.components not in _PNG_KINDS or (form.components > 1 and form.bits < 8):
        return None
    kind = _PNG_KINDS[form.components]
    try:
        png = oxipng.RawImage(form.width, form.height, kind, form.bits, data).create_optimized_png(
            level=_LEVELS[effort], interlace="off", strip="all",
            bit_depth_reduction=False, color_type_reduction=False, palette_reduction=False,
            grayscale_reduction=False, optimize_alpha=False,
        )  # fmt: skip
    except oxipng.PngError:
        return None
    return png_chunks.content(png, b"IDAT")


def _group4(form: Shape, data: bytes) -> tuple[bytes, bool]:
    """The rows in CCITT group 4, and whether its black pixels stand for ones."""
    out = io.BytesIO()
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[_ROWS_PER_STRIP] = form.height
    picture = Image.frombytes("1", (form.width, form.height), data)
    picture.save(out, "TIFF", compression="group4", tiffinfo=info, strip_size=len(data) + 1)
    # Not by `Image.open`, which refuses large pictures; this one is ours.
    out.seek(0)
    with TiffImagePlugin.TiffImageFile(out) as tiff:
        (start,), (length,) = tiff.tag_v2[_STRIPS], tiff.tag_v2[_LENGTHS]
        # the codec calls a bit of 1 black; the tag says whether Pillow turned the bits round
        as_given = tiff.tag_v2[_PHOTOMETRIC] == 1
    return out.getvalue()[start : start + length], as_given


def _colours(space: pikepdf.Object | None) -> tuple[str, int]:
    """The family of a colour space and its number of components, 0 when not known."""
    if isinstance(space, pikepdf.Array) and len(space):
        family = str(space[0])
        if family == "/ICCBased" and len(space) > 1 and isinstance(space[1], pikepdf.Stream):
            return family, _number(space[1], "/N")
        if family == "/DeviceN" and len(space) > 1 and isinstance(space[1], pikepdf.Array):
            return family, len(space[1])
        return family, _DEVICE_COMPONENTS.get(family, 0)
    name = str(space) if isinstance(space, pikepdf.Name) else ""
    return name, _DEVICE_COMPONENTS.get(name, 0)


def _number(dictionary: pikepdf.Stream, key: str) -> int:
    """The whole number under `key`, 0 when there is none."""
    value = dictionary.get(key)
    return int(value) if isinstance(value, pikepdf.Integer) else 0
