"""The samples of an image, stored without loss in the form that takes the fewest bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
import oxipng
import pikepdf
from PIL import Image, TiffImagePlugin

from ....containers import png_chunks
from ....options import Effort
from ..structure import filters
from ..structure.streams import Packed, Plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

# oxipng's presets by effort. Not fitted: a higher preset tries more row filters and takes more time, and all keep the
# samples.
_LEVELS = {None: 0, Effort.FAST: 1, Effort.DEFAULT: 2, Effort.BEST: 4}
# The colour type of PNG with as many samples as an image has components: oxipng's name for it, and its number
# (PNG, third edition, 11.2.1).
_PNG_KINDS = {1: ("grayscale", 0), 2: ("grayscale_alpha", 4), 3: ("rgb", 2), 4: ("rgba", 6)}
_INDEXED = 3  # PNG's colour type of a palette
_IN_PALETTES = ("/DeviceGray", "/G", "/DeviceRGB", "/RGB", "/ICCBased")
# How many components each colour space has (ISO 32000-1, 8.6).
_DEVICE_COMPONENTS = {
    "/DeviceGray": 1, "/G": 1, "/CalGray": 1, "/Indexed": 1, "/I": 1, "/Separation": 1,
    "/DeviceRGB": 3, "/RGB": 3, "/CalRGB": 3, "/Lab": 3, "/DeviceCMYK": 4, "/CMYK": 4,
}  # fmt: skip
# Tags of TIFF 6.0.
_ROWS_PER_STRIP, _STRIPS, _LENGTHS, _PHOTOMETRIC = 278, 273, 279, 262


#: names and values of entries in the dictionary of an image
Entries = tuple[tuple[str, pikepdf.Object | int], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """How the samples of an image are stored. Width and height are in pixels."""

    width: int
    height: int
    components: int
    bits: int  #: of a component
    #: the family of the colour space ("/DeviceRGB", "/ICCBased"); empty for a stencil mask
    family: str
    #: whether there is neither a decode array nor a colour key, which would change what samples mean
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
    """The shape of `image`; None if its dictionary does not say it clearly."""
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
    """The smallest lossless form of `plain`, the samples of `image`. `deflated` is a form that is there already.

    `effort` is None to spend next to no time. `mask` says that another image uses this one as its mask. Then its
    colour space cannot change.
    """
    candidates = [deflated]
    png = _as_png(form, plain.data, effort, mask=mask) if len(plain.data) == form.size else None
    if png is not None:
        held = of_png(png, image.get_raw("/ColorSpace"), form)
        candidates += [held] if held else []
        if held and png[24] == 1:
            candidates.append(
                _group4(plain.data if form.bits == 1 else _rows(held, form), held, form)
            )
    return min(candidates, key=attrgetter("cost"))


def samples(plain: Plain, form: Shape) -> NDArray[np.uint8]:
    """The samples of an image with 8 bits a sample: height x width x components."""
    return np.frombuffer(plain.data, np.uint8).reshape(form.height, form.width, form.components)


def of_png(png: bytes, space: pikepdf.Object | None, form: Shape) -> Packed | None:
    """The rows of the file `png` as a PDF holds them; None if a PDF cannot hold them.

    `png` has the samples of an image of the shape `form` and the colour space `space`.
    """
    bits, kind = png[24], png[25]
    if png_chunks.content(png, b"tRNS"):
        return None
    entries: Entries = () if bits == form.bits else (("/BitsPerComponent", bits),)
    components = form.components
    if kind == _INDEXED:
        table = png_chunks.content(png, b"PLTE")
        if components == 1:
            if table[::3] != table[1::3] or table[::3] != table[2::3]:
                return None
            table = table[::3]
        last = len(table) // components - 1
        indexed = [pikepdf.Name.Indexed, space, last, pikepdf.String(table)]
        entries = (*entries, ("/ColorSpace", pikepdf.Array(indexed)))
        components = 1
    elif kind != _PNG_KINDS[components][1]:
        return None
    parms = pikepdf.Dictionary(
        Predictor=15, Colors=components, BitsPerComponent=bits, Columns=form.width
    )
    return Packed(png_chunks.content(png, b"IDAT"), ("/FlateDecode",), parms, entries)


def _as_png(form: Shape, data: bytes, effort: Effort | None, *, mask: bool) -> bytes | None:
    """The samples as a PNG file by oxipng, in fewer bits or a palette if these say the same.

    The result is None for a shape that PNG does not have.
    """
    if form.components not in _PNG_KINDS or (form.components > 1 and form.bits < 8):
        return None
    fewer = form.direct and form.bits == 8 and form.components in (1, 3)
    fewer = fewer and form.family not in ("/Indexed", "/I")
    # Some readers apply the gamma of CalRGB to palettes only.
    palette = fewer and not mask and form.family in _IN_PALETTES
    try:
        picture = oxipng.RawImage(
            form.width, form.height, _PNG_KINDS[form.components][0], form.bits, data
        )
        return bytes(
            picture.create_optimized_png(
                level=_LEVELS[effort], interlace="off", strip="all", bit_depth_reduction=fewer,
                color_type_reduction=palette, palette_reduction=palette,
                grayscale_reduction=False, optimize_alpha=False,
            )
        )  # fmt: skip
    except oxipng.PngError:
        return None


def _rows(held: Packed, form: Shape) -> bytes:
    """The rows of `held`, one bit a pixel, without PNG's filters."""
    parms = filters.Parms(predictor=15, bits=1, columns=form.width)
    return filters.decode(held.data, "/FlateDecode", parms, form.size)


def _group4(data: bytes, held: Packed, form: Shape) -> Packed:
    """Rows of one bit a pixel in CCITT group 4, with the entries of `held`."""
    out = io.BytesIO()
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[_ROWS_PER_STRIP] = form.height
    picture = Image.frombytes("1", (form.width, form.height), data)
    picture.save(out, "TIFF", compression="group4", tiffinfo=info, strip_size=len(data) + 1)
    # `Image.open` would refuse a large picture.
    out.seek(0)
    with TiffImagePlugin.TiffImageFile(out) as tiff:
        (start,), (length,) = tiff.tag_v2[_STRIPS], tiff.tag_v2[_LENGTHS]
        # A bit of 1 is black for the codec. The tag says whether Pillow inverted the bits.
        black = tiff.tag_v2[_PHOTOMETRIC] == 1
    fax = pikepdf.Dictionary(K=-1, Columns=form.width, Rows=form.height, BlackIs1=black)
    coded = out.getvalue()[start : start + length]
    return Packed(coded, ("/CCITTFaxDecode",), fax, held.entries)


def _colours(space: pikepdf.Object | None) -> tuple[str, int]:
    """The family of a colour space, and how many components it has; 0 if that is not known."""
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
    """The whole number under `key`; 0 if there is none."""
    value = dictionary.get(key)
    return int(value) if isinstance(value, pikepdf.Integer) else 0
