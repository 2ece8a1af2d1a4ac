"""What holds for every JPEG, whatever its size, colours, coding and metadata."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ir_build.engine.jpeg import codec as jpeg
from ir_build.options import Compression, Options
from ir_build.quality import Reference
from pictures import encoded, enlarged, exif_block, grained, opened

LOSSLESS = Options(compression_type=Compression.LOSSLESS)


@st.composite
def photos(draw, smallest=1):
    """A picture of soft shapes, a sharp edge and some grain, and how it is coded."""
    width, height = (draw(st.integers(smallest, 110)) for _ in range(2))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    coarse = random.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    grain = draw(st.sampled_from([0, 3, 25]))
    pixels = grained(enlarged(coarse, (width, height)), random, colour=grain)
    pixels[height // 2 :, : width // 3] = draw(st.sampled_from([0, 128, 255]))
    return Image.fromarray(pixels)


@st.composite
def jpeg_files(draw, modes=("RGB", "L", "CMYK"), smallest=1):
    """A JPEG file as cameras and editors write them."""
    image = draw(photos(smallest)).convert(draw(st.sampled_from(modes)))
    tags = {0x0112: draw(st.integers(1, 8)), 0x010E: "A description " * draw(st.integers(0, 20))}
    options = {
        "quality": draw(st.integers(5, 100)),
        "progressive": draw(st.booleans()),
        "optimize": draw(st.booleans()),
        "restart_marker_blocks": draw(st.sampled_from([0, 1, 5])),
    }
    if image.mode == "RGB":
        options["keep_rgb"] = draw(st.booleans())
    if image.mode == "RGB" and not options["keep_rgb"]:
        options["subsampling"] = draw(st.sampled_from([0, 1, 2]))
    if draw(st.booleans()):
        options["exif"] = exif_block(tags)
    if draw(st.booleans()):
        options["comment"] = b"made by an editor"
    return encoded(image, "jpeg", **options)


@settings(max_examples=60, deadline=None)
@given(jpeg_files())
def test_lossless_never_grows_keeps_every_pixel_and_is_done_in_one_go(data):
    """A second run finds nothing more, and the mode and the orientation are what they were."""
    candidate = jpeg.compress(data, LOSSLESS)
    assert not candidate.lossy
    assert len(candidate.data) <= len(data)
    before, after = opened(data), opened(candidate.data)
    assert after.mode == before.mode
    assert after.tobytes() == before.tobytes()
    assert after.getexif().get(0x0112, 1) == before.getexif().get(0x0112, 1)
    assert jpeg.compress(candidate.data, LOSSLESS).data == candidate.data


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(jpeg_files(modes=("RGB", "L"), smallest=64), st.sampled_from([70.0, 80.0, 90.0]))
def test_lossy_never_grows_and_reaches_its_target(data, target):
    """Either every pixel stays or the score is reached and the file clearly smaller."""
    candidate = jpeg.compress(data, Options(quality=target))
    assert len(candidate.data) <= len(data)
    before, after = (np.asarray(opened(one).convert("RGB")) for one in (data, candidate.data))
    if candidate.lossy:
        assert Reference(before).score(after) >= target
        assert len(candidate.data) < len(jpeg.compress(data, LOSSLESS).data)
    else:
        assert np.array_equal(before, after)


@pytest.mark.parametrize("effort", ["fast", "default", "best"])
def test_more_effort_never_means_more_bytes(effort):
    """Every effort reaches the target; the order of sizes is that of the efforts."""
    random = np.random.default_rng(4)
    coarse = random.integers(0, 256, (8, 9, 3), dtype=np.uint8)
    data = encoded(grained(enlarged(coarse, (300, 200)), random, colour=9), "jpeg", quality=96)
    sizes = [len(jpeg.compress(data, Options(effort=one)).data) for one in (effort, "best")]
    assert sizes[0] >= sizes[1]
