"""What a document has besides its looks survives both kinds of compression: a test each."""

from functools import cache
from io import BytesIO

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, String

from documents import saved
from ir_build.candidate import Candidate
from ir_build.engine.pdf import codec as pdf
from ir_build.formats import MediaType
from ir_build.options import Compression, Options
from ir_build.verify import verify

KINDS = [Compression.LOSSLESS, Compression.LOSSY]
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    b'xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" '
    b'pdfaid:part="2" pdfaid:conformance="A" pdfuaid:part="1"><dc:title><rdf:Alt>'
    b'<rdf:li xml:lang="x-default">The manual</rdf:li></rdf:Alt></dc:title>'
    b'</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
TEXTS = ["naïve café", "don't (panic)", "x \\ y", "fi ffl 100 %"]


def stream(document, data, **entries):
    return document.make_stream(data, **entries)


def rich():
    """A document with one of everything that a reader may rely on."""
    made = pikepdf.new()
    font = made.make_indirect(Dictionary(
        Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding
    ))  # fmt: skip
    layers = [
        made.make_indirect(Dictionary(Type=Name.OCG, Name=String(name))) for name in ("On", "Off")
    ]
    for number in range(4):
        page = made.add_blank_page(page_size=(300 + number, 400))
        lines = [
            b"BT /F1 14 Tf 30 %d Td <%s> Tj ET"
            % (350 - 20 * row, text.encode("cp1252").hex().encode())
            for row, text in enumerate([*TEXTS, f"Page {number}"])
        ]
        lines += [
            b"/OC /%s BDC BT /F1 12 Tf 30 %d Td (Layer) Tj ET EMC" % (name, y)
            for name, y in ((b"L0", 120), (b"L1", 90))
        ]
        page.Contents = stream(made, b"\n".join(lines * 3))
        page.Resources = Dictionary(
            Font=Dictionary(F1=font), Properties=Dictionary(L0=layers[0], L1=layers[1])
        )
        page.StructParents = number
    pages = [page.obj for page in made.pages]
    pages[1].Rotate = 90
    pages[1].CropBox = Array([10, 10, 250, 380])
    pages[2].TrimBox = Array([5, 5, 290, 390])
    pages[2].UserUnit = 2
    notes = [
        Dictionary(
            Subtype=Name.Link, Rect=[10, 10, 90, 30], A=Dictionary(S=Name.URI, URI=String("https://example.org/a?b=1&c=(2)"))
        ),
        Dictionary(Subtype=Name.Link, Rect=[10, 40, 90, 60], Dest=[pages[3], Name.XYZ, 10, 200, 0]),
        Dictionary(Subtype=Name.Link, Rect=[10, 70, 90, 90], A=Dictionary(S=Name.GoTo, D=String("intro"))),
        Dictionary(Subtype=Name.Text, Rect=[200, 300, 220, 320], Contents=String("a note: äöü…")),
        Dictionary(
            Subtype=Name.Widget, FT=Name.Tx, T=String("name"), V=String("Ada"), Rect=[100, 10, 200, 30],
            AA=Dictionary(K=Dictionary(S=Name.JavaScript, JS=String("AFNumber_Keystroke(2);"))),
        ),
        Dictionary(Subtype=Name.Widget, FT=Name.Btn, T=String("agree"), V=Name.Off, Rect=[100, 40, 120, 60]),
    ]  # fmt: skip
    for note in notes:
        note.Type = Name.Annot
    pages[0].Annots = Array([made.make_indirect(note) for note in notes])
    root = made.Root
    root.AcroForm = Dictionary(
        Fields=[pages[0].Annots[4], pages[0].Annots[5]], DR=Dictionary(Font=Dictionary(F1=font)), DA=String("/F1 0 Tf")
    )  # fmt: skip
    root.Names = Dictionary(
        Dests=Dictionary(Names=[String("intro"), Array([pages[2], Name.Fit])]),
        JavaScript=Dictionary(Names=[String("start"), Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))]),
    )  # fmt: skip
    for name, body in (("data.csv", b"a,b\n" * 400), ("other.pdf", b"%PDF-1.4\n%%EOF\n" * 9)):
        made.attachments[name] = body
    root.Collection = Dictionary(Type=Name.Collection, View=Name.T, D=String("other.pdf"))
    root.OCProperties = Dictionary(
        OCGs=layers, D=Dictionary(ON=[layers[0]], OFF=[layers[1]], Order=layers)
    )
    root.PageLabels = Dictionary(
        Nums=[0, Dictionary(S=Name.r), 2, Dictionary(S=Name.D, P=String("A-"))]
    )
    root.Lang, root.MarkInfo = String("en-GB"), Dictionary(Marked=True)
    root.ViewerPreferences, root.PageMode = Dictionary(DisplayDocTitle=True), Name.UseOutlines
    root.Metadata = stream(made, XMP, Type=Name.Metadata, Subtype=Name.XML)
    intent = stream(made, b"profile" * 90, N=3, Alternate=Name.DeviceRGB)
    root.OutputIntents = Array([
        Dictionary(Type=Name.OutputIntent, S=Name.GTS_PDFA1, OutputConditionIdentifier=String("sRGB"), DestOutputProfile=intent)
    ])  # fmt: skip
    elements = [
        made.make_indirect(
            Dictionary(Type=Name.StructElem, S=Name.P, Pg=page, K=0, Alt=String("alike"))
        )
        for page in pages
    ]
    tree = made.make_indirect(Dictionary(Type=Name.StructTreeRoot, K=elements))
    for element in elements:
        element.P = tree
    tree.ParentTree = Dictionary(
        Nums=[part for at, one in enumerate(elements) for part in (at, Array([one]))]
    )
    root.StructTreeRoot = tree
    made.trailer.Info = made.make_indirect(
        Dictionary(Title=String("The manual"), Author=String("Ada"))
    )
    with made.open_outline() as outline:
        outline.root += [pikepdf.OutlineItem("Begin ¶", 0), pikepdf.OutlineItem("End", 3, "Fit")]
        outline.root[0].children.append(pikepdf.OutlineItem("Inside", 1))
    return made


@cache
def rich_file():
    return saved(rich(), fix_metadata_version=False)


@cache
def compressed(kind):
    return pdf.compress(rich_file(), Options(compression_type=kind))


@pytest.fixture(params=KINDS)
def after(request):
    with pikepdf.open(BytesIO(compressed(request.param).data)) as opened:
        yield opened


def asked(data, ask):
    document = pypdfium2.PdfDocument(data)
    document.init_forms()
    answers = [ask(page) for page in document]
    document.close()
    return answers


def words(page):
    text = page.get_textpage()
    found = text.get_text_range()
    text.close()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_worth_it(kind):
    """The document gets much smaller, and the verifier, which shares no code, lets it pass."""
    made = compressed(kind)
    assert len(made.data) < len(rich_file()) / 2
    options = Options(compression_type=kind)
    assert verify(rich_file(), Candidate(made.data, lossy=made.lossy), MediaType.PDF, options).ok


@pytest.mark.parametrize("kind", KINDS)
def test_text(kind):
    """Text comes out word for word."""
    found = asked(compressed(kind).data, words)
    assert found == asked(rich_file(), words)
    assert all(text in found[0] for text in TEXTS)


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_and_rotation(kind):
    """Pages have their boxes, units and rotation."""

    def shape(page):
        return page.get_size(), page.get_rotation(), page.get_cropbox(), page.get_trimbox()

    assert asked(compressed(kind).data, shape) == asked(rich_file(), shape)
    with pikepdf.open(BytesIO(compressed(kind).data)) as opened:
        assert opened.pages[2].obj.UserUnit == 2


def test_links_and_destinations(after):
    """Links lead where they led: addresses, pages, names."""
    address, place, name = after.pages[0].Annots[:3]
    assert address.A.URI == "https://example.org/a?b=1&c=(2)"
    assert place.Dest[0].objgen == after.pages[3].obj.objgen
    assert list(place.Dest)[1:] == [Name.XYZ, 10, 200, 0]
    assert name.A.D == "intro"
    found = dict(pikepdf.NameTree(after.Root.Names.Dests).items())
    assert found["intro"][0].objgen == after.pages[2].obj.objgen


def test_outline(after):
    """The outline has its levels and its titles."""
    with after.open_outline() as outline:
        assert [item.title for item in outline.root] == ["Begin ¶", "End"]
        assert [item.title for item in outline.root[0].children] == ["Inside"]


def test_page_labels(after):
    """Pages are numbered as they were."""
    assert [page.label for page in after.pages] == ["i", "ii", "A-1", "A-2"]


def test_metadata(after):
    """Title, author, language, view and the XMP packet are there."""
    assert after.docinfo.Title == "The manual"
    assert after.docinfo.Author == "Ada"
    assert after.Root.Lang == "en-GB"
    assert after.Root.ViewerPreferences.DisplayDocTitle
    assert after.Root.PageMode == Name.UseOutlines
    with after.open_metadata() as metadata:
        assert metadata["dc:title"] == "The manual"


def test_tags(after):
    """Every structure element is one of its own, at its page."""
    tree = after.Root.StructTreeRoot
    assert after.Root.MarkInfo.Marked
    assert [one.Pg.objgen for one in tree.K] == [page.obj.objgen for page in after.pages]
    assert len({one.objgen for one in tree.K}) == 4
    assert tree.ParentTree.Nums[3][0].objgen == tree.K[1].objgen
    assert [page.obj.StructParents for page in after.pages] == [0, 1, 2, 3]


def test_archival_and_accessibility(after):
    """PDF/A and PDF/UA are still claimed, in plain XMP, with the intent they stand on."""
    assert "/Filter" not in after.Root.Metadata
    packet = after.Root.Metadata.read_bytes()
    assert b'pdfaid:part="2"' in packet
    assert b'pdfuaid:part="1"' in packet
    intent = after.Root.OutputIntents[0]
    assert intent.S == Name.GTS_PDFA1
    assert intent.DestOutputProfile.read_bytes() == b"profile" * 90


def test_forms_and_scripts(after):
    """Fields, their values and scripts stay, and a widget is still its page's."""
    text, button = after.Root.AcroForm.Fields
    assert (text.T, text.V, text.AA.K.JS) == ("name", "Ada", "AFNumber_Keystroke(2);")
    assert Name.Off == button.V
    assert text.objgen == after.pages[0].Annots[4].objgen
    assert after.Root.AcroForm.DA == "/F1 0 Tf"
    scripts = dict(pikepdf.NameTree(after.Root.Names.JavaScript).items())
    assert scripts["start"].JS == "app.alert(1)"


def test_attachments_and_portfolio(after):
    """Attached files come out byte for byte, and a portfolio opens as one."""
    assert after.attachments["data.csv"].get_file().read_bytes() == b"a,b\n" * 400
    assert after.attachments["other.pdf"].get_file().read_bytes() == b"%PDF-1.4\n%%EOF\n" * 9
    assert after.Root.Collection.D == "other.pdf"


def test_layers(after):
    """Optional content is switched as it was, and drawn by what it is switched with."""
    properties = after.Root.OCProperties
    assert [layer.Name for layer in properties.OCGs] == ["On", "Off"]
    assert properties.D.OFF[0].objgen == properties.OCGs[1].objgen
    assert after.pages[3].Resources.Properties.L1.objgen == properties.OCGs[1].objgen


def test_annotations(after):
    """Notes keep their kind, place and words."""
    note = after.pages[0].Annots[3]
    assert (note.Subtype, note.Contents) == (Name.Text, "a note: äöü…")
    assert [float(one) for one in note.Rect] == [200, 300, 220, 320]


def test_identifier(after):
    """The first part of /ID is the document's for ever, the second follows from the content."""
    with pikepdf.open(BytesIO(rich_file())) as before:
        assert bytes(before.trailer.ID[0]) == bytes(after.trailer.ID[0])
        assert bytes(before.trailer.ID[1]) != bytes(after.trailer.ID[1])


@pytest.mark.parametrize("kind", KINDS)
def test_deterministic(kind):
    """No clock and no chance: the same file gives the same bytes."""
    assert pdf.compress(rich_file(), Options(compression_type=kind)).data == compressed(kind).data
