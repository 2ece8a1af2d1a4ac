"""Screenshots, diagrams and logos: what is small, pale, shaded or coloured is what it was."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ir_build.engine.gif import codec as gif
from ir_build.engine.png import codec as png
from ir_build.options import Options
from ir_build.quality import ciede2000
from ir_build.quality.places import Places
from pictures import encoded, opened

pytestmark = pytest.mark.slow

WHITE = (255, 255, 255)
#: things of few pixels on a page with a photograph, which takes most of a palette
CHIPS = {
    "status": (40, 189, 149),
    "error": (220, 30, 30),
    "link": (11, 118, 190),
    "brand": (52, 52, 52),
    "pale": (224, 240, 255),
    "flame": (252, 206, 60),
}


def page(seed=0):
    """A page with lines, letters, a photograph, and a dot of each colour that means something."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (480, 320), WHITE)
    draw = ImageDraw.Draw(picture)
    for row in range(12):
        draw.text((20, 20 + 20 * row), "what a page of documentation says", (40, 40, 48))
    rough = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    shade = Image.fromarray(rough).resize((200, 140), Image.Resampling.BICUBIC)
    picture.paste(shade, (260, 30))
    for number, colour in enumerate(CHIPS.values()):
        draw.ellipse((270 + 30 * number, 200, 282 + 30 * number, 212), fill=colour)
        draw.line((270 + 30 * number, 230, 292 + 30 * number, 230), fill=colour)
        draw.text((270 + 30 * number, 250), "ok", colour)
    return picture


def lossy(picture, kind="png"):
    data = encoded(picture, kind)
    made = (png if kind == "png" else gif).compress(data, Options(min_saving=0))
    return made, np.asarray(opened(made.data).convert(picture.mode))


@pytest.fixture(scope="module")
def result():
    """What becomes of the page: the candidate and its pixels."""
    return lossy(page())


def test_no_place_of_a_page_changes(result):
    """The result is smaller by far, and every place of it holds."""
    picture = page()
    made, pixels = result
    assert made.lossy
    assert len(made.data) < 0.75 * len(encoded(picture, "png"))
    assert not Places(np.asarray(picture), 80).damage(pixels)


@pytest.mark.parametrize("name", CHIPS)
def test_a_colour_that_means_something_stays(result, name):
    """The dots, lines and words of each colour, measured one by one."""
    _, pixels = result
    number = list(CHIPS).index(name)
    own = np.asarray(page())
    same = (own == CHIPS[name]).all(-1)
    same[:, : 265 + 30 * number] = same[:, 298 + 30 * number :] = False
    assert np.count_nonzero(same) > 100
    apart = ciede2000.distance(own[same].mean(0), pixels[same].mean(0))
    assert apart < 2


def test_a_soft_shadow_has_no_bands():
    """The alpha of a window's shadow keeps the levels that it needs."""
    window = np.zeros((200, 260, 4), np.uint8)
    y, x = np.mgrid[:200, :260]
    outside = np.hypot(np.maximum(abs(y - 100) - 60, 0), np.maximum(abs(x - 130) - 90, 0))
    window[..., 3] = 120 * np.exp(-((outside / 18) ** 2))
    window[40:160, 40:220] = 250, 250, 252, 255
    _, pixels = lossy(Image.fromarray(window))
    assert not Places(window, 80).damage(pixels)


def test_a_wide_gradient_is_dithered_rather_than_cut_into_bands():
    """A header that fades on a page of many colours keeps its means."""
    picture = page()
    fade = np.linspace((20, 60, 140), (90, 130, 220), 480)[None].repeat(12, 0).round()
    picture.paste(Image.fromarray(fade.astype(np.uint8)), (0, 0))
    _, pixels = lossy(picture)
    assert not Places(np.asarray(picture), 80).damage(pixels)


def test_pastel_dots_of_a_gif_stay_pastel():
    """Six dots of 16 pixels that no share of the canvas counts."""
    picture = page(1)
    draw = ImageDraw.Draw(picture)
    pastels = [(255, 200, 210), (200, 255, 210), (200, 210, 255), (255, 240, 200), (230, 200, 255)]
    for number, colour in enumerate(pastels):
        draw.ellipse((20 + 30 * number, 280, 36 + 30 * number, 296), fill=colour)
    before = picture.quantize(255)
    made = gif.compress(encoded(before, "gif"), Options(min_saving=0))
    after = opened(made.data).convert("RGB")
    assert not Places(np.asarray(before.convert("RGB")), 80).damage(np.asarray(after))


def test_the_same_bytes_every_time(result):
    """Mending counts pixels, not time."""
    assert lossy(page())[0].data == result[0].data
