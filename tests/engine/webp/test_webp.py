"""WebP: what is seen stays, frame by frame."""

import contextlib
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageSequence

from ir_build.containers import riff
from ir_build.containers.riff import RiffChunk
from ir_build.engine.shared import exif
from ir_build.engine.webp import codec as webp
from ir_build.engine.webp import coding
from ir_build.engine.webp import file as webp_file
from ir_build.errors import CorruptFile, FileSkipped, InputError, TooLarge
from ir_build.options import Compression, Effort, Meta, Options, Resize
from ir_build.quality import Reference, ssimulacra2
from ir_build.quality.coloured import ColouredPlaces
from pictures import encoded, exif_block, gradients, opened
from profiles import SRGB, exchanged

LOSSY = Options()
LOSSLESS = Options(compression_type=Compression.LOSSLESS)
SIZE = (96, 64)
CAMERA = "A camera " * 30


saved = partial(encoded, kind="WEBP", quality=95)


def frames(data):
    """The pixels of every frame."""
    with Image.open(BytesIO(data)) as image:
        return np.stack(
            [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]
        )


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("settings", [{"quality": 97}, {"lossless": True, "quality": 0}])
@pytest.mark.parametrize("target", [70, 90])
def test_more_effort_never_leaves_more_bytes(mode, settings, target):
    """Each effort does what the lower ones do."""
    data = saved(gradients(SIZE, mode), **settings)
    fast, default, best = (
        len(webp.compress(data, Options(quality=target, effort=effort)).data)
        for effort in (Effort.FAST, Effort.DEFAULT, Effort.BEST)
    )
    assert best <= default <= fast <= len(data)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("options", [LOSSY, LOSSLESS])
def test_lossless_stays_lossless(mode, options):
    """A lossless picture keeps every visible pixel and is still coded as one, smaller."""
    data = saved(gradients(SIZE, mode), lossless=True, quality=0, method=0)
    result = webp.compress(data, options)
    assert len(result.data) < len(data)
    assert webp_file.read(result.data).image.lossless
    before, after = frames(data), frames(result.data)
    visible = before[..., 3] > 0
    assert (before[visible] == after[visible]).all()
    assert (before[..., 3] == after[..., 3]).all()


def test_lossless_keeps_colours_under_transparency():
    """Every pixel stays, seen or not, unless lossy is asked for; then the result says lossy."""
    data = saved(gradients(SIZE, "RGBA"), lossless=True, exact=True, quality=0, method=0)
    exact, lossy = webp.compress(data, LOSSLESS), webp.compress(data, LOSSY)
    assert (frames(exact.data) == frames(data)).all()
    assert not exact.lossy
    assert lossy.lossy
    assert len(lossy.data) < len(exact.data)


def test_lossless_keeps_the_bits_of_a_lossy_picture():
    """A VP8 picture is not coded again in lossless mode, only its metadata goes."""
    plain = saved(gradients(SIZE), exact=True)
    data = saved(
        gradients(SIZE), exif=exif_block({0x0112: 1, 0x010F: CAMERA}), xmp=b"<x/>", icc_profile=SRGB
    )
    result = webp.compress(data, LOSSLESS)
    assert result.data == plain
    assert not result.lossy
    assert result.notes == ("stripped Exif", "stripped XMP", "stripped sRGB profile")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_lossy_reaches_the_score(mode):
    """A lossy picture is coded again, smaller, at no less than the target."""
    # Soft colours: those of saturated stripes would not hold where they are seen on a black page.
    pale = Image.new(mode, (256, 192), (255, 255, 255, 255)[: len(mode)])
    image = Image.blend(gradients((256, 192), mode), pale, 0.4)
    data = saved(image, quality=100)
    result = webp.compress(data, LOSSY)
    assert result.lossy
    assert len(result.data) < 0.95 * len(data)
    form = (slice(None), slice(None), slice(0, len(mode)))
    assert Reference(frames(data)[0][form]).score(frames(result.data)[0][form]) >= 80
    assert (frames(data)[..., 3] == frames(result.data)[..., 3]).all()


@pytest.mark.slow
def test_a_logo_of_flat_colours_keeps_them_and_does_not_ring():
    """Its colours stay, and its worst part scores at most 6 less than is asked for."""
    page = np.full((500, 700, 3), 255, np.uint8)
    logo = Image.new("RGB", (230, 200), "white")
    draw = ImageDraw.Draw(logo)
    for number, colour in enumerate(((226, 88, 34), (10, 110, 90), (30, 60, 160), (240, 200, 40))):
        draw.pieslice((10, 10, 190, 190), 90 * number, 90 * number + 80, fill=colour)
        draw.text((196, 20 + 40 * number), "logo", colour)
    page[280:480, 460:690] = np.asarray(logo)
    data = saved(page, quality=98)
    before, after = (np.asarray(opened(one)) for one in (data, webp.compress(data, LOSSY).data))
    assert not ColouredPlaces(before, 80).damage(after)
    crops = [np.ascontiguousarray(one[244:, 444:]) for one in (before, after)]
    assert Reference(crops[0]).score(crops[1]) >= 73.5


@pytest.mark.parametrize("likely", [26, 230])
def test_lossy_reaches_the_score_on_both_pages(likely, monkeypatch):
    """Whichever page is looked at first, the score is reached on a dark and on a light one."""
    monkeypatch.setattr(ssimulacra2, "_backgrounds", lambda _: (likely, 256 - likely))
    image = gradients((256, 192))
    y, x = np.mgrid[:192, :256]
    image.putalpha(Image.fromarray(np.where((x // 16 + y // 16) % 2, 255, 40).astype(np.uint8)))
    image = Image.blend(image, Image.new("RGBA", image.size, (255, 255, 255, 255)), 0.5)
    data = saved(image, quality=100)
    result = webp.compress(data, LOSSY)
    assert result.lossy
    original, coded = (frames(one)[0] for one in (data, result.data))
    pages = [
        Image.composite(*(Image.fromarray(one).convert("RGB"), grey, Image.fromarray(one[..., 3])))
        for grey in (Image.new("RGB", image.size, (shade,) * 3) for shade in (26, 230))
        for one in (original, coded)
    ]
    dark, dark_coded, light, light_coded = (np.asarray(page) for page in pages)
    scores = Reference(dark).score(dark_coded), Reference(light).score(light_coded)
    assert min(scores) >= 80
    assert max(scores) - min(scores) > 1


@pytest.mark.parametrize("options", [LOSSY, LOSSLESS])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_the_picture_is_turned_as_before(options, orientation):
    """Of the Exif only the orientation stays, and only one that turns."""
    data = saved(gradients((256, 192)), exif=exif_block({0x0112: orientation, 0x010F: CAMERA}))
    kept = webp_file.read(webp.compress(data, options).data).exif
    if orientation == 1:
        assert kept is None
    else:
        assert exif.orientation(kept) == orientation
        assert len(kept) < 40


@pytest.mark.parametrize("options", [LOSSY, LOSSLESS])
def test_a_profile_that_matters_stays(options):
    """Only an sRGB profile is dropped, unless profiles are to be kept."""
    data = saved(gradients(SIZE), icc_profile=exchanged(b"r", b"g"))
    assert webp_file.read(webp.compress(data, options).data).icc == exchanged(b"r", b"g")
    data = saved(gradients(SIZE), icc_profile=SRGB)
    keeping = Options(
        compression_type=options.compression_type, preserve_metas=frozenset({Meta.ICC})
    )
    assert webp_file.read(webp.compress(data, keeping).data).icc == SRGB


def test_xmp_stays_when_it_may_hold_what_is_kept():
    """preserve_metas with copyright keeps XMP."""
    options = Options(preserve_metas=frozenset({Meta.COPYRIGHT}))
    result = webp.compress(saved(gradients(SIZE), xmp=b"<rights/>"), options)
    assert webp_file.read(result.data).xmp == b"<rights/>"


def test_chunks_nobody_knows_stay():
    """A chunk outside the specification may be someone's payload."""
    file = riff.read(saved(gradients(SIZE, "RGBA")))
    data = riff.write([*file, RiffChunk(b"APPD", b"state")])
    kept = riff.read(webp.compress(data, LOSSY).data)
    assert RiffChunk(b"APPD", b"state") in kept


@pytest.mark.slow
@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_resize_fits_the_box(lossless, mode):
    """A resized picture has the size asked for, is coded as before, and shows the same."""
    image = gradients((256, 192), mode)
    data = saved(image, lossless=lossless)
    for compression in (Compression.LOSSY, Compression.LOSSLESS):
        options = Options(
            compression_type=compression, resize=Resize(width=128), effort=Effort.FAST
        )
        result = webp.compress(data, options).data
        assert frames(result).shape == (1, 96, 128, 4)
        assert webp_file.read(result).image.lossless is lossless


def moving(**settings):
    frames = [gradients((96, 64), "RGBA") for _ in range(4)]
    for number, frame in enumerate(frames):
        frame.paste((255, 0, 0, 255), (10 * number, 5, 10 * number + 20, 30))
    return saved(
        frames[0],
        save_all=True,
        append_images=frames[1:],
        duration=[40, 50, 60, 70],
        loop=3,
        background=(1, 2, 3, 4),
        xmp=b"<x/>",
        **settings,
    )


def timing(data):
    file = webp_file.read(data)
    return file.animation, [frame.header[12:15] for frame in file.frames]


@pytest.mark.parametrize("settings", [{"lossless": True, "quality": 0}, {"quality": 98}])
@pytest.mark.parametrize("options", [LOSSY, LOSSLESS, Options(effort=Effort.FAST)])
def test_an_animation_keeps_its_frames_and_times(settings, options):
    """Frames, durations, places, blending, loop and background stay; so do lossless pixels."""
    data = moving(**settings)
    result = webp.compress(data, options)
    assert len(result.data) < len(data)
    before, after = webp_file.read(data), webp_file.read(result.data)
    assert [frame.header for frame in before.frames] == [frame.header for frame in after.frames]
    assert before.animation == after.animation
    assert after.xmp is None
    if not result.lossy:
        assert (frames(data) == frames(result.data)).all()
    for one, other in zip(frames(data), frames(result.data), strict=True):
        assert Reference(one).score(other) >= 75


@pytest.mark.parametrize("settings", [{"lossless": True}, {"quality": 90}])
def test_a_resized_animation_keeps_its_frames_and_times(settings):
    """Resizing composes each frame again, and nothing else changes."""
    data = moving(**settings)
    for compression in (Compression.LOSSY, Compression.LOSSLESS):
        options = Options(compression_type=compression, resize=Resize(height=32))
        result = webp.compress(data, options).data
        assert frames(result).shape == (4, 32, 48, 4)
        assert timing(result) == timing(data)
        for one, other in zip(frames(data), frames(result), strict=True):
            small = np.asarray(
                Image.fromarray(one).convert("RGBa").resize((48, 32)).convert("RGBA")
            )
            assert abs(small[..., 3].astype(int) - other[..., 3]).max() < 90


@pytest.mark.parametrize(
    "data",
    [saved(gradients(SIZE)), saved(gradients(SIZE, "RGBA"), lossless=True), moving(quality=90)],
    ids=["lossy", "lossless", "animation"],
)
def test_lossless_twice_is_once(data):
    """A second lossless pass finds nothing."""
    once = webp.compress(data, LOSSLESS).data
    assert len(webp.compress(once, LOSSLESS).data) >= 0.99 * len(once)


def test_too_many_pixels_are_not_decoded():
    """The size in the header decides."""
    with pytest.raises(TooLarge, match="96 x 64"):
        webp.compress(saved(gradients(SIZE)), Options(max_pixels=1000))
    huge = riff.write([RiffChunk(b"VP8L", bytes.fromhex("2ffebfff0f07101100fd0f4444ff03"))])
    with pytest.raises(TooLarge):
        webp.compress(huge, LOSSY)


def test_padding_after_the_end_goes_and_other_data_makes_us_stop():
    """Zeros after the end are dropped; anything else means that the file is skipped."""
    data = saved(gradients(SIZE))
    assert webp.compress(data + bytes(64), LOSSLESS).data == data
    with pytest.raises(FileSkipped, match="4 bytes after"):
        webp.compress(data + b"PK\3\4", LOSSLESS)


def test_transparency_that_viewers_disagree_on_is_skipped():
    """A header that denies the transparency of its picture."""
    chunks = riff.read(saved(gradients(SIZE, "RGBA")))
    header = RiffChunk(b"VP8X", bytes([chunks[0].data[0] & ~0x10]) + chunks[0].data[1:])
    with pytest.raises(FileSkipped):
        webp.compress(riff.write([header, *chunks[1:]]), LOSSY)


@pytest.mark.parametrize("source", [saved(gradients(SIZE)), moving(quality=50)])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_corrupt(source, share):
    """A truncated file is reported."""
    with pytest.raises(CorruptFile):
        webp.compress(source[: int(len(source) * share)], LOSSY)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_ends_in_a_reason(data):
    """Flipped bytes give a picture or one of our errors, nothing else."""
    source = bytearray(data.draw(st.sampled_from(DAMAGED)))
    for _ in range(data.draw(st.integers(1, 4))):
        source[data.draw(st.integers(0, min(80, len(source) - 1)))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError, FileSkipped):
        webp.compress(bytes(source), Options(max_pixels=100_000, effort=Effort.FAST))


DAMAGED = [
    saved(gradients((32, 32))),
    saved(gradients((32, 32), "RGBA"), exif=exif_block({0x0112: 6, 0x010F: CAMERA})),
    saved(gradients((32, 32), "RGBA"), lossless=True),
    moving(lossless=True),
]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 90), st.integers(1, 40), st.sampled_from([2, 5, 256]))
def test_transparency_is_coded_without_loss(seed, width, height, levels):
    """Every level of every pixel comes back, whatever the size."""
    random = np.random.default_rng(seed)
    image = Image.fromarray(random.integers(0, 256, (height, width, 4)).astype(np.uint8))
    alpha = random.integers(0, levels, (height, width)) * (255 // (levels - 1))
    image.putalpha(Image.fromarray(alpha.astype(np.uint8)))
    stream = coding.lossy(image, 50, Effort.FAST)
    assert (frames(stream.file())[0][..., 3] == alpha).all()
