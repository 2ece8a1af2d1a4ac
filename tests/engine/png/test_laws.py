"""Laws that hold for every PNG, tried on generated ones."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ir_build.engine.png import codec as png
from ir_build.options import Compression, Options
from ir_build.quality import Reference
from pictures import encoded, photo, rgba

LOSSLESS = Options(compression_type=Compression.LOSSLESS)


@st.composite
def png_files(draw, smallest=1):
    """PNG files of any mode: flat, drawn in few colours, shaded or noisy, opaque or not."""
    height, width = (draw(st.integers(smallest, 90)) for _ in range(2))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pixels = np.zeros((height, width, 4))
    pixels += random.integers(0, 256, 4)
    kind = draw(st.sampled_from(["flat", "drawn", "shaded", "noisy"]))
    if kind == "drawn":
        for _ in range(6):
            top, left = random.integers(0, height), random.integers(0, width)
            pixels[top : top + 20, left : left + 30] = random.integers(0, 256, 4)
    elif kind == "shaded":
        pixels += np.linspace(0, 90, width)[:, None] + np.linspace(0, 60, height)[:, None, None]
        pixels += random.normal(0, draw(st.sampled_from([0, 4])), (height, width, 1))
    elif kind == "noisy":
        pixels += random.normal(0, 60, pixels.shape)
    alpha = draw(st.sampled_from(["opaque", "cut out", "soft"]))
    if alpha != "soft":
        pixels[..., 3] = 255
    if alpha == "cut out":
        pixels[: height // 2, : width // 2, 3] = 0
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    mode = draw(st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA"]))
    return encoded(image.convert(mode), "PNG", compress_level=draw(st.sampled_from([1, 9])))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(png_files())
def test_lossless_is_smaller_or_equal_exact_and_final(data):
    """Never larger; every pixel stays, unseen ones too; a second pass changes next to nothing."""
    once = png.compress(data, LOSSLESS)
    assert not once.lossy
    assert len(once.data) <= len(data)
    assert np.array_equal(rgba(once.data), rgba(data))
    twice = png.compress(once.data, LOSSLESS).data
    assert 0.99 * len(once.data) - 8 <= len(twice) <= len(once.data)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(png_files(smallest=64), st.sampled_from([60.0, 80.0, 90.0]))
def test_lossy_is_smaller_and_reaches_its_score(data, target):
    """Never larger than without loss, and never below the target."""
    candidate = png.compress(data, Options(quality=target))
    assert len(candidate.data) <= len(png.compress(data, LOSSLESS).data)
    if candidate.lossy:
        reference = Reference(rgba(data))
        assert reference.score(rgba(candidate.data)) >= target
    else:
        assert np.array_equal(rgba(candidate.data), rgba(data))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(png_files(smallest=1).filter(lambda data: min(rgba(data).shape[:2]) < 64))
def test_icons_keep_their_pixels(data):
    """Under 64 pixels nothing is lost, and nothing grows."""
    candidate = png.compress(data, Options(quality=10))
    assert not candidate.lossy
    assert len(candidate.data) <= len(data)
    assert np.array_equal(rgba(candidate.data), rgba(data))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["photo", "drawing"])
def test_a_lossy_result_is_recognised(tmp_path, kind):
    """By `ir-build` on another machine, whose cache is empty: the file is not touched again."""
    pixels = photo((160, 120), grid=(5, 7), seed=1, grey=8 if kind == "photo" else 0)
    (tmp_path / "one.png").write_bytes(encoded(pixels, "png"))
    for number in range(2):
        before = (tmp_path / "one.png").read_bytes()
        command = [sys.executable, "-m", "ir_build", "optimize", tmp_path]
        command += ["--compression-type", "lossy", "--cache-dir", tmp_path / f"cache{number}"]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        after = (tmp_path / "one.png").read_bytes()
        assert len(after) < 0.8 * len(before) if number == 0 else after == before
