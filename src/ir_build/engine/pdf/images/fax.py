"""Black and white images in CCITT group 3, which group 4 stores in half the bytes."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import numpy as np
import pikepdf
import pypdfium2
from PIL import Image

from ..structure import streams
from . import lossless as images_samples

if TYPE_CHECKING:
    from ..structure.source import PdfFile
    from .lossless import Shape

# Pixels that are decoded, of one image and of all in a document.
_LARGEST, _BUDGET = 64_000_000, 256_000_000
_GROUP3 = 3
_PARMS = {"/K", "/EndOfLine", "/Columns", "/Rows", "/EndOfBlock", "/BlackIs1"}


def recode(source: PdfFile) -> None:
    """Store images of one-dimensional group 3 in the smallest form, where two decoders agree on them."""
    budget = _BUDGET
    for one in source.pdf.objects:
        if not isinstance(one, pikepdf.Stream) or one.get("/Filter") != pikepdf.Name.CCITTFaxDecode:
            continue
        form = images_samples.shape(one)
        pixels = form.width * form.height if form else 0
        if form is None or not _group3(one, form) or pixels > min(_LARGEST, budget):
            continue
        budget -= pixels
        rows = _rows(one, form)
        if rows is None or not _agreed(one, form, rows):
            continue
        plain = streams.Plain(rows, "", None)
        made = images_samples.best(one, plain, form, streams.pack(plain), None, mask=True)
        if made.cost < streams.present(one):
            streams.replace(one, made)


def _group3(image: pikepdf.Stream, form: Shape) -> bool:
    """Whether it is coded in one dimension and without anything unusual."""
    parms = image.get("/DecodeParms")
    if not isinstance(parms, pikepdf.Dictionary) or not set(parms.keys()) <= _PARMS:
        return False
    plain = parms.get("/K", 0) == 0 and parms.get("/Rows", form.height) == form.height
    plain = plain and parms.get("/Columns") == form.width and "/F" not in image
    return plain and form.bits == form.components == 1


def _rows(image: pikepdf.Stream, form: Shape) -> bytes | None:
    """The samples as libtiff decodes them."""
    data = image.read_raw_bytes()
    tags = (
        (256, form.width), (257, form.height), (258, 1), (259, _GROUP3), (262, 0), (273, 8), (277, 1),
        (278, form.height), (279, len(data)),
    )  # fmt: skip
    data += b"\0" * (len(data) % 2)
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    tiff = b"II*\0" + struct.pack("<I", 8 + len(data)) + data
    tiff += struct.pack("<H", len(tags)) + directory + bytes(4)
    try:
        with Image.open(io.BytesIO(tiff), formats=["TIFF"]) as picture:
            rows = picture.tobytes()
    except (OSError, ValueError, SyntaxError):
        return None
    return rows if not _black_is_1(image) else _inverted(rows)


def _black_is_1(image: pikepdf.Stream) -> bool:
    flag = image.DecodeParms.get("/BlackIs1")
    return isinstance(flag, pikepdf.Boolean) and bool(flag)


def _inverted(rows: bytes) -> bytes:
    return (~np.frombuffer(rows, np.uint8)).tobytes()


def _agreed(image: pikepdf.Stream, form: Shape, rows: bytes) -> bool:
    """Whether PDFium, which decodes in its own way, comes to the same samples."""
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(72, 72))
    alone = document.make_stream(
        b"", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=form.width,
        Height=form.height, BitsPerComponent=1, ColorSpace=pikepdf.Name.DeviceGray,
    )  # fmt: skip
    parms = pikepdf.Object.parse(image.DecodeParms.unparse(resolved=True))
    assert isinstance(parms, pikepdf.Dictionary)
    alone.write(
        image.read_raw_bytes(),
        filter=pikepdf.Name.CCITTFaxDecode,
        decode_parms=parms,
        type_check=False,
    )
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=alone))
    page.Contents = document.make_stream(b"72 0 0 72 0 0 cm /I Do")
    out = io.BytesIO()
    document.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    try:
        with pypdfium2.PdfDocument(out.getvalue()) as shown:
            (found,) = shown[0].get_objects()
            seen = found.get_bitmap().to_numpy()
    except (pypdfium2.PdfiumError, ValueError):
        return False
    samples = np.frombuffer(rows, np.uint8).reshape(form.height, -1)
    bits = np.unpackbits(samples, axis=1, count=form.width)
    return seen.shape[:2] == bits.shape and bool(
        np.array_equal(seen.reshape(bits.shape) > 127, bits)
    )
