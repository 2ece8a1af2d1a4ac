"""PDF candidates: another packing of the same document passes, and every loss fails."""

from __future__ import annotations

import io
from functools import partial

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageDraw, ImageFilter

import documents
from ir_build.candidate import Candidate
from ir_build.errors import CorruptFile
from ir_build.formats import MediaType
from ir_build.options import Options
from ir_build.verify import Verdict, verify
from pictures import encoded

PAGES = 4


def pdf_verdict(original, candidate, *, lossy=False):
    return verify(original, Candidate(candidate, lossy=lossy), MediaType.PDF, Options())


def gradient_and_box():
    image = Image.radial_gradient("L").resize((480, 320))
    image = Image.merge(
        "RGB", (image, image.rotate(180), Image.linear_gradient("L").resize((480, 320)))
    )
    ImageDraw.Draw(image).rectangle((80, 40, 240, 240), fill=(200, 20, 20))
    return image


def handbook():
    """A document with everything a reader may rely on."""
    pdf = pikepdf.new()
    font = pdf.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    )
    photo = pdf.make_stream(
        encoded(gradient_and_box(), "JPEG", quality=92),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=480,
        Height=320,
        ColorSpace=Name.DeviceRGB,
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )
    for number in range(PAGES):
        page = pdf.add_blank_page(page_size=(300, 200))
        page.obj.Resources = Dictionary(Font=Dictionary(F1=font))
        text = f"BT /F1 24 Tf 20 {150 - 9 * number} Td (Page number {number + 1}) Tj ET"
        drawing = f"0 0.3 1 rg {20 * number} 20 30 30 re f"
        page.contents_add(f"{text}\n{drawing}".encode())
        link = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Link,
            Rect=Array([20, 140, 120, 170]),
            A=Dictionary(S=Name.URI, URI=String(f"https://example.org/{number}")),
        )
        page.obj.Annots = Array([pdf.make_indirect(link)])
    pdf.pages[0].obj.Resources.XObject = Dictionary(Im1=photo)
    pdf.pages[0].contents_add(b"q 120 0 0 80 150 20 cm /Im1 Do Q")
    pdf.pages[2].obj.Rotate = 90
    with pdf.open_outline() as outline:
        for number in range(PAGES):
            outline.root.append(pikepdf.OutlineItem(f"Chapter {number + 1}", number))
    pdf.attachments["data.csv"] = b"a,b\n1,2\n"
    root = pdf.Root
    root.Lang = String("en-GB")
    root.MarkInfo = Dictionary(Marked=True)
    root.StructTreeRoot = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name("/r"))]))
    root.Names.Dests = Dictionary(
        Names=Array([String("intro"), Array([pdf.pages[0].obj, Name.Fit])])
    )
    field = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=Name.Tx,
        T=String("name"),
        V=String("Ada"),
        Rect=Array([20, 80, 120, 100]),
    )
    field = pdf.make_indirect(field)
    pdf.pages[0].obj.Annots.append(field)
    root.AcroForm = Dictionary(Fields=Array([field]))
    pdf.docinfo["/Title"] = "The manual"
    xmp = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
        b"xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "
        b"xmlns:pdfaid='http://www.aiim.org/pdfa/ns/id/' pdfaid:part='2'>"
        b"<pdfaid:conformance>B</pdfaid:conformance></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    root.Metadata = pdf.make_stream(xmp, Type=Name.Metadata, Subtype=Name.XML)
    return pdf


#: as a program that packs well, and gives every file an identity of its own
saved = partial(documents.saved, compress_streams=True, static_id=False, fix_metadata_version=False)


ORIGINAL = saved(handbook(), object_stream_mode=pikepdf.ObjectStreamMode.disable)


def changed(change, original=ORIGINAL):
    with pikepdf.open(io.BytesIO(original)) as pdf:
        change(pdf)
        return saved(pdf)


def test_other_packing_passes():
    """Object streams, recompression and linearization change nothing that is verified."""
    for options in (
        {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        {"linearize": True},
        {"recompress_flate": True, "compress_streams": True},
        {"stream_decode_level": pikepdf.StreamDecodeLevel.generalized, "compress_streams": False},
    ):
        with pikepdf.open(io.BytesIO(ORIGINAL)) as pdf:
            candidate = saved(pdf, **options)
        assert pdf_verdict(ORIGINAL, candidate) == Verdict(ok=True)


def photo_of(pdf):
    return pdf.pages[0].obj.Resources.XObject.Im1


def with_photo(image, quality):
    def change(pdf):
        photo = photo_of(pdf)
        photo.write(encoded(image, "JPEG", quality=quality), filter=Name.DCTDecode)
        photo.Width, photo.Height = image.size

    return change


def test_lossless_jpeg_inside_passes():
    """A picture with the same pixels in another file passes as lossless."""
    mozjpeg = pytest.importorskip("mozjpeg_lossless_optimization")

    def change(pdf):
        data = mozjpeg.optimize(photo_of(pdf).read_raw_bytes())
        photo_of(pdf).write(data, filter=Name.DCTDecode)

    assert pdf_verdict(ORIGINAL, changed(change)).ok


def test_lossy_pictures_pass_as_lossy_only():
    """A picture re-encoded or downsampled looks the same, and is not lossless."""
    for image, quality in (
        (gradient_and_box(), 75),
        (gradient_and_box().resize((360, 240), 3), 90),
    ):
        candidate = changed(with_photo(image, quality))
        verdict = pdf_verdict(ORIGINAL, candidate, lossy=True)
        assert verdict.ok
        assert verdict.score is not None
        assert 60 < verdict.score < 100
        assert "looks different" in pdf_verdict(ORIGINAL, candidate).detail


def test_a_page_has_to_reach_the_quality():
    """What is no other picture may still look worse than was asked for."""
    candidate = changed(with_photo(gradient_and_box(), 30))
    verdict = pdf_verdict(ORIGINAL, candidate, lossy=True)
    assert "scores" in verdict.detail
    assert verify(ORIGINAL, Candidate(candidate, lossy=True), MediaType.PDF, Options(quality=60)).ok


def drop_form(pdf):
    del pdf.Root.AcroForm
    # A widget that belongs to no form would make the writer warn.
    pdf.pages[0].obj.Annots[1].Subtype = Name.Text


def swap_pages(pdf):
    first, second = pdf.pages[0], pdf.pages[1]
    pdf.pages[0], pdf.pages[1] = second, first


def drop_last_page(pdf):
    del pdf.pages[-1]


def drop_outline(pdf):
    del pdf.Root.Outlines


def rename_chapter(pdf):
    with pdf.open_outline() as outline:
        outline.root[1].title = "Chapter X"


def move_chapter(pdf):
    with pdf.open_outline() as outline:
        outline.root[1] = pikepdf.OutlineItem("Chapter 2", 3)


def replace_text(pdf):
    page = pdf.pages[1]
    page.contents_coalesce()
    stream = page.obj.Contents
    stream.write(stream.read_bytes().replace(b"number", b"nomber"))


def hide_text(pdf):
    page = pdf.pages[3]
    page.contents_coalesce()
    stream = page.obj.Contents
    stream.write(stream.read_bytes().replace(b"Tj", b" pop"))


def change_link(pdf):
    pdf.pages[1].obj.Annots[0].A.URI = String("https://example.com/")


def crop(pdf):
    pdf.pages[1].obj.CropBox = Array([0, 0, 280, 200])


def rotate(pdf):
    pdf.pages[1].obj.Rotate = 180


def remove(*path):
    def change(pdf):
        parent = pdf.Root
        for key in path[:-1]:
            parent = parent[key]
        del parent[path[-1]]

    return change


BAD = {
    "pages swapped": (swap_pages, ""),
    "page dropped": (drop_last_page, "pages: 4 became 3"),
    "outline lost": (drop_outline, "outline"),
    "chapter renamed": (rename_chapter, "outline"),
    "chapter moved": (move_chapter, "outline"),
    "text changed": (replace_text, "page 2: text"),
    "text lost": (hide_text, "page 4: text"),
    "link changed": (change_link, "links"),
    "annotation lost": (lambda pdf: pdf.pages[1].obj.__delitem__("/Annots"), ""),
    "cropped": (crop, "page 2"),
    "rotated": (rotate, "page 2"),
    "language lost": (remove("/Lang"), "/Lang"),
    "language changed": (lambda pdf: pdf.Root.__setitem__("/Lang", String("de")), "/Lang"),
    "tagging lost": (remove("/MarkInfo"), "/MarkInfo"),
    "structure lost": (remove("/StructTreeRoot"), "/StructTreeRoot"),
    "page labels lost": (remove("/PageLabels"), "label"),
    "conformance lost": (remove("/Metadata"), "conformance"),
    "attachment lost": (remove("/Names", "/EmbeddedFiles"), ""),
    "destinations lost": (remove("/Names", "/Dests"), "names"),
    "form lost": (drop_form, "form"),
    "field value lost": (lambda pdf: pdf.Root.AcroForm.Fields[0].__delitem__("/V"), "form fields"),
    "title lost": (lambda pdf: pdf.docinfo.__delitem__("/Title"), "title"),
    "picture blank": (with_photo(Image.new("RGB", (480, 320)), 90), "looks different"),
    "picture turned": (with_photo(gradient_and_box().rotate(180), 90), "looks different"),
    "picture blurred": (
        with_photo(gradient_and_box().filter(ImageFilter.GaussianBlur(60)), 90),
        "looks different",
    ),
}


@pytest.mark.parametrize("lossy", [True, False])
@pytest.mark.parametrize("change", BAD)
def test_damage_fails(change, lossy):
    """Nothing that a reader, a link, a form or an archive relies on may change."""
    damage, word = BAD[change]
    verdict = pdf_verdict(ORIGINAL, changed(damage), lossy=lossy)
    assert not verdict.ok
    assert word in verdict.detail


@pytest.mark.parametrize("lossy", [True, False])
def test_broken_candidate_fails(lossy):
    """A truncated file, an error page and an empty document fail without an error."""
    for candidate in (
        ORIGINAL[: len(ORIGINAL) // 3],
        b"<html>busy</html>",
        b"",
        b"%PDF-1.7\n%%EOF\n",
        saved(pikepdf.new()),
    ):
        verdict = pdf_verdict(ORIGINAL, candidate, lossy=lossy)
        assert not verdict.ok
        assert verdict.detail


def test_broken_original_is_an_error():
    """When the original does not open there is nothing to compare with."""
    with pytest.raises(CorruptFile):
        pdf_verdict(b"%PDF-1.7\n%%EOF\n", ORIGINAL)


def test_encryption_stays():
    """A candidate without its owner's restrictions fails."""
    restricted = pikepdf.Permissions(extract=False)
    with pikepdf.open(io.BytesIO(ORIGINAL)) as pdf:
        original = saved(pdf, encryption=pikepdf.Encryption(owner="o", allow=restricted))
    assert "encryption" in pdf_verdict(original, ORIGINAL).detail


def test_last_page_of_a_long_document_is_seen():
    """Long documents are sampled, their ends always looked at."""
    pdf = pikepdf.new()
    for number in range(700):
        page = pdf.add_blank_page(page_size=(40, 40))
        page.contents_add(f"{number / 700} 0 0 rg 5 5 30 30 re f".encode())
    original = saved(pdf)
    pdf.pages[699].obj.Contents = pdf.make_stream(b"0 1 0 rg 5 5 30 30 re f")
    assert pdf_verdict(original, saved(pdf, linearize=True), lossy=True).detail == (
        "page 700 looks different"
    )
