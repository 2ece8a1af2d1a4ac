"""Black and white images in a PDF that come in CCITT group 3."""

from io import BytesIO

import numpy as np
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from documents import first_page, image_of, saved_as_stored, with_image
from ir_build.engine.pdf import codec as pdf
from ir_build.options import Compression, Options
from pictures import encoded

LOSSLESS = Options(compression_type=Compression.LOSSLESS)
WIDTH, HEIGHT = 1003, 400
_STRIPS, _LENGTHS = 273, 279


def blobs():
    """Blobs as of letters: white on black."""
    coarse = np.random.default_rng(3).random((HEIGHT // 10, WIDTH // 10 + 1)) > 0.8
    return np.repeat(np.repeat(coarse, 10, 0), 10, 1)[:HEIGHT, :WIDTH]


def group3(bits):
    """The rows as libtiff codes them, each after an end of line."""
    picture = Image.fromarray(bits.astype(np.uint8) * 255).convert("1")
    one_strip = {"tiffinfo": {278: HEIGHT}, "strip_size": 1 << 24}
    data = encoded(picture, "TIFF", compression="group3", **one_strip)
    with Image.open(BytesIO(data)) as tiff:
        (start,), (length,) = tiff.tag_v2[_STRIPS], tiff.tag_v2[_LENGTHS]
        white_is_0 = tiff.tag_v2[262] == 0
    return data[start : start + length], white_is_0


def fax(data, parms, **entries):
    return saved_as_stored(
        with_image(
            data,
            page_size=(501, 200),
            content=b"1 0 0 rg 501 0 0 200 0 0 cm /I Do",
            filters=Name.CCITTFaxDecode,
            parms=Dictionary(parms),
            Width=WIDTH,
            Height=HEIGHT,
            **entries,
        )
    )


CODED, WHITE_IS_0 = group3(blobs())
PARMS = {"/K": 0, "/Columns": WIDTH, "/EndOfLine": True}
GREY = {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 1}


@pytest.mark.parametrize(
    ("parms", "entries"),
    [
        ({}, GREY),
        ({"/BlackIs1": True}, GREY),
        ({"/Rows": HEIGHT}, GREY | {"Decode": [1, 0]}),
        ({"/BlackIs1": True}, {"ImageMask": True}),
    ],
    ids=["plain", "black is 1", "decode", "stencil"],
)
def test_group4(parms, entries):
    """Group 3 becomes group 4, and every pixel stays."""
    data = fax(CODED, PARMS | parms, **entries)
    assert 0 < first_page(data, 2).mean() < 255
    result = pdf.compress(data, LOSSLESS).data
    image = image_of(result)
    assert image.Filter != Name.CCITTFaxDecode or image.DecodeParms.K == -1
    assert len(image.read_raw_bytes()) < len(CODED) / 1.5
    assert np.array_equal(first_page(result, 2), first_page(data, 2))


@pytest.mark.parametrize(
    ("data", "parms"),
    [
        (CODED[: len(CODED) // 2], {}),
        (CODED[:999] + bytes(20) + CODED[1019:], {}),
        (CODED, {"/EncodedByteAlign": True}),
        (CODED, {"/K": 4}),
        (CODED, {"/Columns": WIDTH + 1}),
    ],
    ids=["cut off", "damaged", "aligned", "two dimensions", "another width"],
)
def test_doubtful_stays(data, parms):
    """Where decoders might differ the bytes stay."""
    made = pdf.compress(fax(data, PARMS | parms, **GREY), LOSSLESS).data
    image = image_of(made)
    assert image.read_raw_bytes() == data
