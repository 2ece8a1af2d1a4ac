"""Variants are made and verified in worker processes, under the limits of every file."""

import numpy as np
import pytest
from PIL import Image

from ir_build import engine
from ir_build.errors import CorruptFile, OverTimeout
from ir_build.formats import MediaType
from ir_build.options import Effort, Options
from ir_build.sandbox.pool import Sandbox
from ir_build.variant import Wanted
from pictures import encoded, photo

FAST = Options(effort=Effort.FAST)
BOTH = (MediaType.AVIF, MediaType.WEBP)


@pytest.fixture
def sandbox():
    sandbox = Sandbox(jobs=1, time_limit=60.0, memory_limit=3 * 2**30)
    yield sandbox
    sandbox.close()


def wanted(data):
    return Wanted(widths=(150,), formats=BOTH, shipped=len(data))


@pytest.mark.slow
def test_they_come_with_their_bytes(sandbox):
    """In the order in which a page offers them; a file that is shipped may be given or not."""
    data = encoded(photo((300, 200), grid=(6, 8), seed=1), "JPEG", quality=95)
    found = sandbox.variants(data, MediaType.JPEG, FAST, wanted(data))
    assert [(one.media, one.width) for one in found] == [
        (MediaType.AVIF, 300),
        (MediaType.AVIF, 150),
        (MediaType.WEBP, 300),
    ]
    assert all(one.data for one in found)
    again = sandbox.variants(data, MediaType.JPEG, FAST, wanted(data), data)
    assert again == found


@pytest.mark.slow
def test_one_that_is_refused_takes_away_only_itself(sandbox):
    """In the fewest pixels this noise scores well, and yet details are lost."""
    noise = np.random.default_rng(0).integers(0, 256, (260, 256, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise).convert("L"), "JPEG", quality=85)
    asked = Wanted(widths=(64, 100, 150, 200), formats=(), shipped=len(data))
    made = engine.make_variants(data, MediaType.JPEG, FAST, asked, data)
    assert [one.width for one in made] == [200, 169, 119, 64]
    assert sandbox.variants(data, MediaType.JPEG, FAST, asked) == made[:3]


@pytest.mark.slow
def test_a_broken_picture_costs_only_itself(sandbox):
    """It is told, and the next one has its variants."""
    data = encoded(photo((300, 200), grid=(6, 8), seed=1), "JPEG", quality=95)
    with pytest.raises(CorruptFile):
        sandbox.variants(data[:2000], MediaType.JPEG, FAST, wanted(data))
    assert sandbox.variants(data, MediaType.JPEG, FAST, wanted(data))


@pytest.mark.slow
def test_time_is_limited():
    """As for compression."""
    sandbox = Sandbox(jobs=1, time_limit=0.3, memory_limit=3 * 2**30)
    data = encoded(photo((900, 700), grid=(20, 20), seed=1, grey=6), "JPEG", quality=95)
    try:
        with pytest.raises(OverTimeout):
            sandbox.variants(data, MediaType.JPEG, Options(), wanted(data))
    finally:
        sandbox.close()
