"""SVG: outlines that cross themselves too often to be drawn for a comparison are known before."""

import random

import pytest

from ir_build.engine.svg import codec as svg
from ir_build.engine.svg import self_intersections
from ir_build.engine.svg.tokens import tokenise
from ir_build.errors import FileSkipped
from ir_build.options import Compression, Options

NS = 'xmlns="http://www.w3.org/2000/svg"'
COUNT = 700
EACH = range(COUNT)


def estimate(element):
    return self_intersections.self_intersections(tokenise(f"<svg {NS}>{element}</svg>"))


def path(data):
    return f'<path d="{data}"/>'


def scribble(lines):
    dice = random.Random(1)
    return "M" + "L".join(f"{dice.uniform(0, 999):.1f} {dice.uniform(0, 999):.1f}" for _ in lines)


LATTICES = {
    "absolute": "".join(f"M{at} 0V{COUNT}M0 {at}.5H{COUNT}" for at in EACH),
    "relative": "m0 0"
    + "".join(f"v{COUNT}m1-{COUNT}" for _ in EACH)
    # from the upper right corner back to the left
    + f"m-{COUNT} 0.5"
    + "".join(f"l{COUNT} 0m-{COUNT} 1" for _ in EACH),
    "closed": "".join(f"M{at} 0 {at} {COUNT}zM0 {at}.5H{COUNT}" for at in EACH),
    # Arches whose ends meet, and upright lines that stand below half of them.
    "arches": "".join(f"M0 0Q50 {100 + at} 100 0M{20 + at / COUNT} 1v999" for at in EACH),
    "vaults": "".join(
        f"M0 0c0 {100 + at} 100 {100 + at} 100 0M{20 + at / COUNT} 1v999" for at in EACH
    ),
}


@pytest.mark.parametrize("lattice", LATTICES)
def test_self_intersections_are_estimated(lattice):
    """Every line of one family crosses each of the other; closing a line goes back along it."""
    once = COUNT**2 * (2 if lattice == "closed" else 1)
    assert estimate(path(LATTICES[lattice])) == pytest.approx(once, rel=0.1)


def test_polygons_cross_themselves_too():
    """Corners are read like the ends of a path's lines."""
    data = scribble(range(2000))
    corners = data[1:].replace("L", " ")
    assert estimate(f'<polygon points="{corners}"/>') == estimate(path(data)) > 300_000


def test_what_does_not_cross_counts_nothing():
    """Long outlines like those of maps, and faulty or short ones."""
    steps = "".join(f"l{at % 7 + 1} {at % 5}" for at in range(4000))
    assert estimate(path("M0 0" + steps)) == 0
    assert estimate(path(scribble(range(2000)) + "L oops")) == 0
    assert estimate(path(scribble(range(200)))) == 0
    assert estimate(path("M0 0" + "L1e999 5-1e999 4" * 2000)) == 0


@pytest.mark.parametrize("compression", [Compression.LOSSY, Compression.LOSSLESS])
def test_a_scribble_is_skipped_with_advice(compression):
    """What would take minutes to draw is not even begun, what takes seconds is compressed."""
    options = Options(compression_type=compression)
    long = f"<svg {NS}>  <g>{path(scribble(range(20_000)))}</g></svg>".encode()
    with pytest.raises(FileSkipped, match=r"4\d million times.*fewer lines, or save it as a PNG"):
        svg.compress(long, options)
    short = f"<svg {NS}>  <g>{path(scribble(range(2000)))}</g></svg>".encode()
    assert len(svg.compress(short, options).data) < len(short)
