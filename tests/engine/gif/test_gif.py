"""GIF: the same canvases at the same times, in fewer bytes."""

import contextlib
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import pyvips
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from ir_build.candidate import Candidate
from ir_build.containers import gif_blocks
from ir_build.engine.gif import codec as gif
from ir_build.engine.gif import coding, palette
from ir_build.engine.gif import file as gif_file
from ir_build.engine.gif.file import Control, GifFile, GifFrame
from ir_build.errors import CorruptFile, FileSkipped, InputError, TooLarge
from ir_build.formats import MediaType
from ir_build.options import Compression, Effort, Options
from ir_build.quality import Reference, ciede2000
from ir_build.quality.damage import tolerance
from ir_build.verify import verify
from pictures import animated, encoded, frames_shown, opened

LOSSLESS = Options(compression_type=Compression.LOSSLESS)


def frame(number, size=(90, 60)):
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((number * 3, 10, number * 3 + 20, 40), fill=(200, 20, number * 9))
    draw.line((0, 0, *size), fill="navy")
    return image


def gif_of(count=1, **options):
    return animated([frame(number) for number in range(count)], "gif", **options)


def shown(data):
    """Every frame as Pillow shows it, with its delay, and the loop."""
    return opened(data).info.get("loop"), frames_shown(data)


def pages(data):
    """Every frame as libnsgif shows it; what is under full transparency does not count."""
    image = pyvips.Image.new_from_buffer(data, "", n=-1)
    pixels = image.numpy().copy()
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if pixels.shape[2] == 2:
        pixels = pixels[..., [0, 0, 0, 1]]
    if pixels.shape[2] == 3:
        pixels = np.pad(pixels, ((0, 0), (0, 0), (0, 1)), constant_values=255)
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def packed(codes, width=9):
    """LZW codes of one width as bytes."""
    bits = sum(code << width * place for place, code in enumerate(codes))
    return bits.to_bytes((len(codes) * width + 7) // 8, "little")


def uncompressed(data):
    """The file with a clear code before every pixel: valid, and as long as can be."""
    file = gif_file.parse(data)
    (one,) = file.frames
    pixels = Image.open(BytesIO(data)).tobytes()
    codes = packed([*(code for pixel in pixels for code in (256, pixel)), 257])
    box = (0, 0, one.width, one.height)
    return GifFile(
        one.width,
        one.height,
        0,
        file.table,
        (
            GifFrame(
                b"", Control(), *box, interlaced=False, table=one.table, code_size=8, codes=codes
            ),
        ),
    ).encode()


def same(data):
    """Compress, and hold the result against the original by all means there are."""
    candidate = gif.compress(data, Options())
    assert not candidate.lossy
    assert len(candidate.data) <= len(data)
    assert verify(data, Candidate(candidate.data, lossy=False), MediaType.GIF, Options()).ok
    assert (pages(candidate.data) == pages(data)).all()
    return candidate


def test_a_still_picture_gets_a_better_coding():
    """The pixels are the same, the codes are fewer."""
    data = uncompressed(gif_of())
    candidate = same(data)
    assert len(candidate.data) < len(data) / 3
    assert shown(candidate.data) == shown(data)


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
@pytest.mark.parametrize("options", [{"loop": 0}, {"loop": 3}, {}])
def test_an_animation_stays_what_it_is(disposal, options):
    """What is shown, how long and how often is the original's. Of frames that stay, only changes are drawn."""
    durations = [40, 50, 60, 70, 80, 90, 100, 110]
    data = gif_of(8, duration=durations, disposal=disposal, **options)
    candidate = same(data)
    assert len(candidate.data) < 0.9 * len(data)
    assert shown(candidate.data) == shown(data)
    areas = [one.width * one.height for one in gif_file.parse(candidate.data).frames]
    assert disposal > 1 or max(areas[1:]) < 90 * 60 / 4


def test_colour_tables_are_shared_and_cut_down():
    """Ten local tables of 256 entries become one of as many as there are colours."""
    table = bytes(range(256)) * 3
    pixels = [np.full((8, 8), number, np.uint8) for number in range(10)]
    frames = tuple(
        GifFrame(b"", Control(delay=5), 0, 0, 8, 8, interlaced=False, table=table, code_size=8,
              codes=coding.lzw(one, 8))
        for one in pixels
    )  # fmt: skip
    result = gif_file.parse(same(GifFile(8, 8, 0, b"", frames).encode()).data)
    assert len(result.table) == 3 * 16
    assert not any(one.table for one in result.frames)


def test_frames_that_change_nothing_take_their_time():
    """A frame equal to the one before is one pixel, shown as long as it was."""
    data = gif_of(2, duration=[30, 40], loop=0)
    file = gif_file.parse(data)
    still = GifFile(file.width, file.height, 0, file.table, (*file.frames, file.frames[-1]))
    result = gif_file.parse(same(still.encode()).data)
    assert [one.control.delay for one in result.frames] == [3, 4, 4]
    assert (result.frames[2].width, result.frames[2].height) == (1, 1)


SIZE = 12


@st.composite
def animations(draw):
    """Files with any mix of places, tables, transparency, disposal and interlacing."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    plain = draw(st.booleans())
    frames = []
    for number in range(draw(st.integers(1, 6))):
        whole = number == 0 or draw(st.booleans())
        left, top = (0, 0) if whole else random.integers(0, SIZE - 1, 2).tolist()
        width, height = (
            (SIZE, SIZE)
            if whole
            else (int(random.integers(1, SIZE - left + 1)), int(random.integers(1, SIZE - top + 1)))
        )
        colours = draw(st.sampled_from([2, 4, 16]))
        pixels = random.integers(0, colours, (height, width)).astype(np.uint8)
        if plain:
            pixels[:, : width // 2] = 0
        table = random.integers(0, 256, 3 * colours).astype(np.uint8).tobytes()
        control = Control(
            disposal=draw(st.sampled_from([0, 1, 2, 3])),
            delay=draw(st.integers(2, 9)),
            transparent=int(random.integers(0, colours)),
        )
        size = coding.code_size(colours - 1)
        loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x05\x00\x00" if number == 0 else b""
        frames.append(
            GifFrame(loop, control, left, top, width, height, False, table, size,
                  coding.lzw(pixels, size))
        )  # fmt: skip
    return GifFile(SIZE, SIZE, 0, bytes(range(48)), tuple(frames)).encode()


@settings(deadline=None, max_examples=150)
@given(animations())
def test_any_animation_shows_the_same(data):
    """Nothing changes but the bytes, by three decoders; a second run finds nothing."""
    once = same(data).data
    assert gif.compress(once, Options()).data == once
    before, after = gif_file.parse(data), gif_file.parse(once)
    assert [one.control.delay for one in before.frames] == [
        one.control.delay for one in after.frames
    ]


@pytest.mark.parametrize("size", range(2, 9))
def test_the_codes_are_those_of_the_alphabet(size):
    """LZW data of every code size decode to what was coded, past a full table of codes."""
    pixels = np.random.default_rng(size).integers(0, 2**size, (120, 120)).astype(np.uint8)
    one = GifFrame(b"", Control(), 0, 0, 120, 120, interlaced=False, table=b"", code_size=size,
                codes=coding.lzw(pixels, size))  # fmt: skip
    image = Image.open(BytesIO(GifFile(120, 120, 0, bytes(768), (one,)).encode()))
    assert (np.asarray(image) == pixels).all()


@pytest.mark.parametrize(
    "change",
    [
        {"control": Control(disposal=2)},
        {"left": 80},
        {"control": Control(disposal=5)},
        {"codes": coding.lzw(np.full((60, 90), 200, np.uint8), 8), "code_size": 8, "top": 0}
        | {"left": 0, "width": 90, "height": 60},
    ],
)
def test_what_viewers_disagree_on_is_not_redrawn(change):
    """Frames cleared to nobody knows what, out of the screen, or of colours that are not there."""
    file = gif_file.parse(gif_of(3))
    odd = replace(file, frames=(file.frames[0], replace(file.frames[1], **change), file.frames[2]))
    result = gif_file.parse(gif.compress(odd.encode(), Options()).data)
    assert [(one.left, one.top, one.width, one.height) for one in result.frames] == [
        (one.left, one.top, one.width, one.height) for one in odd.frames
    ]


def lzw_with_a_full_table(pixels, size):
    """LZW codes by an encoder that keeps its table when that is full, where Pillow's starts anew."""
    clear = 1 << size
    table, written = {(one,): one for one in range(clear)}, 0
    bits, free, run = clear, clear + 2, ()
    written = size + 1
    width = size + 1

    def put(code):
        nonlocal bits, written
        bits |= code << written
        written += width

    for pixel in pixels.ravel().tolist():
        if (*run, pixel) in table:
            run = (*run, pixel)
            continue
        put(table[run])
        if free < 4096:
            table[*run, pixel] = free
            free += 1
            width = min(12, (free - 1).bit_length())
        run = (pixel,)
    put(table[run])
    put(clear + 1)
    return bits.to_bytes((written + 7) // 8, "little")


def test_codes_that_are_shorter_than_ours_stay():
    """A frame that its encoder has coded better is kept; the others are redrawn."""
    random = np.random.default_rng(4)
    parts = random.integers(0, 16, (40, 24))
    noisy = parts[random.integers(0, 40, 800)].astype(np.uint8).reshape(160, 120)
    codes = lzw_with_a_full_table(noisy, 4)
    assert len(codes) < 0.98 * len(coding.lzw(noisy, 4))
    table = random.integers(0, 256, 48).astype(np.uint8).tobytes()
    plain = np.full((160, 120), 3, np.uint8)
    frames = tuple(
        GifFrame(b"", Control(delay=5), 0, 0, 120, 160, interlaced=False, table=table, code_size=4,
              codes=one)
        for one in (coding.lzw(plain, 4), codes, coding.lzw(plain, 4))
    )  # fmt: skip
    data = GifFile(120, 160, 0, b"", frames).encode()
    result = gif_file.parse(same(data).data)
    assert result.frames[1] == frames[1]
    assert len(result.frames[0].encode()) < len(frames[0].encode())
    assert gif.compress(same(data).data, LOSSLESS).data == same(data).data


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=20), st.integers(0, 70_000), st.binary(max_size=20))
def test_blocks_are_taken_apart_as_they_were_put_together(before, full, after):
    """Whatever their number and content; those that are cut short are reported."""
    data = before + b"\xff" * full + after
    blocks = gif_blocks.sub_blocks(data)
    assert len(blocks) == len(data) + -(-len(data) // 255) + 1
    assert gif_blocks.joined(b"any" + blocks + after, 3) == (data, 3 + len(blocks))
    for end in (0, 1, len(blocks) // 2, len(blocks) - 1):
        with pytest.raises(CorruptFile):
            gif_blocks.joined(blocks[: min(end, len(blocks) - 1)], 0)


def test_an_index_that_is_only_named_counts_for_the_width_of_codes():
    """A first frame that leaves some of the screen empty names an index that no pixel has."""
    random = np.random.default_rng(6)
    table = random.integers(0, 256, 24).astype(np.uint8).tobytes()
    sizes = [(12, 12), *[(20, 20)] * 6]
    frames = tuple(
        GifFrame(b"", Control(delay=5, transparent=7), 0, 0, *size, interlaced=False, table=table,
              code_size=3, codes=coding.lzw(random.integers(0, 4, size).astype(np.uint8), 3))
        for size in sizes
    )  # fmt: skip
    result = gif_file.parse(same(GifFile(20, 20, 0, b"", frames).encode()).data)
    assert result.frames[0].control.transparent == 4
    assert not any(one.table for one in result.frames)


def test_comments_go_and_loops_stay():
    """A comment is stripped and mentioned."""
    data = gif_of(3, comment=b"made by an editor" * 20, loop=0)
    candidate = same(data)
    assert candidate.notes == ("stripped comment",)
    assert b"editor" not in candidate.data
    assert shown(candidate.data) == shown(data)


BROKEN = {
    "before its trailer": lambda data: data[:-1],
    "middle": lambda data: data[: len(data) // 2],
    "no picture": lambda data: data[:13] + data[13 : 13 + 3 * 2 ** ((data[10] & 7) + 1)] + b"\x3b",
    "before the picture": lambda data: data[:10],
    "without pixels": lambda data: data.replace(b"\x2c\0\0\0\0\x5a", b"\x2c\0\0\0\0\0", 1),
    "graphic control": lambda data: data.replace(b"\x21\xf9\x04", b"\x21\xf9\0\x21\xfe\x04", 1),
}


@pytest.mark.parametrize("hint", BROKEN)
def test_a_broken_file_is_corrupt(hint):
    """A truncated or empty file is reported."""
    with pytest.raises(CorruptFile, match=hint):
        gif.compress(BROKEN[hint](gif_of(2, duration=50)), Options())


DAMAGED = gif_of(3, duration=50, loop=0)


@settings(max_examples=300, deadline=None)
@example([(26, 0)])  # what says how often it repeats, under another label
@given(st.lists(st.tuples(st.integers(0, len(DAMAGED) - 1), st.integers(0, 255)), max_size=4))
def test_damage_ends_in_a_reason(changes):
    """Changed bytes give a file that shows the same, or one of our errors, nothing else."""
    data = bytearray(DAMAGED)
    for at, value in changes:
        data[at] = value
    with contextlib.suppress(InputError, FileSkipped):
        options = Options(max_pixels=100_000)
        candidate = gif.compress(bytes(data), options)
        assert verify(bytes(data), candidate, MediaType.GIF, options).ok


def test_a_picture_with_a_file_behind_it_is_skipped():
    """Bytes after the end may be another file."""
    with pytest.raises(FileSkipped, match="after the picture"):
        gif.compress(gif_of() + b"PK\3\4", Options())


def test_bombs_do_not_go_off():
    """Too many pixels, too many frames, or too much of both."""
    with pytest.raises(TooLarge):
        gif.compress(gif_of(), Options(max_pixels=100))
    file = gif_file.parse(gif_of())
    many = GifFile(90, 60, 0, file.table, file.frames * 20_001)
    with pytest.raises(TooLarge):
        gif.compress(many.encode(), Options())
    wide = GifFile(9000, 9000, 0, file.table, file.frames * 60)
    with pytest.raises(TooLarge, match="60 frames"):
        gif.compress(wide.encode(), Options())


def recording(frames=5, odd=None):
    """A window in which something moves, each frame with a palette of its own.

    The frame `odd` shows one more window, in colours of no other.
    """
    made = []
    for number in range(frames):
        image = Image.new("RGB", (128, 96), (240, 240, 244))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0, 128, 14), fill=(40, 60, 120))
        draw.text((6, 2), "A window with a title", fill="white")
        draw.text((8, 70), "and words in it", fill=(20, 20, 20))
        draw.ellipse((10 + 15 * number, 30, 40 + 15 * number, 60), fill=(210, 30, 40))
        if number == odd:
            draw.rectangle((40, 20, 120, 50), fill=(30, 150, 90))
            draw.text((50, 30), "one more window", fill=(250, 220, 40))
        noise = np.random.default_rng(number).integers(-1, 2, (96, 128, 3))
        noisy = np.clip(np.asarray(image).astype(int) + noise, 0, 255).astype(np.uint8)
        made.append(Image.fromarray(noisy).quantize(200))
    return animated(made, "gif", duration=60, loop=0)


def test_lossy_shows_every_frame_up_to_the_score():
    """Fewer colours for all frames, each of which reaches the target; lossless keeps them all."""
    data = recording()
    candidate = gif.compress(data, Options(quality=60))
    assert candidate.lossy
    assert "fewer colours" in candidate.notes
    assert len(candidate.data) < 0.9 * len(gif.compress(data, LOSSLESS).data)
    assert verify(data, candidate, MediaType.GIF, Options(quality=60)).ok
    before, after = (pages(one).reshape(-1, 96, 128, 4)[..., :3] for one in (data, candidate.data))
    for one, other in zip(before, after, strict=True):
        assert Reference(np.ascontiguousarray(one)).score(np.ascontiguousarray(other)) >= 60
    exact = gif.compress(data, LOSSLESS)
    assert not exact.lossy
    assert (pages(exact.data) == pages(data)).all()


@pytest.mark.slow
def test_in_a_long_animation_the_frames_that_suffer_most_are_held_against_the_target(monkeypatch):
    """Where not all can be looked at, one frame of colours of its own still reaches it."""
    monkeypatch.setattr(palette, "_CHECKED_PIXELS", 2 * 128 * 96)
    data = recording(frames=12, odd=7)
    candidate = gif.compress(data, Options(quality=60))
    assert candidate.lossy
    before, after = (pages(one).reshape(-1, 96, 128, 4)[..., :3] for one in (data, candidate.data))
    for one, other in zip(before, after, strict=True):
        assert Reference(np.ascontiguousarray(one)).score(np.ascontiguousarray(other)) >= 60


def logos():
    """Blocks of five colours above noise in dark ones."""
    random = np.random.default_rng(4)
    table = random.integers(20, 90, (256, 3)).astype(np.uint8)
    table[250:252] = (252, 252, 252), (36, 41, 58)
    table[252:] = (255, 204, 153), (250, 190, 180), (87, 96, 106), (233, 84, 32)
    indices = np.full((120, 160), 250, np.uint8)
    indices[60:] = random.integers(0, 250, (60, 160))
    for number in range(1, 6):
        indices[10 * number - 6 : 10 * number - 2, 10:60] = 250 + number
    image = Image.fromarray(indices, "P")
    image.putpalette(table.tobytes())
    return encoded(image, "gif")


@pytest.mark.parametrize("quality", [60, 80])
def test_frequent_colours_hardly_differ(quality):
    """What covers 1 % of a picture does not turn into another colour, whatever the score says."""
    data = logos()
    after = gif.compress(data, Options(quality=quality)).data
    blocks = (slice(4, 60, 10), 30)
    shown = [np.asarray(Image.open(BytesIO(one)).convert("RGB"))[blocks] for one in (data, after)]
    assert ciede2000.distance(*shown).max() <= 4.0 * tolerance(quality)


def test_large_changes_are_drawn_nearly_as_well_as_they_can_be():
    """The best effort tries the ways to draw on all of a frame, the default one on a part."""
    grain = np.random.default_rng(1).integers(244, 256, (200, 300), np.uint8)
    grey = Image.fromarray(grain).convert("RGB")
    large = [ImageChops.multiply(frame(number, size=(300, 200)), grey) for number in range(4)]
    data = animated(large, "gif", duration=50)
    sizes = {}
    for effort in (Effort.DEFAULT, Effort.BEST):
        options = Options(compression_type=Compression.LOSSLESS, effort=effort)
        result = gif.compress(data, options).data
        assert (pages(result) == pages(data)).all()
        sizes[effort] = len(result)
    assert sizes[Effort.BEST] <= sizes[Effort.DEFAULT] < 1.02 * sizes[Effort.BEST]
    assert sizes[Effort.DEFAULT] < len(data)
