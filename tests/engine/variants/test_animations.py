"""Animated GIF: an animation in fewer bytes that shows every canvas for as long, as often."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ir_build import engine, verify
from ir_build.formats import MediaType
from ir_build.options import Compression, Effort, Options, Resize
from ir_build.variant import Variant, Wanted
from pictures import animated, opened, photo

OPTIONS = Options(effort=Effort.FAST)
WEBP = (MediaType.WEBP,)
SIZE = (96, 72)


def moving(number, *, clear=False):
    """A frame of a drawing: a square on lines, farther to the right each time."""
    pixels = np.full((SIZE[1], SIZE[0], 4), 255, np.uint8)
    pixels[::6, :, :3] = (30, 90, 160)
    if clear:
        pixels[:, :, 3] = 0
    pixels[20:50, 8 * number : 8 * number + 20] = (200, 40, 20 * number, 255)
    return Image.fromarray(pixels)


def gif(count=6, *, clear=False, **more):
    frames = [moving(number, clear=clear) for number in range(count)]
    return animated(frames, "GIF", **{"duration": 100, "loop": 0, **more})


def made(data, *, formats=WEBP, options=OPTIONS, **more):
    # As many bytes as it would take without any compression of what repeats.
    wanted = Wanted(widths=(40,), formats=formats, shipped=10 * len(data), **more)
    return engine.make_variants(data, MediaType.GIF, options, wanted, data)


def refusal(data, variant, options=OPTIONS):
    return verify.verify_variant(data, variant, MediaType.GIF, options, data).detail


def timeline(data):
    """What is shown in each hundredth of a second."""
    image = opened(data)
    shown = []
    for number in range(image.n_frames):
        image.seek(number)
        image.load()
        shown += [image.convert("RGBA").tobytes()] * round(image.info["duration"] / 10)
    return shown


@pytest.mark.parametrize("loop", [0, 3, None], ids=["for ever", "four times", "once"])
def test_every_canvas_is_shown_for_as_long_as_often(loop):
    """A GIF counts the repeats, a WebP how often it runs."""
    durations = [100, 250, 30, 70, 1000, 40]
    more = {} if loop is None else {"loop": loop}
    frames = [moving(number) for number in range(6)]
    data = animated(frames, "GIF", duration=durations, **more)
    (one,) = made(data)
    expected = [
        frame.tobytes()
        for frame, duration in zip(frames, durations, strict=True)
        for _ in range(duration // 10)
    ]
    assert timeline(one.data) == expected
    assert opened(one.data).info["loop"] == {0: 0, 3: 4, None: 1}[loop]
    assert (one.width, one.height, one.still) == (*SIZE, False)
    assert not refusal(data, one)


@pytest.mark.parametrize("disposal", [1, 2, 3], ids=["stays", "cleared", "put back"])
def test_what_becomes_of_a_frame_is_kept(disposal):
    """Frames that are clear around a square, each disposed of in its way."""
    data = gif(5, clear=True, disposal=disposal)
    (one,) = made(data)
    assert not refusal(data, one)
    corner = opened(one.data).convert("RGBA").getpixel((0, 0))
    assert corner[3] == 0


def test_frames_that_are_too_fast_are_as_slow_as_browsers_show_them():
    """A GIF that asks for no time, or a hundredth of a second, gets a tenth."""
    data = gif(4, duration=[0, 10, 20, 50])
    (one,) = made(data)
    durations = []
    image = opened(one.data)
    for number in range(image.n_frames):
        image.seek(number)
        image.load()
        durations.append(image.info["duration"])
    assert durations == [100, 100, 20, 50]
    assert not refusal(data, one)


def test_equal_frames_may_become_one():
    """Only the times at which something changes count."""
    frames = [moving(number) for number in (0, 1, 1, 1, 2)]
    durations = [100, 110, 120, 130, 140]
    data = animated(frames, "GIF", duration=durations, loop=0)
    (one,) = made(data)
    assert not refusal(data, one)


def test_a_box_changes_no_animation():
    """A GIF is not resized, and neither is what stands for it."""
    data = gif()
    options = replace(OPTIONS, resize=Resize(width=50))
    (one,) = made(data, options=options)
    assert (one.width, one.height) == SIZE
    assert not refusal(data, one, options)


def test_a_still_for_those_who_want_no_motion():
    """The first frame without loss, only where it is asked for."""
    data = gif()
    assert [one.still for one in made(data)] == [False]
    *_, still = made(data, still=True)
    assert still.still
    assert opened(still.data).convert("RGBA").tobytes() == moving(0).tobytes()
    assert not refusal(data, still)
    *_, png = made(data, still=True, formats=(MediaType.AVIF,))
    assert png.media is MediaType.PNG


@pytest.mark.slow
def test_moving_photos_are_coded_with_loss():
    """AVIF and WebP of a film are far smaller, and every frame keeps the promise."""
    film = photo((160, 128), grid=(6, 6), seed=3)
    frames = [Image.fromarray(np.roll(film, 4 * number, axis=1)) for number in range(6)]
    data = animated(frames, "GIF", duration=80, loop=0)
    options = Options()
    variants = made(data, formats=(MediaType.AVIF, MediaType.WEBP), options=options)
    assert {one.media for one in variants} == {MediaType.AVIF, MediaType.WEBP}
    avif, webp = (len(one.data) for one in variants)
    assert 4 * avif < 2 * webp < 1.2 * len(data)
    assert [refusal(data, one, options) for one in variants] == ["", ""]


def test_without_loss_frames_keep_their_pixels():
    """Lossless settings allow an animated WebP of the same canvases."""
    data = gif()
    (one,) = made(data, options=replace(OPTIONS, compression_type=Compression.LOSSLESS))
    assert timeline(one.data) == [moving(n).tobytes() for n in range(6) for _ in range(10)]


def webp(frames, *, duration=100, loop=0):
    data = animated(frames, "WEBP", duration=duration, loop=loop, lossless=True)
    return Variant(media=MediaType.WEBP, width=SIZE[0], height=SIZE[1], data=data)


FRAMES = [moving(number) for number in range(6)]


@pytest.mark.parametrize(
    ("variant", "why"),
    [
        (webp(FRAMES[:5]), "frame 6 is shown at another time"),
        (webp([*FRAMES, moving(7)]), "it goes on after the last frame"),
        (webp([*FRAMES[:4], FRAMES[5], FRAMES[4]]), "frame 5: "),
        (webp(FRAMES, duration=110), "frame 2 is shown at another time"),
        (webp(FRAMES, duration=[50, 150, 100, 100, 100, 100]), "frame 1 is shown at another time"),
        (webp(FRAMES, loop=2), "it runs 2 times instead of 0"),
        (webp(FRAMES[:1]), "frame 1 is shown at another time"),
    ],
    ids=["missing", "more", "order", "slower", "shifted", "loop", "still"],
)
def test_another_animation_is_refused(variant, why):
    """With what is wrong, and where."""
    assert refusal(gif(), variant).startswith(why)


def test_the_same_animation_is_not_refused():
    """So that the refusals above have their reasons."""
    assert not refusal(gif(), webp(FRAMES))
