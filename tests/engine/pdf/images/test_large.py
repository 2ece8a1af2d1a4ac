"""Images in a PDF of more samples than are held at once."""

import zlib

import numpy as np
import pytest
from pikepdf import Name

from documents import image_of, saved_as_stored, with_image
from ir_build.engine.pdf import codec as pdf
from ir_build.engine.pdf.structure.source import MAX_DECODED
from ir_build.options import Compression, Options

LOSSLESS = Options(compression_type=Compression.LOSSLESS)
SIDE = 6700
COLOURS = np.random.default_rng(7).integers(0, 256, (17, 3), np.uint8)
ROW = COLOURS[np.arange(SIDE) // 100 % 17]
assert ROW.nbytes * SIDE > MAX_DECODED


def large_image(data, family):
    return saved_as_stored(
        with_image(
            data,
            page_size=(300, 300),
            content=b"300 0 0 300 0 0 cm /I Do",
            filters=Name.FlateDecode,
            Width=SIDE,
            Height=SIDE,
            BitsPerComponent=8,
            ColorSpace=family,
        )
    )


def deflated(rows):
    packer = zlib.compressobj(1)
    return b"".join([*(packer.compress(row) for row in rows), packer.flush()])


@pytest.mark.slow
def test_few_colours_become_a_palette():
    """Pixels stay, at a third of the samples."""
    stored = deflated([ROW] * SIDE)
    result = pdf.compress(large_image(stored, Name.DeviceRGB), LOSSLESS).data
    image = image_of(result)
    assert image.BitsPerComponent == 8
    family, base, highest, table = image.ColorSpace
    assert (family, base, highest) == (Name.Indexed, Name.DeviceRGB, 16)
    index = np.frombuffer(image.read_bytes(), np.uint8).reshape(SIDE, SIDE)
    colours = np.frombuffer(bytes(table), np.uint8).reshape(-1, 3)
    assert np.array_equal(colours[index[0]], ROW)
    assert (index == index[0]).all()
    assert len(image.read_raw_bytes()) < len(stored) / 2


FIRST = np.random.default_rng(1).integers(0, 256, ROW.shape, np.uint8)
OTHERS = {
    "many colours": lambda: deflated([FIRST, *[ROW] * (SIDE - 1)]),
    "cut off": lambda: deflated([ROW] * SIDE)[:-4],
    "too long": lambda: deflated([ROW] * (SIDE + 1)),
}


@pytest.mark.slow
@pytest.mark.parametrize("which", OTHERS)
def test_others_stay(which):
    """More colours than a palette takes, or samples that do not add up: every byte stays."""
    data = OTHERS[which]()
    image = image_of(pdf.compress(large_image(data, Name.DeviceRGB), LOSSLESS).data)
    assert image.read_raw_bytes() == data
