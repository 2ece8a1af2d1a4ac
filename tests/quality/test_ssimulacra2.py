"""The score says how different a picture looks."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from ir_build.quality import Reference, planes
from pictures import encoded, opened, photo

RNG = np.random.default_rng(3)


def grainy(size):
    return photo(size, grid=(8, 10), seed=RNG, colour=6)


PIXELS = grainy((300, 260))


def jpeg_of(quality, pixels=PIXELS):
    """The pixels as a JPEG shows them."""
    return np.asarray(opened(encoded(pixels, "jpeg", quality=quality)))


def test_identical_is_100():
    """A picture looks exactly like itself."""
    assert Reference(PIXELS).score(PIXELS) == 100


def test_worse_scores_lower():
    """The coarser the coding, the lower the score."""
    reference = Reference(PIXELS)
    scores = [reference.score(jpeg_of(quality)) for quality in (10, 30, 50, 70, 90)]
    assert scores == sorted(scores)
    assert scores[0] < 45
    assert scores[-1] > 80


@pytest.mark.parametrize("change", ["turned", "inverted", "shifted", "blurred", "red"])
def test_visible_changes_score_low(change):
    """A turned, inverted, shifted, blurred or recoloured picture is far below any target."""
    image = Image.fromarray(PIXELS)
    changed = {
        "turned": image.rotate(180),
        "inverted": Image.fromarray(255 - PIXELS),
        "shifted": Image.fromarray(np.roll(PIXELS, 3, 1)),
        "blurred": image.filter(ImageFilter.GaussianBlur(3)),
        "red": Image.fromarray(np.clip(PIXELS + np.array([40, 0, 0]), 0, 255).astype(np.uint8)),
    }[change]
    assert Reference(PIXELS).score(np.asarray(changed)) < 70


def test_what_shows_through_counts_on_dark_and_on_light():
    """Colour under full transparency counts nothing, a changed alpha does."""
    alpha = np.full((*PIXELS.shape[:2], 1), 255, np.uint8)
    alpha[:50] = 0
    original = np.concatenate([PIXELS, alpha], 2)
    hidden = original.copy()
    hidden[:50, :, :3] = 7
    reference = Reference(original)
    assert reference.score(hidden) == 100
    shown = original.copy()
    shown[:50, :, 3] = 60
    assert reference.score(shown) < 50


@pytest.mark.parametrize("lightness", [40, 215])
def test_a_background_near_the_picture_hides_least(lightness):
    """The score is the lower one of both pages; the one to look at first is that near the picture."""
    y, x = np.mgrid[:128, :160]
    grain = RNG.integers(-20, 20, (128, 160, 3))
    colours = np.clip(lightness + grain, 0, 255).astype(np.uint8)
    alpha = np.where((x // 16 + y // 16) % 2, 255, 60).astype(np.uint8)[..., None]
    original = np.concatenate([colours, alpha], 2)
    coded = original.copy()
    coded[..., :3] = jpeg_of(30, colours)
    reference = Reference(original)
    scores = [reference.scores_on(background, coded)[0] for background in (0, 1)]
    assert reference.score(coded) == min(scores) == scores[0] < scores[1]


def test_what_differs_elsewhere_changes_no_score():
    """The original is looked at where pictures differ; the order in which they do is no matter."""
    upper, lower = PIXELS.copy(), PIXELS.copy()
    upper[:130], lower[130:] = jpeg_of(40)[:130], jpeg_of(40)[130:]
    one, other = Reference(PIXELS), Reference(PIXELS)
    scores = [one.score(upper), one.score(lower), one.score(jpeg_of(40))]
    assert scores == [other.score(each) for each in (jpeg_of(40), lower, upper)][::-1]
    assert scores[2] < min(scores[:2])


def test_cube_roots_are_exact_to_the_last_bits():
    """Over all that cones receive, with room on both sides."""
    values = np.geomspace(1e-4, 4, 100_000).astype(np.float32)
    roots = planes._cube_roots(values)
    assert np.abs(roots / np.cbrt(values.astype(np.float64)) - 1).max() < 3e-7


def pattern(width, height):
    """Gradients, a checkerboard, stripes that grow finer, and grain; the same on any machine."""
    y, x = np.mgrid[:height, :width]
    grain = (x * 7919 + y * 104729 + x * y * 31) % 37
    red = (x * 255 // width + grain) % 256
    green = np.where((x // 16 + y // 12) % 2, 200, y * 180 // height) + grain // 2
    blue = (x * x // 40 + y * 3) % 256
    return np.stack([red, green, blue], -1).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "step", "reference"),
    [
        ((64, 64), 6, 89.50),
        ((64, 64), 14, 32.99),
        ((100, 70), 6, 89.68),
        ((100, 70), 30, 49.39),
        ((300, 200), 6, 92.80),
        ((300, 200), 30, 66.79),
        ((65, 513), 6, 89.77),
        ((65, 513), 14, 21.39),
        ((16, 16), 14, 85.30),
        ((9, 40), 30, 89.75),
    ],
)
def test_scores_are_those_of_libjxl(size, step, reference):
    """Pictures of any size and scores of any height agree with `ssimulacra2` of libjxl 0.11.1."""
    original = pattern(*size)
    coarser = (original // step * step + step // 2).astype(np.uint8)
    assert Reference(original).score(coarser) == pytest.approx(reference, abs=0.1)


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (8, 8), (54, 54), (55, 109), (2049, 9)])
def test_any_size_can_be_scored(size):
    """Tiny, odd and long pictures are no exception."""
    pixels = grainy(size) if min(size) > 1 else np.full((1, 1, 3), 9, np.uint8)
    assert Reference(pixels).score(pixels) == 100
    assert Reference(pixels).score(255 - pixels) < 95


def test_blocks_add_up():
    """A picture scored in blocks has about the score it has as a whole."""
    from ir_build.quality import ssimulacra2

    whole = Reference(PIXELS).score(jpeg_of(60))
    block, kept = ssimulacra2._BLOCK, ssimulacra2._KEPT_PIXELS
    ssimulacra2._BLOCK, ssimulacra2._KEPT_PIXELS = 64, 100
    try:
        assert Reference(PIXELS).score(jpeg_of(60)) == pytest.approx(whole, abs=3)
    finally:
        ssimulacra2._BLOCK, ssimulacra2._KEPT_PIXELS = block, kept


@pytest.mark.parametrize("size", [(700, 300), (130, 90)])
def test_a_single_score_is_that_of_many(size):
    """What is kept for other scores changes none, neither the first nor the next."""
    before = grainy(size)
    kept, once = Reference(before), Reference(before, keep=False)
    for quality in (70, 40):
        after = jpeg_of(quality, before)
        assert kept.scores(after) == once.scores(after)


def test_a_part_counts_for_its_share():
    """A picture scored where it differs has about the score it has as a whole."""
    whole = np.tile(PIXELS, (2, 2, 1))
    changed = whole.copy()
    height, width = PIXELS.shape[:2]
    changed[:height, :width] = jpeg_of(60)
    part = Reference(PIXELS).score(jpeg_of(60), share=0.25)
    assert part == pytest.approx(Reference(whole).score(changed), abs=1)
    assert part > Reference(PIXELS).score(jpeg_of(60))


def test_another_shape_is_refused():
    """Pictures of different sizes cannot be compared."""
    with pytest.raises(ValueError, match="shape"):
        Reference(PIXELS).score(PIXELS[1:])
