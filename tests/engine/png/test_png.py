"""PNG: every pixel stays unless the eye can't tell, and nobody's payload is dropped."""

import zlib
from dataclasses import replace
from functools import partial

import numpy as np
import oxipng
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from ir_build.engine.png import codec as png
from ir_build.engine.png import colours as png_colours
from ir_build.engine.png import file as png_file
from ir_build.engine.png.near_lossless import STEPS, NearLossless
from ir_build.engine.shared.drawing import Drawing
from ir_build.engine.shared.quantize import Quantizer
from ir_build.errors import CorruptFile, FileSkipped, TooLarge
from ir_build.options import Compression, Effort, Meta, Options, Resize
from ir_build.quality import Reference
from pictures import encoded, opened, photo, raw_png
from profiles import SRGB, exchanged

LOSSLESS = Options(compression_type=Compression.LOSSLESS)
RNG = np.random.default_rng(5)


def window(mode="RGB", width=120, height=90):
    """A screenshot-like picture: flat areas, a gradient, and some text-like noise."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 0] = np.linspace(40, 220, width).astype(np.uint8)
    pixels[..., 1] = np.linspace(200, 60, height).astype(np.uint8)[:, None]
    pixels[20:50, 20:70, :3] = RNG.integers(0, 2, (30, 50, 1)) * 255
    pixels[..., 3] = 255
    if mode == "RGBA":
        pixels[:30, :30, 3] = np.arange(30) * 8
    return Image.fromarray(pixels).convert(mode)


saved = partial(encoded, kind="png", compress_level=1)


def deep():
    """A picture of 16 bits a sample, which Pillow writes for grey only."""
    values = (np.arange(80 * 60, dtype=np.uint32).reshape(60, 80) * 13 % 65536).astype(np.uint16)
    return saved(Image.fromarray(values))


def insert(data, kind, content, *, before=b"IEND"):
    chunk = png_file.PngChunk(kind, content).encode()
    at = data.index(before) - 4
    return data[:at] + chunk + data[at:]


def kinds(data):
    return [chunk.kind for chunk in png_file.parse(data).chunks]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_lossless_keeps_every_pixel(mode):
    """Of any mode, the pixels are the same, colour under full transparency too."""
    data = saved(window("RGBA").convert(mode))
    candidate = png.compress(data, LOSSLESS)
    assert not candidate.lossy
    assert len(candidate.data) < len(data)
    assert (
        opened(candidate.data).convert("RGBA").tobytes() == opened(data).convert("RGBA").tobytes()
    )


def test_16_bits_stay():
    """Lossless does not halve the depth."""
    result = png.compress(deep(), LOSSLESS).data
    assert np.array_equal(np.asarray(opened(result)), np.asarray(opened(deep())))


def soft_shadows(mode="RGB", width=300, height=200):
    """Soft shadows in a few colours: thousands of shades that a palette can stand for."""
    random = np.random.default_rng(8)
    soft = Image.fromarray(photo((width, height), grid=(5, 7), seed=random))
    smooth = soft.quantize(40).convert("RGB")
    pixels = np.asarray(smooth, np.int16) + random.integers(-2, 3, (height, width, 3))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).convert(mode)
    if mode == "RGBA":
        image.paste((0, 0, 0, 0), (0, 0, width // 3, height))
    return image


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("target", [70.0, 80.0, 90.0])
def test_a_palette_reaches_the_target(mode, target):
    """The result is indexed, much smaller, and scores at least the target."""
    data = saved(soft_shadows(mode))
    candidate = png.compress(data, Options(quality=target))
    assert candidate.lossy
    assert opened(candidate.data).mode == "P"
    reference = Reference(np.asarray(opened(data)))
    assert reference.score(np.asarray(opened(candidate.data).convert(mode))) >= target


@pytest.mark.slow
def test_a_lower_target_takes_fewer_colours():
    """The palette is as small as the target allows, to a percent: places are mended in rounds."""
    data = saved(soft_shadows())
    low, middle, high = (
        len(png.compress(data, Options(quality=target)).data) for target in (70, 90, 95)
    )
    assert low < 1.01 * middle
    assert middle < 1.01 * high
    assert low < 0.5 * high


def test_an_indexed_picture_is_never_quantized_again():
    """A palette stays the palette it is."""
    data = saved(window().convert("P"))
    assert not png.compress(data, Options(quality=50)).lossy


def lettering():
    """Dark discs with soft edges: some hundred shades between two colours."""
    y, x = np.mgrid[:160, :240]
    away = np.hypot(x % 40 - 20, y % 40 - 20)
    shade = np.clip((away - 12) / 4, 0, 1)[..., None]
    pixels = np.array([20, 40, 90]) * (1 - shade) + 250 * shade
    return pixels.astype(np.uint8)


@pytest.mark.parametrize("target", [30.0, 80.0])
def test_fewer_than_16_colours_are_not_told_apart(target):
    """Below that edges may turn into steps: it has to look the same even when flicking between."""
    candidate = png.compress(saved(lettering()), Options(quality=target))
    shown = np.asarray(opened(candidate.data).convert("RGB"))
    few = len(np.unique(shown.reshape(-1, 3), axis=0)) < 16
    assert Reference(lettering()).score(shown) >= (90 if few else target)


BOUND = [(b"prIV", b"a program"), (b"mkBF", b"layers")]


@pytest.mark.parametrize(("kind", "content"), BOUND)
def test_chunks_bound_to_the_pixels_are_kept_and_the_pixels_with_them(kind, content):
    """A private chunk whose name says that it depends on the pixels keeps them as they are."""
    data = insert(saved(window()), kind, content)
    candidate = png.compress(data, Options())
    assert not candidate.lossy
    assert png_file.parse(candidate.data).find(kind) == content


@pytest.mark.parametrize(("kind", "content"), [(b"prIv", b"a note"), (b"npTc", bytes(40))])
def test_chunks_safe_to_copy_are_kept_and_the_size_with_them(kind, content):
    """Those whose name says that they may be copied leave the pixels free, not how many there are."""
    data = insert(saved(soft_shadows()), kind, content)
    candidate = png.compress(data, Options(resize=Resize(60, 60), effort=Effort.FAST))
    assert candidate.lossy
    assert png_file.parse(candidate.data).find(kind) == content
    assert opened(candidate.data).size == (300, 200)


def test_an_editable_source_is_kept():
    """What diagram editors put into a text is what they open again."""
    info = PngImagePlugin.PngInfo()
    info.add_text("mxfile", "%3Cmxfile%3E", zip=True)
    candidate = png.compress(saved(window(), pnginfo=info), Options())
    assert opened(candidate.data).text["mxfile"] == "%3Cmxfile%3E"


def test_what_is_stripped_is_said():
    """Texts, times and previews go, by name."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "an editor")
    data = insert(saved(window(), pnginfo=info, dpi=(72, 72)), b"tIME", bytes(7))
    candidate = png.compress(data, LOSSLESS)
    assert candidate.notes == ("stripped tEXt, pHYs, tIME",) or set(
        candidate.notes[0].removeprefix("stripped ").split(", ")
    ) == {"tEXt", "pHYs", "tIME"}
    assert set(kinds(candidate.data)) <= {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def test_metadata_is_kept_when_asked_for():
    """Copyright texts and the time stay by name."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Copyright", "somebody")
    info.add_text("Comment", "nothing")
    data = insert(saved(window(), pnginfo=info), b"tIME", bytes(7))
    metas = frozenset({Meta.COPYRIGHT, Meta.DATETIME})
    options = Options(compression_type=Compression.LOSSLESS, preserve_metas=metas)
    result = png.compress(data, options).data
    assert opened(result).text == {"Copyright": "somebody"}
    assert b"tIME" in kinds(result)


SRGB_PRIMARIES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(Compression)[:2])
def test_chunks_that_change_the_colours_stay(kind):
    """A profile, gamma or primaries other than sRGB's stay, with a palette too."""
    options = Options(compression_type=kind, effort=Effort.FAST)
    result = png.compress(saved(window(), icc_profile=exchanged()), options).data
    assert opened(result).info["icc_profile"] == exchanged()
    assert b"iCCP" not in kinds(png.compress(saved(window(), icc_profile=SRGB), options).data)
    linear = insert(saved(window()), b"gAMA", (100_000).to_bytes(4, "big"), before=b"IDAT")
    assert b"gAMA" in kinds(png.compress(linear, options).data)
    usual = insert(saved(window()), b"gAMA", (45_455).to_bytes(4, "big"), before=b"IDAT")
    assert b"gAMA" not in kinds(png.compress(usual, options).data)
    primaries = b"".join(number.to_bytes(4, "big") for number in SRGB_PRIMARIES)
    spelled = insert(usual, b"cHRM", primaries, before=b"IDAT")
    assert {b"gAMA", b"cHRM"} <= set(kinds(png.compress(spelled, options).data))
    overruled = insert(spelled, b"sRGB", b"\0", before=b"IDAT")
    assert not {b"gAMA", b"cHRM"} & set(kinds(png.compress(overruled, options).data))
    hdr = insert(saved(window()), b"cICP", bytes((9, 16, 0, 1)), before=b"IDAT")
    assert b"cICP" in kinds(png.compress(hdr, options).data)


def test_unequal_pixels_stay_unequal():
    """The aspect of pixels changes what is shown; the same density both ways does not."""
    wide = insert(saved(window()), b"pHYs", bytes.fromhex("000000010000000200"), before=b"IDAT")
    assert b"pHYs" in kinds(png.compress(wide, LOSSLESS).data)


def screenshot():
    """Text above, a photo below: no way of filtering is best for both."""
    random = np.random.default_rng(1)
    page = Image.new("RGB", (400, 480), "white")
    draw = ImageDraw.Draw(page)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz   "))
    for line in range(36):
        draw.text((5, 10 * line), "".join(random.choice(letters, 64)), "navy")
    waves = np.add.outer(np.sin(np.arange(120) / 30), np.cos(np.arange(400) / 40)) * 60 + 120
    photo = waves[..., None] + random.normal(0, 1, (120, 400, 1)) + [0, 20, 40]
    page.paste(Image.fromarray(photo.clip(0, 255).astype(np.uint8)), (0, 360))
    return page


@pytest.mark.slow
def test_each_strip_is_filtered_in_the_way_that_suits_it():
    """A picture of text and a photo gets smaller than in any one way, and keeps its pixels."""
    data = saved(screenshot())
    result = png.compress(data, replace(LOSSLESS, effort=Effort.BEST)).data
    assert opened(result).tobytes() == screenshot().tobytes()
    ways = ("none", "sub", "up", "paeth", "average", "bigrams")
    one = [len(oxipng.optimize_from_memory(data, level=4, filter=[way])) for way in ways]
    assert len(result) < 0.97 * min(one)


@pytest.mark.slow
@pytest.mark.parametrize("image", [screenshot(), screenshot().quantize(200)])
def test_more_effort_makes_smaller_files(image):
    """Fast, default, best."""
    sizes = [
        len(png.compress(saved(image), replace(LOSSLESS, effort=effort)).data) for effort in Effort
    ]
    assert sizes == sorted(sizes, reverse=True)


def test_a_picture_too_large_for_several_ways_at_once_keeps_its_pixels(monkeypatch):
    """It is filtered in one way, for the memory's sake."""
    monkeypatch.setattr("ir_build.engine.png.coding._MOST_BYTES", 100_000)
    result = png.compress(saved(screenshot()), replace(LOSSLESS, effort=Effort.BEST)).data
    assert opened(result).tobytes() == screenshot().tobytes()


def bad_crc(data):
    at = data.index(b"IDAT") + 10
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


BROKEN = {
    "middle of a chunk": lambda data: data[: len(data) // 2],
    "checksum": bad_crc,
    "has no picture": lambda data: data[:33] + data[-12:],
    "middle": lambda data: data[:8],
    "no pixels": lambda data: (
        png_file.SIGNATURE + png_file.PngChunk(b"IHDR", bytes(8) + data[24:29]).encode() + data[33:]
    ),
}


@pytest.mark.parametrize("hint", BROKEN)
def test_a_broken_file_is_corrupt(hint):
    """What a browser would not show is reported."""
    with pytest.raises(CorruptFile, match=hint):
        png.compress(BROKEN[hint](saved(window())), Options())


def test_bombs_do_not_go_off():
    """Huge dimensions, a profile of gigabytes, a hundred thousand chunks: refused or dropped."""
    with pytest.raises(TooLarge):
        png.compress(saved(window()), Options(max_pixels=1000))
    bomb = b"x\0\0" + zlib.compress(bytes(40 * 2**20))
    assert png_colours.inflated(bomb) == b""
    data = saved(window())
    many = data[:33] + png_file.PngChunk(b"tEXt", b"a\0b").encode() * 100_001 + data[33:]
    with pytest.raises(TooLarge):
        png.compress(many, Options())


def test_a_picture_with_a_file_behind_it_is_skipped():
    """Bytes after the end may be another file."""
    with pytest.raises(FileSkipped, match="after the picture"):
        png.compress(saved(window()) + b"PK\3\4", Options())


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(Compression)[:2])
def test_resizing(kind):
    """The picture is fitted into the box, never enlarged."""
    data = saved(window("RGBA"))
    options = Options(compression_type=kind, resize=Resize(60, 60), effort=Effort.FAST)
    assert opened(png.compress(data, options).data).size == (60, 45)
    options = replace(options, resize=Resize(600, 600))
    assert opened(png.compress(data, options).data).size == (120, 90)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_what_changes_its_type_is_final_at_once(mode, shade):
    """A new colour type or depth opens other ways, which are not left for a second run."""
    flat = Image.new("L", (33, 33), shade).convert(mode)
    once = png.compress(saved(flat), LOSSLESS).data
    assert png.compress(once, LOSSLESS).data == once


def test_fewer_colours_merge_the_nearest_first():
    """Two nearly equal colours become one before two different ones do."""
    colours = np.array([[0, 0, 0, 255], [2, 2, 2, 255], [255, 0, 0, 255], [9, 9, 9, 0]], np.uint8)
    pixels = np.repeat(colours, 25, axis=0)
    # No three of the equal ones are in a row: nothing is flat.
    pixels[:50:2], pixels[1:50:2] = colours[:2]
    quantizer = Quantizer(pixels.reshape(10, 10, 4))
    assert quantizer.exact
    assert quantizer.colours == 4
    three = Drawing(quantizer.strips, (10, 10), quantizer.palette(3)).indexed
    assert sorted(map(tuple, three.palette.tolist())) == [
        (0, 0, 0, 0),
        (1, 1, 1, 255),
        (255, 0, 0, 255),
    ]
    assert set(map(tuple, three.pixels(4).reshape(-1, 4)[:50].tolist())) == {(1, 1, 1, 255)}
    assert quantizer.palette(1).shape == (1, 4)


PHOTO = photo((128, 96), grid=(6, 8), seed=3, grey=9, colour=3)


def test_what_no_palette_can_stand_for_is_coded_in_coarser_differences():
    """A photo keeps its thousands of colours, reaches the target, and is a third smaller."""
    data = saved(PHOTO)
    candidate = png.compress(data, Options())
    assert candidate.lossy
    assert opened(candidate.data).mode == "RGB"
    assert len(candidate.data) < 0.7 * len(png.compress(data, LOSSLESS).data)
    assert Reference(PHOTO).score(np.asarray(opened(candidate.data))) >= 80


@pytest.mark.parametrize("step", STEPS)
def test_no_colour_is_off_by_more_than_half_a_step(step):
    """Over several strips of rows, and nowhere does it add up; smooth areas get half the step."""
    pixels = np.tile(PHOTO, (6, 1, 1))
    pixels[:200, :60] = np.arange(60, dtype=np.uint8)[:, None] + 100
    off = np.abs(NearLossless(pixels).at(step).astype(int) - pixels)
    assert off.max() == step // 2
    assert off[5:195, 5:55].max() <= step // 4


def test_alpha_is_not_coarsened():
    """Transparency stays to the last level; colours that cannot be seen go."""
    pixels = np.dstack([PHOTO, PHOTO[..., 0] // 2])
    pixels[:20, :20, 3] = 0
    coarse = NearLossless(pixels).at(8)
    assert np.array_equal(coarse[..., 3], pixels[..., 3])
    assert not coarse[:20, :20].any()


def deep_photo(colour_type=2):
    """A PNG of 16 bits a sample, whose lower halves are noise."""
    grain = np.random.default_rng(4).integers(0, 256, (96, 128, 3)).astype(np.uint16)
    samples = PHOTO.astype(np.uint16) * 256 + grain
    bands = {0: 1, 2: 3}[colour_type]
    return raw_png(samples[..., :bands], colour_type, 16), samples


@pytest.mark.slow
@pytest.mark.parametrize("colour_type", [0, 2])
def test_16_bits_become_8_where_the_eye_cannot_tell(colour_type):
    """Rounded, not cut off, and scored like any other; not where a gamma gives the lower bits weight."""
    data, samples = deep_photo(colour_type)
    candidate = png.compress(data, Options(effort=Effort.FAST))
    rounded = np.rint(samples[..., : 1 if colour_type == 0 else 3] / 257).astype(np.uint8)
    rounded = np.broadcast_to(rounded, samples.shape)
    assert candidate.lossy
    assert png_file.parse(candidate.data).bit_depth <= 8
    shown = np.asarray(opened(candidate.data).convert("RGB"))
    assert Reference(rounded).score(shown) >= 80
    strict = opened(png.compress(data, Options(quality=99.5, effort=Effort.FAST)).data).convert(
        "RGB"
    )
    assert np.array_equal(np.asarray(strict), rounded)
    linear = insert(data, b"gAMA", (100_000).to_bytes(4, "big"), before=b"IDAT")
    assert not png.compress(linear, Options()).lossy


GREY_PROFILE = SRGB[:16] + b"GRAY" + SRGB[20:]


@pytest.mark.slow
def test_a_profile_stays_with_the_kind_of_picture_it_is_for():
    """A profile for colours is ignored with a grey picture: one with it stays coloured."""
    grey = window("L").convert("RGB")
    for kind in list(Compression)[:2]:
        data = saved(grey, icc_profile=exchanged())
        options = Options(compression_type=kind, effort=Effort.FAST)
        result = png.compress(data, options).data
        assert b"iCCP" in kinds(result)
        assert not png_file.parse(result).grey
    assert png_file.parse(png.compress(saved(grey), LOSSLESS).data).grey
    data = saved(grey.convert("L"), icc_profile=GREY_PROFILE)
    assert png_file.parse(png.compress(data, Options()).data).grey
