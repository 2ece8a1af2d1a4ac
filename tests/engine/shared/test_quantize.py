"""Backgrounds, panels and logos keep their very colour: the page around them has the same one."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ir_build.engine.png.lossy import versions
from ir_build.engine.shared.drawing import Drawing
from ir_build.engine.shared.quantize import Quantizer
from ir_build.quality.places import Places

PAGE, PANEL, BRAND, SLATE = (246, 248, 250), (236, 236, 236), (233, 84, 32), (36, 41, 47)


def page(mode="RGB"):
    """A page with a panel, a logo beside a gradient of nearly its colour, and slate letters."""
    image = Image.new("RGB", (320, 240), PAGE)
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 100, 200, 220), fill=PANEL)
    for column in range(120):
        draw.line(
            (200 + column, 0, 200 + column, 90), fill=(225 + column // 8, 70 + column // 3, 40)
        )
    draw.rectangle((230, 20, 270, 60), fill=BRAND)
    font = ImageFont.load_default(22)
    for line in range(4):
        draw.text((24, 104 + 27 * line), "Words of a page", fill=SLATE, font=font)
    noisy = np.asarray(image).copy()
    random = np.random.default_rng(3)
    noisy[150:230, 210:310] = random.integers(200, 256, (80, 100, 3))
    return np.asarray(Image.fromarray(noisy).convert(mode))


def drawn(pixels, colours):
    """A picture in so many colours."""
    quantizer = Quantizer(pixels)
    return Drawing(quantizer.strips, pixels.shape[:2], quantizer.palette(colours)).indexed


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("colours", [12, 24, 60, 200])
def test_flat_colours_stay_exactly_what_they_are(mode, colours):
    """In a palette of any size that is used."""
    pixels = page(mode)
    shown = drawn(pixels, colours).pixels(3)
    for colour in (PAGE, PANEL, BRAND, SLATE):
        where = (pixels[..., :3] == colour).all(-1)
        assert where.any()
        assert (shown[where] == colour).all()


def test_of_colours_nearly_alike_the_most_frequent_is_kept():
    """A background takes in what is one level off, not the mean of the two."""
    pixels = np.full((100, 100, 3), 236, np.uint8)
    pixels[:, 70:] = 237
    pixels[:20, :20] = 0
    assert sorted(drawn(pixels, 2).palette[:, 0].tolist()) == [0, 236]


def test_a_small_part_of_a_logo_keeps_its_colour_in_a_large_picture():
    """In absolute pixels: 10 x 10 of a brand's blue among many blues of a photo, in a megapixel."""
    random = np.random.default_rng(6)
    pixels = np.full((1000, 1000, 3), 250, np.uint8)
    pixels[300:700, 300:700] = random.integers((100, 150, 215), (150, 190, 255), (400, 400, 3))
    pixels[20:30, 20:30] = 129, 174, 252
    assert (drawn(pixels, 256).pixels(3)[20:30, 20:30] == (129, 174, 252)).all()


def test_lines_keep_their_colour():
    """A rule one pixel wide is as much of a brand as a flat area."""
    pixels = np.random.default_rng(4).integers(0, 256, (100, 100, 3)).astype(np.uint8)
    pixels[50] = BRAND
    assert (drawn(pixels, 100).pixels(3)[50] == BRAND).all()


def test_nothing_flat_is_nothing_to_keep():
    """Noise has no colour of its own, and gets a palette like anything else."""
    noise = np.random.default_rng(5).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    assert len(drawn(noise, 16).palette) == 16


@pytest.mark.parametrize("slate", [SLATE, (87, 96, 106)])
def test_a_colour_difference_is_seen(slate):
    """Slate that turns into neutral grey is told, a level more or less is not."""
    pixels = np.full((60, 80, 3), 255, np.uint8)
    pixels[20:30, 10:70] = slate

    def holds(colour):
        other = pixels.copy()
        other[20:30, 10:70] = colour
        return not Places(pixels, 80).damage(other)

    assert not holds(round(sum(slate) / 3))
    assert holds((slate[0], slate[1] + 1, slate[2] - 1))
    assert holds(slate)


def test_slate_letters_stay_slate_beside_neutral_ones():
    """A lossy picture takes as many colours as its letters need not to lose their colour."""
    font = ImageFont.load_default(22)
    image = Image.fromarray(page())
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 199, 99), fill="white")
    draw.text((8, 4), "Neutral words", fill=(44, 44, 44), font=font)
    draw.text((8, 34), "Slate words", fill=SLATE, font=font)
    pixels = np.asarray(image)
    palette, _ = versions(pixels, 80, None)
    assert palette is not None
    assert not Places(pixels, 80).damage(palette.pixels(3))
    where = (pixels == SLATE).all(-1)
    red, _, blue = palette.pixels(3)[where].astype(int).mean(0)
    assert blue - red >= 6
