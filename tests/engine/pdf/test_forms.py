"""Forms are filled as before: nothing that a program writes into is shared, fonts can be typed in."""

from functools import cache
from io import BytesIO

import numpy as np
import pikepdf
import pypdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from pikepdf.form import ExtendedAppearanceStreamGenerator, Form

from documents import saved
from forms import (
    SPELLINGS,
    VALUES,
    drawn,
    font,
    font_program,
    form,
    form_file,
    page_with_text,
)
from ir_build.engine.pdf import codec as pdf
from ir_build.options import Compression, Options

LOSSLESS = Options(compression_type=Compression.LOSSLESS)


def compressed(data):
    return pdf.compress(data, LOSSLESS).data


def by_pypdf(data):
    writer = pypdf.PdfWriter(clone_from=BytesIO(data))
    values = VALUES | {f"all.{name}": value for name, value in VALUES.items()}
    writer.update_page_form_field_values(writer.pages[0], values, auto_regenerate=False)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def by_pikepdf(data):
    with pikepdf.open(BytesIO(data)) as document:
        for field in Form(document, ExtendedAppearanceStreamGenerator):
            field.value = VALUES[field.fully_qualified_name.split(".")[-1]]
        return saved(document)


def in_place(data):
    """As a program does that knows no more than the objects."""
    with pikepdf.open(BytesIO(data)) as document:
        for widget in document.pages[0].Annots:
            text = VALUES[str(widget.T)].encode()
            widget.AP.N.write(b"BT /F1 12 Tf 2 5 Td (%s) Tj ET" % text)
            widget.AP.N.Resources = document.pages[0].Resources
        return saved(document)


@pytest.mark.slow
@pytest.mark.parametrize("fill", [by_pypdf, by_pikepdf, in_place])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_filled_as_before(spelling, fill):
    """Whoever fills a compressed form gets what the original would have become, to the pixel."""
    data = form_file(spelling)
    page = drawn(fill(compressed(data)))
    assert np.array_equal(page, drawn(fill(data)))
    # pikepdf finds no font in two of these spellings, and then writes no text.
    if fill is not by_pikepdf or spelling not in {"UTF-16 without a mark", "umlauts"}:
        empty = drawn(data)
        for top in (25, 80, 135):
            assert not np.array_equal(page[top : top + 50], empty[top : top + 50])


@pytest.mark.slow
def test_the_same_widget_of_a_field_is_filled():
    """Of two widgets that show one field, libraries fill the one that they would have filled."""
    document = form()
    widgets = list(document.pages[0].Annots)
    for widget in widgets:
        del widget["/T"], widget["/FT"]
    widgets[1].A = Dictionary(S=Name.URI, URI=String("https://example.org/"))
    parent = Dictionary(Kids=Array(widgets), T=String("name"), FT=Name.Tx)
    document.Root.AcroForm.Fields = Array([document.make_indirect(parent)])
    for widget in widgets:
        widget.Parent = document.Root.AcroForm.Fields[0]
    data = saved(document)
    result = by_pikepdf(compressed(data))
    assert np.array_equal(drawn(result), drawn(by_pikepdf(data)))
    assert not np.array_equal(drawn(result), drawn(data))


def keeps_all(document):
    """Whether the document's font is still whole."""
    with pikepdf.open(BytesIO(compressed(saved(document)))) as made:
        programs = {
            one.FontFile2.read_bytes()
            for one in made.objects
            if isinstance(one, Dictionary) and "/FontFile2" in one
        }
    return programs == {font_program()}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_fonts_of_fields_stay_whole(spelling):
    """A font that somebody may type in keeps every letter, however a field says that it is the one."""
    document = form()
    SPELLINGS[spelling](document)
    assert keeps_all(document)


def noted(document, **entries):
    note = Dictionary(Type=Name.Annot, Rect=[0, 0, 50, 50], Contents=String("x"), **entries)
    document.pages[0].Annots = Array([document.make_indirect(note)])


def with_action(document, holder, key):
    holder[key] = Dictionary(S=Name.JavaScript, JS=String("this.getField('x').textFont = 'F1'"))


def hidden(document, kind):
    fonts = document.pages[0].Resources
    return document.make_indirect(Dictionary(
        Type=kind, MediaBox=[0, 0, 9, 9], Resources=fonts,
        Contents=document.make_stream(b"BT /F1 9 Tf (XYZ) Tj ET"),
    ))  # fmt: skip


def template(document):
    names = Array([String("extra"), hidden(document, Name.Template)])
    document.Root.Names = Dictionary(Templates=Dictionary(Names=names))


def page_for_later(document):
    names = Array([String("extra"), hidden(document, Name.Page)])
    document.Root.Names = Dictionary(Pages=Dictionary(Names=names))


def graphics_state(document):
    fonts = document.pages[0].Resources.Font
    document.pages[0].Resources.ExtGState = Dictionary(G=Dictionary(Font=[fonts.F1, 12]))


def unnamed_field(document):
    noted(document, Subtype=Name.Widget, FT=Name.Tx, T=String("x"))
    document.Root.AcroForm = Dictionary(Fields=document.pages[0].Annots)


SHOWN_LATER = {
    "a note": lambda d: noted(d, Subtype=Name.FreeText, DA=String("/F1 9 Tf")),
    "a note of rich text": lambda d: noted(d, Subtype=Name.FreeText, RC=String("<body/>")),
    "a style": lambda d: noted(d, Subtype=Name.FreeText, DS=String("font: Sample 9pt")),
    "rich text in a stream": lambda d: noted(d, Subtype=Name.Text, RC=d.make_stream(b"<body/>")),
    "an overlay": lambda d: noted(d, Subtype=Name.Redact, DA=String("/F1 9 Tf")),
    "a field that names none": unnamed_field,
    "a broken name": lambda d: noted(d, Subtype=Name.FreeText, DA=String("F1 9 Tf")),
    "no text": lambda d: noted(d, Subtype=Name.FreeText, DA=Array([Name.F1])),
    "XFA": lambda d: d.Root.update(
        Dictionary(AcroForm=Dictionary(Fields=[], XFA=d.make_stream(b"<xdp/>")))
    ),
    "a script": lambda d: with_action(d, d.Root, "/OpenAction"),
    "an additional action": lambda d: d.pages[0].obj.update(
        Dictionary(AA=Dictionary(O=Dictionary(S=Name.JavaScript, JS=d.make_stream(b"spawn()"))))
    ),
    "a template": template,
    "a page for later": page_for_later,
    "a graphics state": graphics_state,
}  # fmt: skip


@pytest.mark.parametrize("kind", SHOWN_LATER)
def test_fonts_of_text_that_may_come_stay_whole(kind):
    """A font in which a reader may show more than the pages do now keeps every letter."""
    document = page_with_text()
    SHOWN_LATER[kind](document)
    assert keeps_all(document)


def shown(data):
    """The file with its layers switched on."""
    with pikepdf.open(BytesIO(data)) as document:
        document.Root.OCProperties.D.OFF = []
        return saved(document)


@pytest.mark.slow
def test_hidden_layers_can_be_shown():
    """Text of a layer that is switched off has its letters when it is switched on."""
    document = page_with_text()
    layer = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("later")))
    document.Root.OCProperties = Dictionary(OCGs=[layer], D=Dictionary(OFF=[layer]))
    document.pages[0].Resources.Properties = Dictionary(L=layer)
    document.pages[0].contents_add(b"/OC /L BDC BT /F1 30 Tf 20 90 Td (Layer) Tj ET EMC")
    data = saved(document)
    result = compressed(data)
    assert not keeps_all(document)
    assert np.array_equal(drawn(result), drawn(data))
    assert np.array_equal(drawn(shown(result)), drawn(shown(data)))
    assert not np.array_equal(drawn(shown(data)), drawn(data))


def test_other_fonts_are_still_made_smaller():
    """Neither a form nor a note keeps a font whole that nothing names."""
    document = form("/F2 12 Tf")
    other = font(document)
    other.FontDescriptor.FontFile2 = document.make_stream(font_program() + b"\0")
    document.Root.AcroForm.DR.Font.F2 = other
    assert not keeps_all(document)
    document = page_with_text()
    noted(document, Subtype=Name.Link, A=Dictionary(S=Name.URI, URI=String("x")))
    assert not keeps_all(document)


def drawing(document, **resources):
    return document.make_stream(
        b"0 0 9 9 re f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9],
        Resources=Dictionary(resources) if resources else Dictionary(ProcSet=[Name.PDF]),
    )  # fmt: skip


def page_of(document, at):
    return document.pages[at].obj


def note_of(document, at):
    return page_of(document, at).Annots[0]


def file_of(document, at):
    return document.Root.Names.EmbeddedFiles.Names[2 * at + 1]


def element_of(document, at):
    return document.Root.StructTreeRoot.K[at]


def resources(document):
    return Dictionary(ProcSet=[Name.PDF, Name.Text], ExtGState=Dictionary(G=Dictionary(ca=1)))


def action(document):
    return Dictionary(S=Name.URI, URI=String("https://example.org/"))


#: what is equal in two places of a document, each an object of its own: the holder, key and value
PLACES = {
    "content": (page_of, "/Contents", lambda d: d.make_stream(b"0 0 9 9 re f")),
    "resources": (page_of, "/Resources", resources),
    "box": (page_of, "/CropBox", lambda d: Array([0, 0, 9, 9])),
    "transition": (page_of, "/Trans", lambda d: Dictionary(S=Name.Wipe)),
    "group": (page_of, "/Group", lambda d: Dictionary(S=Name.Transparency)),
    "metadata": (page_of, "/Metadata", lambda d: d.make_stream(b"<x/>", Type=Name.Metadata)),
    "actions of a page": (page_of, "/AA", lambda d: Dictionary(O=action(d))),
    "a measure": (page_of, "/VP", lambda d: Array([Dictionary(BBox=[0, 0, 9, 9])])),
    "appearances": (note_of, "/AP", lambda d: Dictionary(N=drawing(d))),
    "appearance": (lambda d, at: note_of(d, at).AP, "/N", drawing),
    "states": (lambda d, at: note_of(d, at).AP, "/D", lambda d: Dictionary(On=drawing(d))),
    "appearance of a state": (lambda d, at: note_of(d, at).AP.D, "/On", drawing),
    "resources of an appearance": (lambda d, at: note_of(d, at).AP.N, "/Resources", resources),
    "form in an appearance": (
        lambda d, at: note_of(d, at).AP.N.Resources, "/XObject", lambda d: Dictionary(X=drawing(d))
    ),
    "nested form": (lambda d, at: note_of(d, at).AP.N.Resources.XObject, "/X", drawing),
    "characteristics": (note_of, "/MK", lambda d: Dictionary(BG=[1, 1, 1])),
    "icon": (lambda d, at: note_of(d, at).MK, "/I", drawing),
    "border": (note_of, "/BS", lambda d: Dictionary(W=1)),
    "colour": (note_of, "/C", lambda d: Array([1, 0, 0])),
    "words": (note_of, "/Contents", lambda d: String("words")),
    "action": (note_of, "/A", action),
    "destination": (note_of, "/Dest", lambda d: Array([d.pages[2].obj, Name.Fit])),
    "value": (note_of, "/V", lambda d: String("value")),
    "choices": (note_of, "/Opt", lambda d: Array([String("a"), String("b")])),
    "script": (lambda d, at: note_of(d, at).A, "/JS", lambda d: d.make_stream(b"check()")),
    "lock": (note_of, "/Lock", lambda d: Dictionary(Type=Name.SigFieldLock, Action=Name.All)),
    "files": (file_of, "/EF", lambda d: Dictionary(F=d.make_stream(b"text"))),
    "file": (lambda d, at: file_of(d, at).EF, "/F", lambda d: d.make_stream(b"text")),
    "about a file": (lambda d, at: file_of(d, at).EF.F, "/Params", lambda d: Dictionary(Size=4)),
    "item of a portfolio": (file_of, "/CI", lambda d: Dictionary(A=String("x"))),
    "attributes": (element_of, "/A", lambda d: Dictionary(O=Name.Layout)),
    "use of a layer": (
        lambda d, at: d.Root.OCProperties.OCGs[at], "/Usage", lambda d: Dictionary(View=Dictionary(ViewState=Name.ON))
    ),
    "label": (lambda d, at: d.Root.PageLabels.Nums, "label", lambda d: Dictionary(S=Name.r)),
    "named appearance": (lambda d, at: d.Root.Names.AP.Names, "name", drawing),
}  # fmt: skip
#: the same of what is made to be shared
SHARED = {
    "font": ("/Font", lambda d: Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Courier)),
    "image": ("/XObject", lambda d: d.make_stream(
        bytes(9), Subtype=Name.Image, Width=3, Height=3, ColorSpace=Name.DeviceGray, BitsPerComponent=8
    )),
    "form": ("/XObject", drawing),
    "colour space": ("/ColorSpace", lambda d: Array([Name.ICCBased, d.make_stream(b"p", N=3)])),
    "state": ("/ExtGState", lambda d: Dictionary(Type=Name.ExtGState, ca=1)),
    "shading": ("/Shading", lambda d: Dictionary(ShadingType=2, ColorSpace=Name.DeviceGray)),
    "pattern": ("/Pattern", lambda d: Dictionary(PatternType=2, Matrix=[1, 0, 0, 1, 0, 0])),
}  # fmt: skip


def of(document, kind, at):
    """An object of a kind in the first or the second place."""
    if kind in SHARED:
        return document.pages[2 + at].obj.Resources[SHARED[kind][0]]["/" + kind.replace(" ", "-")]
    find, key, _ = PLACES[kind]
    holder = find(document, at)
    return holder[2 * at + 1] if isinstance(holder, Array) else holder.get_raw(key)


@cache
def doubles():
    """A document with two of everything, that is compressed."""
    document = pikepdf.new()
    for _ in range(4):
        document.add_blank_page(page_size=(9, 9))
    root = document.Root
    elements, layers, files = [], [], []
    for at in range(2):
        note = Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String(f"{at}"), Rect=[0, 0, 9, 9]
        )
        page_of(document, at).Annots = Array([document.make_indirect(note)])
        elements.append(document.make_indirect(Dictionary(Type=Name.StructElem, S=Name.P)))
        layers.append(document.make_indirect(Dictionary(Type=Name.OCG, Name=String("layer"))))
        files += [
            String(f"{at}"),
            document.make_indirect(Dictionary(Type=Name.Filespec, F=String("f"))),
        ]
    root.AcroForm = Dictionary(Fields=[note_of(document, 0), note_of(document, 1)])
    root.StructTreeRoot = Dictionary(Type=Name.StructTreeRoot, K=Array(elements))
    root.OCProperties = Dictionary(OCGs=Array(layers), D=Dictionary())
    root.PageLabels = Dictionary(Nums=Array([0, None, 1, None]))
    root.Names = Dictionary(
        EmbeddedFiles=Dictionary(Names=Array(files)),
        AP=Dictionary(Names=Array([String("a"), None, String("b"), None])),
    )
    for find, key, make in PLACES.values():
        for at in range(2):
            holder, value = find(document, at), document.make_indirect(make(document))
            holder[2 * at + 1 if isinstance(holder, Array) else key] = value
    for kind, (category, make) in SHARED.items():
        for at in range(2):
            held = document.pages[2 + at].obj.Resources
            held[category] = held.get(category, Dictionary())
            held[category]["/" + kind.replace(" ", "-")] = document.make_indirect(make(document))
    return pikepdf.open(BytesIO(compressed(saved(document))))


@pytest.mark.parametrize("kind", PLACES)
def test_what_may_be_written_into_is_not_shared(kind):
    """What reads the same in two places stays two objects, where a program may change one of them."""
    first, second = of(doubles(), kind, 0), of(doubles(), kind, 1)
    assert first.is_indirect
    assert second.is_indirect
    assert first.objgen != second.objgen


@pytest.mark.parametrize("kind", SHARED)
def test_what_is_made_to_be_shared_is(kind):
    """Equal resources of two pages become one object."""
    first, second = of(doubles(), kind, 0), of(doubles(), kind, 1)
    assert first.is_indirect
    assert first.objgen == second.objgen


def stamped(data):
    """The first page stamped by pypdf, which empties the old content in its place."""
    stamp = pypdf.PdfReader(BytesIO(form_file("plain"))).pages[0]
    writer = pypdf.PdfWriter(clone_from=BytesIO(data))
    writer.pages[0].merge_page(stamp)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.slow
def test_equal_pages_are_stamped_one_by_one():
    """A stamp on one of two equal pages leaves the other as it is."""
    document = pikepdf.new()
    for _ in range(2):
        page = document.add_blank_page(page_size=(300, 200))
        page.Contents = document.make_stream(b"20 100 200 50 re f\n" * 9)
    data = saved(document)
    result = stamped(compressed(data))
    for page in (1, 2):
        assert np.array_equal(drawn(result, page), drawn(stamped(data), page))
    assert np.array_equal(drawn(result, 2), drawn(data, 2))
    assert not np.array_equal(drawn(result, 1), drawn(data, 1))
