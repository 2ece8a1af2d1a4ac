"""Whatever is small, pale, coloured or shaded keeps its look: a score of the whole hardly notices."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ir_build.quality import ciede2000, places
from ir_build.quality.damage import Damage
from ir_build.quality.places import Known, Places

SKY = np.zeros((120, 160, 3), np.uint8)
SKY[..., 0] = np.linspace(90, 200, 160)
SKY[..., 2] = np.linspace(220, 160, 120)[:, None]


def holds(before, after, quality):
    """Whether no place changed, as the search and as who only asks see it."""
    found = Places(before, quality).damage(after)
    first = Places(before, quality).damage(after, first=True)
    assert bool(found) == bool(first) == bool(found.moved.any() or found.stepped.any())
    return not found


def in_steps(pixels, step):
    """Each value in the middle of its step; what is nothing stays nothing."""
    return np.where(pixels > 0, pixels // step * step + step // 2, 0).astype(np.uint8)


def test_bands_are_seen():
    """A gradient in few steps fails, the finer the steps the better it fares."""
    assert holds(SKY, SKY, 80)
    assert holds(SKY, in_steps(SKY, 3), 80)
    assert not holds(SKY, SKY // 16 * 16 + 8, 80)


def test_a_cut_makes_no_step_worse(monkeypatch):
    """Pictures are looked at in parts: an edge beyond a part excuses a step as it does in the whole."""
    rows = 60 + np.arange(400) / 3
    rows[273:] -= 50
    before = np.broadcast_to(rows.astype(np.uint8)[:, None, None], (400, 260, 3))
    after = before.copy()
    after[271:273] += 3
    after[200] += 1
    parts = Places(before, 80).damage(after).stepped
    monkeypatch.setattr(places, "_ROWS", 512)
    assert np.array_equal(parts, Places(before, 80).damage(after).stepped)


def test_flat_areas_do_not_hide_bands():
    """A shaded panel on a large page of one colour is looked at like any other gradient."""
    page = np.full((600, 800, 3), 230, np.uint8)
    page[40:160, 40:200] = SKY
    banded = page.copy()
    banded[40:160, 40:200] = SKY // 8 * 8 + 4
    assert not holds(page, banded, 80)


def test_wide_bands_are_seen_sooner():
    """Steps that pass where a gradient is steep fail where it takes hundreds of pixels."""
    steep, slow = (np.linspace(90, 210, width).astype(np.uint8) for width in (24, 800))
    for row, good in ((steep, True), (slow, False)):
        gradient = np.broadcast_to(row[:, None], (120, len(row), 3))
        assert holds(gradient, in_steps(gradient, 4), 80) is good


def test_quality_decides_what_is_smooth_enough():
    """What passes for a lower quality fails for a higher one."""
    steps = in_steps(SKY, 7)
    assert holds(SKY, steps, 60)
    assert not holds(SKY, steps, 90)


def test_dithering_is_not_banding():
    """A dithered picture keeps the means of its blocks, and passes where bands fail."""
    y, x = np.mgrid[:120, :160]
    pattern = ((x * 0.7549 + y * 0.5698) % 1 * 5).astype(int)[..., None]
    dithered = np.where(SKY, (SKY + pattern) // 5 * 5, 0).astype(np.uint8)
    assert len(np.unique(dithered.reshape(-1, 3), axis=0)) < 320
    assert holds(SKY, dithered, 80)
    assert not holds(SKY, in_steps(SKY, 5), 80)


def test_a_flat_colour_must_stay_what_it_is():
    """A background that is shifted as a whole fails too."""
    flat = np.full((40, 40, 3), 240, np.uint8)
    assert not holds(flat, flat + 8, 80)


def test_texture_is_a_matter_for_the_scorer():
    """Where nothing is smooth, pixels may change places."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    shuffled = noise.reshape(16, 4, 64, 3)[:, ::-1].reshape(64, 64, 3)
    assert holds(noise, shuffled, 90)


@pytest.mark.parametrize("place", [(30, 30), (0, 155), (115, 155)])
def test_no_small_thing_loses_its_colour(place):
    """A dot that turns grey fails anywhere, in the last rows and columns too."""
    top, left = place
    dotted = SKY[:119, :159].copy()
    dotted[top : top + 7, left : left + 7] = 200, 20, 20
    grey = dotted.copy()
    grey[top : top + 7, left : left + 7] = 110
    assert not holds(dotted, grey, 80)


def test_light_and_dark_pages_count():
    """A fringe that only shows on a white page fails as well."""
    clear = np.full((40, 40, 4), 255, np.uint8)
    clear[..., 3] = 128
    fringe = clear.copy()
    fringe[:, -2:] = 128, 128, 128, 255
    assert not holds(clear, fringe, 80)


@pytest.mark.parametrize("swap", [False, True])
def test_what_is_opaque_in_one_of_them_only_is_compared(swap):
    """A level of alpha that is lost or gained somewhere is seen on both pages, and is no error."""
    opaque = np.full((40, 40, 4), 255, np.uint8)
    nearly, clear = opaque.copy(), opaque.copy()
    nearly[..., 3] = 254
    clear[:20, :, 3] = 0
    pairs = ((opaque, nearly, True), (opaque, clear, False))
    for one, other, good in pairs:
        assert holds(*((other, one) if swap else (one, other)), 80) is good


def test_colour_under_full_transparency_does_not_count():
    """What cannot be seen cannot have bands."""
    clear = np.concatenate([SKY, np.zeros((120, 160, 1), np.uint8)], 2)
    other = clear.copy()
    other[..., :3] = 9
    assert holds(clear, other, 90)


def chip(background, colour, width, height):
    """A small thing on a page of one colour."""
    page = np.full((96, 128, 3), background, np.uint8)
    page[40 : 40 + height, 56 : 56 + width] = colour
    return page


# What was seen to change in screenshots, with what it had become.
SEEN = {
    "a status icon": ((255, 255, 255), (40, 189, 149), (37, 178, 163), 12, 12),
    "letters of a logo": ((240, 240, 240), (52, 52, 52), (48, 60, 66), 4, 20),
    "a pale panel": ((255, 255, 255), (224, 240, 255), (243, 243, 246), 40, 20),
    "a required field's asterisk": ((255, 255, 255), (220, 30, 30), (150, 70, 50), 4, 4),
    "a word of a link, fading": ((255, 255, 255), (11, 118, 190), (41, 112, 158), 2, 16),
    "a line of one pixel": ((255, 255, 255), (60, 120, 220), (60, 140, 150), 30, 1),
    "a pastel dot": ((255, 255, 255), (255, 200, 210), (225, 215, 217), 16, 16),
}


@pytest.mark.parametrize("name", SEEN)
def test_a_colour_that_means_something_stays_that_colour(name):
    """However small it is beside the canvas, and whichever way it is drawn."""
    background, colour, became, width, height = SEEN[name]
    for size in ((width, height), (height, width)):
        before, after = chip(background, colour, *size), chip(background, became, *size)
        assert not holds(before, after, 80)
        # A larger canvas forgives nothing.
        wide = [np.pad(one, ((0, 900), (0, 900), (0, 0)), "edge") for one in (before, after)]
        assert not holds(*wide, 80)


def test_thin_letters_keep_their_tint():
    """Strokes of which no two pixels are alike: hardly more than the ground is in any square."""
    for ground, ink, tinted in (
        (255, (84, 80, 112), (82, 84, 100)),
        (60, (160, 156, 190), (158, 159, 180)),
    ):
        before, after = (letters(ground, colour) for colour in (ink, tinted))
        assert not holds(before, after, 80)
        assert holds(before, letters(ground, tuple(level + 2 for level in ink)), 80)


def letters(ground, colour):
    """Some words in strokes of about a pixel."""
    page = Image.new("RGB", (96, 48), (ground,) * 3)
    ImageDraw.Draw(page).text((9, 13), "test 23", colour, ImageFont.load_default(10))
    return np.asarray(page)


def test_what_nobody_tells_apart_may_move():
    """A level or two, in one pixel or in a thing of some."""
    for colour in ((40, 189, 149), (220, 30, 30), (90, 90, 90)):
        near = tuple(level + 1 for level in colour)
        assert holds(chip(255, colour, 9, 9), chip(255, near, 9, 9), 80)
    assert holds(chip(255, 0, 1, 1), chip(255, 128, 1, 1), 80)


def test_a_background_is_looked_at_most_strictly():
    """The brown of a dark panel may not turn into another, which a dot may."""
    brown, olive = (49, 41, 40), (48, 43, 38)
    assert not holds(
        np.full((64, 64, 3), brown, np.uint8), np.full((64, 64, 3), olive, np.uint8), 80
    )
    assert holds(chip(255, brown, 5, 5), chip(255, olive, 5, 5), 80)


def test_the_levels_of_a_soft_shadow_are_needed():
    """A shadow is a gradient of alpha: in few levels it has bands on a white page."""
    shadow = np.zeros((128, 128, 4), np.uint8)
    shadow[..., 3] = np.linspace(0, 110, 128)[:, None]
    few = shadow.copy()
    few[..., 3] = few[..., 3] // 8 * 8 + 4
    assert not holds(shadow, few, 80)
    nearly = shadow.copy()
    nearly[..., 3] += shadow[..., 3] & 1
    assert holds(shadow, nearly, 80)


def test_damage_is_found_where_it_is():
    """The tiles that are named are those to mend, in the last strip of a large picture as well."""
    before = np.full((2000, 700, 3), 200, np.uint8)
    before[1900:1912, 600:612] = 200, 30, 30
    after = before.copy()
    after[1900:1912, 600:612] = 120
    found = Places(before, 80).damage(after)
    rows, columns = np.nonzero(found.moved)
    assert set(rows) <= {118, 119}
    assert set(columns) <= {37, 38}
    assert Damage.spread(found.moved, before.shape)[1900:1912, 600:612].all()


def test_while_damage_is_mended_nothing_that_changed_elsewhere_gets_lost():
    """What was damaged is looked at first; once it holds, all that has changed since."""
    before = np.full((600, 700, 3), 200, np.uint8)
    before[100:112, 100:112] = before[500:512, 600:612] = 200, 30, 30
    places = Places(before, 80)
    first, both, other = (before.copy() for _ in range(3))
    first[100:112, 100:112] = both[100:112, 100:112] = 120
    both[500:512, 600:612] = other[500:512, 600:612] = 120
    known = Known(first, places.damage(first))
    known = places.again(both, known)
    assert known.damage.tiles[6, 6]
    assert not known.damage.tiles[31, 37]
    known = places.again(other, known)
    assert known.damage.tiles[31, 37]
    assert not known.damage.tiles[6, 6]
    assert not places.again(before, known).damage


# Pairs of CIELAB colours and their distance, of the paper by Sharma, Wu and Dalal, table 1.
PAIRS = (
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
    ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
)


@pytest.mark.parametrize(("one", "other", "apart"), PAIRS)
def test_distances_are_those_of_ciede2000(one, other, apart):
    """The formula's own test data."""
    found = ciede2000._distance(np.array(one, float), np.array(other, float))
    assert float(found) == pytest.approx(apart, abs=0.0001)
