"""AVIF, lossy: plain stills get smaller, others keep their pixels."""

import contextlib
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ir_build.engine.avif import av1
from ir_build.engine.avif import codec as avif
from ir_build.engine.avif import file as avif_file
from ir_build.engine.shared import colour_profile
from ir_build.errors import CorruptFile, FileSkipped, InputError, TooLarge
from ir_build.options import Compression, Effort, Meta, Options, Resize
from ir_build.quality import Reference
from ir_build.quality.coloured import ColouredPlaces
from pictures import coloured_page, encoded, exif_block, gradients, opened
from profiles import SRGB

LOSSY = Options(effort=Effort.FAST)
SIZE = (192, 128)
LOSSLESS = Options(compression_type=Compression.LOSSLESS, effort=Effort.FAST)


saved = partial(encoded, kind="AVIF", quality=97, speed=8, max_threads=1)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_lossy_reaches_the_score(mode):
    """A plain still is coded again, smaller, at no less than the target."""
    data = saved(gradients(SIZE, mode))
    result = avif.compress(data, LOSSY)
    assert result.lossy
    assert len(result.data) < 0.9 * len(data)
    before, after = opened(data), opened(result.data)
    form = "RGBA" if mode == "RGBA" else "RGB"
    score = Reference(np.asarray(before.convert(form))).score(np.asarray(after.convert(form)))
    assert score >= 80
    assert before.mode == after.mode


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["link", "borders", "asterisks", "dots"])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_what_has_a_colour_keeps_it(kind, subsampling):
    """Saturated letters, lines and dots, by themselves."""
    page, _ = coloured_page(kind)
    data = saved(page, subsampling=subsampling)
    before, after = (np.asarray(opened(one)) for one in (data, avif.compress(data, LOSSY).data))
    assert not ColouredPlaces(before, 80).damage(after)


def test_subsampling_stays():
    """Colours at full resolution stay so."""
    result = avif.compress(saved(gradients(SIZE), subsampling="4:4:4"), LOSSY)
    assert avif._subsampling(avif_file.read(result.data)) == "4:4:4"


def test_dark_greys_do_not_turn_green():
    """Flat brown stays what it was, to a level, however often its file is coded."""
    shades = np.full((128, 192, 3), (36, 33, 28), np.uint8)
    shades[:, 96:] = np.asarray(gradients((96, 128), "RGB"))
    data = saved(Image.fromarray(shades).convert("RGBA"), subsampling="4:4:4", quality=99)
    result = avif.compress(data, LOSSY)
    assert result.lossy
    brown = np.asarray(opened(result.data).convert("RGB"))[16:-16, 16:80].reshape(-1, 3)
    assert np.abs(brown.mean(0) - (36, 33, 28)).max() < 1


def test_what_saves_too_little_is_given_back():
    """A file that is small already is returned as it is."""
    data = saved(gradients(SIZE), quality=40)
    assert avif.compress(data, LOSSY).data == data


def test_square_pixels_are_plain_and_others_are_not():
    """A `pasp` of 1:1 says what is so without it."""
    data = saved(gradients(SIZE)).replace(
        b"\0\0\0\x10pixi\0\0\0\0\3\x08\x08\x08", b"\0\0\0\x10pasp%b"
    )
    square, wide = (data.replace(b"%b", b"\0\0\0\2" + b"\0\0\0" + end) for end in (b"\2", b"\3"))
    assert avif.compress(square, LOSSY).lossy
    with pytest.raises(FileSkipped, match="properties"):
        avif.compress(wide, LOSSY)


def test_colours_of_the_coded_picture_count_where_the_file_tells_none():
    """Without `colr` viewers go by the sequence header: HDR there is HDR."""
    # The last of the four properties of the picture is no longer its own.
    data = saved(gradients(SIZE)).replace(b"\4\1\2\x83\4", b"\4\1\2\x83\0")
    assert avif.compress(data, LOSSY).lossy
    read = avif_file.read(data)
    start = read.extents[1][0].start
    header = data[start : start + 16]
    for bit in range(96):
        changed = bytearray(header)
        changed[bit // 8] ^= 128 >> bit % 8
        if av1.sequence(bytes(changed)) == av1.Sequence(1, 12, 6, full_range=True):
            break
    with pytest.raises(FileSkipped, match="1/12"):
        avif.compress(data.replace(header, bytes(changed)), LOSSY)


def test_transparency_is_good_enough_where_it_is_stretched():
    """Some builds of Chromium show levels of 16 to 235 as all there are."""
    image = gradients(SIZE, "RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda v: 128 + v // 2))
    data = saved(image)
    shown = []
    for one in (data, avif.compress(data, LOSSY).data):
        decoded = opened(one).convert("RGBA")
        stretched = np.clip((np.asarray(decoded)[..., 3].astype(float) - 16) * 255 / 219, 0, 255)
        decoded.putalpha(Image.fromarray(stretched.round().astype(np.uint8)))
        shown.append(np.asarray(decoded))
    assert Reference(shown[0]).score(shown[1]) >= 80


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_is_turned_as_before(orientation):
    """Rotation and mirroring stay, other Exif goes."""
    result = avif.compress(
        saved(gradients(SIZE), exif=exif_block({0x0112: orientation, 0x010F: "A camera"})), LOSSY
    )
    assert result.lossy
    kept = opened(result.data).getexif()
    assert kept.get(0x0112, 1) == orientation
    assert 0x010F not in kept


def test_a_profile_that_matters_stays():
    """Only an sRGB profile is dropped, unless profiles are to be kept."""
    data = bytearray(SRGB)
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    foreign = bytes(data)
    result = avif.compress(saved(gradients(SIZE), icc_profile=foreign), LOSSY)
    assert opened(result.data).info["icc_profile"] == foreign
    result = avif.compress(saved(gradients(SIZE), icc_profile=SRGB), LOSSY)
    assert "icc_profile" not in opened(result.data).info
    keeping = Options(effort=Effort.FAST, preserve_metas=frozenset({Meta.ICC}))
    result = avif.compress(saved(gradients(SIZE), icc_profile=SRGB), keeping)
    assert opened(result.data).info["icc_profile"] == SRGB


def test_scores_are_of_colours_as_they_are_shown():
    """Where a profile makes a picture's colours others, those are what must score enough."""
    data = bytearray(SRGB)
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    profile = bytes(data)
    source = saved(gradients(SIZE), icc_profile=profile)
    result = avif.compress(source, LOSSY).data
    stored = [np.asarray(opened(one)) for one in (source, result)]
    shown = [np.asarray(colour_profile.to_srgb(opened(one), profile)) for one in (source, result)]
    assert 80 <= Reference(shown[0]).score(shown[1]) < 83
    assert Reference(shown[0]).score(shown[1]) < Reference(stored[0]).score(stored[1])


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("options", [LOSSY, LOSSLESS])
def test_resize_fits_the_box_as_it_is_shown(orientation, options):
    """The box holds the picture the way a viewer turns it, in lossless mode too."""
    fitting = Options(
        compression_type=options.compression_type, effort=Effort.FAST, resize=Resize(width=64)
    )
    data = saved(gradients((192, 128)), exif=exif_block({0x0112: orientation, 0x010F: "A camera"}))
    size = opened(avif.compress(data, fitting).data).size
    assert size == ((64, 43) if orientation == 1 else (96, 64))


def test_a_sequence_is_skipped():
    """More than one frame."""
    frames = [gradients((96, 96)), gradients((96, 96)).rotate(90)]
    data = saved(frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(FileSkipped, match="sequence"):
        avif.compress(data, LOSSY)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"MA1B", b"tmap", "gain map"),
        (b"av01", b"grid", "parts"),
        (b"av01", b"sato", "parts"),
        (b"pixi", b"clap", "properties"),
        (b"nclx\0\x01\0\x0d", b"nclx\0\x09\0\x10", "9/16"),
        (b"nclx\0\x01\0\x0d", b"nclx\0\x0c\0\x0d", "12/13"),
    ],
)
def test_other_kinds_are_skipped(old, new, reason):
    """Gain maps, grids, derived pictures, crops, HDR and wide gamut are skipped."""
    data = saved(gradients(SIZE), subsampling="4:2:0")
    assert old in data
    with pytest.raises(FileSkipped, match=reason):
        avif.compress(data.replace(old, new), LOSSY)


def test_more_than_8_bits_are_skipped():
    """The configuration of the codec says how deep the picture is."""
    data = saved(gradients(SIZE), subsampling="4:2:0")
    at = data.index(b"av1C") + 6
    deep = data[:at] + bytes([data[at] | 0x40]) + data[at + 1 :]
    with pytest.raises(FileSkipped, match="8 bits"):
        avif.compress(deep, LOSSY)


def test_too_many_pixels_are_not_decoded():
    """The size in the header decides."""
    with pytest.raises(TooLarge, match="192 x 128"):
        avif.compress(saved(gradients(SIZE)), Options(max_pixels=1000))


@pytest.mark.parametrize("share", [0, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_corrupt(share):
    """A truncated file is reported."""
    data = saved(gradients(SIZE))
    with pytest.raises(CorruptFile):
        avif.compress(data[: int(len(data) * share)], LOSSY)


DAMAGED = saved(
    gradients((64, 64), "RGBA"), exif=exif_block({0x0112: 6, 0x010F: "A camera"}), quality=60
)


@pytest.mark.slow
@settings(max_examples=75, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DAMAGED) - 1), st.integers(0, 255)), max_size=4))
def test_damage_ends_in_a_reason(changes):
    """Changed bytes give a picture or one of our errors, nothing else."""
    data = bytearray(DAMAGED)
    for at, value in changes:
        data[at] = value
    with contextlib.suppress(InputError, FileSkipped):
        avif.compress(bytes(data), Options(max_pixels=100_000, effort=Effort.FAST))
