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


def run_length(data):
    return b"".join(bytes((0, one)) for one in data) + b"\x80"


def lzw(data, early=1):
    """A plain encoder, as the standard describes it."""
    codes, table, width, prefix = [(256, 9)], {bytes((n,)): n for n in range(256)}, 9, b""
    count = 258
    for byte in data:
        longer = prefix + bytes((byte,))
        if longer in table:
            prefix = longer
            continue
        codes.append((table[prefix], width))
        table[longer] = count
        count += 1
        if count + early > 1 << width:
            width += 1
        if count == 4094:
            codes.append((256, width))
            table, width, count = {bytes((n,)): n for n in range(256)}, 9, 258
        prefix = bytes((byte,))
    if prefix:
        codes.append((table[prefix], width))
        count += 1
        if count + early > 1 << width:
            width += 1
    codes.append((257, width))
    bits = "".join(f"{code:0{size}b}" for code, size in codes)
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


ENCODERS = {
    "/FlateDecode": zlib.compress,
    "/ASCII85Decode": lambda data: base64.a85encode(data, wrapcol=60) + b"~>\n",
    "/ASCIIHexDecode": lambda data: data.hex(" ", 20).encode() + b">",
    "/RunLengthDecode": run_length,
    "/LZWDecode": lzw,
}


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=2000))
def test_round_trip(name, data):
    """Every filter gives back what went in."""
    assert decoded(ENCODERS[name](data), name) == data


@pytest.mark.parametrize("early", [0, 1])
def test_long_lzw(early):
    """Codes grow and the table starts again where the standard says."""
    data = np.random.default_rng(3).integers(0, 60, 30_000, np.uint8).tobytes()
    assert decoded(lzw(data, early), "/LZWDecode", early_change=early) == data


@pytest.mark.parametrize("name", ENCODERS)
def test_cut_off(name):
    """Data without their end are refused, not guessed at."""
    with pytest.raises(Undecodable):
        decoded(ENCODERS[name](TEXT)[:-6], name)


@pytest.mark.parametrize("name", ["/FlateDecode", "/RunLengthDecode", "/LZWDecode"])
def test_limit(name):
    """Nothing decodes to more than the limit."""
    with pytest.raises(Undecodable):
        decoded(ENCODERS[name](bytes(100_000)), name, limit=99_999)


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
