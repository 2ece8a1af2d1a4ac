"""PDF: smaller, and everything a reader sees, hears or follows stays."""

import random
import re
import zlib
from io import BytesIO, StringIO

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from documents import rendered, saved
from ir_build.engine.pdf import codec as pdf
from ir_build.errors import CorruptFile, FileSkipped, Reason
from ir_build.options import Compression, Options

LOSSLESS = Options(compression_type=Compression.LOSSLESS)
WORDS = b"BT /F1 18 Tf 40 %d Td (Page %d of the manual) Tj ET\n"
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" %s rdf:about=""/></rdf:RDF></x:xmpmeta>'
    + b" " * 2000
    + b'<?xpacket end="w"?>'
)


def strictly(data):
    return pikepdf.open(BytesIO(data), attempt_recovery=False)


def font(document):
    return document.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    )


def manual(pages=6):
    """A document with one of everything, packed badly: every page has fonts of its own."""
    document = pikepdf.new()
    for number in range(pages):
        page = document.add_blank_page(page_size=(300, 400))
        lines = b"".join(WORDS % (380 - 20 * row, number) for row in range(15))
        page.Contents = document.make_stream(lines)
        page.Resources = Dictionary(Font=Dictionary(F1=font(document)))
        page.PieceInfo = Dictionary(Editor=Dictionary(Private=document.make_stream(b"x" * 5000)))
        page.StructParents = number
    first, last = document.pages[0].obj, document.pages[-1].obj
    link = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=[10, 10, 90, 30], Border=[0, 0, 0],
        A=Dictionary(S=Name.URI, URI=String("https://example.org/")),
    )  # fmt: skip
    inner = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=[10, 40, 90, 60], Dest=[last, Name.Fit]
    )
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("name"), V=String("Ada"),
        Rect=[100, 10, 200, 30], AA=Dictionary(K=Dictionary(S=Name.JavaScript, JS=String("check()"))),
    )  # fmt: skip
    first.Annots = Array([document.make_indirect(one) for one in (link, inner, field)])
    root = document.Root
    root.AcroForm = Dictionary(Fields=[first.Annots[2]])
    root.Lang = String("en-GB")
    root.PageLabels = Dictionary(Nums=[0, Dictionary(S=Name.r), 2, Dictionary(S=Name.D)])
    root.MarkInfo = Dictionary(Marked=True)
    paragraph = document.make_indirect(
        Dictionary(
            Type=Name.StructElem, S=Name.P, Pg=first, K=0, Alt=String("an Umlaut: \u00fc\u2026")
        )
    )
    root.StructTreeRoot = document.make_indirect(Dictionary(Type=Name.StructTreeRoot, K=paragraph))
    paragraph.P = root.StructTreeRoot
    root.Metadata = document.make_stream(XMP % b"", Type=Name.Metadata, Subtype=Name.XML)
    document.trailer.Info = document.make_indirect(
        Dictionary(Title=String("A manual (draft) \\ \u4e2d"), Author=String("Ada"))
    )
    document.attachments["data.csv"] = b"a,b\n1,2\n" * 50
    with document.open_outline() as outline:
        outline.root += [
            pikepdf.OutlineItem("Beginning", 0), pikepdf.OutlineItem("End", pages - 1, "Fit")
        ]  # fmt: skip
    return document


MANUAL = saved(manual())
SMALL = pdf.compress(MANUAL, LOSSLESS).data
COUNT = len(strictly(MANUAL).objects) + 1


def test_smaller_and_the_same():
    """A lossless PDF shows every page pixel for pixel and says it word for word."""
    result = pdf.compress(MANUAL, LOSSLESS)
    assert len(result.data) < len(MANUAL) / 4
    assert not result.lossy
    assert rendered(result.data) == rendered(MANUAL)


def test_deterministic_and_fixed():
    """The same file gives the same bytes, and its result is a fixed point."""
    assert pdf.compress(MANUAL, LOSSLESS).data == SMALL
    assert pdf.compress(SMALL, LOSSLESS).data == SMALL


def test_structure_survives():
    """Links, forms with their scripts, labels, tags, language, title and outline stay."""
    result = strictly(SMALL)
    link, inner, field = result.pages[0].Annots
    assert link.A.URI == "https://example.org/"
    assert inner.Dest[0].objgen == result.pages[-1].obj.objgen
    assert field.V == "Ada"
    assert field.AA.K.JS == "check()"
    assert result.Root.AcroForm.Fields[0].objgen == field.objgen
    assert [page.label for page in result.pages] == ["i", "ii", "1", "2", "3", "4"]
    assert result.Root.Lang == "en-GB"
    tree = result.Root.StructTreeRoot
    assert str(tree.K.Alt) == "an Umlaut: \u00fc\u2026"
    assert tree.K.P.objgen == tree.objgen
    assert result.docinfo.Title == "A manual (draft) \\ \u4e2d"
    assert b"x:xmpmeta" in result.Root.Metadata.read_bytes()
    assert result.attachments["data.csv"].get_file().read_bytes() == b"a,b\n1,2\n" * 50
    with result.open_outline() as outline:
        assert [item.title for item in outline.root] == ["Beginning", "End"]


def test_private_data_go():
    """Applications' private data are dropped, and that is said."""
    assert all("/PieceInfo" not in page for page in strictly(SMALL).pages)
    assert pdf.compress(MANUAL, LOSSLESS).notes == ("stripped private application data",)


def test_equal_objects_merge():
    """Equal fonts become one; pages that look the same stay two."""
    document = pikepdf.new()
    for _ in range(3):
        page = document.add_blank_page()
        page.Resources = Dictionary(Font=Dictionary(F1=font(document)))
    result = strictly(pdf.compress(saved(document), LOSSLESS).data)
    assert len({page.Resources.Font.F1.objgen for page in result.pages}) == 1
    assert len({page.obj.objgen for page in result.pages}) == 3


def test_identifier():
    """The first part of /ID stays; the second follows from the content."""
    before, after = strictly(MANUAL).trailer.ID, strictly(SMALL).trailer.ID
    assert bytes(before[0]) == bytes(after[0])
    assert bytes(before[1]) != bytes(after[1])


def test_linearized_stays():
    """A file for showing while it loads is still one."""
    data = saved(manual(), linearize=True)
    result = pdf.compress(data, LOSSLESS).data
    again = strictly(result)
    problems = StringIO()
    assert again.is_linearized
    assert again.check_linearization(problems), problems.getvalue()
    assert rendered(result) == rendered(data)
    assert pdf.compress(result, LOSSLESS).data == result
    assert again.Root.Metadata.Filter == Name.FlateDecode
    assert len(result) < len(saved(strictly(SMALL), linearize=True, compress_streams=True))


@pytest.mark.parametrize("pages", [1, 2, 40])
def test_hints_follow(pages):
    """The hints of a linearized file are right for few pages and many, of all sizes."""
    document = manual(pages)
    for number, page in enumerate(document.pages):
        page.Contents.write(
            page.Contents.read_bytes()
            + b"% "
            + random.Random(number).randbytes(900 * number).hex().encode()
        )
        page.Resources.Font.F2 = font(document)
        page.Resources.Font.F2.BaseFont = Name.Courier
    again = strictly(pdf.compress(saved(document, linearize=True), LOSSLESS).data)
    problems = StringIO()
    assert again.check_linearization(problems), problems.getvalue()


def test_linearized_keeps_what_has_nearly_the_name_of_metadata():
    """XMP is written by a detour over another name, which nothing else that has it may take part in."""
    document = strictly(SMALL)
    document.Root.Metadata = document.make_stream(b"<x/>" * 300, Type=Name.Metadata)
    document.Root.Private = document.make_stream(b"/Type /Metadatb", Type=Name("/Metadatb"))
    result = strictly(pdf.compress(saved(document, linearize=True), LOSSLESS).data)
    assert result.is_linearized
    assert result.Root.Metadata.Type == Name.Metadata
    assert result.Root.Private.Type == "/Metadatb"
    assert result.Root.Private.read_bytes() == b"/Type /Metadatb"


def test_linearized_archive_keeps_plain_metadata():
    """What conforms to PDF/A shows its XMP without a filter when linearized, too."""
    document = manual()
    document.Root.Metadata = document.make_stream(
        XMP % b'pdfaid:part="2"', Type=Name.Metadata, Subtype=Name.XML
    )
    result = pdf.compress(saved(document, linearize=True), LOSSLESS).data
    assert b"pdfaid:part=" in result
    assert strictly(result).is_linearized


@pytest.mark.parametrize(("part", "packed"), [(1, False), (2, True)])
def test_archival(part, packed):
    """PDF/A keeps plain XMP, and PDF/A-1 gets no object streams, which it forbids."""
    document = manual()
    claim = b'pdfaid:part="%d" pdfaid:conformance="B"' % part
    document.Root.Metadata = document.make_stream(XMP % claim, Type=Name.Metadata, Subtype=Name.XML)
    data = saved(document, force_version="1.4", object_stream_mode=pikepdf.ObjectStreamMode.disable)
    result = pdf.compress(data, LOSSLESS).data
    assert (b"/ObjStm" in result) is packed
    assert b"pdfaid:part=" in result
    assert result.startswith(b"%PDF-1.5" if packed else b"%PDF-1.4")
    assert rendered(result) == rendered(data)


def test_version_never_falls():
    """A PDF 2.0 stays one."""
    data = saved(manual(), force_version="2.0")
    assert pdf.compress(data, LOSSLESS).data.startswith(b"%PDF-2.0")


def signed(document):
    value = Dictionary(
        Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), ByteRange=[0, 1, 2, 3], Contents=String("x")
    )
    field = Dictionary(FT=Name.Sig, T=String("sig"), V=document.make_indirect(value))
    document.Root.AcroForm.Fields.append(document.make_indirect(field))


def certified(document):
    document.Root.Perms = Dictionary(DocMDP=Dictionary(Type=Name.Sig))


@pytest.mark.parametrize("change", [signed, certified])
def test_signed_is_skipped(change):
    """A signature must stay valid."""
    document = manual()
    change(document)
    with pytest.raises(FileSkipped) as caught:
        pdf.compress(saved(document), LOSSLESS)
    assert caught.value.reason is Reason.SIGNED


@pytest.mark.parametrize("user", ["", "secret"])
def test_encrypted_is_skipped(user):
    """Permissions are respected, passwords not guessed."""
    data = saved(manual(), encryption=pikepdf.Encryption(owner="owner", user=user), static_id=False)
    with pytest.raises(FileSkipped) as caught:
        pdf.compress(data, LOSSLESS)
    assert caught.value.reason is Reason.ENCRYPTED


def test_encrypted_for_others_is_skipped():
    """A document that only certificates open is none that is damaged."""
    lock = pikepdf.Encryption(owner="owner", user="")
    data = saved(manual(), encryption=lock, static_id=False)
    with pytest.raises(FileSkipped) as caught:
        pdf.compress(data.replace(b"/Standard", b"/Adobe.PS"), LOSSLESS)
    assert caught.value.reason is Reason.ENCRYPTED


def test_pages_without_resources():
    """A blank page may have none; readers show what they show anyway."""
    document = manual()
    document.add_blank_page(page_size=(300, 400))
    del document.pages[-1].Resources
    data = saved(document)
    made = pdf.compress(data, LOSSLESS)
    assert rendered(made.data) == rendered(data)
    assert pdf.compress(made.data, LOSSLESS).data == made.data


@pytest.mark.parametrize("cut", [10, 200, len(MANUAL) // 2, len(MANUAL) - 200])
def test_cut_off(cut):
    """A file cut short is broken, wherever the cut is."""
    with pytest.raises(CorruptFile):
        pdf.compress(MANUAL[:cut], LOSSLESS)


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        (b"endobj", b"endxxx"),
        (b"startxref\n", b"startxref\n9"),
        (b"%%EOF", b"%%EOF" + b"#" * 2000),
        (b"/Size %d" % COUNT, b"/Size %d" % (COUNT + 1)),
    ],
)
def test_structure_is_repaired(sound, broken):
    """Where readers repair a file alike, the repaired one is shipped, and that is said."""
    data = MANUAL.replace(sound, broken, 3)
    made = pdf.compress(data, LOSSLESS)
    assert any(note.startswith("repaired: ") for note in made.notes)
    assert rendered(made.data) == rendered(data) == rendered(MANUAL)
    assert strictly(made.data).check_pdf_syntax() == []
    assert pdf.compress(data, LOSSLESS) == made
    assert pdf.compress(made.data, LOSSLESS).data == made.data


def test_line_ends_in_strings():
    """No reader takes part in how they are to be read: some drop the second of two."""
    texts = [b"\n\n\n\x80\x90", b"\r\r\n\n\r\x80", bytes(range(256)), b"((\\\n\n))\xff" * 3]
    document = manual()
    document.Root.Texts = pikepdf.Array([pikepdf.String(text) for text in texts])
    made = strictly(pdf.compress(saved(document), LOSSLESS).data)
    assert [bytes(text) for text in made.Root.Texts] == texts
    packs = [one.read_bytes() for one in made.objects if isinstance(one, pikepdf.Stream) and one.get("/Type") == Name.ObjStm]  # fmt: skip
    (written,) = (
        found for pack in packs for found in re.findall(rb"/Texts\[.*?[^\\]\)\]", pack, re.DOTALL)
    )
    assert b"\n" not in written
    assert b"\r" not in written


def test_reference_to_nothing():
    """Object 0 is free by definition: what refers to it is null for every reader."""
    document = manual()
    document.Root.Outlines.Prev = Name.ABCDE
    document.pages[0].obj.B = Name.ABCDE
    data = saved(document).replace(b"/ABCDE", b" 0 0 R")
    made = pdf.compress(data, LOSSLESS)
    assert made.notes == pdf.compress(MANUAL, LOSSLESS).notes
    assert rendered(made.data) == rendered(MANUAL)
    assert strictly(made.data).check_pdf_syntax() == []
    assert len(made.data) < len(SMALL) + 100


def misplaced(document):
    """The table of objects leads astray: PDFium takes the page to be empty, qpdf looks for it."""
    data = saved(document)
    with strictly(data) as before:
        number, _ = before.pages[0].Contents.objgen
    rows = list(re.finditer(rb"\d{10} 00000 n ", data))
    row, wrong = rows[number - 1], rows[number][0]
    return data[: row.start()] + wrong + data[row.end() :]


def cut_stream(document):
    document.pages[0].Contents.write(
        zlib.compress(WORDS % (100, 1) * 40)[:-9], filter=Name.FlateDecode
    )
    data = saved(document, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return data.replace(b"startxref\n", b"startxref\n9")


@pytest.mark.parametrize("damage", [misplaced, cut_stream])
def test_no_guesswork(damage):
    """What readers repair in different ways, or what is broken inside, is skipped."""
    document = pikepdf.open(BytesIO(MANUAL))
    with pytest.raises(FileSkipped) as caught:
        pdf.compress(damage(document), LOSSLESS)
    assert caught.value.reason is Reason.NEEDS_REPAIR


def test_damaged_signature_stays():
    """Repairing a signed file would not make its signature valid again."""
    document = manual()
    signed(document)
    with pytest.raises(FileSkipped) as caught:
        pdf.compress(saved(document).replace(b"startxref\n", b"startxref\n9"), LOSSLESS)
    assert caught.value.reason is Reason.SIGNED


def test_broken_stream_stays():
    """A stream that does not end cleanly keeps its bytes: readers differ in what they make of it."""
    document = manual(1)
    broken = zlib.compress(WORDS % (100, 1) * 40)[:-9]
    document.pages[0].Contents.write(broken, filter=Name.FlateDecode)
    data = saved(document, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    result = strictly(pdf.compress(data, LOSSLESS).data)
    assert result.pages[0].Contents.read_raw_bytes() == broken


def test_stream_elsewhere_stays():
    """A stream whose data are in another file is not touched."""
    document = manual(1)
    stream = document.make_stream(b"", F=String("elsewhere.bin"), FFilter=Name.FlateDecode)
    document.Root.Elsewhere = stream
    result = strictly(pdf.compress(saved(document), LOSSLESS).data)
    assert result.Root.Elsewhere.F == "elsewhere.bin"
    assert result.Root.Elsewhere.FFilter == Name.FlateDecode


def test_layers_of_one_name_stay_two():
    """Optional content groups are told apart by identity, not by what they say."""
    document = manual(1)
    layers = [
        document.make_indirect(Dictionary(Type=Name.OCG, Name=String("Layer"))) for _ in range(2)
    ]
    document.Root.OCProperties = Dictionary(
        OCGs=layers, D=Dictionary(ON=[layers[0]], OFF=[layers[1]])
    )
    result = strictly(pdf.compress(saved(document), LOSSLESS).data)
    on, off = result.Root.OCProperties.D.ON[0], result.Root.OCProperties.D.OFF[0]
    assert on.objgen != off.objgen


def test_inherited_attributes_stay():
    """Page attributes that stand in the page tree stay in force."""
    document = manual(2)
    for page in document.pages:
        del page["/MediaBox"]
    document.Root.Pages.MediaBox = [0, 0, 200, 100]
    document.Root.Pages.Rotate = 90
    data = saved(document)
    assert rendered(pdf.compress(data, LOSSLESS).data) == rendered(data)
