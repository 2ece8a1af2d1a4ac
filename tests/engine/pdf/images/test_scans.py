"""Scanned pages: all of a document alike, at the size they are shown, each at the target."""

import zlib
from io import BytesIO

import numpy as np
import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from documents import saved_as_stored
from ir_build.engine.pdf import codec as pdf
from ir_build.options import Compression, Effort, Options
from ir_build.quality import Reference
from ir_build.quality.ssimulacra2 import of_both
from pictures import encoded

DPI, WIDTH, HEIGHT = 200, 1300, 1700
FAST = Options(effort=Effort.FAST)


def scan(seed, *, colour=False):
    """Text on paper that is not evenly lit, with the noise of a scanner."""
    image = Image.new("L", (WIDTH, HEIGHT), 250)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=30)
    for row in range(100, HEIGHT - 100, 44):
        draw.text(
            (90, row), f"{seed}.{row} The paper of this page is read by light", fill=25, font=font
        )
    image = image.rotate(0.3, Image.Resampling.BICUBIC, fillcolor=250)
    levels = np.asarray(image.filter(ImageFilter.GaussianBlur(0.8)), np.float32)
    levels *= np.linspace(0.97, 0.9, WIDTH, dtype=np.float32)
    if colour:
        levels = levels[..., None] * np.float32([1, 0.97, 0.9])
    noise = np.random.default_rng(seed).standard_normal(levels.shape, np.float32) * 2.5
    return np.clip(levels + noise, 0, 255).astype(np.uint8)


def document(pages, jpeg=None):
    """A sheet of paper for each, which it fills."""
    made = pikepdf.new()
    for pixels in pages:
        page = made.add_blank_page(page_size=(612, 792))
        image = made.make_stream(
            b"", Type=Name.XObject, Subtype=Name.Image, Width=WIDTH, Height=HEIGHT, BitsPerComponent=8,
            ColorSpace=Name.DeviceRGB if pixels.ndim == 3 else Name.DeviceGray,
        )  # fmt: skip
        if jpeg:
            image.write(encoded(pixels, "JPEG", quality=jpeg), filter=Name.DCTDecode)
        else:
            image.write(zlib.compress(pixels.tobytes(), 1), filter=Name.FlateDecode)
        page.Resources = Dictionary(XObject=Dictionary(I=image))
        page.Contents = made.make_stream(b"q 468 0 0 612 72 90 cm /I Do Q")
    return saved_as_stored(made)


def pictures(data):
    """The pictures of the pages, and the bytes of each."""
    with pikepdf.open(BytesIO(data)) as opened:
        images = [page.Resources.XObject.I for page in opened.pages]
        return [(pikepdf.PdfImage(one).as_pil_image(), len(one.read_raw_bytes())) for one in images]


@pytest.mark.slow
@pytest.mark.parametrize(("colour", "jpeg"), [(False, None), (True, 92)])
def test_pages_are_treated_alike(colour, jpeg):
    """Each page of a scan has 150 pixels an inch and looks as good as the others, the last one too."""
    pages = [scan(seed, colour=colour) for seed in range(3)]
    # More pixels than `fast` searches for a quality in.
    result = pdf.compress(document(pages, jpeg), FAST)
    made = pictures(result.data)
    sizes = [size for _, size in made]
    assert max(sizes) < 1.1 * min(sizes)
    for before, (after, _) in zip(pages, made, strict=True):
        assert after.size == (975, 1275)
        wanted = Image.fromarray(before).resize(after.size, Image.Resampling.BILINEAR)
        reference = Reference(np.asarray(wanted.convert("RGB")))
        assert of_both(*reference.scores(np.asarray(after.convert("RGB")))) > 78


@pytest.mark.slow
def test_same_bytes_again():
    """The pages of a scan come out the same every time, though each begins where one ended."""
    data = document([scan(seed) for seed in range(2)], 92)
    first = pdf.compress(data, FAST)
    assert first == pdf.compress(data, FAST)
    assert first.lossy


@pytest.mark.slow
def test_damaged_page_stays():
    """A page that is cut off keeps its bytes; the others are coded all the same."""
    data = document([scan(1), scan(2)], 92)
    with pikepdf.open(BytesIO(data)) as opened:
        image = opened.pages[0].Resources.XObject.I
        cut = image.read_raw_bytes()[:-5000]
        image.write(cut, filter=Name.DCTDecode)
        data = saved_as_stored(opened)
    with pikepdf.open(BytesIO(pdf.compress(data, FAST).data)) as opened:
        first, second = (page.Resources.XObject.I for page in opened.pages)
        assert cut in (
            first.read_raw_bytes(),
            zlib.decompressobj().decompress(first.read_raw_bytes()),
        )
        assert (int(first.Width), int(second.Width)) == (WIDTH, 975)


def test_lossless_scan():
    """Without loss a scan keeps every sample."""
    pixels = scan(3)
    options = Options(compression_type=Compression.LOSSLESS)
    ((picture, _),) = pictures(pdf.compress(document([pixels]), options).data)
    assert np.array_equal(np.asarray(picture), pixels)
