"""Images in a PDF: lossless in a better form, lossy where the eye can't tell."""

import zlib
from functools import partial
from io import BytesIO

import numpy as np
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageDraw

from documents import first_page, image_of, saved_as_stored, with_image
from ir_build.engine.pdf import codec as pdf
from ir_build.engine.pdf.images import lossless, photos
from ir_build.engine.pdf.structure import streams
from ir_build.engine.pdf.structure.streams import Packed, Plain
from ir_build.options import Compression, Options
from ir_build.quality import Reference
from pictures import encoded, photo

LOSSLESS = Options(compression_type=Compression.LOSSLESS)
RNG = np.random.default_rng(7)


PHOTO = photo((256, 192), grid=(8, 8), seed=RNG, grey=6)
FLAT = np.repeat(np.repeat(RNG.choice([0, 80, 160], (12, 16, 3)), 16, 0), 16, 1).astype(np.uint8)


jpeg = partial(encoded, kind="JPEG", quality=95)


#: a page with one image in its lower left corner, of 256 x 192 pixels unless told otherwise
page_with = partial(
    with_image,
    page_size=(612, 792),
    content=b"q 0.9 0.3 0.1 rg 0 0 256 192 re f 256 0 0 192 0 0 cm /I Do Q",
    Width=256,
    Height=192,
    BitsPerComponent=8,
)


def shown(data):
    return first_page(data)[-192:, :256]


def grey(values):
    return values[..., 0].tobytes()


BITS = RNG.integers(0, 2, (192, 32), np.uint8) * 255
CASES = {
    "photo": (PHOTO.tobytes(), {"ColorSpace": Name.DeviceRGB}),
    "drawing": (FLAT.tobytes(), {"ColorSpace": Name.DeviceRGB}),
    "grey": (grey(PHOTO), {"ColorSpace": Name.DeviceGray}),
    "black and white": (grey(FLAT // 160 * 255), {"ColorSpace": Name.DeviceGray}),
    "sixteen greys": (grey(PHOTO // 17 * 17), {"ColorSpace": Name.DeviceGray}),
    "palette": (
        grey(FLAT // 80),
        {"ColorSpace": Array([Name.Indexed, Name.DeviceRGB, 2, String(b"\xff\0\0\0\xff\0\0\0\xff")])},
    ),
    "decode": (
        FLAT.tobytes(),
        {"ColorSpace": Name.DeviceRGB, "Decode": [1, 0, 1, 0, 1, 0]},
    ),
    "colour key": (FLAT.tobytes(), {"ColorSpace": Name.DeviceRGB, "Mask": [0, 10, 0, 255, 0, 255]}),
    "one bit": (BITS.tobytes(), {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 1}),
    "stencil": (BITS.tobytes(), {"ImageMask": True, "BitsPerComponent": 1}),
    "cmyk": (
        np.concatenate([FLAT, FLAT[..., :1]], axis=2).tobytes(), {"ColorSpace": Name.DeviceCMYK},
    ),
    "lab": (
        FLAT.tobytes(),
        {"ColorSpace": Array([Name.Lab, Dictionary(WhitePoint=pikepdf.Object.parse(b"[0.95 1 1.09]"))])},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("deflated", [False, True])
def test_lossless(name, deflated):
    """Whatever its colours, an image is shown pixel for pixel as before, from fewer bytes."""
    data, entries = CASES[name]
    if deflated:
        source = saved_as_stored(
            page_with(zlib.compress(data, 1), filters=Name.FlateDecode, **entries)
        )
    else:
        source = saved_as_stored(page_with(data, **entries))
    result = pdf.compress(source, LOSSLESS)
    assert len(result.data) < len(source)
    assert np.array_equal(shown(result.data), shown(source))
    assert not result.lossy


@pytest.mark.parametrize("name", ["decode", "colour key", "cmyk", "lab", "palette", "stencil"])
def test_special_colours_never_lossy(name):
    """Colours that a JPEG cannot carry are kept exactly in lossy mode too."""
    data, entries = CASES[name]
    source = saved_as_stored(page_with(data, **entries))
    assert np.array_equal(shown(pdf.compress(source, Options()).data), shown(source))


def test_bilevel_polarity():
    """Group 4 keeps black black, where it is chosen."""
    drawing = np.zeros((1600, 200), np.uint8)
    drawing[::7, 20:100] = 255
    drawing[300:, 120:] = 255
    source = saved_as_stored(page_with(
        drawing.tobytes(), Width=1600, Height=1600, BitsPerComponent=1, ColorSpace=Name.DeviceGray
    ))  # fmt: skip
    form = lossless.Shape(1600, 1600, 1, 1, "/DeviceGray", direct=True)
    fax = lossless._group4(drawing.tobytes(), Packed(b""), form)
    changed = pikepdf.open(BytesIO(source))
    streams.replace(changed.pages[0].Resources.XObject.I, fax)
    assert np.array_equal(shown(saved_as_stored(changed)), shown(source))


def test_bilevel_of_any_size(monkeypatch):
    """A large sheet is no bomb: it was decoded within its limits already."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    stripes = np.tile(np.uint8([0, 255, 15]), (192, 11))[:, :32]
    source = saved_as_stored(
        page_with(stripes.tobytes(), ColorSpace=Name.DeviceGray, BitsPerComponent=1)
    )
    assert np.array_equal(shown(pdf.compress(source, LOSSLESS).data), shown(source))


def test_lossy_photo():
    """A photograph stored without loss becomes a JPEG that looks the same."""
    source = saved_as_stored(page_with(PHOTO.tobytes(), ColorSpace=Name.DeviceRGB))
    result = pdf.compress(source, Options())
    assert result.lossy
    assert image_of(result.data).Filter == Name.DCTDecode
    assert len(result.data) < len(pdf.compress(source, LOSSLESS).data) / 2
    assert Reference(shown(source)).score(shown(result.data)) >= 78


def test_lossy_grey():
    """A grey photograph becomes a grey JPEG: its colour space has one component."""
    source = saved_as_stored(page_with(grey(PHOTO), ColorSpace=Name.DeviceGray))
    result = pdf.compress(source, Options())
    assert result.lossy
    with Image.open(BytesIO(image_of(result.data).read_raw_bytes())) as coded:
        assert coded.mode == "L"
    before, after = shown(source).astype(int), shown(result.data).astype(int)
    assert abs(before - after).mean() < 5


def soft_text(width=256, height=192):
    """Lines of text with soft edges."""
    page = Image.new("L", (width * 2, height * 2), 255)
    pen = ImageDraw.Draw(page)
    for line in range(9):
        pen.text((10, 40 * line), f"Line {line}: small letters, {line * 12345}", 0, font_size=28)
    return np.asarray(page.resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("space", [Name.DeviceGray, Name.DeviceRGB])
def test_lossy_drawing(space):
    """A drawing is reduced to a palette, in colours and in grey."""
    pixels = soft_text()
    if space == Name.DeviceRGB:
        pixels = np.stack([pixels, pixels // 2, pixels], 2)
    source = saved_as_stored(page_with(pixels.tobytes(), ColorSpace=space))
    result = pdf.compress(source, Options())
    assert result.lossy
    kept = image_of(result.data).ColorSpace
    assert kept[0] == Name.Indexed
    assert kept[1] == space
    assert len(result.data) < len(pdf.compress(source, LOSSLESS).data) * 0.9
    assert Reference(shown(source)).score(shown(result.data)) >= 78


def test_enlarged_pictures_stay_exact():
    """A page shows what a score at the picture's own size would let pass."""
    made = page_with(PHOTO.tobytes(), ColorSpace=Name.DeviceRGB)
    made.pages[0].MediaBox = Array([0, 0, 1024, 768])
    made.pages[0].Contents = made.make_stream(b"q 1024 0 0 768 0 0 cm /I Do Q")
    for dpi in (0, 150):
        assert not pdf.compress(saved_as_stored(made), Options(pdf_dpi=dpi)).lossy


def test_jpeg_lossless():
    """A JPEG in a PDF is coded better without losing a pixel, and sheds what viewers skip."""
    data = jpeg(PHOTO, comment=b"made by hand" * 50, exif=b"Exif\0\0" + b"x" * 500)
    source = saved_as_stored(page_with(data, filters=Name.DCTDecode, ColorSpace=Name.DeviceRGB))
    result = pdf.compress(source, LOSSLESS)
    coded = image_of(result.data).read_raw_bytes()
    assert len(coded) < len(data) - 1000
    assert b"made by hand" not in coded
    assert np.array_equal(shown(result.data), shown(source))


def test_jpeg_lossy():
    """A fine JPEG is coded again under the target, a coarse one is not."""
    for quality, lossy in ((95, True), (50, False)):
        data = jpeg(PHOTO, quality=quality)
        source = saved_as_stored(page_with(data, filters=Name.DCTDecode, ColorSpace=Name.DeviceRGB))
        assert pdf.compress(source, Options()).lossy is lossy


def test_deflated_jpeg():
    """A JPEG inside deflate loses the needless layer."""
    data = zlib.compress(jpeg(PHOTO))
    filters = Array([Name.FlateDecode, Name.DCTDecode])
    source = saved_as_stored(page_with(data, filters=filters, ColorSpace=Name.DeviceRGB))
    result = pdf.compress(source, LOSSLESS)
    assert image_of(result.data).Filter == Name.DCTDecode
    assert np.array_equal(shown(result.data), shown(source))


def test_cmyk_jpeg_keeps_its_polarity():
    """A CMYK JPEG without Adobe's segment gets none: readers may take it for inverted."""
    data = encoded(Image.fromarray(np.concatenate([PHOTO, PHOTO[..., :1]], axis=2), "CMYK"), "JPEG")
    at = data.index(b"\xff\xee")
    bare = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
    for one in (data, bare):
        source = saved_as_stored(page_with(one, filters=Name.DCTDecode, ColorSpace=Name.DeviceCMYK))
        result = pdf.compress(source, Options())
        coded = streams.unpack(image_of(result.data), 1 << 20).data
        assert (b"Adobe" in coded) is (b"Adobe" in one)
        assert np.array_equal(shown(result.data), shown(source))
        assert not result.lossy


def test_soft_mask_stays_exact():
    """A soft mask is never lossy, and stays in DeviceGray as the standard asks."""
    made = page_with(PHOTO.tobytes(), ColorSpace=Name.DeviceRGB)
    ramp = np.tile(np.arange(256, dtype=np.uint8) // 64 * 85, (192, 1))
    mask = made.make_stream(
        ramp.tobytes(), Type=Name.XObject, Subtype=Name.Image, Width=256, Height=192,
        BitsPerComponent=8, ColorSpace=Name.DeviceGray,
    )  # fmt: skip
    made.pages[0].Resources.XObject.I.SMask = mask
    source = saved_as_stored(made)
    assert np.array_equal(shown(pdf.compress(source, LOSSLESS).data), shown(source))
    result = image_of(pdf.compress(source, Options()).data)
    assert result.SMask.ColorSpace == Name.DeviceGray
    assert result.SMask.BitsPerComponent == 2


def test_broken_jpeg_stays():
    """A JPEG cut short is left to the viewer."""
    data = jpeg(PHOTO)[:-2000]
    source = saved_as_stored(page_with(data, filters=Name.DCTDecode, ColorSpace=Name.DeviceRGB))
    kept = image_of(pdf.compress(source, Options()).data)
    assert streams.unpack(kept, len(data)).data == data


@pytest.mark.parametrize("entries", [
    {"Width": -5}, {"Width": 10**12}, {"BitsPerComponent": 7}, {"ColorSpace": Name.Unknown},
    {"ColorSpace": Array([])}, {"Width": String("x")}, {"Height": 191},
])  # fmt: skip
def test_nonsense_is_left(entries):
    """An image whose dictionary makes no sense keeps its data."""
    source = saved_as_stored(
        page_with(PHOTO.tobytes(), **({"ColorSpace": Name.DeviceRGB} | entries))
    )
    result = pdf.compress(source, Options())
    assert image_of(result.data).read_bytes() == PHOTO.tobytes()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 12), st.sampled_from([1, 2, 4, 8]), st.data())
def test_fewer_bits_keep_samples(width, height, bits, data):
    """Levels that fewer bits can hold are shown as before, whatever the picture's size."""
    levels = st.integers(0, (1 << bits) - 1)
    count = width * height
    values = np.array(data.draw(st.lists(levels, min_size=count, max_size=count)), np.uint8)
    samples = (values * (255 // ((1 << bits) - 1))).tobytes()
    entries = {"Width": width, "Height": height, "ColorSpace": Name.DeviceGray}
    source = saved_as_stored(page_with(samples, **entries))
    picture = pikepdf.PdfImage(image_of(pdf.compress(source, LOSSLESS).data)).as_pil_image()
    assert picture.convert("L").tobytes() == samples


def test_transcoding_refuses_parameters():
    """A JPEG whose colour transform the PDF overrides stays as it is."""
    plain = Plain(jpeg(PHOTO), "/DCTDecode", Dictionary(ColorTransform=0))
    assert photos.transcoded(plain, LOSSLESS) is None
