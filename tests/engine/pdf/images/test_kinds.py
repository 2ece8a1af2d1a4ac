"""What pictures in a PDF show decides what may be lost: codes, text, calibrated colours, photographs."""

import zlib

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageDraw, ImageFont

import profiles
from documents import image_of, saved_as_stored, with_image
from ir_build.engine.pdf import codec as pdf
from ir_build.options import Effort, Options
from pictures import encoded, photo

RNG = np.random.default_rng(11)
PHOTO = photo((400, 400), grid=(12, 12), seed=5, grey=5)
#: modules of a code with its quiet zone
MODULES = np.pad(RNG.integers(0, 2, (33, 33)) * 255, 4, constant_values=255).astype(np.uint8)
SHEET, BEAMER = (595, 842), (453.5, 255.1)


def page_with(pixels, inches, *, page_size=SHEET, jpeg=None, **entries):
    """A page that shows one picture so many inches wide, deflated unless given a JPEG's quality."""
    height, width = pixels.shape[:2]
    if jpeg:
        data, coding = encoded(pixels, "JPEG", quality=jpeg), Name.DCTDecode
    else:
        data, coding = zlib.compress(pixels.tobytes(), 1), Name.FlateDecode
    spaces = {2: Name.DeviceGray, 3: Name.DeviceRGB}
    content = b"q %f 0 0 %f 0 0 cm /I Do Q" % (72 * inches, 72 * inches * height / width)
    entries = {"ColorSpace": spaces[pixels.ndim], "BitsPerComponent": 8} | entries
    return with_image(
        data, page_size=page_size, content=content, filters=coding, Width=width, Height=height, **entries
    )  # fmt: skip


def compressed(document, **options):
    """The result, and the width of its picture."""
    result = pdf.compress(saved_as_stored(document), Options(effort=Effort.FAST, **options))
    return result, int(image_of(result.data).Width)


def bars():
    row = np.repeat(RNG.integers(0, 2, 95) * 255, 8).astype(np.uint8)
    return np.tile(np.pad(row, 40, constant_values=255), (300, 1))


def smooth(pixels, factor=0.66):
    """The same in another size, its edges as soft as a program's scaling leaves them."""
    side = round(pixels.shape[1] * factor), round(pixels.shape[0] * factor)
    return np.asarray(Image.fromarray(pixels).resize(side, Image.Resampling.BILINEAR))


def smallest():
    """The smallest QR code: 21 x 21 modules with three patterns that find it, and four modules around."""
    finder = np.pad(np.pad(np.zeros((3, 3)), 1, constant_values=1), 1)
    modules = RNG.integers(0, 2, (21, 21)).astype(float)
    for corner in ((0, 0), (0, 14), (14, 0)):
        modules[corner[0] :, corner[1] :][:7, :7] = finder
    modules = np.pad(modules, 4, constant_values=1).astype(np.uint8) * np.uint8(255)
    return np.repeat(np.repeat(modules, 20, 0), 20, 1)


CODE = np.repeat(np.repeat(MODULES, 16, 0), 16, 1)
CODES = {
    "rgb": np.dstack([CODE] * 3), "grey": CODE, "brown": np.dstack([CODE, CODE // 2 + 90, CODE // 2 + 60]),
    "soft": smooth(CODE), "small and soft": smooth(CODE, 0.26), "bars": bars(), "soft bars": smooth(bars()),
    "soft, 21 modules": smooth(smallest()),
}  # fmt: skip


@pytest.mark.parametrize("name", CODES)
def test_codes_keep_their_pixels(name):
    """A code of 10 mm, which 150 pixels an inch would make unreadable, is shown from the same samples."""
    pixels = CODES[name]
    result, width = compressed(page_with(pixels, 0.39))
    assert not result.lossy
    assert width == pixels.shape[1]


def test_code_in_a_jpeg():
    """A code that comes as a JPEG is not coded again."""
    document = page_with(CODES["rgb"], 0.39, jpeg=85)
    result, width = compressed(document)
    assert not result.lossy
    assert width == CODES["rgb"].shape[1]


def written(side):
    """A picture of text in two colours, its edges soft."""
    image = Image.new("RGB", (side, side), (250, 250, 252))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=22)
    for row in range(20, side - 30, 34):
        draw.text((20, row), f"{row}: every letter of it is read", fill=(20, 30, 90), font=font)
    return np.asarray(image)


@pytest.mark.parametrize("jpeg", [None, 92])
def test_text_keeps_twice_the_pixels(jpeg):
    """A picture of text keeps the 300 pixels an inch of a fine screen, a photograph 150."""
    assert compressed(page_with(written(900), 2, jpeg=jpeg))[1] == 600
    assert compressed(page_with(PHOTO, 1, jpeg=jpeg))[1] == 150


WHITE = pikepdf.Object.parse(b"[0.9505 1 1.089]")
GREY = PHOTO[..., 1]
CALIBRATED = {
    "CalRGB": (PHOTO, [Name.CalRGB, Dictionary(WhitePoint=WHITE, Gamma=[1, 1, 1])]),
    "CalGray": (GREY, [Name.CalGray, Dictionary(WhitePoint=WHITE, Gamma=1)]),
    "Lab": (PHOTO, [Name.Lab, Dictionary(WhitePoint=WHITE)]),
    "few colours": (PHOTO // 128 * 128, [Name.CalRGB, Dictionary(WhitePoint=WHITE, Gamma=[1, 1, 1])]),
}  # fmt: skip


def unchanged(document, pixels):
    """Whether the samples of the picture are those that were put in, of as many bits."""
    result, _ = compressed(document)
    image = image_of(result.data)
    return not result.lossy and image.read_bytes() == pixels.tobytes()


@pytest.mark.parametrize("name", CALIBRATED)
def test_calibrated_colours_stay_exact(name):
    """Samples that a space of its own gamma explains are no plain RGB: none of them changes."""
    pixels, space = CALIBRATED[name]
    assert unchanged(page_with(pixels, 2, ColorSpace=Array(space)), pixels)


@pytest.mark.parametrize(("pixels", "profile", "exact"), [
    (PHOTO, profiles.linear(), True), (GREY, profiles.grey(1.0), True), (PHOTO, b"none", True),
    (PHOTO, profiles.SRGB, False), (PHOTO, profiles.ADOBE, False), (GREY, profiles.grey(2.2), False),
])  # fmt: skip
def test_profiles(pixels, profile, exact):
    """A profile about as bright as sRGB lets a photograph look the same; with any other it stays."""
    document = page_with(pixels, 2)
    stream = document.make_stream(profile, N=1 if pixels.ndim == 2 else 3)
    document.pages[0].Resources.XObject.I.ColorSpace = Array([Name.ICCBased, stream])
    assert unchanged(document, pixels) is exact


@pytest.mark.parametrize("indirect", [False, True])
def test_device_colours_that_mean_others(indirect):
    """Where a page says that its RGB is a calibrated one, photographs stay exact."""
    document = page_with(PHOTO, 2)
    spaces = Dictionary(DefaultRGB=Array(CALIBRATED["CalRGB"][1]))
    resources = document.pages[0].Resources
    resources.ColorSpace = document.make_indirect(spaces) if indirect else spaces
    assert unchanged(document, PHOTO)


SLIDES = {
    "beamer": (BEAMER, 0), "turned": (BEAMER[::-1], 90), "wide sheet": ((842, 595), 0),
    "card": ((200, 300), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", SLIDES)
def test_slides_fill_a_screen(name):
    """A photograph across a small or wide page keeps 1920 pixels on its longer side, and no more."""
    (width, height), turn = SLIDES[name]
    longer, pixels = max(width, height), photo((2880, 144), grid=(40, 2), seed=6, grey=4)
    if width < height:
        pixels = np.ascontiguousarray(np.swapaxes(pixels, 0, 1))
    document = page_with(pixels, width / 72 if width > height else longer / 72 * 144 / 2880,
                         page_size=(width, height), jpeg=90)  # fmt: skip
    document.pages[0].Rotate = turn
    result, _ = compressed(document)
    image = image_of(result.data)
    assert max(int(image.Width), int(image.Height)) in range(1920, 1930)


def test_slide_of_the_screens_size():
    """A slide that is a JPEG of 1920 pixels keeps them, text and all."""
    pixels = np.asarray(Image.fromarray(written(1080)).resize((1920, 1080)))
    result, width = compressed(page_with(pixels, BEAMER[0] / 72, page_size=BEAMER, jpeg=92))
    assert width == 1920
    assert pikepdf.PdfImage(image_of(result.data)).as_pil_image().size == (1920, 1080)


def test_sheets_are_read_at_their_size():
    """A photograph across a sheet of paper keeps 150 pixels an inch."""
    pixels = photo((1600, 400), grid=(20, 6), seed=7, grey=4)
    assert compressed(page_with(pixels, 6))[1] == 900
