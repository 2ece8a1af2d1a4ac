"""CFF fonts in a PDF: glyphs that nothing shows become empty, and nothing else changes."""

from functools import partial
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pikepdf
import pytest
from fontTools.cffLib import CFFFontSet, FDArrayIndex, FDSelect, FontDict, SubrsIndex
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, String

import documents
from documents import rendered
from ir_build.engine.pdf import codec as pdf
from ir_build.engine.pdf.fonts import subset
from ir_build.engine.pdf.fonts.type1 import Unusual
from ir_build.options import Compression, Options

LOSSLESS = Options(compression_type=Compression.LOSSLESS)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COUNT = 300


def program(number):
    """A wiggly outline of its own; every third calls a local, every fourth a global subroutine."""
    rng = np.random.default_rng(number)
    out = [300 + number, 100, int(rng.integers(0, 300)), "rmoveto"]
    for point in rng.integers(-90, 90, (30, 2)).tolist():
        out += [*point, "rlineto"]
    if number % 3 == 0:
        out += [number % 7 - 107, "callsubr"]
    if number % 4 == 0:
        out += [number % 5 - 107, "callgsubr"]
    return [*out, "endchar"]


def opentype():
    """An OpenType font with a CFF table."""
    names = [".notdef", *LETTERS, "acute", "Aacute", *(f"x{at}" for at in range(29, COUNT))]
    glyphs = {name: T2CharString(program=program(at)) for at, name in enumerate(names)}
    # An accent in the old way: where it is, and the codes of base and accent.
    glyphs["Aacute"] = T2CharString(program=[500, 100, 200, 65, 194, "endchar"])
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(letter): letter for letter in LETTERS} | {0xC1: "Aacute"})
    builder.setupCFF("Sample", {"FullName": "Sample"}, glyphs, {})
    cff = builder.font["CFF "].cff
    top = cff[0]
    top.Private.Subrs = SubrsIndex()
    for at in range(7):
        top.Private.Subrs.append(
            T2CharString(program=[at, 5, "rlineto", 9, at, "rlineto"] * 20 + ["return"])
        )
    for at in range(5):
        cff.GlobalSubrs.append(
            T2CharString(program=[at, 7, "rlineto", 3, at, "rlineto"] * 20 + ["return"])
        )
    for glyph in glyphs.values():
        glyph.private, glyph.globalSubrs = top.Private, cff.GlobalSubrs
    return documents.font_file(builder, {name: (300 + at, 0) for at, name in enumerate(names)})


OPENTYPE = opentype()
CFF = TTFont(BytesIO(OPENTYPE)).reader["CFF "]
SHIFT = 1000  # from numbers of glyphs to those of characters, where they differ


def keyed():
    """The same glyphs by numbers of characters, in a font composed of two."""
    fonts = CFFFontSet()
    fonts.decompile(BytesIO(CFF), None)
    top = fonts[0]
    names = [".notdef", *(f"cid{number:05}" for number in range(SHIFT + 1, SHIFT + COUNT))]
    glyphs = [top.CharStrings[name] for name in top.charset]
    glyphs[28] = T2CharString(program=["endchar"], private=top.Private)
    top.CharStrings.charStringsIndex.items = glyphs
    top.CharStrings.charStrings = {name: at for at, name in enumerate(names)}
    top.charset = names
    top.ROS = ("Adobe", "Identity", 0)
    top.FDArray, top.FDSelect = FDArrayIndex(), FDSelect()
    for _ in range(2):
        part = FontDict()
        part.Private = top.Private
        top.FDArray.append(part)
    top.FDSelect.gidArray = [int(at >= 100) for at in range(COUNT)]
    top.CharStrings.fdArray, top.CharStrings.fdSelect = top.FDArray, top.FDSelect
    del top.Private
    out = BytesIO()
    fonts.compile(out, TTFont(recalcBBoxes=False))
    return out.getvalue()


def glyphs_of(data):
    """What fontTools sees: by glyph its outline and width."""
    if data[:4] == b"OTTO":
        data = TTFont(BytesIO(data)).reader["CFF "]
    fonts = CFFFontSet()
    fonts.decompile(BytesIO(data), None)
    drawn = []
    for name in fonts[0].charset:
        pen = RecordingPen()
        glyph = fonts[0].CharStrings[name]
        glyph.draw(pen)
        drawn.append((pen.value, glyph.width))
    return fonts, drawn


def in_a_font(data=CFF, kind="/Type1C", *, text="BIZ", codes=None, archival=False, **entries):
    """A document that shows `text` in a simple font, or `codes` in a composite one."""
    made = pikepdf.new()
    tags = {key: entries.pop(key) for key in ("CharSet", "CIDSet") if key in entries}
    name = entries.pop("name", "/Sample")
    descriptor = made.make_indirect(Dictionary(
        Type=Name.FontDescriptor, FontName=Name(name), Flags=32, FontBBox=[-900, -900, 900, 900],
        ItalicAngle=0, Ascent=900, Descent=-900, CapHeight=900, StemV=80,
        FontFile3=made.make_stream(data, Subtype=Name(kind)), **tags,
    ))  # fmt: skip
    if codes is None:
        font = Dictionary(
            Type=Name.Font, Subtype=Name.Type1, BaseFont=Name(name), FirstChar=32, LastChar=255,
            Widths=[600] * 224, FontDescriptor=descriptor, Encoding=Name.WinAnsiEncoding,
        )  # fmt: skip
        string = text.encode("cp1252")
    else:
        inner = made.make_indirect(Dictionary(
            Type=Name.Font, Subtype=Name.CIDFontType0, BaseFont=Name(name), DW=600,
            CIDSystemInfo=Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0),
            FontDescriptor=descriptor,
        ))  # fmt: skip
        font = Dictionary(
            Type=Name.Font, Subtype=Name.Type0, BaseFont=Name(name), Encoding=Name("/Identity-H"),
            DescendantFonts=[inner],
        )  # fmt: skip
        string = b"".join(code.to_bytes(2, "big") for code in codes)
    for key, value in entries.items():
        font[f"/{key}"] = value
    page = made.add_blank_page(page_size=(300, 120))
    page.Resources = Dictionary(Font=Dictionary(F1=made.make_indirect(font)))
    page.Contents = made.make_stream(b"BT /F1 40 Tf 30 50 Td <%s> Tj ET" % string.hex().encode())
    if archival:
        packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r pdfaid:part="2" pdfaid:conformance="B"/></x:xmpmeta>'
        made.Root.Metadata = made.make_stream(packet, Type=Name.Metadata, Subtype=Name.XML)
    return made


saved = partial(documents.saved, fix_metadata_version=False)


def embedded(data):
    """What the document says of its font, and the program."""
    with pikepdf.open(BytesIO(data)) as made:
        font = made.pages[0].Resources.Font.F1
        part = font.DescendantFonts[0] if "/DescendantFonts" in font else font
        descriptor = part.FontDescriptor
        return SimpleNamespace(
            name=str(descriptor.FontName),
            names={str(font.BaseFont), str(part.BaseFont)},
            kind=str(descriptor.FontFile3.Subtype),
            program=descriptor.FontFile3.read_bytes(),
            size=len(descriptor.FontFile3.read_raw_bytes()),
            listed="/CharSet" in descriptor,
        )


KEYED = keyed()
LETTER_NUMBERS = {2, 9, 26}  # of B, I and Z


@pytest.mark.parametrize(("made", "kept"), [
    (in_a_font(), LETTER_NUMBERS),
    (in_a_font(OPENTYPE, "/OpenType"), LETTER_NUMBERS),
    (in_a_font(Subtype=Name.MMType1), LETTER_NUMBERS),
    (in_a_font(text="\xc1"), {28, 1, 27}),
    (in_a_font(text="~", Encoding=Dictionary(Differences=[126, Name.x77])), {77}),
    (in_a_font(kind="/CIDFontType0C", codes=[5, 77, 78, 120]), {5, 77, 78, 120}),
    (in_a_font(OPENTYPE, "/OpenType", codes=[5, 77, 78, 120]), {5, 77, 78, 120}),
    (in_a_font(KEYED, "/CIDFontType0C", codes=[SHIFT + 5, SHIFT + 120]), {5, 120}),
])  # fmt: skip
def test_unused_glyphs_become_empty(made, kept):
    """Glyphs that no text shows lose their outlines only; pages and words stay as they were."""
    source = saved(made)
    result = pdf.compress(source, LOSSLESS).data
    before, after = embedded(source), embedded(result)
    assert after.kind == before.kind
    one, drawn = glyphs_of(before.program)
    other, new = glyphs_of(after.program)
    assert one[0].charset[: len(new)] == other[0].charset
    # Other tables of an OpenType font may count on the last glyph.
    kept = kept | ({0, COUNT - 1} if after.kind == "/OpenType" else {0})
    assert {at for at, (outline, _) in enumerate(new) if outline} == kept
    assert all(drawn[at] == new[at] for at in kept)
    assert after.size < before.size / 4
    # A subset has to say so.
    assert after.name[7:] == "+Sample"
    assert after.names == {after.name}
    assert rendered(result, 2) == rendered(source, 2)
    assert len(np.unique(np.frombuffer(rendered(source, 2)[0][1], np.uint8))) > 1
    assert pdf.compress(result, LOSSLESS).data == result


def encoded(codes):
    """The program with an encoding of its own, in a document that leaves the encoding to it."""
    fonts = CFFFontSet()
    fonts.decompile(BytesIO(CFF), None)
    fonts[0].Encoding = [codes.get(code, ".notdef") for code in range(256)]
    out = BytesIO()
    fonts.compile(out, TTFont(recalcBBoxes=False))
    made = in_a_font(out.getvalue(), text="\xc8\xc9")
    del made.pages[0].Resources.Font.F1.Encoding
    return saved(made)


def test_an_encoding_of_its_own_stays():
    """Codes that the program itself gives its glyphs show the same afterwards."""
    source = encoded({200: "x77", 201: "x78", 202: "x250"})
    result = pdf.compress(source, LOSSLESS).data
    fonts, drawn = glyphs_of(embedded(result).program)
    assert fonts[0].Encoding[200:202] == ["x77", "x78"]
    assert {77, 78} <= {at for at, (outline, _) in enumerate(drawn) if outline}
    assert len(embedded(result).program) < len(CFF) / 4
    assert rendered(result, 2) == rendered(source, 2)


def test_unused_subroutines_go():
    """Subroutines that only unused glyphs call go."""
    fonts, _ = glyphs_of(subset.emptied(CFF, {9, 12}))
    # What glyph 0 calls, which always stays, and 9 and 12, as `program` says.
    assert len(fonts[0].Private.Subrs) == len({0, 2, 5})
    assert len(fonts.GlobalSubrs) == len({0, 2})


def test_a_font_in_use_as_a_whole_stays():
    """Where every glyph is shown there is nothing to empty, and the bytes stay."""
    assert subset.emptied(CFF, range(COUNT)) is None
    made = in_a_font(kind="/CIDFontType0C", codes=range(COUNT))
    result = embedded(pdf.compress(saved(made), LOSSLESS).data)
    assert result.program == CFF
    assert result.name == "/Sample"


def typed_in():
    made = in_a_font()
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("name"), Rect=[0, 0, 50, 20],
        DA=String("/F1 12 Tf 0 g"),
    )  # fmt: skip
    page = made.pages[0]
    page.Annots = Array([made.make_indirect(field)])
    made.Root.AcroForm = Dictionary(
        Fields=[page.Annots[0]], DR=Dictionary(Font=page.Resources.Font), DA=String("/F1 0 Tf")
    )
    return made


def set_by_state():
    made = in_a_font()
    resources = made.pages[0].Resources
    resources.ExtGState = Dictionary(G=Dictionary(Font=[resources.Font.F1, 12]))
    return made


@pytest.mark.parametrize("made", [
    typed_in(),
    set_by_state(),
    in_a_font(archival=True),
    in_a_font(archival=True, name="/ABCDEF+Sample", CharSet=String("/A/B")),
    in_a_font(kind="/CIDFontType0C", codes=[5], archival=True),
    in_a_font(kind="/CIDFontType0C", codes=[5], Encoding=Name("/UniJIS-UTF16-H")),
    in_a_font(Encoding=Name.MacExpertEncoding),
    in_a_font(Subtype=Name.TrueType),
    in_a_font(KEYED),
])  # fmt: skip
def test_what_is_not_sure_stays_whole(made):
    """Fonts of forms, of archival files, and those whose glyphs cannot be told keep every glyph."""
    source = saved(made)
    result = pdf.compress(source, LOSSLESS).data
    before, after = embedded(source), embedded(result)
    assert after.program == before.program
    assert after.name == before.name
    assert after.listed == before.listed


def test_lists_of_glyphs_go_where_they_are_optional():
    """What is no archival file loses its lists of glyphs with the glyphs."""
    made = in_a_font(name="/ABCDEF+Sample", CharSet=String("/A/B"))
    result = embedded(pdf.compress(saved(made), LOSSLESS).data)
    assert not result.listed
    assert result.name == "/ABCDEF+Sample"


def test_a_table_of_glyphs_is_none_of_cff():
    """A composite font with a table of glyphs, which readers take for CFF or do not, stays."""
    made = in_a_font(kind="/CIDFontType0C", codes=[5])
    inner = made.pages[0].Resources.Font.F1.DescendantFonts[0]
    inner.CIDToGIDMap = made.make_stream(bytes(600))
    result = embedded(pdf.compress(saved(made), LOSSLESS).data)
    assert result.program == CFF


def with_glyph(code, subrs=()):
    fonts = CFFFontSet()
    fonts.decompile(BytesIO(CFF), None)
    items = fonts[0].CharStrings.charStringsIndex
    items.items = [items[at] for at in range(COUNT)]
    items.items[1] = T2CharString(bytecode=code)
    if subrs:
        fonts[0].Private.Subrs.items = [T2CharString(bytecode=one) for one in subrs]
    out = BytesIO()
    fonts.compile(out, TTFont(recalcBBoxes=False))
    return out.getvalue()


@pytest.mark.parametrize("data", [
    with_glyph(b"\x8b\x8b\x0c\x0a\x0e"),  # adds numbers
    with_glyph(b"\xef\x0a\x0e"),  # calls a subroutine that is not there
    with_glyph(b"\x20\x0a\x0e", [b"\x20\x0a\x0b"]),  # calls one that calls itself
    with_glyph(b"\x1c\x01"),
])  # fmt: skip
def test_unusual_charstrings_stay(data):
    """A glyph that cannot be followed keeps the whole font as it is."""
    with pytest.raises(Unusual):
        subset.emptied(data, {1})


def test_subroutines_that_multiply_are_given_up(monkeypatch):
    """Subroutines that call each other over and over run into the limit of steps."""
    monkeypatch.setattr(subset, "MOST_STEPS", 20_000)
    calls = [bytes((32 + at + 1, 10)) * 40 + b"\x0b" for at in range(8)]
    with pytest.raises(Unusual, match="without an end"):
        subset.emptied(with_glyph(b"\x20\x0a\x0e", [*calls, b"\x0b"]), {1})


@pytest.mark.parametrize("data", [CFF, KEYED, OPENTYPE])
def test_damaged_programs_are_no_crash(data):
    """A byte changed anywhere in a program, or a cut, costs at most its subset."""
    rng = np.random.default_rng(2)
    places = [*range(80), *rng.integers(0, len(data), 60).tolist()]
    made = 0
    for at in places:
        broken = bytearray(data)
        broken[at] ^= int(rng.integers(1, 256))
        for one in (bytes(broken), data[:at]):
            try:
                subset.numbered(one, {65}) if data is KEYED else subset.coded(one, {65}, {b"A"})
                made += subset.emptied(one, {5}) is not None
            except Unusual:
                pass
    assert 0 < made < 2 * len(places)


@pytest.mark.parametrize("seed", range(6))
def test_kept_glyphs_draw_the_same(seed):
    """Whatever glyphs are kept, and however the font is built, fontTools draws them the same."""
    rng = np.random.default_rng(seed)
    data = (CFF, KEYED)[seed % 2]
    kept = {int(one) for one in rng.integers(0, COUNT, 40)} | {28}
    _, before = glyphs_of(data)
    _, after = glyphs_of(subset.emptied(data, kept))
    assert all(before[at] == after[at] for at in kept)
