"""What counts as another colour in pictures with noise."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ir_build.quality.coloured import ColouredPlaces
from pictures import coloured_page, grained, photo

RNG = np.random.default_rng(5)


def greyer(pixels, share, where=True):
    """The pixels nearer to grey."""
    grey = pixels.mean(-1, keepdims=True)
    changed = np.where(np.asarray(where)[..., None], pixels + (grey - pixels) * share, pixels)
    return changed.round().astype(np.uint8)


@pytest.mark.parametrize("kind", ["link", "borders", "asterisks", "dots"])
def test_a_small_thing_that_fades_is_found(kind):
    """Whatever it is and wherever the grid of squares lies."""
    page, drawn = coloured_page(kind)
    pixels = np.asarray(page)
    for shift in ((0, 0), (3, 5), (7, 12)):
        before = np.roll(pixels, shift, (0, 1))
        after = greyer(before, 0.5, np.roll(drawn, shift, (0, 1)))
        assert "a colour moved at" in ColouredPlaces(before, 80).damage(after)
        assert not ColouredPlaces(before, 80).damage(before)


def test_letters_need_no_saturation():
    """Grey letters on a coloured ground may not take its tint, as at half the resolution of colours."""
    page = Image.new("RGB", (320, 160), (58, 129, 187))
    for row in range(8):
        ImageDraw.Draw(page).text((10, 4 + 19 * row), "TEMPLATE of a page", (70, 66, 62))
    before = np.asarray(page)
    colours = ColouredPlaces(before, 80)
    for subsampling, moved in (("4:2:0", True), ("4:4:4", False)):
        file = io.BytesIO()
        page.save(file, "JPEG", quality=92, subsampling=subsampling)
        assert bool(colours.damage(np.asarray(Image.open(file)))) is moved


def test_tints_of_black_are_not_seen():
    """A screen's own light hides them."""
    before = np.full((64, 64, 3), 200, np.uint8)
    before[8:56:4, 8:56] = 0
    after = before.copy()
    after[8:56:4, 8:56] = 6, 0, 12
    assert not ColouredPlaces(before, 80).damage(after)


def test_noise_is_no_other_colour():
    """A photo with other grain keeps its colours."""
    soft = photo((300, 200), grid=(5, 6), seed=3)
    colours = ColouredPlaces(grained(soft, RNG, grey=6, colour=3), 80)
    assert not colours.damage(grained(soft, RNG, grey=6, colour=3))


def test_a_square_that_moves_is_found():
    """Also where nothing is saturated."""
    soft = photo((300, 200), grid=(5, 6), seed=3) // 4 + 90
    after = soft.copy()
    after[64:72, 80:88] += np.array([14, 0, 0], np.uint8)
    assert "at 80, 64 (64 pixels" in ColouredPlaces(soft, 80).damage(after)


def test_fringes_of_letters_are_no_colours():
    """Grey letters drawn for a screen's subpixels may lose some of the colour at their sides."""
    wide = Image.new("L", (3 * 400, 300), 255)
    draw = ImageDraw.Draw(wide)
    for row in range(14):
        for column in range(40):
            x = 3 * (10 + 9 * column)
            draw.rectangle((x + 1, 10 + 20 * row, x + 4, 22 + 20 * row), fill=30)
    fringed = np.asarray(wide).reshape(300, 400, 3)
    assert np.count_nonzero(np.ptp(fringed, -1) >= 80) > 1000
    assert not ColouredPlaces(fringed, 80).damage(greyer(fringed, 0.25))


def test_a_higher_quality_is_stricter():
    """Limits shrink to half from 80 to 90."""
    page, drawn = coloured_page("link")
    before = np.asarray(page)
    after = greyer(before, 0.25, drawn)
    assert [bool(ColouredPlaces(before, quality).damage(after)) for quality in (60, 80, 90)] == [
        False,
        False,
        True,
    ]
