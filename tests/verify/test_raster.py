"""Raster candidates: what is as good as the original passes, and every kind of damage fails."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageOps, PngImagePlugin

from ir_build.candidate import Candidate
from ir_build.errors import CorruptFile, TooLarge
from ir_build.formats import MediaType
from ir_build.options import Compression, Options, Resize
from ir_build.verify import Verdict, verify
from ir_build.verify.decoded import Picture
from pictures import animated, encoded, raw_png
from profiles import SRGB

# What is asked for fits what these pictures, which are noise, are coded at.
LOSSY = Options(quality=60)
LOSSLESS = Options(compression_type=Compression.LOSSLESS)
MEDIA = {
    "JPEG": MediaType.JPEG,
    "PNG": MediaType.PNG,
    "GIF": MediaType.GIF,
    "WEBP": MediaType.WEBP,
    "AVIF": MediaType.AVIF,
}


@cache
def scene(width=240, height=180, seed=1):
    """A picture with soft gradients, texture, sharp edges and strong colours, unlike its turns."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    red = 128 + 100 * np.sin(x / 37 + seed)
    green = 255 * y / height
    blue = 128 + 90 * np.cos((x + 2 * y) / 53)
    noise = rng.normal(0, 6, (height, width, 1))
    pixels = np.clip(np.stack([red, green, blue], -1) + noise, 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 10, height // 8, width // 3, height // 3), fill=(230, 30, 40))
    draw.text((width // 2, height // 2), "The quick brown fox", fill="white")
    draw.ellipse((width // 2, height // 2, width - 9, height - 5), outline="black", width=4)
    return image


def raster_verdict(original, candidate, kind, *, lossy=True, options=LOSSY) -> Verdict:
    return verify(original, Candidate(candidate, lossy=lossy), MEDIA[kind], options)


def assert_same(*args, **kwargs):
    verdict = raster_verdict(*args, **kwargs)
    assert verdict.ok
    assert verdict.detail == ""


def assert_differs(word, *args, **kwargs):
    verdict = raster_verdict(*args, **kwargs)
    assert not verdict.ok
    assert word in verdict.detail


def wide_gamut_profile():
    """An ICC profile with primaries far wider than those of sRGB."""

    def s15(value):
        return struct.pack(">i", round(value * 65536))

    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(map(s15, values))

    tags = {
        b"desc": b"desc\0\0\0\0\0\0\0\x05wide\0" + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        # Adobe RGB (1998), adapted to D50.
        b"rXYZ": xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": xyz(0.14919, 0.06322, 0.74457),
        b"rTRC": b"curv\0\0\0\0\0\0\0\x01\x02\x33",
        b"gTRC": b"curv\0\0\0\0\0\0\0\x01\x02\x33",
        b"bTRC": b"curv\0\0\0\0\0\0\0\x01\x02\x33",
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = bytearray(128)
    head[8:12] = b"\x02\x10\0\0"
    head[12:24] = b"mntrRGB XYZ "
    head[36:40] = b"acsp"
    head[68:80] = s15(0.9642) + s15(1.0) + s15(0.8249)
    head[0:4] = struct.pack(">I", start + len(body))
    return bytes(head) + table + body


def to_srgb(image, profile):
    return ImageCms.profileToProfile(
        image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    )


def with_chunks(png, *chunks):
    """`png` with chunks put behind its header."""
    made = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return png[:33] + made + png[33:]


def with_even_colours(gif):
    """A GIF with the colours of its table a level darker or not."""
    table = bytes(level & 0xFE for level in gif[13:781])
    return gif[:13] + table + gif[781:]


ORIGINALS = {
    "JPEG": encoded(scene(), "JPEG", quality=92),
    "PNG": encoded(scene(), "PNG"),
    "WEBP": encoded(scene(), "WEBP", quality=92),
    "AVIF": encoded(scene(), "AVIF", quality=90, speed=10),
    "GIF": encoded(scene(), "GIF"),
}
GOOD = {
    "JPEG": encoded(scene(), "JPEG", quality=72),
    "PNG": encoded(scene().point(lambda level: level & 0xFC | 2), "PNG"),
    "WEBP": encoded(scene(), "WEBP", quality=72),
    "AVIF": encoded(scene(), "AVIF", quality=65, speed=10),
    "GIF": with_even_colours(encoded(scene(), "GIF")),
}


@pytest.mark.parametrize("kind", ORIGINALS)
def test_good_lossy_candidate_passes(kind):
    """A well made lossy file of any format passes."""
    assert_same(ORIGINALS[kind], GOOD[kind], kind)


DAMAGES = {
    "rotated": lambda image: image.rotate(180),
    "mirrored": ImageOps.mirror,
    "blank": lambda image: Image.new("RGB", image.size, "white"),
    "black": lambda image: Image.new("RGB", image.size),
    "another": lambda image: scene(*image.size, seed=9),
    "inverted": ImageOps.invert,
    "grey": lambda image: ImageOps.grayscale(image).convert("RGB"),
    "tinted": lambda image: Image.blend(image, Image.new("RGB", image.size, "blue"), 0.08),
    "brighter": lambda image: image.point(lambda level: min(255, level + 9)),
    "channels swapped": lambda image: Image.merge("RGB", image.split()[::-1]),
    "lower part lost": lambda image: grey_below(image, 150),
    "a part blacked out": lambda image: black_in(image, (130, 60, 154, 76)),
    "blurred": lambda image: image.reduce(6).resize(image.size),
    "poor": lambda image: Image.open(io.BytesIO(encoded(image, "JPEG", quality=2))),
    "shifted": lambda image: image.transform(
        image.size, Image.Transform.AFFINE, (1, 0, 9, 0, 1, 6)
    ),
}


def grey_below(image, top):
    image = image.copy()
    image.paste((128, 128, 128), (0, top, *image.size))
    return image


def black_in(image, box):
    image = image.copy()
    image.paste((0, 0, 0), box)
    return image


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", ORIGINALS)
def test_damaged_lossy_candidate_fails(kind, damage):
    """A file that shows anything else fails, in any format."""
    options = {"speed": 10} if kind == "AVIF" else {}
    damaged = encoded(DAMAGES[damage](scene()), kind, **options)
    assert not raster_verdict(ORIGINALS[kind], damaged, kind).ok


@pytest.mark.parametrize("kind", ORIGINALS)
@pytest.mark.parametrize("lossy", [True, False])
def test_other_size_fails(kind, lossy):
    """A cropped or enlarged picture fails."""
    for image in (scene().crop((0, 0, 240, 179)), scene().resize((480, 360))):
        assert_differs("pixels", ORIGINALS[kind], encoded(image, kind), kind, lossy=lossy)


@pytest.mark.parametrize("kind", ORIGINALS)
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-20],
        lambda data: b"<!DOCTYPE html><title>503</title>",
        lambda data: b"",
        lambda data: data[:40] + bytes(len(data) - 40),
    ],
)
def test_broken_candidate_fails(kind, damage):
    """A truncated file, an error page, nothing at all: each fails without an error."""
    assert not raster_verdict(ORIGINALS[kind], damage(GOOD[kind]), kind).ok


@pytest.mark.parametrize("kind", ORIGINALS)
def test_broken_original_is_an_error(kind):
    """When the original does not decode there is nothing to compare with."""
    with pytest.raises(CorruptFile):
        raster_verdict(ORIGINALS[kind][:-40], GOOD[kind], kind)


def test_other_type_fails():
    """A PNG answered for a JPEG fails, whatever it shows."""
    assert_differs("jpeg became png", ORIGINALS["JPEG"], ORIGINALS["PNG"], "JPEG")


def test_too_many_pixels_are_not_decoded():
    """`max_pixels` holds for the original as an error and for the candidate as a verdict."""
    few = Options(max_pixels=1000)
    with pytest.raises(TooLarge, match="240 x 180"):
        raster_verdict(ORIGINALS["PNG"], GOOD["PNG"], "PNG", options=few)
    small = encoded(scene(20, 20), "PNG")
    assert not raster_verdict(small, ORIGINALS["PNG"], "PNG", options=few).ok


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA", "RGBA"])
def test_lossless_png_keeps_every_pixel(mode):
    """Any encoding of the same pixels passes, and one changed pixel fails."""
    image = scene(64, 48).convert(mode)
    original = encoded(image, "PNG", compress_level=1)
    assert_same(original, encoded(image, "PNG", optimize=True), "PNG", lossy=False)
    assert_same(original, encoded(image.convert("RGBA"), "PNG"), "PNG", lossy=False)
    pixels = np.array(image.convert("RGBA"))
    pixels[20, 30, 1] ^= 1
    assert_differs("pixels", original, encoded(Image.fromarray(pixels), "PNG"), "PNG", lossy=False)


def test_lossless_option_overrules_a_lossy_candidate():
    """With `compression_type: lossless` a candidate that calls itself lossy must be equal too."""
    assert_differs("pixels", ORIGINALS["JPEG"], GOOD["JPEG"], "JPEG", options=LOSSLESS)


def test_lossless_keeps_colour_under_full_transparency():
    """In a still PNG the colour of clear pixels is data."""
    image = scene(32, 32).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((32, 32)).point(lambda level: level & 0xF0))
    cleaned = np.array(image)
    cleaned[cleaned[..., 3] == 0] = 0
    assert not np.array_equal(cleaned, np.array(image))
    assert_differs(
        "pixels",
        encoded(image, "PNG"),
        encoded(Image.fromarray(cleaned), "PNG"),
        "PNG",
        lossy=False,
    )


@pytest.mark.parametrize(("colour_type", "bands"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_lossless_png_keeps_16_bits(colour_type, bands):
    """The low byte of a 16-bit sample counts in lossless mode, and not in lossy mode."""
    rng = np.random.default_rng(3)
    samples = (rng.integers(0, 2000, (40, 50, bands)) + 20000).astype(np.uint16)
    samples[:20] += 20000
    original = raw_png(samples, colour_type, 16)
    assert_same(original, with_chunks(original, (b"tEXt", b"a\0b")), "PNG", lossy=False)
    changed = samples.copy()
    changed[9, 9, 0] ^= 1
    assert_differs("bits", original, raw_png(changed, colour_type, 16), "PNG", lossy=False)
    assert_same(original, raw_png(changed, colour_type, 16), "PNG")


def test_lossless_png_may_drop_empty_low_bytes():
    """16 bits that say no more than 8 may be stored as 8."""
    image = scene(40, 30)
    original = raw_png(np.array(image).astype(np.uint16) * 257, 2, 16)
    assert_same(original, encoded(image, "PNG"), "PNG", lossy=False)


def test_sixteen_bits_are_rounded():
    """A result that is rounded to 8 bits differs by nothing; one that is cut off is darker."""
    levels = np.linspace(30_000, 52_000, 300).astype(np.uint16)
    samples = np.ascontiguousarray(np.broadcast_to(levels[None, :, None], (240, 300, 3)))
    original = raw_png(samples, 2, 16)
    rounded = ((samples.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    shown = Picture(original, MediaType.PNG, 10**6).frame(0)
    assert np.array_equal(np.asarray(shown), rounded)
    assert_same(original, encoded(Image.fromarray(rounded), "PNG"), "PNG")


def test_every_frame_of_16_bits_counts():
    """Another second frame of an animation fails, at 16 bits a sample too."""
    samples = np.array(scene()).astype(np.uint16) * 257
    first, second, other = (raw_png(one, 2, 16) for one in (samples, samples[::-1], samples))
    original, same, wrong = (animated_16(first, one) for one in (second, second, other))
    assert_same(original, same, "PNG")
    assert not raster_verdict(original, wrong, "PNG").ok


def animated_16(first, second):
    """An animation of two PNG of one size, each of one IDAT chunk."""
    head, tail = first[:33], first[33:-12]
    control = first[16:24] + bytes(8) + struct.pack(">HHBB", 1, 10, 0, 0)
    frame = struct.pack(">I", 2) + second[41:-16]
    return with_chunks(head, (b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", bytes(4) + control)) + (
        tail
        + with_chunks(head, (b"fcTL", struct.pack(">I", 1) + control), (b"fdAT", frame))[33:]
        + first[-12:]
    )


def test_lossy_16_bit_grey_may_become_8():
    """A 16-bit grey picture looks the same at 8 bits."""
    grey = np.array(scene().convert("L"))
    original = raw_png((grey.astype(np.uint16) * 257)[..., None], 0, 16)
    assert_same(original, encoded(Image.fromarray(grey), "PNG"), "PNG")
    inverted = encoded(Image.fromarray(255 - grey), "PNG")
    assert not raster_verdict(original, inverted, "PNG").ok


def test_lossless_jpeg_is_verified_by_its_pixels():
    """The same coefficients in another order of scans pass; a re-encode fails."""
    mozjpeg = pytest.importorskip("mozjpeg_lossless_optimization")
    original = ORIGINALS["JPEG"]
    assert_same(original, mozjpeg.optimize(original), "JPEG", lossy=False)
    assert_differs("pixels", original, GOOD["JPEG"], "JPEG", lossy=False)


def test_turned_jpeg_stays_upright():
    """An orientation tag is kept or baked in; dropping it fails."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = scene(320, 320)
    original = encoded(image, "JPEG", quality=92, exif=exif)
    assert_same(original, encoded(image, "JPEG", quality=75, exif=exif), "JPEG")
    upright = image.transpose(Image.Transpose.ROTATE_270)
    assert_same(original, encoded(upright, "JPEG", quality=85), "JPEG")
    assert not raster_verdict(original, encoded(image, "JPEG", quality=85), "JPEG").ok
    wide = encoded(scene(), "JPEG", exif=exif)
    assert_differs("180 x 240", wide, encoded(scene(), "JPEG"), "JPEG")


@pytest.mark.parametrize("block", [b"MM\0*\0\0\0\xff", b"II*\0\x08\0", b"II*\0\x08\0\0\0\xff\xff"])
def test_damaged_exif_does_not_damage_a_picture(block):
    """Exif that is cut short asks for no orientation, and the picture is compared all the same."""
    image = scene()
    original = encoded(image, "JPEG", quality=92, exif=b"Exif\0\0" + block)
    assert_same(original, encoded(image, "JPEG", quality=85), "JPEG")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("lossy", [True, False])
def test_profile_may_not_be_lost(kind, lossy):
    """A profile that changes colours is kept or, in lossy mode, converted; never just dropped."""
    profile = wide_gamut_profile()
    exact = {"JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"lossless": True}, "AVIF": {"speed": 10}}
    original = encoded(scene(), kind, icc_profile=profile, **exact[kind])
    plain = encoded(scene(), kind, **exact[kind])
    converted = encoded(to_srgb(scene(), profile), kind, **exact[kind])
    assert_differs("profile", original, plain, kind, lossy=lossy)
    assert_differs("profile", plain, original, kind, lossy=lossy)
    assert raster_verdict(original, converted, kind, lossy=lossy).ok is lossy


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_srgb_profile_may_be_dropped(kind):
    """A profile that says sRGB says nothing."""
    exact = {"JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"lossless": True}}
    original = encoded(scene(), kind, icc_profile=SRGB, **exact[kind])
    plain = encoded(scene(), kind, **exact[kind])
    assert_same(original, plain, kind, lossy=False)
    assert_same(original, plain, kind)


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_profile_of_a_clear_picture(mode):
    """Where there is transparency too, a profile is still kept or converted."""
    profile = wide_gamut_profile()
    image = clear_photo()
    stored = image.quantize(250) if mode == "P" else image
    original = encoded(stored, "PNG", icc_profile=profile)
    alpha = image.getchannel("A")
    converted = to_srgb(stored.convert("RGB"), profile)
    converted.putalpha(alpha)
    assert_same(original, encoded(converted, "PNG"), "PNG")
    assert_differs("profile", original, encoded(stored, "PNG"), "PNG")


def test_broken_profile_is_no_profile():
    """What viewers ignore may be dropped."""
    original = encoded(scene(), "PNG", icc_profile=b"not a profile")
    assert_same(original, encoded(scene(), "PNG"), "PNG", lossy=False)
    grey = encoded(scene().convert("L"), "PNG", icc_profile=wide_gamut_profile())
    assert_same(grey, encoded(scene().convert("L"), "PNG"), "PNG", lossy=False)


@pytest.mark.parametrize(
    "chunk",
    [
        (b"gAMA", struct.pack(">I", 100000)),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)),
        (b"cICP", b"\x09\x10\x00\x01"),
    ],
)
def test_png_colour_chunks_may_not_be_lost(chunk):
    """gAMA, cHRM and cICP that are not sRGB's own stay."""
    plain = encoded(scene(), "PNG")
    original = with_chunks(plain, chunk)
    recompressed = with_chunks(encoded(scene(), "PNG", compress_level=9), chunk)
    assert_same(original, recompressed, "PNG", lossy=False)
    for lossy in (True, False):
        assert_differs("colour tags", original, plain, "PNG", lossy=lossy)
        assert_differs("colour tags", plain, original, "PNG", lossy=lossy)


def test_png_chunks_that_say_srgb_may_be_dropped():
    """What is sRGB's alone, or overruled by the sRGB chunk, is sRGB."""
    plain = encoded(scene(), "PNG")
    for chunks in (
        [(b"gAMA", struct.pack(">I", 45455))],
        [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100000))],
        [(b"cICP", b"\x01\x0d\x00\x01"), (b"gAMA", struct.pack(">I", 100000))],
    ):
        assert_same(with_chunks(plain, *chunks), plain, "PNG", lossy=False)


def test_colours_outside_the_palette():
    """Decoders differ in what they show for them, so nothing can stand for such a picture."""
    image = scene().quantize(20)
    whole = encoded(image, "PNG")
    assert_same(whole, encoded(image.convert("RGB"), "PNG"), "PNG", lossy=False)
    at = whole.index(b"PLTE") - 4
    size = int.from_bytes(whole[at : at + 4], "big")
    short = b"PLTE" + whole[at + 8 : at + 8 + size - 3]
    cut = whole[:at] + struct.pack(">I", size - 3) + short + struct.pack(">I", zlib.crc32(short))
    cut += whole[at + 12 + size :]
    with pytest.raises(CorruptFile, match="palette"):
        raster_verdict(
            cut, encoded(Image.open(io.BytesIO(cut)).convert("RGB"), "PNG"), "PNG", lossy=False
        )


@pytest.mark.parametrize("extra", [[], [(b"sRGB", b"\0")]])
def test_srgb_as_gamma_and_primaries(extra):
    """Browsers take the two together for a power: near enough with loss, another picture without."""
    plain = encoded(scene(), "PNG")
    primaries = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    spelled = with_chunks(plain, (b"gAMA", struct.pack(">I", 45455)), (b"cHRM", primaries), *extra)
    assert_same(spelled, spelled, "PNG", lossy=False)
    assert_same(spelled, plain, "PNG")
    assert raster_verdict(spelled, plain, "PNG", lossy=False).ok is bool(extra)
    assert raster_verdict(plain, spelled, "PNG", lossy=False).ok is bool(extra)


def test_avif_colour_tag_may_not_change():
    """An AVIF of another transfer function, such as HDR's, is another picture."""
    original = ORIGINALS["AVIF"]
    place = original.index(b"nclx") + 4
    hdr = original[:place] + b"\0\x09\0\x10" + original[place + 4 :]
    assert_same(hdr, hdr + b"\0\0\0\x08free", "AVIF", lossy=False)
    for lossy in (True, False):
        assert_differs("colour tags", hdr, original, "AVIF", lossy=lossy)
        assert_differs("colour tags", original, hdr, "AVIF", lossy=lossy)


def test_gain_map_may_not_be_lost():
    """A JPEG with a gain map for brighter screens does not become one without."""
    body = b'http://ns.adobe.com/xap/1.0/\0<x hdrgm:Version="1.0"/>'
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    plain = ORIGINALS["JPEG"]
    original = plain[:2] + segment + plain[2:]
    assert_differs("gain map", original, GOOD["JPEG"], "JPEG")
    assert_differs("gain map", original, plain, "JPEG", lossy=False)


def cmyk():
    return scene().convert("CMYK")


def test_cmyk_stays_cmyk_or_looks_the_same():
    """An inverted CMYK JPEG fails; one of lower quality passes."""
    original = encoded(cmyk(), "JPEG", quality=92)
    assert_same(original, encoded(cmyk(), "JPEG", quality=75), "JPEG")
    inverted = Image.merge("CMYK", [ImageOps.invert(band) for band in cmyk().split()])
    assert not raster_verdict(original, encoded(inverted, "JPEG", quality=92), "JPEG").ok
    as_rgb = encoded(cmyk().convert("RGB"), "JPEG", quality=90)
    assert_same(original, as_rgb, "JPEG")
    assert not raster_verdict(original, as_rgb, "JPEG", lossy=False).ok
    assert not raster_verdict(original, encoded(inverted.convert("RGB"), "JPEG"), "JPEG").ok


def clear_photo():
    image = scene().convert("RGBA")
    alpha = Image.new("L", image.size, 255)
    draw = ImageDraw.Draw(alpha)
    draw.ellipse((20, 20, 160, 180), fill=0)
    draw.rectangle((170, 20, 230, 100), fill=120)
    image.putalpha(alpha)
    return image


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_transparency_stays(kind):
    """Transparency is neither lost, nor inverted, nor hardened, nor invented."""
    options = {"PNG": {}, "WEBP": {"quality": 75}, "AVIF": {"quality": 70, "speed": 10}}[kind]
    image = clear_photo()
    best = {"PNG": {}, "WEBP": {"lossless": True}, "AVIF": {"quality": 95, "speed": 10}}[kind]
    original = encoded(image, kind, **best)
    assert_same(original, encoded(image, kind, **options), kind)
    assert_differs("transparency", original, encoded(image.convert("RGB"), kind, **best), kind)
    opaque = encoded(scene(), kind, **best)
    assert_differs("transparent", opaque, original, kind)
    inverted = image.copy()
    inverted.putalpha(ImageOps.invert(image.getchannel("A")))
    assert not raster_verdict(original, encoded(inverted, kind, **best), kind).ok
    hard = image.copy()
    hard.putalpha(image.getchannel("A").point(lambda level: 255 if level > 100 else 0))
    assert not raster_verdict(original, encoded(hard, kind, **best), kind).ok


def test_paletted_transparency_counts():
    """A transparent colour of a palette is transparency too."""
    image = clear_photo()
    palette = image.quantize(200)
    assert_same(encoded(palette.convert("RGBA"), "PNG"), encoded(palette, "PNG"), "PNG")
    flat = encoded(scene().quantize(200), "PNG")
    assert_differs("transparency", encoded(image, "PNG"), flat, "PNG")


def moving_ball():
    """Frames of a ball that moves, and their durations."""
    frames = []
    for step in range(6):
        frame = Image.new("RGB", (120, 80), (250, 250, 240))
        ImageDraw.Draw(frame).ellipse((step * 15, 20, step * 15 + 40, 60), fill=(200, 30, 60))
        frames.append(frame)
    return frames, [100, 50, 70, 200, 100, 40]


def ball_file(kind, frames, durations, loop=0, **options):
    return animated(frames, kind, duration=durations, loop=loop, **options)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("lossy", [True, False])
def test_animation_keeps_frames_and_timing(kind, lossy):
    """Frames, their order, durations and the loop count stay."""
    options = {"lossless": True} if kind == "WEBP" else {}
    frames, durations = moving_ball()
    original = ball_file(kind, frames, durations, **options)
    # As different a file as the same animation allows.
    again = {"GIF": {"optimize": False, "disposal": 1}, "WEBP": {"method": 0}, "PNG": {}}[kind]
    if kind == "PNG":
        again = {"compress_level": 9}
    assert_same(original, ball_file(kind, frames, durations, **options, **again), kind, lossy=lossy)
    fewer = ball_file(kind, frames[:-1], durations[:-1], **options)
    assert_differs("6 frames became 5", original, fewer, kind, lossy=lossy)
    slower = ball_file(kind, frames, [*durations[:-1], 80], **options)
    assert_differs("frame 6: 40 ms became 80 ms", original, slower, kind, lossy=lossy)
    once = ball_file(kind, frames, durations, loop=3, **options)
    assert_differs("loop", original, once, kind, lossy=lossy)
    swapped = [frames[0], frames[2], frames[1], *frames[3:]]
    reordered = ball_file(kind, swapped, durations, **options)
    assert_differs("frame 2", original, reordered, kind, lossy=lossy)
    assert_differs("became 1", original, encoded(frames[0], kind, **options), kind, lossy=lossy)


def test_animation_lossless_keeps_every_pixel():
    """One changed pixel of one frame fails."""
    frames, durations = moving_ball()
    original = ball_file("GIF", frames, durations)
    frames[3].putpixel((5, 5), (0, 0, 0))
    changed = ball_file("GIF", frames, durations)
    assert_differs("frame 4: pixels", original, changed, "GIF", lossy=False)


@pytest.mark.slow
@pytest.mark.parametrize("place", [(0, 0), (200, 150), (400, 298)])
def test_large_gif_keeps_every_pixel(place):
    """Other indices for the same colours pass; one other pixel among an odd number does not."""
    random = np.random.default_rng(5)
    table = random.permutation(1 << 24)[:256]
    colours = (table[:, None] >> np.array([16, 8, 0]) & 255).astype(np.uint8)
    pixels = random.integers(0, 256, (299, 401)).astype(np.uint8)

    def saved(indices, palette):
        image = Image.frombytes("P", (401, 299), indices.tobytes())
        image.putpalette(palette.tobytes())
        return encoded(image, "GIF", optimize=False)

    original = saved(pixels, colours)
    assert_same(original, saved(255 - pixels, colours[::-1]), "GIF", lossy=False)
    column, row = place
    pixels[row, column] ^= 1
    assert_differs("frame 1: pixels", original, saved(pixels, colours), "GIF", lossy=False)


@pytest.mark.parametrize("compression", list(Compression)[:2])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_resize_is_exact(kind, compression):
    """With `resize` the candidate has the fitted size of the shown picture, and still shows it."""
    options = Options(compression_type=compression, resize=Resize(width=160))
    exif = Image.Exif()
    exif[0x0112] = 8
    original = encoded(scene(), kind, exif=exif)
    turned = scene().transpose(Image.Transpose.ROTATE_90)
    small = encoded(turned.resize((160, 213), Image.Resampling.BICUBIC), kind)
    assert_same(original, small, kind, options=options)
    wrong = encoded(turned.resize((160, 214)), kind)
    assert_differs("should become 160 x 213", original, wrong, kind, options=options)
    # What cannot be resized may stay as large as it is.
    assert_same(original, original, kind, options=options)
    other = encoded(scene(160, 213, seed=7), kind)
    assert not raster_verdict(original, other, kind, options=options).ok


def test_resize_leaves_small_pictures_exact():
    """A picture that fits the box already is verified as without `resize`."""
    options = Options(compression_type=Compression.LOSSLESS, resize=Resize(width=999))
    assert_same(ORIGINALS["PNG"], encoded(scene(), "PNG", optimize=True), "PNG", options=options)
    assert not raster_verdict(ORIGINALS["PNG"], GOOD["PNG"], "PNG", options=options).ok


def test_large_text_chunks_do_not_stop_the_verifier():
    """A drawing stored in a text chunk of megabytes is no bomb."""
    text = PngImagePlugin.PngInfo()
    text.add_text("mxfile", "x" * 3_000_000, zip=True)
    original = encoded(scene(), "PNG", pnginfo=text)
    assert_same(original, ORIGINALS["PNG"], "PNG", lossy=False)


def test_tiny_pictures_are_verified():
    """Icons down to one pixel work, and a wrong one fails."""
    for size in ((1, 1), (3, 2), (16, 16), (9, 1)):
        red = encoded(Image.new("RGB", size, (200, 20, 20)), "PNG")
        near = encoded(Image.new("RGB", size, (201, 20, 20)), "PNG")
        blue = encoded(Image.new("RGB", size, (20, 20, 200)), "PNG")
        assert_same(red, near, "PNG")
        assert not raster_verdict(red, near, "PNG", lossy=False).ok
        assert not raster_verdict(red, blue, "PNG").ok


def test_low_quality_that_was_asked_for_passes():
    """A picture of visibly lower quality passes where the options allow it."""
    poor = encoded(scene(), "JPEG", quality=25)
    assert_same(ORIGINALS["JPEG"], poor, "JPEG", options=Options(quality=20))
    assert_differs("looks worse", ORIGINALS["JPEG"], poor, "JPEG", options=Options(quality=60))
