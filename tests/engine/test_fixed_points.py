"""A file that was optimised is finished: a second run, with an empty cache, finds nothing to do.

As elsewhere a run does so: the engine, the note in what lost something, and what is saved at least.
"""

import base64
import zlib
from dataclasses import replace
from io import BytesIO

import numpy as np
import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ir_build import engine
from ir_build.errors import FileSkipped, InputError
from ir_build.formats import MediaType
from ir_build.marker import is_marked, mark
from ir_build.options import Compression, Effort, Meta, Options
from ir_build.verify import verify

pytestmark = pytest.mark.slow


def run(data, media, options):
    """What a run makes of a file: the same bytes where there is nothing to do."""
    if is_marked(data, media):
        return data
    try:
        made = engine.compress(data, media, options)
    except (FileSkipped, InputError):
        return data
    found = mark(made.data, media) if made.lossy else made.data
    if len(found) >= len(data) or 1 - len(found) / len(data) < options.min_saving:
        return data
    if not verify(data, replace(made, data=found), media, options).ok:
        return data
    return found


OPTIONS = st.builds(
    Options,
    compression_type=st.sampled_from([Compression.LOSSLESS, Compression.LOSSY]),
    quality=st.sampled_from([70.0, 80.0, 90.0]),
    effort=st.sampled_from([Effort.FAST, Effort.DEFAULT]),
    preserve_metas=st.sets(st.sampled_from([*Meta])).map(frozenset),
)


def pixels(draw):
    """Height x width x 4: flat, drawn, shaded or noisy."""
    sides = st.one_of(st.integers(1, 30), st.integers(64, 120))
    height, width = draw(sides), draw(sides)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    found = np.zeros((height, width, 4)) + random.integers(0, 256, 4)
    kind = draw(st.sampled_from(["flat", "drawn", "shaded", "noisy"]))
    if kind == "drawn":
        for _ in range(9):
            top, left = random.integers(0, height), random.integers(0, width)
            found[top : top + 20, left : left + 30] = random.integers(0, 256, 4)
    elif kind == "shaded":
        found += np.linspace(0, 90, width)[:, None] + np.linspace(0, 60, height)[:, None, None]
        found += random.normal(0, draw(st.sampled_from([0, 4])), (height, width, 1))
    elif kind == "noisy":
        found += random.normal(0, 50, found.shape)
    if draw(st.booleans()):
        found[..., 3] = 255
    return found.clip(0, 255).astype(np.uint8)


def exif(draw):
    block = Image.Exif()
    block[0x0112] = draw(st.integers(1, 8))
    block[0x0128] = draw(st.sampled_from([1, 2, 3]))
    block[0x011A] = block[0x011B] = draw(st.sampled_from([72.0, 144.0, 300.5]))
    block[0x013B] = "somebody"
    block[0x0132] = "2020:02:02 20:20:20"
    details = block.get_ifd(0x8769)
    details[0xA002], details[0xA003] = draw(st.sampled_from([(50, 50), (100, 100)]))
    return block.tobytes()


RASTER = {
    MediaType.JPEG: (("L", "RGB", "CMYK"), lambda draw: {"quality": draw(st.integers(50, 99))}),
    MediaType.PNG: (
        ("1", "L", "LA", "P", "RGB", "RGBA"),
        lambda draw: {"compress_level": draw(st.sampled_from([1, 9])), "dpi": (144, 144)},
    ),
    MediaType.WEBP: (
        ("RGB", "RGBA"),
        lambda draw: {"lossless": draw(st.booleans()), "quality": draw(st.integers(60, 99))},
    ),
    MediaType.AVIF: (
        ("L", "RGB", "RGBA"),
        lambda draw: {"quality": draw(st.integers(60, 97)), "speed": 9},
    ),
    MediaType.GIF: (("P",), lambda _: {"comment": b"somebody made this " * 9}),
}


@st.composite
def rasters(draw, media):
    modes, options_of = RASTER[media]
    image = Image.fromarray(pixels(draw)).convert(draw(st.sampled_from(modes)))
    options = options_of(draw)
    if media is not MediaType.GIF and draw(st.booleans()):
        options["exif"] = exif(draw)
    if media in (MediaType.GIF, MediaType.PNG, MediaType.WEBP) and draw(st.booleans()):
        others = [Image.fromarray(pixels(draw)).resize(image.size) for _ in range(3)]
        options |= {
            "save_all": True,
            "append_images": [one.convert(image.mode) for one in others],
            "duration": 100,
        }
    buffer = BytesIO()
    image.save(buffer, media.upper(), **options)
    return buffer.getvalue()


STYLES = (
    "<style> .a { fill : red ; } /* x */ </style>",
    "<style>\n <![CDATA[ .a { fill : red ; } ]]>\n </style>",
    "<style>\n <![CDATA[ .a > .b { fill : red ; } ]]> .c { fill : blue } </style>",
)
NUMBERS = st.one_of(
    st.sampled_from(
        ["0", "0.0", "-0", "+0.00", ".0", "0px", "0.000px", "00", "0e0", " 0 ", "1.50"]
    ),
    st.floats(-300, 300).map(lambda number: f"{number:.5f}"),
    st.integers(-200, 200).map(str),
)
COLOURS = st.sampled_from(["#FF0000", "rgb(255, 0, 0)", "none", "#aabbcc", "red", "  #ffffff"])
PENS = st.sampled_from(
    ["", 'stroke="#00F"', 'style="stroke:blue; stroke-width: 3.00px;"', 'stroke-width="2.50"']
)


@st.composite
def outlines(draw):
    letters = draw(st.lists(st.sampled_from("LlHhVvCcSsQqTtZzMm"), max_size=12))
    counts = {"L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0, "M": 2}
    text = f"M {draw(NUMBERS)} {draw(NUMBERS)} "
    for letter in letters:
        numbers = [draw(NUMBERS).removesuffix("px") for _ in range(counts[letter.upper()])]
        text += f"{letter} {' , '.join(numbers)} "
    return text.replace("px", "")


@st.composite
def elements(draw, depth=2):
    kind = draw(
        st.sampled_from(["rect", "use", "path", "image", "text", "polygon", "circle", "g", "svg"])
    )
    place = f'x="{draw(NUMBERS)}" y="{draw(NUMBERS)}"'
    colour = f'fill="{draw(COLOURS)}" {draw(PENS)}'
    if kind == "path":
        return f'<path  d="{draw(outlines())}" {colour} />'
    if kind == "polygon":
        corners = " ".join(f"{draw(NUMBERS)},{draw(NUMBERS)}" for _ in range(4))
        return f'<polygon points="{corners.replace("px", "")}" {colour}/>'
    if kind == "text":
        return f"<text {place} {colour}>  some   words\n here </text>"
    if kind == "circle":
        return f'<circle cx="{draw(NUMBERS)}" cy="{draw(NUMBERS)}" r="9.50" {colour}></circle>'
    if kind == "image":
        buffer = BytesIO()
        Image.new("RGB", (70, 70), "red").save(buffer, "PNG", compress_level=0)
        coded = base64.b64encode(buffer.getvalue()).decode()
        return f'<image {place} width="9" href="data:image/png;base64,{coded}"/>'
    if kind in ("g", "svg") and depth:
        inside = "\n ".join(draw(st.lists(elements(depth=depth - 1), max_size=3)))
        more = place if kind == "svg" else draw(st.sampled_from(["", 'transform="scale( 2.0 )"']))
        return f"<{kind} {more}>\n {inside} <!-- a comment --></{kind}>"
    if kind == "use":
        return f'<use {place} href="#a"/>'
    return f'<rect {place} width="{draw(NUMBERS)}" height="10.0" rx="{draw(NUMBERS)}" {colour}/>'


@st.composite
def drawings(draw):
    inside = "\n".join(draw(st.lists(elements(), min_size=1, max_size=6)))
    style = draw(st.sampled_from(["", *STYLES]))
    root = draw(st.sampled_from(['viewBox="0.0 0 200 200.00"', 'width="200.0px" height="200"', ""]))
    text = f"""<?xml version="1.0"?>
        <!DOCTYPE svg>
        <svg version="1.1" xmlns="http://www.w3.org/2000/svg" xmlns:u="urn:unused"
        xmlns:xlink="http://www.w3.org/1999/xlink" {root}>
        <metadata>somebody</metadata> {style} <defs><g id="a" /></defs> {inside} </svg>\n"""
    return text.encode()


@st.composite
def documents(draw):
    pdf = pikepdf.new()
    for _ in range(draw(st.integers(1, 3))):
        page = pdf.add_blank_page(page_size=(200, 200))
        samples = pixels(draw)[..., :3]
        height, width = samples.shape[:2]
        image = pdf.make_stream(
            samples.tobytes() if draw(st.booleans()) else zlib.compress(samples.tobytes(), 1),
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=width, Height=height,
            ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8,
        )  # fmt: skip
        if image.read_raw_bytes() != samples.tobytes():
            image.Filter = pikepdf.Name.FlateDecode
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=image))
        scale = draw(st.sampled_from([20, 100, 180]))
        page.Contents = pdf.make_stream(f"q {scale} 0 0 {scale} 5.00 5.00 cm /I Do Q".encode() * 9)
    buffer = BytesIO()
    pdf.save(buffer, compress_streams=False)
    return buffer.getvalue()


FILES = {
    **{media: rasters(media) for media in RASTER},
    MediaType.SVG: drawings(),
    MediaType.PDF: documents(),
}
EXAMPLES = {MediaType.SVG: 150, MediaType.WEBP: 25, MediaType.AVIF: 25}


@pytest.mark.parametrize("media", FILES)
def test_an_optimised_file_is_finished(media):
    """Of every format, whatever the options: the second run changes nothing."""

    @settings(
        max_examples=EXAMPLES.get(media, 40),
        deadline=None,
        suppress_health_check=[*HealthCheck],
        derandomize=True,
    )
    @given(FILES[media], OPTIONS)
    def law(data, options):
        once = run(data, media, options)
        assert run(once, media, options) == once

    law()


def test_a_jpeg_is_finished_whatever_its_first_coding_took():
    """What is coded without loss first is as long as the next run finds it, which may decide."""
    random = np.random.default_rng(457)
    random.integers(55, 99)
    height, width = (int(side) for side in random.integers(64, 90, 2))
    levels = np.zeros((height, width, 3)) + random.integers(0, 256, 3)
    for _ in range(9):
        top, left = random.integers(0, height), random.integers(0, width)
        levels[top : top + 20, left : left + 30] = random.integers(0, 256, 3)
    buffer = BytesIO()
    Image.fromarray(levels.astype(np.uint8)).save(buffer, "JPEG", quality=67)
    options = Options(quality=70.0, effort=Effort.FAST)
    once = run(buffer.getvalue(), MediaType.JPEG, options)
    assert run(once, MediaType.JPEG, options) == once
