"""The generic filters: what they encode comes back, what is broken is refused."""

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ir_build.engine.pdf.structure import filters
from ir_build.engine.pdf.structure.filters import Parms, Undecodable
from pictures import encoded

LIMIT = 1 << 20
TEXT = b"0 0 1 rg 10 10 m 20 20 l S\n" * 40


def decoded(data, name, limit=LIMIT, **parms):
    return filters.decode(data, name, Parms(**parms), limit)


ENCODERS = {
    "/FlateDecode": zlib.compress,
    "/ASCII85Decode": lambda data: base64.a85encode(data, wrapcol=60) + b"~>\n",
}


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=2000))
def test_round_trip(name, data):
    """Every filter gives back what went in."""
    assert decoded(ENCODERS[name](data), name) == data


@pytest.mark.parametrize("name", ENCODERS)
def test_cut_off(name):
    """Data without their end are refused, not guessed at."""
    with pytest.raises(Undecodable):
        decoded(ENCODERS[name](TEXT)[:-6], name)


def test_limit():
    """Nothing decodes to more than the limit."""
    with pytest.raises(Undecodable):
        decoded(zlib.compress(bytes(100_000)), "/FlateDecode", limit=99_999)


def test_trailing_data():
    """A line end after a zlib stream is a writer's habit, other bytes are a fault."""
    assert decoded(zlib.compress(TEXT) + b"\r\n", "/FlateDecode") == TEXT
    with pytest.raises(Undecodable):
        decoded(zlib.compress(TEXT) + b"more", "/FlateDecode")


@pytest.mark.parametrize(("mode", "colors"), [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_png_predictors(mode, colors):
    """Rows filtered as PNG does it come back, whatever the pixel's size."""
    samples = np.random.default_rng(5).integers(0, 255, (20, 30, colors), np.uint8)
    samples = np.cumsum(samples // 60, axis=1, dtype=np.uint8)
    png = encoded(Image.frombytes(mode, (30, 20), samples.tobytes()), "PNG")
    at = png.index(b"IDAT")
    data = png[at + 4 : at + 4 + int.from_bytes(png[at - 4 : at], "big")]
    assert (
        decoded(data, "/FlateDecode", predictor=15, colors=colors, columns=30) == samples.tobytes()
    )


def test_tiff_predictor():
    """Differences between neighbours are summed up again."""
    samples = np.random.default_rng(5).integers(0, 255, (20, 30, 3), np.uint8)
    deltas = np.diff(samples, axis=1, prepend=np.zeros((20, 1, 3), np.uint8))
    data = zlib.compress(deltas.astype(np.uint8).tobytes())
    assert decoded(data, "/FlateDecode", predictor=2, colors=3, columns=30) == samples.tobytes()


@pytest.mark.parametrize("parms", [
    {"predictor": 15, "columns": 7}, {"predictor": 9}, {"predictor": 12, "columns": 0},
    {"predictor": 15, "colors": -3}, {"predictor": 15, "bits": 7}, {"predictor": 2, "bits": 4},
])  # fmt: skip
def test_bad_predictors(parms):
    """Rows that do not fill the data, and parameters out of range, are refused."""
    with pytest.raises(Undecodable):
        decoded(zlib.compress(TEXT), "/FlateDecode", **parms)


def test_unknown_filter():
    """A filter that is not generic is refused."""
    with pytest.raises(Undecodable):
        decoded(TEXT, "/BrotliDecode")
