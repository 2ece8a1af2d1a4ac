"""Fonts in a PDF: Type 1 becomes CFF, unused outlines go, and no pixel or word changes."""

from functools import partial
from io import BytesIO

import numpy as np
import pikepdf
import pytest
from fontTools.cffLib import CFFFontSet
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.eexec import encrypt
from fontTools.misc.psCharStrings import encodeIntT1
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.DefaultTable import DefaultTable
from pikepdf import Array, Dictionary, Name, String

import documents
from documents import rendered
from ir_build.engine.pdf import codec as pdf
from ir_build.engine.pdf.fonts import cff, subset, type1
from ir_build.options import Compression, Options, Part

LOSSLESS = Options(compression_type=Compression.LOSSLESS)
COMMANDS = {
    "hstem": 1, "vstem": 3, "vmoveto": 4, "rlineto": 5, "hlineto": 6, "vlineto": 7,
    "rrcurveto": 8, "closepath": 9, "callsubr": 10, "return": 11, "hsbw": 13, "endchar": 14,
    "rmoveto": 21, "hmoveto": 22, "vhcurveto": 30, "hvcurveto": 31, "dotsection": (12, 0),
    "vstem3": (12, 1), "hstem3": (12, 2), "seac": (12, 6), "sbw": (12, 7), "div": (12, 12),
    "callothersubr": (12, 16), "pop": (12, 17), "setcurrentpoint": (12, 33),
}  # fmt: skip


def charstring(text):
    out = bytearray()
    for word in text.split():
        if word in COMMANDS:
            command = COMMANDS[word]
            out += bytes(command if isinstance(command, tuple) else (command,))
        else:
            out += encodeIntT1(int(word))
    return bytes(out)


def stem(left, width):
    return (
        f"{left} 700 hsbw 0 {width} vstem 0 60 hstem 0 vmoveto {width} hlineto 650 vlineto "
        f"-{width} hlineto closepath endchar"
    )


SUBRS = [
    "3 0 callothersubr pop pop setcurrentpoint return",
    "0 1 callothersubr return",
    "0 2 callothersubr return",
    "return",
    "1 3 callothersubr pop callsubr return",
    "0 80 hstem 300 70 vstem return",
]
GLYPHS = {
    ".notdef": "0 500 hsbw endchar",
    "A": stem(30, 200),
    "B": "50 640 hsbw 0 50 hstem 0 90 vstem 100 vmoveto 200 300 rlineto 5 4 callsubr "
    "50 60 70 80 90 10 rrcurveto 100 50 60 70 hvcurveto -30 -40 -50 -60 vhcurveto closepath endchar",
    # a flex, as fonts write it: seven points through subroutines
    "C": "10 700 hsbw 20 30 rmoveto 400 hlineto 1 callsubr 0 100 rmoveto 2 callsubr "
    "10 -60 rmoveto 2 callsubr 5 30 rmoveto 2 callsubr 2 30 rmoveto 2 callsubr "
    "0 30 rmoveto 2 callsubr -5 40 rmoveto 2 callsubr -12 30 rmoveto 2 callsubr "
    "50 410 330 0 callsubr -400 hlineto closepath endchar",
    "D": "0 1001 2 div hsbw 10 vmoveto 400001 1000 div hlineto 300 vlineto closepath endchar",
    "E": stem(0, 444), "F": stem(10, 120), "G": stem(20, 333),
    "H": "25 650 hsbw 0 40 300 40 600 40 hstem3 dotsection 5 vmoveto 500 hlineto "
    "600 vlineto closepath endchar",
    "acute": "80 300 hsbw 0 700 rmoveto 60 100 rlineto 40 hlineto closepath endchar",
    "Aacute": "30 700 hsbw 80 150 40 65 194 seac",
}  # fmt: skip


def type1_font(glyphs=None, head="", subrs=SUBRS, matrix="0.001 0 0 0.001 0 0"):
    """A Type 1 program, and the lengths of its parts."""
    glyphs = GLYPHS if glyphs is None else glyphs
    codes = "".join(f"dup {ord(name)} /{name} put\n" for name in glyphs if len(name) == 1)
    clear = (
        "%!PS-AdobeFont-1.0: Sample\n11 dict begin\n/FontInfo 3 dict dup begin\n"
        "/Notice (Made for a test \\(free\\)) readonly def\n/ItalicAngle -12 def\n"
        f"/isFixedPitch false def end readonly def\n/FontName /Sample def\n{head}"
        f"/PaintType 0 def\n/FontType 1 def\n/FontMatrix [{matrix}] readonly def\n"
        "/Encoding 256 array\n0 1 255 {1 index exch /.notdef put} for\n"
        f"{codes}dup 200 /Aacute put\nreadonly def\n/FontBBox {{0 -100 800 900}} readonly def\n"
        "currentdict end\ncurrentfile eexec\n"
    ).encode()
    body = (
        b"dup /Private 8 dict dup begin\n/RD {string currentfile exch readstring pop} def\n"
        b"/BlueValues [-15 0 650 665] def\n/BlueScale 0.039 def\n/StdHW [60] def\n"
        b"/lenIV 4 def\n/Subrs %d array\n" % len(subrs)
    )
    for number, text in enumerate(subrs):
        code = encrypt(b"\0\0\0\0" + charstring(text), 4330)[0]
        body += b"dup %d %d RD %s NP\n" % (number, len(code), code)
    body += b"ND\n2 index /CharStrings %d dict dup begin\n" % len(glyphs)
    for name, text in glyphs.items():
        code = encrypt(b"\0\0\0\0" + charstring(text), 4330)[0]
        body += b"/%s %d RD %s ND\n" % (name.encode(), len(code), code)
    body += b"end\nend\nreadonly put\nput\ndup/FontName get exch definefont pop\nmark currentfile closefile\n"
    coded = encrypt(b"\0\0\0\0" + body, 55665)[0]
    tail = (b"0" * 64 + b"\n") * 8 + b"cleartomark\n"
    return clear + coded + tail, (len(clear), len(coded), len(tail))


def with_type1(text=b"ABCDEFGH\310", name="/ABCDEF+Sample", **font):
    """A document that shows `text` in a Type 1 font at three sizes."""
    program, lengths = type1_font(**font)
    made = pikepdf.new()
    stream = made.make_stream(program)
    for at, length in enumerate(lengths, 1):
        stream[f"/Length{at}"] = length
    descriptor = made.make_indirect(Dictionary(
        Type=Name.FontDescriptor, FontName=Name(name), Flags=4, FontBBox=[0, -100, 800, 900],
        ItalicAngle=0, Ascent=800, Descent=-100, CapHeight=650, StemV=80, FontFile=stream,
        CharSet=String("/A/B/C/D/E/F/G/H/acute/Aacute"),
    ))  # fmt: skip
    entries = Dictionary(
        Type=Name.Font, Subtype=Name.Type1, BaseFont=Name(name), FirstChar=65, LastChar=200,
        Widths=[600] * 136, FontDescriptor=descriptor,
        Encoding=Dictionary(Type=Name.Encoding, Differences=[200, Name.Aacute]),
    )  # fmt: skip
    page = made.add_blank_page(page_size=(400, 200))
    page.Resources = Dictionary(Font=Dictionary(F1=made.make_indirect(entries)))
    lines = [
        b"BT /F1 %d Tf 10 %d Td (%s) Tj ET" % (size, y, text)
        for size, y in ((9, 180), (24, 140), (50, 40))
    ]
    page.Contents = made.make_stream(b"\n".join(lines))
    return made


saved = partial(documents.saved, fix_metadata_version=False)


def fonts_of(data):
    made = pikepdf.open(BytesIO(data))
    return made, made.pages[0].Resources.Font


@pytest.mark.parametrize("scale", [0.7, 1.0, 3.1])
def test_type1_becomes_cff(scale):
    """A Type 1 font becomes a smaller CFF font that draws every pixel alike, at any size."""
    source = saved(with_type1())
    result = pdf.compress(source, LOSSLESS).data
    made, fonts = fonts_of(result)
    descriptor = fonts.F1.FontDescriptor
    assert "/FontFile" not in descriptor
    assert descriptor.FontFile3.Subtype == Name.Type1C
    assert fonts.F1.Subtype == Name.Type1
    assert len(descriptor.FontFile3.read_raw_bytes()) < len(type1_font()[0]) / 3
    assert rendered(result, scale) == rendered(source, scale)
    assert len(np.unique(np.frombuffer(rendered(source, scale)[0][1], np.uint8))) > 1
    made.close()


@pytest.mark.parametrize("matrix", [
    (0.001, 0, 0.000167, 0.001, 0, 0),
    (0.00085, 0, 0.000212, 0.001, 0, 0),
    (0.0012, 0, -0.0002, 0.001, 0, 0),
])  # fmt: skip
def test_slanted_type1_becomes_cff(matrix):
    """A font made oblique, wide or narrow by its matrix is so as CFF, to the pixel."""
    source = saved(with_type1(matrix=" ".join(map(str, matrix))))
    assert rendered(source, 2) != rendered(saved(with_type1()), 2)
    result = pdf.compress(source, LOSSLESS).data
    made, fonts = fonts_of(result)
    program = CFFFontSet()
    program.decompile(BytesIO(fonts.F1.FontDescriptor.FontFile3.read_bytes()), None)
    assert tuple(program[0].FontMatrix) == matrix
    for scale in (0.7, 1.0, 3.1):
        assert rendered(result, scale) == rendered(source, scale)
    made.close()


def test_whole_type1_becomes_a_subset():
    """A whole font keeps the glyphs shown and is called a subset, but for one without widths."""
    source = with_type1(text=b"A", name="/Sample", subrs=[*SUBRS, *["return"] * 1000])
    made, fonts = fonts_of(pdf.compress(saved(source), LOSSLESS).data)
    font = fonts.F1
    assert str(font.BaseFont)[7:] == "+Sample"
    assert font.FontDescriptor.FontName == font.BaseFont
    made.close()
    del source.pages[0].Resources.Font.F1.Widths
    made, fonts = fonts_of(pdf.compress(saved(source), LOSSLESS).data)
    program = CFFFontSet()
    program.decompile(BytesIO(fonts.F1.FontDescriptor.FontFile3.read_bytes()), None)
    assert set(program[0].CharStrings.keys()) == set(GLYPHS)
    assert fonts.F1.BaseFont == "/Sample"
    made.close()


def test_cff_keeps_names_widths_and_hints():
    """What a reader may look up in the font is in it: names, notice, blue zones, stems."""
    font = type1.parse(type1_font()[0])
    fonts = CFFFontSet()
    fonts.decompile(BytesIO(cff.from_type1(font, None)), None)
    top = fonts[0]
    assert fonts.fontNames == ["Sample"]
    assert top.Notice == "Made for a test (free)"
    assert top.ItalicAngle == -12
    assert set(top.CharStrings.keys()) == set(GLYPHS)
    assert top.Private.BlueValues == [-15, 0, 650, 665]
    assert top.Private.BlueScale == pytest.approx(0.039)
    assert [top.Encoding[code] for code in (65, 66, 200)] == ["A", "B", "Aacute"]
    glyph = top.CharStrings["B"]
    glyph.decompile()
    assert "hintmask" in glyph.program


def test_accents_bring_their_parts():
    """A glyph made of two others keeps both, though no text shows them alone."""
    source = saved(with_type1(text=b"\310", subrs=[*SUBRS, *["return"] * 1000]))
    result = pdf.compress(source, LOSSLESS).data
    made, fonts = fonts_of(result)
    program = CFFFontSet()
    program.decompile(BytesIO(fonts.F1.FontDescriptor.FontFile3.read_bytes()), None)
    assert set(program[0].CharStrings.keys()) == {".notdef", "A", "Aacute", "acute"}
    assert "/CharSet" not in fonts.F1.FontDescriptor
    assert rendered(result, 2) == rendered(source, 2)
    made.close()


@pytest.mark.parametrize("font", [
    {"head": "/WeightVector [0.5 0.5] def\n"},
    {"head": "/PaintType 2 def\n"},
    {"matrix": "0.001 0 0 0.002 0 0"},
    {"glyphs": GLYPHS | {"A": "0 700 hsbw 100 hlineto endchar"}},
    {"glyphs": GLYPHS | {"A": "0 700 hsbw 99 callsubr endchar"}},
    {"glyphs": GLYPHS | {"A": "0 700 hsbw 0 vmoveto 100 hlineto"}},
    {"glyphs": GLYPHS | {"A": "0 700 hsbw 1 0 div hlineto endchar"}},
    {"subrs": [*SUBRS[:3], "3 callsubr"], "glyphs": GLYPHS | {"A": "0 700 hsbw 3 callsubr"}},
])  # fmt: skip
def test_unusual_type1_stays(font):
    """A program that asks for more than outlines and hints, or is broken, keeps its bytes."""
    source = saved(with_type1(**font))
    made, fonts = fonts_of(pdf.compress(source, LOSSLESS).data)
    assert fonts.F1.FontDescriptor.FontFile.read_bytes() == type1_font(**font)[0]
    made.close()


@pytest.mark.parametrize("at", range(300, 2000, 60))
def test_damaged_type1_is_no_crash(at):
    """A byte changed anywhere in a program costs at most its conversion."""
    data = bytearray(type1_font()[0])
    data[at] ^= 0x55
    try:
        made = cff.from_type1(type1.parse(bytes(data)), None)
    except type1.Unusual:
        return
    CFFFontSet().decompile(BytesIO(made), None)


def truetype_font(count=200):
    """A TrueType program of many wiggly glyphs; every tenth is made of two others."""
    names = [".notdef", *(f"n{number:03}x" for number in range(1, count))]
    rng = np.random.default_rng(11)
    glyphs = {}
    for number, name in enumerate(names):
        pen = TTGlyphPen(glyphs)
        if number and number % 10 == 0:
            pen.addComponent(names[number - 1], (1, 0, 0, 1, 0, 0))
            pen.addComponent(names[number - 2], (0.5, 0, 0, 0.5, 300, 100))
        else:
            points = [tuple(map(int, point)) for point in rng.integers(0, 900, (40, 2))]
            pen.moveTo(points[0])
            for point in points[1:]:
                pen.lineTo(point)
            pen.closePath()
        glyphs[name] = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({0x40 + number: names[number] for number in range(1, 100)})
    builder.setupGlyf(glyphs)
    return documents.font_file(builder, dict.fromkeys(names, (600, 0)))


TRUETYPE = truetype_font()


def with_truetype(*, composite, name="/Sample", text=b"\0\x05\0\x14\0\x63", **descriptor_entries):
    made = pikepdf.new()
    descriptor = made.make_indirect(Dictionary(
        Type=Name.FontDescriptor, FontName=Name(name), Flags=32 if not composite else 4,
        FontBBox=[0, -100, 900, 900], ItalicAngle=0, Ascent=900, Descent=-100, CapHeight=900,
        StemV=80, FontFile2=made.make_stream(TRUETYPE, Length1=len(TRUETYPE)), **descriptor_entries,
    ))  # fmt: skip
    if composite:
        inner = made.make_indirect(Dictionary(
            Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name(name), DW=600,
            CIDSystemInfo=Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0),
            FontDescriptor=descriptor, CIDToGIDMap=Name.Identity,
        ))  # fmt: skip
        font = Dictionary(
            Type=Name.Font, Subtype=Name.Type0, BaseFont=Name(name), Encoding=Name("/Identity-H"),
            DescendantFonts=[inner],
        )  # fmt: skip
    else:
        font = Dictionary(
            Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name(name), FirstChar=32, LastChar=126,
            Widths=[600] * 95, FontDescriptor=descriptor, Encoding=Name.WinAnsiEncoding,
        )  # fmt: skip
        text = b"ABz"
    page = made.add_blank_page(page_size=(300, 120))
    page.Resources = Dictionary(Font=Dictionary(F1=made.make_indirect(font)))
    page.Contents = made.make_stream(b"BT /F1 60 Tf 10 40 Td <%s> Tj ET" % text.hex().encode())
    return made


def glyphs_with_outlines(program):
    font = TTFont(BytesIO(program))
    order = font.getGlyphOrder()
    return {at for at, name in enumerate(order) if font["glyf"][name].numberOfContours}


@pytest.mark.parametrize("composite", [True, False])
def test_unused_outlines_go(composite):
    """Glyphs that no text shows lose their outlines; what is shown stays, with its parts."""
    source = saved(with_truetype(composite=composite))
    result = pdf.compress(source, LOSSLESS).data
    made, fonts = fonts_of(result)
    font = fonts.F1.DescendantFonts[0] if composite else fonts.F1
    program = font.FontDescriptor.FontFile2.read_bytes()
    kept = glyphs_with_outlines(program)
    assert kept >= ({0, 5, 18, 19, 20, 99} if composite else {0, 1, 2, 0x3A})
    assert len(kept) < 30
    assert len(program) < len(TRUETYPE) / 3
    # A subset has to say so.
    assert str(font.BaseFont).endswith("+Sample")
    assert font.BaseFont == font.FontDescriptor.FontName
    assert rendered(result, 2) == rendered(source, 2)
    made.close()


def test_name_that_is_a_string():
    """A font whose name is a string, which is against the rules, loses its unused outlines and keeps it."""
    source = with_truetype(composite=False)
    source.pages[0].Resources.Font.F1.BaseFont = String("Sämple 字")
    made, fonts = fonts_of(pdf.compress(saved(source), LOSSLESS).data)
    assert str(fonts.F1.BaseFont) == "Sämple 字"
    assert len(glyphs_with_outlines(fonts.F1.FontDescriptor.FontFile2.read_bytes())) < 30
    made.close()


def keeps_all(made):
    result, fonts = fonts_of(pdf.compress(saved(made), LOSSLESS).data)
    font = fonts.F1.DescendantFonts[0] if "/DescendantFonts" in fonts.F1 else fonts.F1
    program = font.FontDescriptor.FontFile2.read_bytes()
    result.close()
    return program == TRUETYPE


def test_fonts_of_forms_stay_whole():
    """A font that a reader may type in keeps every glyph."""
    made = with_truetype(composite=False)
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("name"), Rect=[0, 0, 50, 20],
        DA=String("/F1 12 Tf 0 g"),
    )  # fmt: skip
    page = made.pages[0]
    page.Annots = Array([made.make_indirect(field)])
    made.Root.AcroForm = Dictionary(
        Fields=[page.Annots[0]], DR=Dictionary(Font=page.Resources.Font), DA=String("/F1 0 Tf")
    )
    assert keeps_all(made)


def test_fonts_set_elsewhere_stay_whole():
    """Where text takes its font from a graphics state or from its caller, nothing is dropped."""
    made = with_truetype(composite=False)
    font = made.pages[0].Resources.Font.F1
    made.pages[0].Resources.ExtGState = Dictionary(G=Dictionary(Font=[font, 12]))
    assert keeps_all(made)
    made = with_truetype(composite=False)
    form = made.make_stream(
        b"BT (ABC) Tj ET", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 100, 100],
        Resources=Dictionary(),
    )  # fmt: skip
    made.pages[0].Resources.XObject = Dictionary(X=form)
    made.pages[0].contents_add(b"/X Do")
    assert keeps_all(made)


@pytest.mark.parametrize(("composite", "emptied"), [(True, False), (False, True)])
def test_archival_fonts(composite, emptied):
    """PDF/A asks subsets of composite fonts for a list of glyphs: they stay whole."""
    made = with_truetype(composite=composite)
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r pdfaid:part="1" pdfaid:conformance="B"/></x:xmpmeta>'
    made.Root.Metadata = made.make_stream(packet, Type=Name.Metadata, Subtype=Name.XML)
    assert keeps_all(made) is not emptied


def test_archival_lists_of_glyphs_stay_true():
    """A PDF/A file's list of glyphs stays, and so does every glyph on it."""
    made = with_type1(text=b"A", subrs=[*SUBRS, *["return"] * 1000])
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r pdfaid:part="2" pdfaid:conformance="B"/></x:xmpmeta>'
    made.Root.Metadata = made.make_stream(packet, Type=Name.Metadata, Subtype=Name.XML)
    opened, fonts = fonts_of(pdf.compress(saved(made), LOSSLESS).data)
    program = CFFFontSet()
    program.decompile(BytesIO(fonts.F1.FontDescriptor.FontFile3.read_bytes()), None)
    listed = {name for name in str(fonts.F1.FontDescriptor.CharSet).split("/") if name}
    assert listed | {".notdef"} == set(program[0].CharStrings.keys())
    opened.close()


@pytest.mark.parametrize("cut", [3, 20, 300, len(TRUETYPE) // 2])
def test_broken_truetype_stays(cut):
    """A program whose tables contradict each other is not touched."""
    with pytest.raises(type1.Unusual):
        subset.emptied(TRUETYPE[:cut], {5})


def test_other_tables_stay():
    """Tables that say nothing of outlines keep their bytes, those that nobody knows too."""
    source = TTFont(BytesIO(TRUETYPE))
    source["Priv"] = DefaultTable("Priv")
    source["Priv"].data = b"of some device"
    source["fpgm"] = DefaultTable("fpgm")
    source["fpgm"].data = b"\xb0\0\x21"
    out = BytesIO()
    source.save(out)
    before = TTFont(BytesIO(out.getvalue())).reader
    after = TTFont(BytesIO(subset.emptied(out.getvalue(), {5}))).reader
    changed = {"glyf", "loca", "hmtx", "hhea", "head"}
    assert after.keys() == before.keys()
    assert {tag for tag in {*before.keys()} if before[tag] != after[tag]} <= changed


def test_text_in_a_form_counts():
    """Glyphs shown by form XObjects and appearances of annotations are used ones."""
    made = with_truetype(composite=True)
    form = made.make_stream(
        b"BT /F1 40 Tf 10 10 Td <0032> Tj ET", Type=Name.XObject, Subtype=Name.Form,
        BBox=[0, 0, 100, 100], Resources=Dictionary(Font=made.pages[0].Resources.Font),
    )  # fmt: skip
    note = Dictionary(
        Type=Name.Annot, Subtype=Name.Stamp, Rect=[200, 0, 300, 100], AP=Dictionary(N=form), F=4
    )
    made.pages[0].Annots = Array([made.make_indirect(note)])
    source = saved(made)
    result = pdf.compress(source, LOSSLESS).data
    opened, fonts = fonts_of(result)
    kept = glyphs_with_outlines(fonts.F1.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes())
    assert {0x32, 0x31, 0x30} <= kept
    assert rendered(result, 2) == rendered(source, 2)
    opened.close()


def mixed():
    """A font, a picture, and twice the same object."""
    document = with_type1()
    page = document.pages[0]
    picture = document.make_stream(
        bytes(range(256)) * 300, Type=Name.XObject, Subtype=Name.Image, Width=256, Height=100,
        ColorSpace=Name.DeviceRGB, BitsPerComponent=8,
    )  # fmt: skip
    twins = [
        document.make_stream(b"0 0 9 9 re f " * 9, Subtype=Name.Form, BBox=[0, 0, 9, 9])
        for _ in "ab"
    ]
    page.Resources.XObject = Dictionary(I=picture, A=twins[0], B=twins[1])
    page.contents_add(b"q 90 0 0 90 200 20 cm /I Do Q /A Do /B Do")
    return saved(document)


def made_of(data):
    """The font program, the picture's samples, and how many of the twins there are."""
    resources = documents.opened(data).pages[0].Resources
    descriptor = resources.Font.F1.FontDescriptor
    program = next(descriptor[key] for key in ("/FontFile", "/FontFile3") if key in descriptor)
    picture = resources.XObject.I
    forms = {resources.XObject.A.objgen, resources.XObject.B.objgen}
    return program.read_bytes(), (picture.read_bytes(), picture.BitsPerComponent), len(forms)


@pytest.mark.parametrize("part", Part)
def test_a_part_may_be_left_as_it_is(part):
    """What was done to fonts, to pictures or to the structure can be taken back alone."""
    data = mixed()
    kept = LOSSLESS.keeping(part)
    result = pdf.compress(data, kept)
    changed = {
        name: one != other
        for name, one, other in zip(
            ("fonts", "pictures", "structure"), made_of(data), made_of(result.data), strict=True
        )
    }
    assert not changed[part]
    assert changed["fonts"] or part is Part.FONTS
    assert changed["structure"] or part is Part.STRUCTURE
    assert part not in result.parts
    assert len(result.data) < len(data)
    assert rendered(result.data) == rendered(data)


def test_every_code_in_use_is_no_crash():
    """A font with a glyph for each of 256 codes, one more than this kind of CFF can list."""
    glyphs = {".notdef": GLYPHS[".notdef"]} | {f"g{at}": stem(30, 20 + at) for at in range(256)}
    codes = "".join(f"dup {at} /g{at} put\n" for at in range(256))
    program, lengths = type1_font(glyphs)
    program = program.replace(b"dup 200 /Aacute put\n", codes.encode())
    made = with_type1(b"ABCDEFGH", name="/Sample")
    descriptor = made.pages[0].Resources.Font.F1.FontDescriptor
    descriptor.FontFile.write(program)
    descriptor.FontFile.Length1 = lengths[0] + len(codes) - 20
    del made.pages[0].Resources.Font.F1.Widths
    data = saved(made)
    assert rendered(pdf.compress(data, LOSSLESS).data) == rendered(data)


def test_standard_names_stay():
    """By these names readers know widths and encoding, whatever the document says of them."""
    made = with_type1(name="/Courier", subrs=[*SUBRS, *["return"] * 1000])
    font = made.pages[0].Resources.Font.F1
    font.FirstChar, font.LastChar, font.Widths = 0, 255, Array([600])
    data = saved(made)
    result = pdf.compress(data, LOSSLESS).data
    assert documents.opened(result).pages[0].Resources.Font.F1.BaseFont == Name.Courier
    assert rendered(result) == rendered(data)
