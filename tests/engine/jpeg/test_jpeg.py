"""JPEG: no pixel is lost without leave, and what is lost cannot be seen."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from ir_build.engine.jpeg import codec as jpeg
from ir_build.engine.jpeg import file as jpeg_file
from ir_build.engine.jpeg import lossy
from ir_build.engine.shared import colour_profile, exif
from ir_build.errors import CorruptFile, FileSkipped, TooLarge
from ir_build.options import Compression, Meta, Options, Resize
from ir_build.quality import Reference
from pictures import encoded, opened, photo
from profiles import SRGB, exchanged

LOSSLESS = Options(compression_type=Compression.LOSSLESS)


def camera(size=(320, 240), grain=4):
    """A photo with a shape for every 40 pixels."""
    width, height = size
    grid = (height // 40 + 2, width // 40 + 2)
    return Image.fromarray(photo(size, grid=grid, seed=1, colour=grain))


PHOTO = camera()


def saved(image=PHOTO, **options):
    return encoded(image, "jpeg", **({"quality": 92} | options))


def linear_profile():
    """sRGB with straight curves: what is stored is shown brighter and flatter."""
    profile = bytearray(SRGB)
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + b"\x01\0"
    at = len(profile)
    tags = int.from_bytes(profile[128:132], "big")
    for place in range(132, 132 + 12 * tags, 12):
        if bytes(profile[place : place + 4]) in (b"rTRC", b"gTRC", b"bTRC"):
            profile[place + 4 : place + 12] = at.to_bytes(4, "big") + len(curve).to_bytes(4, "big")
    profile += curve + bytes(2)
    profile[:4] = len(profile).to_bytes(4, "big")
    return bytes(profile)


def camera_exif(orientation=1):
    """An Exif block with a bit of everything."""
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010F] = "A camera"
    made[0x0132] = "2026:01:02 03:04:05"
    made[0x8298] = "Somebody"
    made.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    made.get_ifd(0x8825)[1] = "N"
    return made.tobytes()


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}, {"subsampling": 0}]
)
def test_lossless_keeps_every_pixel(options):
    """A transcode decodes to the very same pixels, and is smaller."""
    data = saved(**options)
    candidate = jpeg.compress(data, LOSSLESS)
    assert not candidate.lossy
    assert len(candidate.data) < len(data)
    assert opened(candidate.data).tobytes() == opened(data).tobytes()


def test_what_mozjpeg_has_coded_is_recognised():
    """Its scans tell; those of other encoders, and metadata that is worth the trouble, do not."""
    usual = saved(progressive=True)
    done = jpeg.compress(usual, LOSSLESS).data
    assert len(done) < 0.99 * len(usual)
    assert [jpeg_file.parse(one).is_well_coded for one in (saved(), usual, done)] == [
        False,
        False,
        True,
    ]
    assert jpeg.compress(done, LOSSLESS).data == done
    bloated = done[:2] + jpeg_file.Segment(0xFE, bytes(len(done))).encode() + done[2:]
    assert jpeg.compress(bloated, LOSSLESS).data == done


def test_inverted_cmyk_and_ycck_stay_whole():
    """What Adobe's marker says about the colours is kept with them."""
    data = saved(PHOTO.convert("CMYK"))
    at = data.index(b"Adobe") + 11
    for transform in (0, 2):
        coded = data[:at] + bytes([transform]) + data[at + 1 :]
        candidate = jpeg.compress(coded, Options())
        assert not candidate.lossy
        assert len(candidate.data) < len(coded)
        assert opened(candidate.data).tobytes() == opened(coded).tobytes()
        assert opened(candidate.data).info["adobe_transform"] == transform


def test_a_picture_coded_as_rgb_keeps_its_colours():
    """Some editors store RGB; only Adobe's marker tells."""
    data = saved(keep_rgb=True, quality=96)
    for kind in (Compression.LOSSY, Compression.LOSSLESS):
        result = jpeg.compress(data, Options(compression_type=kind)).data
        difference = np.asarray(opened(result), np.int16) - np.asarray(opened(data), np.int16)
        assert len(result) < len(data)
        assert np.abs(difference).mean() < (4 if kind is Compression.LOSSY else 1e-9)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colour_modes_stay_what_they_are(mode):
    """Grey stays grey; CMYK is transcoded only, whatever is asked for."""
    data = saved(PHOTO.convert(mode))
    candidate = jpeg.compress(data, Options())
    assert opened(candidate.data).mode == mode
    if mode == "CMYK":
        assert not candidate.lossy
        assert opened(candidate.data).tobytes() == opened(data).tobytes()


@pytest.mark.parametrize("target", [70.0, 80.0, 90.0])
def test_lossy_reaches_its_target_and_not_much_more(target):
    """The score of the result is the target or a little above it."""
    data = saved(camera(grain=8), quality=97)
    candidate = jpeg.compress(data, Options(quality=target))
    assert candidate.lossy
    reference = Reference(np.asarray(opened(data)))
    score = reference.score(np.asarray(opened(candidate.data)))
    assert target <= score < target + 3


def test_lossy_is_lossless_where_the_loss_would_not_pay():
    """A picture that is coarse already is transcoded only."""
    data = saved(quality=20)
    candidate = jpeg.compress(data, Options(quality=90))
    assert not candidate.lossy
    assert opened(candidate.data).tobytes() == opened(data).tobytes()


@pytest.mark.parametrize("kind", list(Compression)[:2])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_survives(kind, orientation):
    """However a camera was held, the picture is shown upright."""
    data = saved(camera((96, 80)), exif=camera_exif(orientation))
    candidate = jpeg.compress(data, Options(compression_type=kind))
    before, after = (ImageOps.exif_transpose(opened(one)) for one in (data, candidate.data))
    assert before.size == after.size
    difference = np.asarray(before, np.int16) - np.asarray(after, np.int16)
    assert np.abs(difference).mean() < 12
    assert any("Exif" in note for note in candidate.notes)
    assert b"Somebody" not in candidate.data
    assert b"A camera" not in candidate.data


def test_a_profile_that_matters_is_kept_and_srgb_is_not():
    """Colours look the same: only a profile that says what is assumed anyway goes."""
    data = saved(icc_profile=exchanged())
    for kind in (Compression.LOSSY, Compression.LOSSLESS):
        result = jpeg.compress(data, Options(compression_type=kind)).data
        assert opened(result).info["icc_profile"] == exchanged()
    candidate = jpeg.compress(saved(icc_profile=SRGB), LOSSLESS)
    assert "icc_profile" not in opened(candidate.data).info
    assert candidate.notes == ("stripped sRGB profile",)
    asked = Options(compression_type=Compression.LOSSLESS, preserve_metas=frozenset({Meta.ICC}))
    assert opened(jpeg.compress(saved(icc_profile=SRGB), asked).data).info["icc_profile"] == SRGB


def test_scores_are_of_colours_as_they_are_shown():
    """Where a profile shows a picture brighter and flatter, that is what must score enough."""
    profile = linear_profile()
    data = saved(camera(grain=8), quality=97, icc_profile=profile)
    result = jpeg.compress(data, Options()).data
    stored = [np.asarray(opened(one)) for one in (data, result)]
    shown = [np.asarray(colour_profile.to_srgb(opened(one), profile)) for one in (data, result)]
    assert 80 <= Reference(shown[0]).score(shown[1]) < 83
    assert not 80 <= Reference(stored[0]).score(stored[1]) < 83


def test_thumbnails_and_xmp_go():
    """The report names what was stripped; a preview is a picture nobody asked to keep."""
    preview = saved(camera((64, 48)))
    exif_block = (
        b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\x0e\0\x02"
        b"\x02\x01\0\x04\0\0\0\x01\0\0\0\x2c"
        b"\x02\x02\0\x04\0\0\0\x01" + len(preview).to_bytes(4, "big") + bytes(4) + preview
    )
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    data = saved()
    data = data[:2] + segment(0xE1, exif_block) + segment(0xE1, xmp) + data[2:]
    candidate = jpeg.compress(data, LOSSLESS)
    assert candidate.notes == ("stripped Exif, XMP",)
    assert len(candidate.data) < len(data) - len(preview)
    assert opened(candidate.data).tobytes() == opened(data).tobytes()


@pytest.mark.parametrize("meta", [Meta.DATETIME, Meta.COPYRIGHT, Meta.LOCATION])
def test_metadata_is_kept_when_asked_for(meta):
    """Each kind of metadata is kept by its name, and nothing else with it."""
    data = saved(exif=camera_exif())
    asked = Options(compression_type=Compression.LOSSLESS, preserve_metas=frozenset({meta}))
    kept = opened(jpeg.compress(data, asked).data).getexif()
    assert (0x0132 in kept, 0x9003 in kept.get_ifd(0x8769)) == (meta is Meta.DATETIME,) * 2
    assert (0x8298 in kept) is (meta is Meta.COPYRIGHT)
    assert bool(kept.get_ifd(0x8825)) is (meta is Meta.LOCATION)
    assert 0x010F not in kept


def segment(marker, data):
    return bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2, "big") + data


SPECIAL = {
    "after the picture": lambda data: data + b"MotionPhoto" * 10,
    "MPO": lambda data: data[:2] + segment(0xE2, b"MPF\0" + bytes(20)) + data[2:],
    "gain map": lambda data: (
        data[:2]
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x hdrgm:Version='1.0'/>")
        + data[2:]
    ),
    "12 bits": lambda data: data.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"),
    "arithmetic": lambda data: data.replace(b"\xff\xc0\x00\x11", b"\xff\xc9\x00\x11"),
}


@pytest.mark.parametrize("hint", SPECIAL)
def test_special_files_are_skipped(hint):
    """Motion photos, gain maps and rare codings are recognised and skipped."""
    with pytest.raises(FileSkipped, match=hint):
        jpeg.compress(SPECIAL[hint](saved()), LOSSLESS)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_corrupt(share):
    """A file that ends too early is not repaired in silence."""
    data = saved()
    with pytest.raises(CorruptFile):
        jpeg.compress(data[: int(len(data) * share)], Options())


@pytest.mark.parametrize("kind", list(Compression)[:2])
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_a_damaged_scan_is_corrupt(share, kind):
    """A marker where there can be none is damage, even where a tolerant decoder shows something."""
    data = saved()
    at = int(len(data) * share)
    with pytest.raises(CorruptFile, match="damaged"):
        jpeg.compress(data[:at] + b"\xff\xd5" + data[at + 2 :], Options(compression_type=kind))


def test_padding_at_the_end_is_no_damage():
    """Some cameras pad the coded picture; every pixel stays."""
    data = saved()
    padded = data[:-2] + bytes(7) + data[-2:]
    candidate = jpeg.compress(padded, LOSSLESS)
    assert len(candidate.data) < len(data)
    assert opened(candidate.data).tobytes() == opened(data).tobytes()


def test_a_table_for_numbers_too_large_is_damaged():
    """What would make the transcoder end the process is found before it is called."""
    data = saved()
    at = data.index(b"\xff\xc4") + 5 + 16
    with pytest.raises(CorruptFile, match="table"):
        jpeg.compress(data[:at] + b"\x0f" + data[at + 1 :], LOSSLESS)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_large_pictures_reach_the_target_too(mode, monkeypatch):
    """The search that begins with a sample ends with a score of the whole."""
    monkeypatch.setattr(lossy, "_LARGE", 200_000)
    monkeypatch.setattr(lossy, "_SAMPLE", (60_000, 60_000))
    data = saved(camera((900, 600)).convert(mode), quality=97)
    candidate = jpeg.compress(data, Options())
    assert candidate.lossy
    before, after = (np.asarray(opened(one).convert("RGB")) for one in (data, candidate.data))
    assert 80 <= Reference(before).score(after) < 83


def test_too_many_pixels_are_not_decoded():
    """The limit is checked by the header."""
    with pytest.raises(TooLarge, match="320 x 240"):
        jpeg.compress(saved(), Options(max_pixels=1000))


@pytest.mark.parametrize("kind", list(Compression)[:2])
def test_resizing_fits_the_picture_as_it_is_shown(kind):
    """The box is for the upright picture; nothing is enlarged."""
    data = saved(exif=camera_exif(6))
    options = Options(compression_type=kind, resize=Resize(width=120))
    shown = ImageOps.exif_transpose(opened(jpeg.compress(data, options).data))
    assert shown.size == (120, 160)
    bigger = Options(compression_type=kind, resize=Resize(width=5000))
    assert opened(jpeg.compress(data, bigger).data).size == (320, 240)


def test_twice_is_once():
    """Lossless is a fixed point, and a second run gains nothing."""
    once = jpeg.compress(saved(), LOSSLESS).data
    twice = jpeg.compress(once, LOSSLESS).data
    assert len(twice) >= 0.99 * len(once)


def test_the_same_bytes_every_time():
    """The result depends on nothing but the input and the options."""
    data = saved()
    assert jpeg.compress(data, Options()) == jpeg.compress(data, Options())


def test_a_profile_in_several_segments_is_put_together():
    """Long profiles are split; a missing part makes the profile unusable, not the picture."""
    long = exchanged() + bytes(100_000)
    data = saved(icc_profile=long)
    assert jpeg_file.profile(jpeg_file.parse(data).segments) == long
    result = jpeg.compress(data, LOSSLESS).data
    assert jpeg_file.profile(jpeg_file.parse(result).segments) == long


@pytest.mark.parametrize(
    "damage", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff" + bytes(40)]
)
def test_damaged_exif_counts_as_none(damage):
    """Rubbish in a block is dropped with it."""
    assert exif.orientation(damage) == 1
    assert exif.keep(damage, frozenset(Meta)) is None


def test_damaged_profiles_count_as_ones_that_matter():
    """What cannot be understood is kept."""
    for damaged in (b"", b"x" * 200, SRGB[:100], bytes(len(SRGB))):
        assert not colour_profile.is_srgb(damaged)
    assert colour_profile.is_srgb(SRGB)
    assert not colour_profile.is_srgb(exchanged())
