"""A gradient must not turn into bands, nor a dot lose its colour: the score hardly notices."""

import numpy as np
import pytest

from ir_build.quality.banding import BandingCheck

SKY = np.zeros((120, 160, 3), np.uint8)
SKY[..., 0] = np.linspace(90, 200, 160)
SKY[..., 2] = np.linspace(220, 160, 120)[:, None]


def in_steps(pixels, step):
    """Each value in the middle of its step; what is nothing stays nothing."""
    return np.where(pixels > 0, pixels // step * step + step // 2, 0).astype(np.uint8)


def test_bands_are_seen():
    """A gradient in few steps fails, the finer the steps the better it fares."""
    check = BandingCheck(SKY)
    assert check.holds(SKY, 80)
    assert check.holds(in_steps(SKY, 3), 80)
    assert not check.holds(SKY // 16 * 16 + 8, 80)


def test_flat_areas_do_not_hide_bands():
    """A shaded panel on a large page of one colour is looked at like any other gradient."""
    page = np.full((600, 800, 3), 230, np.uint8)
    page[40:160, 40:200] = SKY
    banded = page.copy()
    banded[40:160, 40:200] = SKY // 8 * 8 + 4
    assert not BandingCheck(page).holds(banded, 80)


def test_wide_bands_are_seen_sooner():
    """Steps that pass where a gradient is steep fail where it takes hundreds of pixels."""
    steep, slow = (np.linspace(90, 130, width).astype(np.uint8) for width in (80, 800))
    for row, good in ((steep, True), (slow, False)):
        gradient = np.broadcast_to(row[:, None], (120, len(row), 3))
        assert BandingCheck(gradient).holds(in_steps(gradient, 4), 80) is good


def test_quality_decides_what_is_smooth_enough():
    """What passes for a lower quality fails for a higher one."""
    steps = in_steps(SKY, 7)
    check = BandingCheck(SKY)
    assert check.holds(steps, 60)
    assert not check.holds(steps, 90)


def test_dithering_is_not_banding():
    """A dithered picture keeps the means of its blocks, and passes where bands fail."""
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
    pattern = np.tile(bayer, (30, 40))[..., None]
    dithered = ((SKY + pattern) // 16 * 16).astype(np.uint8)
    check = BandingCheck(SKY)
    assert len(np.unique(dithered.reshape(-1, 3), axis=0)) < 80
    assert check.holds(dithered, 80)
    assert not check.holds(SKY // 16 * 16, 80)


def test_a_flat_colour_must_stay_what_it_is():
    """A background that is shifted as a whole fails too."""
    flat = np.full((40, 40, 3), 240, np.uint8)
    assert not BandingCheck(flat).holds(flat + 8, 80)


def test_texture_is_a_matter_for_the_scorer():
    """Where nothing is smooth, pixels may change places."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    shuffled = noise.reshape(16, 4, 64, 3)[:, ::-1].reshape(64, 64, 3)
    assert BandingCheck(noise).holds(shuffled, 90)


@pytest.mark.parametrize("place", [(30, 30), (0, 156), (117, 157)])
def test_no_small_thing_loses_its_colour(place):
    """A dot that turns grey fails anywhere, in the last rows and columns too."""
    top, left = place
    dotted = SKY[:119, :159].copy()
    dotted[top : top + 7, left : left + 7] = 200, 20, 20
    grey = dotted.copy()
    grey[top : top + 7, left : left + 7] = 110
    assert not BandingCheck(dotted).holds(grey, 80)


def test_light_and_dark_pages_count():
    """A fringe that only shows on a white page fails as well."""
    clear = np.full((40, 40, 4), 255, np.uint8)
    clear[..., 3] = 128
    fringe = clear.copy()
    fringe[:, -2:] = 128, 128, 128, 255
    assert not BandingCheck(clear).holds(fringe, 80)


def test_colour_under_full_transparency_does_not_count():
    """What cannot be seen cannot have bands."""
    clear = np.concatenate([SKY, np.zeros((120, 160, 1), np.uint8)], 2)
    other = clear.copy()
    other[..., :3] = 9
    assert BandingCheck(clear).holds(other, 90)
