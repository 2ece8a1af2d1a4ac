"""JPEG: letters, lines and dots that have a colour keep it, and no part is far worse than the whole."""

import numpy as np
import pytest

from ir_build.engine.jpeg import codec as jpeg
from ir_build.engine.jpeg import file as jpeg_file
from ir_build.options import Effort, Options
from ir_build.quality import Reference, ciede2000
from ir_build.quality.coloured import ColouredPlaces
from pictures import coloured_page, encoded, opened, photo

pytestmark = pytest.mark.slow


def lossy(picture, **options):
    """The file before and after, and the pixels of both."""
    data = encoded(picture, "jpeg", **({"quality": 95, "subsampling": 0} | options))
    made = jpeg.compress(data, Options(min_saving=0))
    return made, *(np.asarray(opened(one).convert("RGB")) for one in (data, made.data))


def halved(data):
    return jpeg_file.parse(data).has_half_the_colour


@pytest.mark.parametrize("kind", ["link", "borders", "asterisks", "dots"])
def test_what_has_a_colour_keeps_it(kind):
    """Link text, thin borders, asterisks and status dots, by themselves: the mean of their pixels."""
    picture, drawn = coloured_page(kind)
    made, before, after = lossy(picture)
    assert made.lossy
    assert not halved(made.data)
    assert ciede2000.distance(before[drawn].mean(0), after[drawn].mean(0)) < 2
    assert not ColouredPlaces(before, 80).damage(after)


def test_full_colour_costs_less_than_half_of_it_did():
    """A page of coloured letters is smaller than at the same score with colour at half the resolution."""
    picture, _ = coloured_page("link")
    made, before, _ = lossy(picture)
    reference = Reference(before)
    sizes = []
    for quality in range(60, 98):
        other = encoded(picture, "jpeg", quality=quality, subsampling=2, optimize=True)
        if reference.score(np.asarray(opened(other))) >= 80:
            sizes.append(len(other))
            break
    assert not sizes or len(made.data) < sizes[0]


def test_a_photo_of_soft_colours_needs_no_more_than_half():
    """Where nothing loses its colour, colour at half the resolution is enough."""
    made, _, _ = lossy(photo((400, 300), grid=(6, 8), seed=4, grey=6))
    assert made.lossy
    assert halved(made.data)


@pytest.mark.parametrize("effort", list(Effort))
def test_the_worst_part_is_hardly_worse_than_the_whole(effort):
    """A noisy corner on an empty page, which the score of the whole hardly counts."""
    page = np.full((700, 900, 3), 250, np.uint8)
    page[450:690, 640:890] = photo((250, 240), grid=(40, 40), seed=2, colour=10)
    data = encoded(page, "jpeg", quality=97)
    made = jpeg.compress(data, Options(effort=effort))
    before, after = (np.asarray(opened(one)) for one in (data, made.data))
    assert Reference(before).score(after) >= 80
    corner = slice(444, 700), slice(636, 892)
    crops = (np.ascontiguousarray(one[corner]) for one in (before, after))
    assert Reference(next(crops)).score(next(crops)) >= 73.5


def test_twice_is_once():
    """What was coded with colours in mind is the same when it is coded again."""
    picture, _ = coloured_page("dots")
    data = encoded(picture, "jpeg", quality=95, subsampling=0)
    assert jpeg.compress(data, Options()) == jpeg.compress(data, Options())
