"""Images in a PDF of more samples than are held at once."""

import zlib
from io import BytesIO

import numpy as np
import pikepdf
import pytest
from pikepdf import Dictionary, Name

from ir_build.engine.pdf import codec as pdf
from ir_build.engine.pdf.structure.source import MAX_DECODED
from ir_build.options import Compression, Options

LOSSLESS = Options(compression_type=Compression.LOSSLESS)
SIDE = 6700
COLOURS = np.random.default_rng(7).integers(0, 256, (17, 3), np.uint8)
ROW = COLOURS[np.arange(SIDE) // 100 % 17]
assert ROW.nbytes * SIDE > MAX_DECODED


def document(data, family):
    made = pikepdf.new()
    page = made.add_blank_page(page_size=(300, 300))
    image = made.make_stream(
        b"", Type=Name.XObject, Subtype=Name.Image, Width=SIDE, Height=SIDE, BitsPerComponent=8,
        ColorSpace=family,
    )  # fmt: skip
    image.write(data, filter=Name.FlateDecode)
    page.Resources = Dictionary(XObject=Dictionary(I=image))
    page.Contents = made.make_stream(b"300 0 0 300 0 0 cm /I Do")
    out = BytesIO()
    made.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


def deflated(rows):
    packer = zlib.compressobj(1)
    return b"".join([*(packer.compress(row) for row in rows), packer.flush()])


DATA = deflated([ROW.tobytes()] * SIDE)


def image_of(data):
    opened = pikepdf.open(BytesIO(data))
    return opened, opened.pages[0].Resources.XObject.I


def test_few_colours_become_a_palette():
    """Pixels stay, at a third of the samples."""
    result = pdf.compress(document(DATA, Name.DeviceRGB), LOSSLESS).data
    _opened, image = image_of(result)
    assert image.BitsPerComponent == 8
    family, base, highest, table = image.ColorSpace
    assert (family, base, highest) == (Name.Indexed, Name.DeviceRGB, 16)
    index = np.frombuffer(image.read_bytes(), np.uint8).reshape(SIDE, SIDE)
    colours = np.frombuffer(bytes(table), np.uint8).reshape(-1, 3)
    assert np.array_equal(colours[index[0]], ROW)
    assert (index == index[0]).all()
    assert len(image.read_raw_bytes()) < len(DATA) / 2


@pytest.mark.parametrize(
    "data",
    [
        deflated([np.random.default_rng(1).integers(0, 256, ROW.shape, np.uint8), *[ROW] * (SIDE - 1)]),
        DATA[:-4],
        deflated([ROW] * (SIDE + 1)),
    ],
    ids=["many colours", "cut off", "too long"],
)  # fmt: skip
def test_others_stay(data):
    """More colours than a palette takes, or samples that do not add up: every byte stays."""
    _opened, image = image_of(pdf.compress(document(data, Name.DeviceRGB), LOSSLESS).data)
    assert image.read_raw_bytes() == data
