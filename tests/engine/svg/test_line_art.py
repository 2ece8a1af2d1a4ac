"""Line art: corners, caps and joins hold, as large as it is drawn and three times as large."""

import base64
import random
from functools import partial
from itertools import pairwise, product

import numpy as np
import pytest
import pyvips

from ir_build.engine.svg import codec as svg
from ir_build.options import Compression, Options
from services.browser import chromium

pytestmark = pytest.mark.slow

JOINS = ("miter", "round", "bevel")
CAPS = ("butt", "round", "square")
ENDS = ("open", "meets", "closed", "closed twice", "closed again")
SIZE = 80
RUNS = (Compression.LOSSLESS, Compression.LOSSY)
#: levels from which on a pixel counts as another one, and how many may be: how Chromium smooths edges
#: depends on the number of points, which moves single pixels of outlines that stay where they are
OTHER, OTHERS = 96, 3
MARKER = (
    '<marker id="m" orient="auto" markerWidth="3" markerHeight="3" refX="1.5" refY="1.5">'
    '<path d="M0 0L3 1.5L0 3z" fill="red"/></marker>'
)


def corners(seed):
    """A few corners, acute ones among them, far from the origin."""
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, 5))
    radii = random.uniform(4, 26, 5)
    across, down = (40 + radii * turn(angles) for turn in (np.cos, np.sin))
    return [(300 + x, 700 + y) for x, y in zip(across, down, strict=True)]


def lines(points, *, relative):
    """The outline from corner to corner, and back to the first one where that is among them."""
    text, (at_x, at_y) = "", (0, 0)
    for number, (x, y) in enumerate(points):
        letter = "M" if number == 0 else "L"
        if relative:
            text += f"{letter.lower()}{x - at_x:.5f} {y - at_y:.5f} "
        else:
            text += f"{letter} {x:.5f},{y:.5f} "
        at_x, at_y = round(x, 5), round(y, 5)
    return text


def curves(points):
    """The outline as cubic curves; the last of them begins straight on."""
    text = "M {:.5f},{:.5f} ".format(*points[0])
    for (ax, ay), (bx, by) in pairwise(points):
        text += f"C {ax + 3:.5f},{ay - 4:.5f} {bx - 4:.5f},{by + 2:.5f} {bx:.5f},{by:.5f} "
    return text


def short(points):
    """Corners that are cut off by sides of a hundredth."""
    cut = []
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
        cut += [(ax, ay), (ax + (bx - ax) / 800, ay + (by - ay) / 800 + 0.004)]
    return lines(cut, relative=False)


SHAPES = {
    "lines": lambda points: lines(points, relative=False),
    "relative lines": lambda points: lines(points, relative=True),
    "curves": curves,
    "short sides": short,
}


def outline(shape, end, seed):
    points = corners(seed)
    if end in ("meets", "closed twice"):
        points.append(points[0])
    text = SHAPES[shape](points)
    if end == "closed again":
        return f"{text}z l 9.12345,3.54321 l -4.4444,8.88888 z"
    return text + ("z" if end.startswith("closed") else "")


def drawing(path, join, cap, *, marked=False, width=5.036):
    more = ' marker-start="url(#m)" marker-mid="url(#m)" marker-end="url(#m)"' if marked else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" '
        f'viewBox="300 700 {SIZE} {SIZE}">{MARKER if marked else ""}<path d="{path}" '
        f'stroke="#00f" fill="none" stroke-width="{width}" stroke-linejoin="{join}" '
        f'stroke-linecap="{cap}" stroke-miterlimit="8"{more}/></svg>'
    ).encode()


def drawings():
    found = {}
    for number, (shape, end, join, cap) in enumerate(product(SHAPES, ENDS, JOINS, CAPS)):
        path = outline(shape, end, number)
        found[shape, end, join, cap] = drawing(path, join, cap)
    for number, (shape, end) in enumerate(product(SHAPES, ENDS)):
        path = outline(shape, end, 500 + number)
        found[shape, end, "miter", "markers"] = drawing(path, "miter", "butt", marked=True, width=2)
    for number, cap in enumerate(CAPS):
        x, y = 340 + number / 7, 740 + number / 3
        for name, path in {
            "dot": f"M {x:.5f} {y:.5f} L {x:.5f} {y:.5f}",
            "closed dot": f"M {x:.5f} {y:.5f} l 0 0 z",
            "late dot": f"M 310.12345 710.54321 l 7.77777 9.11111 m {x - 318:.5f} 3 h 0",
            "dot at the end": f"M 310.12345 710.54321 l 7.77777 9.11111 L {x:.5f} {y:.5f} "
            f"L {x:.5f} {y:.5f}",
        }.items():
            found[name, cap] = drawing(path, "miter", cap, width=14)
    return found


@pytest.fixture(scope="module")
def files():
    """SVGs by run and drawing; the run "before" has the originals."""
    found = {("before", *key): data for key, data in drawings().items()}
    for run in RUNS:
        for key, data in drawings().items():
            found[run, *key] = svg.compress(data, Options(compression_type=run)).data
    return found


def drawn(data, scale):
    """The pixels by librsvg, as signed numbers that can be subtracted."""
    image = pyvips.Image.svgload_buffer(data, scale=scale).flatten(background=255)
    pixels = np.frombuffer(image.write_to_memory(), np.uint8)
    return pixels.reshape(image.height, image.width, 3).astype(np.int16)


def by_librsvg(drawings, scale):
    """Of each file after the first of a drawing: how many pixels are others, and by how much at most."""
    found = []
    for first, *others in drawings:
        before = drawn(first, scale)
        for one in others:
            apart = np.abs(drawn(one, scale) - before)
            found.append((int((apart > OTHER).any(-1).sum()), int(apart.max())))
    return found


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


COMPARED = """
    async ([drawings, side, other]) => {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = side;
        const pen = canvas.getContext("2d", {willReadFrequently: true});
        const pixels = async file => {
            const picture = new Image();
            picture.src = "data:image/svg+xml;base64," + file;
            await picture.decode();
            pen.fillStyle = "#fff";
            pen.fillRect(0, 0, side, side);
            pen.drawImage(picture, 0, 0, side, side);
            return pen.getImageData(0, 0, side, side).data;
        };
        const found = [];
        for (const [first, ...others] of drawings) {
            const before = await pixels(first);
            for (const one of others) {
                const after = await pixels(one);
                let count = 0, most = 0;
                for (let at = 0; at < before.length; at += 4) {
                    let apart = 0;
                    for (let band = at; band < at + 4; band++)
                        apart = Math.max(apart, Math.abs(after[band] - before[band]));
                    count += apart > other;
                    most = Math.max(most, apart);
                }
                found.push([count, most]);
            }
        }
        return found;
    }
"""


def by_chromium(browser, drawings, scale):
    """As `by_librsvg`, each drawn at the same place: elsewhere Chromium's own pixels differ a little."""
    page = browser.new_page()
    coded = [[base64.b64encode(data).decode() for data in files] for files in drawings]
    found = page.evaluate(COMPARED, [coded, SIZE * scale, OTHER])
    page.close()
    return found


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("renderer", ["librsvg", "Chromium"])
def test_corners_caps_and_joins_hold(files, browser, renderer, scale):
    """Whatever the join, the cap and the end; without loss every pixel stays.

    At three times the size a third of the drawings stands for all.
    """
    keys = [key[1:] for key in files if key[0] == "before"]
    keys = random.Random(1).sample(keys, len(keys) // scale)
    drawings = [[files[run, *key] for run in ("before", *RUNS)] for key in keys]
    by = by_librsvg if renderer == "librsvg" else partial(by_chromium, browser)
    told = dict(zip(((key, run) for key in keys for run in RUNS), by(drawings, scale), strict=True))
    wrong = {
        (key, run): (others, most)
        for (key, run), (others, most) in told.items()
        if (most > 0 if run is Compression.LOSSLESS else others > OTHERS)
    }
    assert not wrong


def test_the_drawings_are_worth_it(files):
    """They show what they have, and get smaller."""
    shown = {key: drawn(data, 1) for key, data in files.items() if key[0] == "before"}
    blank = [key for key, pixels in shown.items() if not (pixels < 250).any()]
    assert all("dot" in name for _, name, *_ in blank)
    before, lossless, lossy = (
        sum(len(data) for key, data in files.items() if key[0] == run)
        for run in ("before", Compression.LOSSLESS, Compression.LOSSY)
    )
    assert lossy < lossless < before
