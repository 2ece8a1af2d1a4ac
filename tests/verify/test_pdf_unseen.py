"""What PDFium does not draw as it is meant, what no page shows at first, and what is too much to draw."""

import io

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from documents import first_page, saved
from drawings import mupdf, poppler
from ir_build.candidate import Candidate
from ir_build.engine.pdf import codec
from ir_build.formats import MediaType
from ir_build.options import Options
from ir_build.quality import Reference
from ir_build.verify import pdf as pdf_verifier
from ir_build.verify import verify

SIDE = 256
WHITE = Array([0.9505, 1, 1.089])
INVERTED = Dictionary(FunctionType=2, Domain=[0, 1], C0=[1], C1=[0], N=1)


def night():
    """A dark picture: smooth, and noisy in its shadows."""
    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    noise = np.random.default_rng(7).integers(0, 3, (SIDE, SIDE, 3))
    smooth = np.stack([across, down, across + down], -1) / (6 * SIDE) * 20
    return (smooth + noise).astype(np.uint8)


NIGHT = night()
#: what an encoder might make of it: nearly the same where light is not linear
SPOILED = (NIGHT // 3 * 3 + 1).astype(np.uint8)


def document(pixels, state=None, space=Name.DeviceRGB, spaces=None, group=None, **image):
    """A page that shows `pixels`, under a graphics state."""
    made = pikepdf.new()
    page = made.add_blank_page(page_size=(600, 800))
    side = len(pixels)
    picture = made.make_stream(
        pixels.tobytes(), Type=Name.XObject, Subtype=Name.Image, Width=side, Height=side,
        BitsPerComponent=8, ColorSpace=space, **image,
    )  # fmt: skip
    resources = Dictionary(XObject=Dictionary(I=picture), ExtGState=Dictionary(G=Dictionary()))
    content = b"/G gs q 500 0 0 500 50 50 cm /I Do Q"
    if state:
        resources.ExtGState.G = state
    if spaces:
        resources.ColorSpace = spaces
    if group:
        form = made.make_stream(
            content, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 600, 800],
            Group=group, Resources=resources,
        )  # fmt: skip
        resources, content = Dictionary(XObject=Dictionary(F=form)), b"/F Do"
    page.Resources = resources
    page.Contents = made.make_stream(content)
    return made


def calibrated(gamma):
    matrix = [0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505]
    return Array([Name.CalRGB, Dictionary(WhitePoint=WHITE, Gamma=[gamma] * 3, Matrix=matrix)])


UNSEEN = {
    "CalRGB": {"space": calibrated(1)},
    "a /DefaultRGB": {"spaces": Dictionary(DefaultRGB=calibrated(1))},
    "transfer": {"state": Dictionary(TR=INVERTED)},
    "black generation": {"state": Dictionary(BG2=INVERTED)},
    "halftone": {"state": Dictionary(HT=Dictionary(HalftoneType=1, TransferFunction=INVERTED))},
    "overprint": {"state": Dictionary(op=True)},
    "knockout": {"group": Dictionary(S=Name.Transparency, K=True)},
}


def verdict(before, after, *, lossy=True):
    return verify(before, Candidate(after, lossy=lossy), MediaType.PDF, Options())


@pytest.mark.parametrize("feature", UNSEEN)
def test_pictures_stay_exact_where_drawing_tells_nothing(feature):
    """What another program may draw otherwise is held to its samples, however these are coded."""
    made = UNSEEN[feature]
    before = saved(document(NIGHT, **made))
    refused = verdict(before, saved(document(SPOILED, **made)))
    assert not refused.ok
    assert feature in refused.detail
    assert verdict(before, saved(document(NIGHT, **made), compress_streams=True)).ok
    plain = saved(document(NIGHT)), saved(document(SPOILED))
    assert verdict(*plain).ok


def test_poppler_shows_what_pdfium_does_not():
    """Why: with linear light the same change is plain to see, but not as PDFium draws it."""
    one, other = (saved(document(pixels, space=calibrated(1))) for pixels in (NIGHT, SPOILED))
    assert Reference(poppler(one)).score(poppler(other)) < 50
    assert Reference(first_page(one)).score(first_page(other)) > 80


def test_a_profile_like_srgb_is_plain():
    """Documents that name sRGB for device colours lose nothing by it."""
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    def named(pixels):
        made = document(pixels)
        space = Array([Name.ICCBased, made.make_stream(profile, N=3)])
        made.pages[0].Resources.ColorSpace = Dictionary(DefaultRGB=space)
        return saved(made)

    assert verdict(named(NIGHT), named(SPOILED)).ok


def squares():
    return np.random.default_rng(5).integers(0, 2, (29, 29)).astype(np.uint8)


def data_matrix():
    """The smallest: 10 x 10, two solid sides, two that alternate, and one light module around."""
    inside = np.random.default_rng(5).integers(0, 2, (10, 10)).astype(np.uint8)
    inside[0], inside[:, -1] = np.arange(1, 11) % 2, np.arange(10) % 2
    inside[:, 0] = inside[-1] = 1
    return 1 - np.pad(inside, 1)


def bars():
    """Seventeen bars of one to four modules, and room for the number below."""
    widths = np.random.default_rng(5).integers(1, 5, 34)
    row = np.repeat(np.arange(34) % 2, widths).astype(np.uint8)[:60]
    return np.vstack([np.tile(row, (45, 1)), np.ones((15, 60), np.uint8)])


def on_a_page(tones):
    """Two documents that show `tones` in a centimetre: with 16 pixels for each, and with two."""
    files = []
    for side in (16, 2):
        pixels = np.kron(tones, np.ones((side, side), np.uint8)) * np.uint8(255)
        made = document(np.repeat(pixels[..., None], 3, axis=2))
        made.pages[0].Contents = made.make_stream(b"28 0 0 28 50 50 cm /I Do")
        files.append(saved(made))
    return files


@pytest.mark.parametrize("code", [squares, data_matrix, bars])
def test_codes_keep_their_pixels(code):
    """A code of a centimetre is too small to be judged by the page, and read by machines."""
    found = verdict(*on_a_page(code()))
    assert found.detail == "page 1 has a picture of two tones that lost pixels"


def test_a_symbol_of_two_tones_is_no_code():
    """A disc, as interfaces are full of, may be stored at the size it is shown at."""
    rows, columns = np.ogrid[-20:21, -20:21]
    assert verdict(*on_a_page((rows**2 + columns**2 > 300).astype(np.uint8))).ok


def hide_in_layer(made):
    layer = made.make_indirect(Dictionary(Type=Name.OCG, Name=String("plans")))
    made.Root.OCProperties = Dictionary(OCGs=[layer], D=Dictionary(OFF=[layer]))
    made.pages[0].Resources.XObject.I.OC = layer


def hide_in_note(made):
    page = made.pages[0].obj
    look = made.make_stream(
        b"500 0 0 500 0 0 cm /I Do", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 500, 500],
        Resources=page.Resources,
    )  # fmt: skip
    page.Annots = Array([made.make_indirect(Dictionary(
        Type=Name.Annot, Subtype=Name.Stamp, F=2, Rect=[50, 50, 550, 550], AP=Dictionary(N=look),
    ))])  # fmt: skip
    page.Resources, page.Contents = Dictionary(), made.make_stream(b"")


@pytest.mark.parametrize("hide", [hide_in_layer, hide_in_note])
def test_what_is_hidden_is_looked_at(hide):
    """A layer or a note that a reader may show later keeps its look."""
    files = []
    for pixels in (NIGHT, 255 - NIGHT):
        made = document(pixels)
        hide(made)
        files.append(saved(made))
    refused = verdict(*files)
    assert refused.detail == "page 1 looks different with all that is hidden"
    assert verdict(files[0], files[0] + b"\n").ok


@pytest.mark.parametrize(("look", "typed"), [("/#46 9 Tf", True), ("/Other 9 Tf", False)])
def test_fonts_to_type_with_stay_whole(look, typed):
    """A field may be filled with any letter of the font it names, which no page shows now."""
    files = []
    for program in (b"all letters" * 99, b"some letters"):
        made = document(NIGHT)
        font = Dictionary(
            Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name.Sample,
            FontDescriptor=Dictionary(
                Type=Name.FontDescriptor, FontName=Name.Sample, FontFile2=made.make_stream(program)
            ),
        )  # fmt: skip
        made.Root.AcroForm = Dictionary(
            Fields=[], DA=String(look), DR=Dictionary(Font=Dictionary(F=font))
        )
        files.append(saved(made))
    assert verdict(*files).detail == ("fonts to type with changed" if typed else "")


def book(pages, spoiled=None, **options):
    """Small pages, each with a picture of its own; in lossy ones every sample is off by one."""
    made = pikepdf.new()
    for number in range(pages):
        pixels = np.random.default_rng(number).integers(0, 255, (16, 16, 3)).astype(np.uint8)
        if number == spoiled:
            pixels = 255 - pixels
        page = made.add_blank_page(page_size=(60, 80))
        picture = made.make_stream(
            pixels.tobytes(), Type=Name.XObject, Subtype=Name.Image, Width=16, Height=16,
            BitsPerComponent=8, ColorSpace=Name.DeviceRGB,
        )  # fmt: skip
        page.Resources = Dictionary(XObject=Dictionary(I=picture))
        page.Contents = made.make_stream(b"60 0 0 80 0 0 cm /I Do")
    return saved(made, **options)


def test_every_page_that_changed_is_looked_at():
    """Page 143 of 150 is, though an even sample leaves it out, and however busy the machine is."""
    refused = verdict(book(150), book(150, spoiled=142), lossy=False)
    assert refused.detail == "page 143 looks different"


def test_what_is_too_much_to_look_at_is_refused(monkeypatch):
    """The work is counted in pixels; beyond it only what was coded otherwise alone may stay."""
    monkeypatch.setattr(pdf_verifier, "_PIXELS_DRAWN", 20_000)
    before = book(20)
    refused = verdict(before, book(20, spoiled=19, compress_streams=True))
    assert "more pages than are looked at" in refused.detail
    assert verdict(before, book(20, compress_streams=True), lossy=False).ok


def scene(pdf):
    """Whatever has looks of its own: a photo with a soft mask, a palette, grey, a pattern of lines."""
    mask = pdf.make_stream(
        np.tile(np.arange(SIDE, dtype=np.uint8), (SIDE, 1)).tobytes(), Type=Name.XObject,
        Subtype=Name.Image, Width=SIDE, Height=SIDE, BitsPerComponent=8, ColorSpace=Name.DeviceGray,
    )  # fmt: skip
    resources = pdf.pages[0].Resources
    resources.XObject.I.SMask = mask
    resources.Shading = Dictionary(S=Dictionary(
        ShadingType=2, ColorSpace=Name.DeviceRGB, Coords=[0, 0, 600, 0],
        Function=Dictionary(FunctionType=2, Domain=[0, 1], C0=[0.2, 0.4, 1], C1=[1, 0.8, 0.6], N=1),
    ))  # fmt: skip
    lines = b"".join(b"%d 0 m %d 800 l S " % (at, 600 - at) for at in range(0, 600, 20))
    pdf.pages[0].Contents = pdf.make_stream(b"/S sh " + lines + b"q 500 0 0 500 50 50 cm /I Do Q")


def photo():
    across, down = np.meshgrid(np.linspace(0, 9, 640), np.linspace(0, 7, 640))
    waves = [np.sin(across * f) + np.cos(down * (f + 0.7)) for f in (1.1, 1.7, 2.3)]
    noise = np.random.default_rng(3).normal(0, 7, (640, 640, 3))
    return np.clip(128 + 50 * np.stack(waves, -1) + noise, 0, 255).astype(np.uint8)


SCENES = {
    "plain": {},
    "calibrated": {"space": calibrated(1)},
    "transparent": {"group": Dictionary(S=Name.Transparency, I=True)},
    "overprinted": {"state": Dictionary(OP=True, op=True)},
    "layers": {"state": Dictionary(ca=0.6, BM=Name.Multiply)},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SCENES)
def test_what_passes_looks_right_elsewhere(kind, tmp_path):
    """What the engine makes and verification passes keeps its score in poppler and MuPDF."""
    made = document(photo(), **SCENES[kind])
    if kind in ("plain", "layers"):
        scene(made)
    before = saved(made)
    candidate = codec.compress(before, Options())
    assert candidate.lossy or kind in ("calibrated", "overprinted")
    if not verify(before, candidate, MediaType.PDF, Options()).ok:
        assert kind in ("calibrated", "overprinted")
        return
    for draw in (poppler, lambda data: mupdf(data, file=tmp_path / "a.pdf")):
        one, other = draw(before), draw(candidate.data)
        assert np.array_equal(one, other) or Reference(one).score(other) > 70


def test_the_same_candidate_gets_the_same_verdict():
    """Details included: nothing depends on the order in which pages are held in memory."""
    before, after = book(12), book(12, spoiled=7)
    found = {verdict(before, after).detail for _ in range(2)}
    with pikepdf.open(io.BytesIO(after)) as again:
        found.add(verdict(before, saved(again, compress_streams=True)).detail)
    assert found == {"page 8 looks different"}
