"""Adobe's marker in a JPEG of four colours: programs that make PDFs invert by it."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ir_build.candidate import Candidate
from ir_build.containers.jpeg_segments import Segment, spans
from ir_build.engine.jpeg import codec as jpeg
from ir_build.formats import MediaType
from ir_build.options import Compression, Options
from ir_build.verify import verify


def segments(data):
    return [Segment(marker, data[start + 4 : end]) for marker, start, end in spans(data)]


def with_adobe():
    noise = np.random.default_rng(4).normal(0, 4, (80, 96, 4))
    pixels = np.mgrid[:80, :96].sum(0)[..., None] + noise
    buffer = BytesIO()
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8), "CMYK")
    image.save(buffer, "JPEG", quality=95, comment=b"somebody " * 20)
    return buffer.getvalue()


def without_adobe():
    data = with_adobe()
    start, end = next((start, end) for marker, start, end in spans(data) if marker == 0xEE)
    return data[:start] + data[end:]


def has_adobe(data):
    return any(one.marker == 0xEE and one.data.startswith(b"Adobe") for one in segments(data))


@pytest.mark.parametrize("compression", [Compression.LOSSLESS, Compression.LOSSY])
def test_it_is_there_if_it_was(compression):
    """Neither lost nor added, and the coefficients are the same."""
    for data in (with_adobe(), without_adobe()):
        options = Options(compression_type=compression)
        made = jpeg.compress(data, options)
        assert len(made.data) < len(data)
        assert has_adobe(made.data) == has_adobe(data)
        assert verify(data, made, MediaType.JPEG, options).ok
        with Image.open(BytesIO(data)) as one, Image.open(BytesIO(made.data)) as other:
            assert one.tobytes() == other.tobytes()


def test_a_result_that_has_it_or_lost_it_is_refused():
    """As the one says that dark is light where the other does not."""
    one, other = with_adobe(), without_adobe()
    for before, after in ((one, other), (other, one)):
        for lossy in (True, False):
            assert not verify(before, Candidate(after, lossy=lossy), MediaType.JPEG, Options()).ok
