"""Forms for the tests, and their pages as poppler draws them."""

import subprocess
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pikepdf
from fontTools.agl import UV2AGL
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

from documents import font_file, saved
from services.programs import program

FIELDS = ("name", "town", "zip")
VALUES = {"name": "Marple", "town": "St Mary Mead", "zip": "10115"}


@cache
def font_program():
    """A TrueType program of ASCII, in which no two letters look alike."""
    names = [".notdef", *(UV2AGL[code] for code in range(32, 127))]
    rng = np.random.default_rng(5)
    glyphs = {}
    for name in names:
        pen = TTGlyphPen(None)
        for number in range(0 if name == "space" else 12):
            x, y, width, height = map(int, rng.integers((0, 0, 50, 50), (500, 700, 120, 250)))
            pen.moveTo((x, y))
            for point in ((x, y + height), (x + width, y + height - number), (x + width, y)):
                pen.lineTo(point)
            pen.closePath()
        glyphs[name] = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({code: UV2AGL[code] for code in range(32, 127)})
    builder.setupGlyf(glyphs)
    return font_file(builder, dict.fromkeys(names, (600, 0)))


def font(document):
    """The font of that program, embedded as a whole."""
    descriptor = document.make_indirect(Dictionary(
        Type=Name.FontDescriptor, FontName=Name.Sample, Flags=32, FontBBox=[0, -100, 900, 900],
        ItalicAngle=0, Ascent=900, Descent=-100, CapHeight=900, StemV=80,
        FontFile2=document.make_stream(font_program(), Length1=len(font_program())),
    ))  # fmt: skip
    return document.make_indirect(Dictionary(
        Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name.Sample, FirstChar=32, LastChar=126,
        Widths=[600] * 95, FontDescriptor=descriptor, Encoding=Name.WinAnsiEncoding,
    ))  # fmt: skip


def page_with_text():
    """A document whose only page shows two letters of the font, F1 in its resources."""
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(300, 200))
    page.Resources = Dictionary(Font=Dictionary(F1=font(document)))
    page.Contents = document.make_stream(b"BT /F1 20 Tf 20 20 Td (AB) Tj ET")
    return document


def form(default="/F1 12 Tf 0 g"):
    """The same with three empty fields of equal appearances, and their default appearance."""
    document = page_with_text()
    page = document.pages[0]
    fonts = page.Resources.Font
    widgets = []
    for at, name in enumerate(FIELDS):
        appearance = document.make_stream(
            b"/Tx BMC EMC", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 240, 20],
            Resources=Dictionary(Font=fonts),
        )  # fmt: skip
        widget = Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String(name), F=4, P=page.obj,
            Rect=[30, 160 - 40 * at, 270, 180 - 40 * at], AP=Dictionary(N=appearance), DA=default,
        )  # fmt: skip
        widgets.append(document.make_indirect(widget))
    page.Annots = Array(widgets)
    document.Root.AcroForm = Dictionary(Fields=Array(widgets), DR=Dictionary(Font=fonts))
    return document


def _default(document, value):
    for widget in document.pages[0].Annots:
        widget.DA = value


def _inherited(document):
    fields = document.Root.AcroForm.Fields
    parent = Dictionary(Kids=fields, T=String("all"), DA=String("/F1 12 Tf 0 g"))
    parent = document.make_indirect(parent)
    for widget in fields:
        del widget.DA
        widget.Parent = parent
    document.Root.AcroForm.Fields = Array([parent])


def _of_the_form(document):
    for widget in document.pages[0].Annots:
        del widget.DA
    document.Root.AcroForm.DA = String("/F1 12 Tf 0 g")


def _of_the_fields(document):
    for widget in document.pages[0].Annots:
        widget.DR = document.make_indirect(document.Root.AcroForm.DR)
    del document.Root.AcroForm.DR


def _in_appearances(document):
    del document.Root.AcroForm.DR


def _in_the_page(document):
    del document.Root.AcroForm.DR
    for widget in document.pages[0].Annots:
        del widget.AP.N.Resources


def _renamed(document, name, default):
    fonts = document.pages[0].Resources.Font
    for resources in (fonts, *(one.AP.N.Resources.Font for one in document.pages[0].Annots)):
        resources[name] = fonts.F1
    document.Root.AcroForm.DR = Dictionary(Font=Dictionary({name: fonts.F1}))
    _default(document, default)


UTF16 = "/F1 12 Tf 0 g".encode("utf-16-be")
#: how a document may say which font its fields are typed in
SPELLINGS = {
    "plain": lambda document: None,
    "line ends": lambda document: _default(document, String("/F1\n12\r\nTf\r0 g")),
    "comments": lambda document: _default(document, String("% my\n/F1 % own (\n12 Tf 0 g")),
    "no space": lambda document: _default(document, String("0 g/F1 12 Tf")),
    "escapes": lambda document: _default(document, String("/F#31 12 Tf 0 g")),
    "indirect": lambda document: _default(document, document.make_indirect(String("/F1 12 Tf 0 g"))),
    "UTF-16": lambda document: _default(document, pikepdf.String(b"\xfe\xff" + UTF16)),
    "UTF-16 without a mark": lambda document: _default(document, pikepdf.String(UTF16)),
    "umlauts": lambda document: _renamed(document, "/Größe", String(b"/Gr\xc3\xb6#c3#9fe 12 Tf 0 g")),
    "commas": lambda document: _renamed(document, "/Sample,Bold+", String("/Sample,Bold+ 12 Tf 0 g")),
    "inherited": _inherited,
    "of the form": _of_the_form,
    "resources of fields": _of_the_fields,
    "resources of appearances": _in_appearances,
    "resources of the page": _in_the_page,
}  # fmt: skip


@cache
def form_file(spelling):
    """The form with its default appearance spelled in one of these ways, as a file."""
    document = form()
    SPELLINGS[spelling](document)
    return saved(document)


def drawn(data, page=1):
    """The pixels of a page as poppler draws them, at 100 dpi."""
    command = [program("pdftoppm"), "-r", "100", "-f", str(page), "-l", str(page), "-"]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    with Image.open(BytesIO(done.stdout)) as picture:
        return np.asarray(picture)


def installed(folder: Path) -> Path:
    """pdf.js, brought into a folder by npm."""
    command = [program("npm"), "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit"]
    subprocess.run([*command, "--no-fund", "pdfjs-dist@5.6.205"], check=True, capture_output=True)
    return folder / "node_modules" / "pdfjs-dist"
