"""Type 1 font programs in a PDF, taken apart strictly (Adobe Type 1 Font Format, 1990).

A Type 1 program is PostScript. Writers of PDF use one form of it, and every other form is refused. So no
PostScript has to be run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EEXEC = re.compile(rb"currentfile\s+eexec(?:\r\n|[\r\n ])")
# The keys and the constants of the encryption (Adobe Type 1 Font Format, 7).
_EEXEC_KEY, _CHARSTRING_KEY = 55665, 4330
_FACTORS = 52845, 22719
_NAME = re.compile(rb"/FontName\s*/([^\s/()<>\[\]{}%]+)\s+def")
_STANDARD = re.compile(rb"/Encoding\s+StandardEncoding\s+def")
_ENCODING = re.compile(rb"/Encoding\s+256\s+array\s(.*?)\b(?:readonly\s+)?def\b", re.DOTALL)
_CODE = re.compile(rb"\bdup\s+(\d+)\s*/([^\s/()<>\[\]{}%]+)\s+put\b")
_NUMBERS = rb"/%s\s*[\[{]([-+\d.eE\s]*)[\]}]"
_SCALAR = rb"/%s\s+([-+\d.eE]+|true|false)\s"
_NOTICE = re.compile(rb"/Notice\s*\(((?:[^()\\]|\\[()\\])*)\)")
_LENIV = re.compile(rb"/lenIV\s+(-?\d+)\s+def")
_ARRAY = re.compile(rb"/Subrs\s+(\d+)\s+array\s")
_SUBR = re.compile(rb"\s*dup\s+(\d+)\s+(\d+)\s+(?:RD|-\|)\s")
_SUBR_END = re.compile(rb"\s*(?:NP|\||noaccess\s+put)(?=\s)")
_DICT = re.compile(rb"/CharStrings\s+\d+\s+dict\s+dup\s+begin\s")
_GLYPH = re.compile(rb"\s*/([^\s/()<>\[\]{}%]+)\s+(\d+)\s+(?:RD|-\|)\s")
_GLYPH_END = re.compile(rb"\s*(?:ND|\|-|noaccess\s+def)(?=\s)")
_END = re.compile(rb"\s*end\b")
# Multiple masters, fonts that are drawn as lines, and programs that look at the resolution of the device.
_SPECIAL = re.compile(rb"/WeightVector|/PaintType\s+[^0\s]|hires|/StrokeWidth\s+[^0\s]")

_ARRAYS = ("BlueValues", "OtherBlues", "FamilyBlues", "FamilyOtherBlues", "StdHW", "StdVW",
           "StemSnapH", "StemSnapV")  # fmt: skip
_SCALARS = ("BlueScale", "BlueShift", "BlueFuzz", "ForceBold", "LanguageGroup", "ExpansionFactor")
_INFO = ("ItalicAngle", "UnderlinePosition", "UnderlineThickness", "isFixedPitch")


class Unusual(Exception):
    """A font program of an unusual form. It stays as it is."""


@dataclass(frozen=True, slots=True)
class Type1:
    """A font program."""

    name: bytes
    notice: bytes
    #: glyph names by code; None for Adobe's standard encoding
    encoding: dict[int, bytes] | None
    matrix: tuple[float, ...]
    box: tuple[float, ...]
    info: dict[str, float]  #: entries of the FontInfo dictionary
    private: dict[str, tuple[float, ...]]  #: hints for the whole font
    subrs: dict[int, bytes]  #: charstrings, decrypted
    glyphs: dict[bytes, bytes]  #: charstrings by name, decrypted


def parse(data: bytes) -> Type1:
    """Take the font program `data` apart. Raises `Unusual`."""
    start = _EEXEC.search(data)
    if start is None or _SPECIAL.search(data, 0, start.end()):
        raise Unusual("no plain Type 1 font")
    head = data[: start.start()]
    body = _decrypted(data[start.end() :], _EEXEC_KEY)[4:]
    # If this entry is missing, the encrypted part is in hexadecimal digits, or it is no font.
    if b"/CharStrings" not in body or _SPECIAL.search(body[: body.index(b"/CharStrings")]):
        raise Unusual("an encrypted part that is not binary, or is special")
    skipped = _LENIV.search(body)
    lead = int(skipped[1]) if skipped else 4
    if not 0 <= lead <= 4:
        raise Unusual("charstrings that are not encrypted")
    name, notice = _NAME.search(head), _NOTICE.search(head)
    box = _numbers(head, "FontBBox")
    if name is None or len(box) != 4:
        raise Unusual("no name or no bounding box")
    return Type1(
        name=name[1],
        notice=re.sub(rb"\\(.)", rb"\1", notice[1]) if notice else b"",
        encoding=_encoding(head),
        matrix=_numbers(head, "FontMatrix"),
        box=box,
        info={key: value for key in _INFO for value in _scalar(head, key)},
        private=_private(body),
        subrs=_subrs(body, lead),
        glyphs=_glyphs(body, lead),
    )


def _decrypted(data: bytes, key: int) -> bytes:
    first, second = _FACTORS
    plain = bytearray(len(data))
    for at, byte in enumerate(data):
        plain[at] = byte ^ key >> 8
        key = (byte + key) * first + second & 0xFFFF
    return bytes(plain)


def _encoding(head: bytes) -> dict[int, bytes] | None:
    if _STANDARD.search(head):
        return None
    found = _ENCODING.search(head)
    if found is None:
        raise Unusual("no encoding")
    codes = {int(one[1]): one[2] for one in _CODE.finditer(found[1])}
    if any(code > 255 for code in codes):
        raise Unusual("a code over 255")
    return {code: name for code, name in codes.items() if name != b".notdef"}


def _numbers(text: bytes, key: str) -> tuple[float, ...]:
    found = re.search(_NUMBERS % key.encode(), text)
    try:
        return tuple(float(one) for one in found[1].split()) if found else ()
    except ValueError as error:
        raise Unusual(f"{key} of no numbers") from error


def _scalar(text: bytes, key: str) -> tuple[float, ...]:
    found = re.search(_SCALAR % key.encode(), text)
    if found is None:
        return ()
    if found[1] in (b"true", b"false"):
        return (float(found[1] == b"true"),)
    try:
        return (float(found[1]),)
    except ValueError as error:
        raise Unusual(f"{key} of no number") from error


def _private(body: bytes) -> dict[str, tuple[float, ...]]:
    head = body[: body.index(b"/CharStrings")]
    found = {key: _numbers(head, key) for key in _ARRAYS}
    found |= {key: _scalar(head, key) for key in _SCALARS}
    return {key: value for key, value in found.items() if value}


def _subrs(body: bytes, lead: int) -> dict[int, bytes]:
    array = _ARRAY.search(body)
    if array is None:
        return {}
    subrs: dict[int, bytes] = {}
    at = array.end()
    while found := _SUBR.match(body, at):
        subrs[int(found[1])], at = _charstring(body, found.end(), int(found[2]), lead)
        end = _SUBR_END.match(body, at)
        if end is None:
            raise Unusual("a subroutine without an end")
        at = end.end()
    return subrs


def _glyphs(body: bytes, lead: int) -> dict[bytes, bytes]:
    begin = _DICT.search(body)
    if begin is None:
        raise Unusual("no glyphs")
    glyphs: dict[bytes, bytes] = {}
    at = begin.end()
    while found := _GLYPH.match(body, at):
        # If a name is defined twice, some readers take the first and others the last.
        if found[1] in glyphs:
            raise Unusual("a glyph defined twice")
        glyphs[found[1]], at = _charstring(body, found.end(), int(found[2]), lead)
        end = _GLYPH_END.match(body, at)
        if end is None:
            raise Unusual("a glyph without an end")
        at = end.end()
    if b".notdef" not in glyphs or not _END.match(body, at):
        raise Unusual("glyphs that are cut off")
    return glyphs


def _charstring(body: bytes, at: int, length: int, lead: int) -> tuple[bytes, int]:
    if at + length > len(body):
        raise Unusual("a charstring that is cut off")
    return _decrypted(body[at : at + length], _CHARSTRING_KEY)[lead:], at + length
