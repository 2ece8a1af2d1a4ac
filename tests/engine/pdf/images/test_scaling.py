"""Images in a PDF at the size they are shown: followed through whatever draws them."""

import zlib
from io import BytesIO

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

from documents import first_page, saved_as_stored
from ir_build import verify
from ir_build.engine.pdf import codec as pdf
from ir_build.formats import MediaType
from ir_build.options import Compression, Effort, Options
from ir_build.quality import Reference
from pictures import encoded, photo

RNG = np.random.default_rng(5)
SIDE = 600
FAST = Options(effort=Effort.FAST)


PHOTO = photo((SIDE, SIDE), grid=(12, 12), seed=3, grey=5)


def image(made, pixels=PHOTO, **entries):
    kinds = {2: Name.DeviceGray, 3: Name.DeviceRGB}
    entries = {"ColorSpace": kinds[pixels.ndim], "BitsPerComponent": 8} | entries
    stream = made.make_stream(
        b"", Type=Name.XObject, Subtype=Name.Image, Width=pixels.shape[1], Height=pixels.shape[0],
        **entries,
    )  # fmt: skip
    stream.write(zlib.compress(pixels.tobytes(), 1), filter=Name.FlateDecode)
    return stream


def blank():
    """A page as large as a sheet, so that sizes are taken as they are."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(576, 720))
    return made


def direct(made, stream, inches=1.0):
    page = made.pages[0]
    page.Resources = Dictionary(XObject=Dictionary(I=stream))
    page.Contents = made.make_stream(b"q %f 0 0 %f 20 20 cm /I Do Q" % (72 * inches, 72 * inches))


def inherited(made, stream):
    """The page has its resources from the root of the page tree."""
    direct(made, stream)
    made.Root.Pages.Resources = made.pages[0].Resources
    del made.pages[0].obj.Resources


def form(made, content, matrix=None, **resources):
    entries = {"Matrix": matrix} if matrix else {}
    return made.make_stream(
        content, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 1000, 1000],
        Resources=Dictionary(**resources), **entries,
    )  # fmt: skip


def in_forms(made, stream):
    inner = form(made, b"q 10 0 0 10 0 0 cm /I Do Q", XObject=Dictionary(I=stream))
    outer = form(
        made, b"q 3.6 0 0 3.6 0 0 cm /F Do Q", [2, 0, 0, 2, 0, 0], XObject=Dictionary(F=inner)
    )
    page = made.pages[0]
    page.Resources = Dictionary(XObject=Dictionary(G=outer))
    page.Contents = made.make_stream(b"q /G Do Q")


def in_a_pattern(made, stream):
    pattern = made.make_stream(
        b"q 72 0 0 72 0 0 cm /I Do Q", Type=Name.Pattern, PatternType=1, PaintType=1, TilingType=1,
        BBox=[0, 0, 72, 72], XStep=72, YStep=72, Resources=Dictionary(XObject=Dictionary(I=stream)),
    )  # fmt: skip
    page = made.pages[0]
    page.Resources = Dictionary(Pattern=Dictionary(P=pattern))
    page.Contents = made.make_stream(b"/Pattern cs /P scn 0 0 200 200 re f")


def in_a_note(made, stream):
    look = form(made, b"q 500 0 0 500 0 0 cm /I Do Q", XObject=Dictionary(I=stream))
    look.BBox = Array([0, 0, 500, 500])
    note = Dictionary(
        Type=Name.Annot, Subtype=Name.Stamp, Rect=[50, 50, 122, 122], F=4, AP=Dictionary(N=look)
    )
    made.pages[0].Annots = Array([made.make_indirect(note)])


def in_a_mask(made, stream):
    """The group of a soft mask draws it; a drawing under the mask shows it."""
    group = form(made, b"q 72 0 0 72 20 20 cm /I Do Q", XObject=Dictionary(I=stream))
    group.Group = Dictionary(S=Name.Transparency, CS=Name.DeviceRGB)
    state = Dictionary(SMask=Dictionary(S=Name.Luminosity, G=group))
    page = made.pages[0]
    page.Resources = Dictionary(ExtGState=Dictionary(S=state))
    page.Contents = made.make_stream(b"q /S gs 0.8 0.1 0.2 rg 0 0 300 300 re f Q")


WAYS = {
    "page": direct, "inherited": inherited, "forms": in_forms, "pattern": in_a_pattern, "annotation": in_a_note,
    "mask": in_a_mask,
}  # fmt: skip


def images_of(data):
    made = pikepdf.open(BytesIO(data))
    found = [
        one
        for one in made.objects
        if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == Name.Image
    ]
    return made, sorted(found, key=lambda one: -one.Width)


def widths(data):
    made, found = images_of(data)
    sizes = [int(one.Width) for one in found]
    made.close()
    return sizes


@pytest.mark.parametrize("way", WAYS)
def test_scaled_to_the_size_shown(way):
    """An inch of picture keeps 150 pixels, however it comes to be drawn, and looks the same."""
    made = blank()
    WAYS[way](made, image(made))
    source = saved_as_stored(made)
    result = pdf.compress(source, FAST)
    assert result.lossy
    assert widths(result.data) == [150]
    assert Reference(first_page(source)).score(first_page(result.data)) > 75
    assert widths(
        pdf.compress(
            source, Options(compression_type=Compression.LOSSLESS, effort=Effort.FAST)
        ).data
    ) == [SIDE]


@pytest.mark.parametrize(("dpi", "width"), [(72, 72), (300, 300), (550, SIDE), (None, SIDE)])
def test_dpi(dpi, width):
    """`pdf_dpi` says how many pixels stay; nothing is enlarged, or scaled by a little."""
    made = blank()
    direct(made, image(made))
    assert widths(
        pdf.compress(saved_as_stored(made), Options(pdf_dpi=dpi, effort=Effort.FAST)).data
    ) == [width]


def test_the_largest_size_counts():
    """An image shown twice keeps the pixels that the larger one needs."""
    made = blank()
    direct(made, image(made))
    made.pages[0].contents_add(b"q 144 0 0 144 200 200 cm /I Do Q")
    assert widths(pdf.compress(saved_as_stored(made), FAST).data) == [300]


def test_small_pages_fill_the_screen():
    """On a page of two inches a picture keeps more: nobody reads it at that size."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(144, 144))
    direct(made, image(made))
    assert widths(pdf.compress(saved_as_stored(made), FAST).data) == [SIDE]


def test_glyphs_are_of_any_size():
    """A picture in a Type 3 font keeps its pixels: text may be set in any size."""
    made = blank()
    stream = image(made)
    glyph = made.make_stream(b"1000 0 d0 q 1000 0 0 1000 0 0 cm /I Do Q")
    font = made.make_indirect(Dictionary(
        Type=Name.Font, Subtype=Name.Type3, FontBBox=[0, 0, 1000, 1000], FirstChar=65, LastChar=65,
        FontMatrix=pikepdf.Object.parse(b"[0.001 0 0 0.001 0 0]"), Widths=[1000],
        CharProcs=Dictionary(a=glyph), Encoding=Dictionary(Differences=[65, Name.a]),
        Resources=Dictionary(XObject=Dictionary(I=stream)),
    ))  # fmt: skip
    made.pages[0].Resources = Dictionary(Font=Dictionary(F=font))
    made.pages[0].Contents = made.make_stream(b"BT /F 72 Tf 20 20 Td (A) Tj ET")
    assert widths(pdf.compress(saved_as_stored(made), FAST).data) == [SIDE]


def test_soft_mask_is_scaled_with_its_image():
    """Image and soft mask come down together, and blend as before."""
    made = blank()
    ramp = np.tile(np.linspace(0, 255, SIDE).astype(np.uint8), (SIDE, 1))
    direct(made, image(made, SMask=image(made, ramp)))
    source = saved_as_stored(made)
    result = pdf.compress(source, FAST).data
    assert widths(result) == [150, 150]
    assert Reference(first_page(source)).score(first_page(result)) > 75


def test_code_in_a_soft_mask():
    """A mask of bars and modules keeps every pixel, whatever becomes of the picture behind it."""
    made = blank()
    code = np.kron(RNG.integers(0, 2, (100, 100)) * 255, np.ones((6, 6))).astype(np.uint8)
    direct(made, image(made, SMask=image(made, code)))
    source = saved_as_stored(made)
    result = pdf.compress(source, FAST)
    assert widths(result.data) == [SIDE, 150]
    assert verify.verify(source, result, MediaType.PDF, FAST).ok


@pytest.mark.slow
@pytest.mark.parametrize(("page", "inches"), [((576, 720), 7.5), ((576, 720), 8), ((612, 396), 5)])
def test_enlarged_pictures_hold_on_their_page(page, inches):
    """A photograph of fewer pixels than its page is looked at with is coded so that the page holds."""
    made = pikepdf.new()
    made.add_blank_page(page_size=page)
    stream = image(made)
    stream.write(encoded(PHOTO, "JPEG", quality=96), filter=Name.DCTDecode)
    direct(made, stream, inches)
    source = saved_as_stored(made)
    result = pdf.compress(source, FAST)
    assert result.lossy
    verdict = verify.verify(source, result, MediaType.PDF, FAST)
    assert verdict.ok, verdict.detail


def test_jpeg_is_scaled():
    """A JPEG with more pixels than are shown is scaled and coded once."""
    made = blank()
    stream = image(made)
    stream.write(encoded(PHOTO, "JPEG", quality=90), filter=Name.DCTDecode)
    direct(made, stream)
    source = saved_as_stored(made)
    result = pdf.compress(source, FAST).data
    opened, (coded,) = images_of(result)
    assert (coded.Width, coded.Height) == (150, 150)
    with Image.open(BytesIO(coded.read_raw_bytes())) as inside:
        assert inside.size == (150, 150)
    opened.close()
    assert Reference(first_page(source)).score(first_page(result)) > 75


@pytest.mark.parametrize("entries", [
    {"Decode": [1, 0, 1, 0, 1, 0]}, {"Mask": [0, 20, 0, 20, 0, 20]},
    {"ColorSpace": Array([Name.Lab, Dictionary(WhitePoint=pikepdf.Object.parse(b"[0.95 1 1.09]"))])},
])  # fmt: skip
def test_special_colours_keep_their_pixels(entries):
    """Where samples mean something else than plain colours nothing is scaled."""
    made = blank()
    direct(made, image(made, **entries))
    source = saved_as_stored(made)
    result = pdf.compress(source, FAST)
    assert widths(result.data) == [SIDE]
    assert np.array_equal(first_page(result.data), first_page(source))


def test_bilevel_stays_bilevel():
    """A scan in black and white keeps every dot."""
    made = blank()
    dots = np.packbits(RNG.integers(0, 2, (1200, 1200), np.uint8), axis=1)
    stream = image(made, dots, BitsPerComponent=1)
    stream.Width = 1200
    direct(made, stream)
    source = saved_as_stored(made)
    result = pdf.compress(source, FAST)
    assert widths(result.data) == [1200]
    assert np.array_equal(first_page(result.data, 3), first_page(source, 3))


def test_screenshot_becomes_a_palette():
    """A screenshot in more colours than a palette has gets one where the eye cannot tell."""
    random = np.random.default_rng(7)
    pixels = np.full((400, 600, 3), 245, np.uint8)
    pixels[20:60] = np.linspace(60, 120, 600).astype(np.uint8)[None, :, None]
    for row in range(80, 380, 12):
        cover = random.choice([0, 0, 0, 0.25, 0.5, 0.75, 1], (8, 560, 1))
        greys = random.integers(0, 90, (1, 14, 1)) + random.integers(0, 8, (1, 14, 3))
        shades = np.repeat(greys, 40, axis=1)
        pixels[row : row + 8, 20:580] = 245 * (1 - cover) + shades * cover
    made = blank()
    direct(made, image(made, pixels), inches=3.5)
    source = saved_as_stored(made)
    result = pdf.compress(source, FAST)
    opened, (coded,) = images_of(result.data)
    assert coded.ColorSpace[0] == Name.Indexed
    assert coded.ColorSpace[1] == Name.DeviceRGB
    opened.close()
    assert Reference(first_page(source)).score(first_page(result.data)) > 75


@pytest.mark.slow
def test_endless_forms():
    """A form that draws itself ends, and its picture keeps its pixels or its looks."""
    made = blank()
    stream = image(made)
    loop = form(made, b"q 0.99 0 0 0.99 0 0 cm /F Do Q q 72 0 0 72 0 0 cm /I Do Q")
    loop.Resources = Dictionary(XObject=Dictionary(F=loop, I=stream))
    made.pages[0].Resources = Dictionary(XObject=Dictionary(F=loop))
    made.pages[0].Contents = made.make_stream(b"/F Do")
    assert widths(pdf.compress(saved_as_stored(made), FAST).data)[0] in (150, SIDE)


def test_cut_off_content():
    """Where a content stream cannot be read nothing is scaled."""
    made = blank()
    direct(made, image(made))
    made.pages[0].Contents.write(b"\x78\x9c\x01garbage", filter=Name.FlateDecode)
    made.Root.Note = String("broken on purpose")
    assert widths(pdf.compress(saved_as_stored(made), FAST).data) == [SIDE]
