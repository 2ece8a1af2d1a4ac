"""Pictures inside an SVG hold where the drawing is shown at twice its size."""

import base64
import io

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageDraw

from ir_build.candidate import Candidate
from ir_build.engine.svg import codec as svg
from ir_build.engine.svg import images
from ir_build.formats import MediaType
from ir_build.options import Effort, Options
from ir_build.quality import Reference
from ir_build.verify import verify

WIDTH, HEIGHT = 250, 180


def address(kind="JPEG", **options):
    """A picture with shades, edges and grain, as a data address."""
    down, across = np.mgrid[:HEIGHT, :WIDTH]
    grain = np.random.default_rng(5).normal(0, 5, (HEIGHT, WIDTH))
    levels = np.stack([across * 0.8, down, 40 + across * 0.3 + down * 0.5], -1) + grain[..., None]
    image = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    pen.ellipse((40, 30, 150, 140), fill="orange", outline="black", width=3)
    for at in range(12):
        pen.line((160, 20 + 12 * at, 240, 26 + 11 * at), fill=(20, 20, 20 * at), width=1 + at % 3)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


PICTURES = {
    "JPEG": address("JPEG", quality=96),
    "PNG": address("PNG"),
    "WebP": address("WEBP", quality=96),
}


def drawing(inside, root='width="250" height="180"'):
    return f'<svg xmlns="http://www.w3.org/2000/svg" {root}>{inside}</svg>'.encode()


def placed(picture, width, height, more=""):
    return drawing(
        f'<image width="{width}" height="{height}" {more} href="{picture}"/>',
        f'width="{width}" height="{height}"',
    )


def drawn(data, scale):
    image = pyvips.Image.svgload_buffer(data, scale=scale).flatten(background=255)
    return np.ndarray((image.height, image.width, 3), np.uint8, image.write_to_memory())


@pytest.mark.slow
@pytest.mark.parametrize("quality", [70, 90])
@pytest.mark.parametrize("size", [0.4, 0.75, 1.0, 2.0])
@pytest.mark.parametrize("picture", PICTURES)
def test_it_reaches_the_quality_at_twice_the_size(picture, size, quality):
    """Whatever the picture, and whether it is drawn smaller than its pixels, as large, or larger."""
    data = placed(PICTURES[picture], round(WIDTH * size), round(HEIGHT * size))
    options = Options(quality=quality, effort=Effort.FAST)
    made = svg.compress(data, options)
    assert verify(data, made, MediaType.SVG, options).ok
    for scale in (1, 2):
        score = Reference(drawn(data, scale)).score(drawn(made.data, scale))
        assert score > quality - 1, scale


def test_what_is_drawn_small_takes_fewer_bytes():
    """The care is for what may be seen."""
    sizes = [
        len(svg.compress(placed(PICTURES["JPEG"], width, width * 0.72), Options()).data)
        for width in (100, 190, 250, 500)
    ]
    assert sizes == sorted(set(sizes))


PLACES = {
    "by a transform": (
        '<g transform="translate(3) scale(2)"><image width="250" height="180" href="{}"/></g>'
    ),
    "by its own transform": '<image transform="scale(2)" href="{}"/>',
    "by its root": '<image width="25" height="18" href="{}"/>',
    "filled": '<image width="250" height="720" preserveAspectRatio="none" href="{}"/>',
}


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_that_is_enlarged_keeps_its_pixels(place):
    """However it comes to be."""
    root = 'width="600" height="800"'
    if place == "by its root":
        root = 'width="20cm" viewBox="0 0 25 18"'
    data = drawing(PLACES[place].format(PICTURES["JPEG"]), root)
    assert not svg.compress(data, Options()).lossy


@pytest.mark.parametrize(
    "root", ["", 'viewBox="0 0 250 180"', 'width="100%" viewBox="0 0 250 180"']
)
def test_a_drawing_of_no_size_may_fill_a_page(root):
    """One with a `viewBox` grows with what it is in, one without draws units as they are."""
    data = drawing(f'<image width="250" height="180" href="{PICTURES["JPEG"]}"/>', root)
    assert svg.compress(data, Options()).lossy == (root == "")


UNCLEAR = {
    "a style": '<image style="width: 900px" href="{}"/>',
    "a percentage": '<image width="100%" href="{}"/>',
    "a pattern": '<pattern id="p" width="1" height="1"><image width="9" href="{}"/></pattern>',
    "a symbol": '<symbol id="s"><image width="9" href="{}"/></symbol><use href="#s"/>',
    "an odd transform": '<image transform="scale(var(--x))" href="{}"/>',
    "a transform in a style": '<g style="transform: scale(3)"><image href="{}"/></g>',
    "nonsense": '<image width="a b" height="" href="{}"/>',
}


@pytest.mark.slow
@pytest.mark.parametrize("place", UNCLEAR)
def test_what_cannot_be_told_is_held_to_twice_its_pixels(place, monkeypatch):
    """It scores more by itself than what is known to be drawn small."""
    seen = []
    shrunk = images._shrunk
    monkeypatch.setattr(
        images, "_shrunk", lambda *given: (seen.append(given[1]), shrunk(*given))[1]
    )
    svg.compress(drawing(UNCLEAR[place].format(PICTURES["JPEG"])), Options(quality=80))
    assert [options.quality for options in seen] == [86]


def test_one_picture_in_two_sizes_is_held_to_each():
    """The same address twice: the one that is enlarged keeps its pixels, the other need not."""
    small = f'<image width="100" height="72" href="{PICTURES["JPEG"]}"/>'
    large = f'<image width="1000" height="720" href="{PICTURES["JPEG"]}"/>'
    data = drawing(small + large, 'width="1000" height="720"')
    made = svg.compress(data, Options())
    first, second = made.data.split(b"<image")[1:]
    assert len(first) < 0.7 * len(second)
    assert verify(data, Candidate(made.data, lossy=True), MediaType.SVG, Options()).ok
