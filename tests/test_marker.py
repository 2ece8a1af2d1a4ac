"""The note of a lossy result: found again, invisible, and never seen where it is not."""

from __future__ import annotations

import io
import warnings

import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import documents
from ir_build.formats import MediaType, sniff
from ir_build.marker import is_marked, mark
from pictures import encoded


def ellipse(mode="RGB", colour=(200, 80, 20)):
    image = Image.new("RGB", (60, 41), colour)
    ImageDraw.Draw(image).ellipse((9, 5, 50, 35), fill="white", outline="blue")
    image = image.convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def three_pages(**options):
    document = pikepdf.new()
    for _ in range(3):
        page = document.add_blank_page(page_size=(200, 100))
        page.contents_add(b"1 0 0 rg 20 20 50 30 re f")
    return documents.saved(document, static_id=False, compress_streams=True, **options)


def animation():
    return {
        "save_all": True,
        "append_images": [ellipse(colour=(level, 90, 9)) for level in (0, 99, 250)],
        "duration": 50,
        "loop": 0,
    }


EXIF = Image.Exif()
EXIF[0x0112] = 6
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9"/></svg>'

FILES = {
    "jpeg": encoded(ellipse(), "JPEG"),
    "jpeg with Exif and a profile": encoded(
        ellipse(), "JPEG", exif=EXIF, icc_profile=bytes(9), progressive=True
    ),
    "jpeg with a comment": encoded(ellipse(), "JPEG", comment=b"ir-build was here"),
    "png": encoded(ellipse(), "PNG"),
    "png with a palette": encoded(ellipse().quantize(7), "PNG", exif=EXIF, transparency=0),
    "apng": encoded(ellipse(), "PNG", **animation()),
    "gif": encoded(ellipse(), "GIF"),
    "gif 87a": b"GIF87a" + encoded(ellipse(), "GIF")[6:],
    "animated gif": encoded(ellipse(), "GIF", **animation()),
    "webp": encoded(ellipse(), "WEBP"),
    "webp with alpha": encoded(ellipse("RGBA"), "WEBP"),
    "lossless webp": encoded(ellipse(), "WEBP", lossless=True),
    "lossless webp with alpha": encoded(ellipse("RGBA"), "WEBP", lossless=True),
    "webp with Exif": encoded(ellipse(), "WEBP", exif=EXIF),
    "animated webp": encoded(ellipse(), "WEBP", **animation()),
    "avif": encoded(ellipse(), "AVIF", speed=10),
    "avif with alpha": encoded(ellipse("RGBA"), "AVIF", speed=10),
    "animated avif": encoded(ellipse(), "AVIF", speed=10, **animation()),
    "svg": SVG,
    "svg with more behind it": b"<?xml version='1.0'?>\n" + SVG + b"\n<!-- end -->\n\n",
    "pdf": three_pages(object_stream_mode=pikepdf.ObjectStreamMode.disable),
    "pdf with object streams": three_pages(object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "linearized pdf": three_pages(linearize=True),
}


def media_of(data):
    media = sniff(data)
    assert media is not None
    return media


@pytest.mark.parametrize("name", FILES)
def test_mark_is_found_again(name):
    """What was marked is known as marked; what was not is not."""
    data = FILES[name]
    media = media_of(data)
    assert not is_marked(data, media)
    marked = mark(data, media)
    assert is_marked(marked, media)
    assert media_of(marked) is media
    assert len(marked) - len(data) <= 40


@pytest.mark.parametrize("name", FILES)
def test_marking_twice_is_marking_once(name):
    """A marked file is not marked again."""
    media = media_of(FILES[name])
    marked = mark(FILES[name], media)
    assert mark(marked, media) == marked


def decoded(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = Image.open(io.BytesIO(data))
        pixels = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            pixels.append((image.mode, image.size, image.tobytes(), image.info.get("duration")))
        kept = {key: image.info.get(key) for key in ("exif", "icc_profile", "loop", "transparency")}
    return pixels, kept


@pytest.mark.parametrize(
    "name", [name for name in FILES if "pdf" not in name and "svg" not in name]
)
def test_mark_changes_no_pixel(name):
    """Decoders see the same frames, Exif and profile."""
    data = FILES[name]
    assert decoded(mark(data, media_of(data))) == decoded(data)


@pytest.mark.parametrize("name", [name for name in FILES if "webp" in name])
def test_marked_webp_is_of_the_extended_form(name):
    """Only a WebP with a VP8X header may have unknown chunks, and its flags say what it has."""
    data = FILES[name]
    marked = mark(data, MediaType.WEBP)
    assert marked[12:16] == b"VP8X"
    assert int.from_bytes(marked[4:8], "little") == len(marked) - 8
    if data[12:16] != b"VP8X":
        assert bool(marked[20] & 0x10) == ("alpha" in name)
    assert (
        int.from_bytes(marked[24:27], "little") + 1,
        int.from_bytes(marked[27:30], "little") + 1,
    ) == (60, 41)


@pytest.mark.parametrize("name", [name for name in FILES if "pdf" in name])
def test_marked_pdf_opens_without_a_warning(name):
    """qpdf and PDFium read a marked PDF as before, and it ends with its end-of-file marker."""
    data = FILES[name]
    marked = mark(data, MediaType.PDF)
    assert marked.endswith(b"%%EOF\n")
    with pikepdf.open(io.BytesIO(marked)) as document:
        assert len(document.pages) == 3
        assert document.check_pdf_syntax() == []
        assert document.get_warnings() == []
        assert document.is_linearized == ("linearized" in name)
        if document.is_linearized:
            assert document.check_linearization(io.StringIO())
    document = pypdfium2.PdfDocument(marked)
    assert len(document) == 3
    document.close()


def test_note_in_the_content_is_not_the_mark():
    """A picture that only contains the same bytes is not marked."""
    jpeg = encoded(ellipse(), "JPEG", comment=b"about ir-build")
    assert not is_marked(jpeg, MediaType.JPEG)
    for data, media in (
        (FILES["png"] + b"\xff\xfe\0\x0air-build", MediaType.PNG),
        (FILES["jpeg"] + b"\xff\xfe\0\x0air-build", MediaType.JPEG),
        (FILES["gif"] + b"\x21\xfe\x08ir-build\0\x3b", MediaType.GIF),
        (FILES["webp"] + b"IRBD\x08\0\0\0ir-build", MediaType.WEBP),
        (SVG.replace(b"<path", b"<!--ir-build--><path"), MediaType.SVG),
        (FILES["pdf"].replace(b"\n", b"\n%ir-build\n", 1), MediaType.PDF),
        (FILES["pdf"] + b"%ir-build\n", MediaType.PDF),
    ):
        assert b"ir-build" in data
        assert not is_marked(data, media)


def test_multi_picture_jpeg_is_not_marked():
    """The offsets inside an MPO would break, so it stays as it is."""
    data = encoded(ellipse(), "MPO", save_all=True, append_images=[ellipse()])
    assert mark(data, MediaType.JPEG) == data


def test_update_behind_the_mark_takes_it_off():
    """A PDF that someone saved changes into is no longer our result."""
    marked = mark(FILES["pdf"], MediaType.PDF)
    offset = marked.rindex(b"xref\n0")
    update = b"xref\n0 0\ntrailer\n<< /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (offset, len(marked))
    assert not is_marked(marked + update, MediaType.PDF)


@pytest.mark.parametrize("name", FILES)
def test_broken_files_are_left_as_they_are(name):
    """A file that ends early is neither marked nor an error, wherever it ends."""
    data = FILES[name]
    media = media_of(data)
    for end in [*range(0, min(len(data), 400), 7), len(data) // 2, len(data) - 3]:
        part = data[:end]
        assert not is_marked(part, media)
        assert mark(mark(part, media), media) == mark(part, media)


@given(st.sampled_from(sorted(FILES)), st.data())
def test_no_bytes_make_it_fail(name, data):
    """Any damage ends in an answer, not in an error."""
    file = bytearray(mark(FILES[name], media_of(FILES[name])))
    for _ in range(3):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at] = data.draw(st.integers(0, 255))
    media = media_of(FILES[name])
    is_marked(bytes(file), media)
    mark(bytes(file), media)
