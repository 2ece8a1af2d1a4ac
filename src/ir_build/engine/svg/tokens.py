"""The source of an SVG as a series of tokens. It is checked first for being well-formed.

Nothing is ever fetched. An entity is expanded only if it stands for a few plain characters in attributes.
Illustrator declares such entities for namespaces. A document that declares others stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from xml.parsers import expat

from ...errors import CorruptFile, FileSkipped, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Start:
    """A start tag, or an empty-element tag."""

    name: str
    #: names, and values as they are in the source, with their quotes
    attributes: tuple[tuple[str, str], ...]
    empty: bool
    raw: str


@dataclass(frozen=True, slots=True)
class End:
    """An end tag."""

    name: str
    raw: str


@dataclass(frozen=True, slots=True)
class Text:
    """Character data or a CDATA section, as it is in the source."""

    raw: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, with its delimiters."""

    raw: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """A processing instruction other than the XML declaration."""

    raw: str


Token = Start | End | Text | Comment | Instruction

_TOKEN = re.compile(
    r"""
    (?P<comment><!--.*?-->)
    | (?P<cdata><!\[CDATA\[.*?\]\]>)
    | (?P<doctype><!DOCTYPE(?:[^>"']|"[^"]*"|'[^']*')*+>)
    | (?P<instruction><\?.*?\?>)
    | </(?P<end>[^\s>]+)\s*>
    | <(?P<start>[^\s/>]+)(?P<attributes>(?:[^>"']|"[^"]*"|'[^']*')*+)>
    | (?P<text>[^<]+)
    """,
    re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s=/]+)\s*=\s*("[^"]*"|'[^']*')""")
# A prolog that declares nothing but entities of plain characters.
_ENTITY = r"""<!ENTITY\s++([\w.-]++)\s++("[^"'<>&%]{0,1000}+"|'[^"'<>&%]{0,1000}+')\s*+>"""
_PLAIN_SUBSET = re.compile(
    rf"""(?P<head>(?:<\?.*?\?>|<!--.*?-->|\s)*+<!DOCTYPE\s(?:[^\[\]>"']|"[^"]*+"|'[^']*+')*+)
    \[(?P<subset>(?:\s|<!--.*?-->|{_ENTITY})*+)\]\s*+>""",
    re.DOTALL | re.VERBOSE,
)
_REFERENCE = re.compile(r"&([\w.-]++);")
_PREDEFINED = frozenset({"lt", "gt", "amp", "quot", "apos"})
# Characters that entities may add. Not fitted: the namespaces of Illustrator add far fewer, and an attack far
# more.
_MAX_GROWTH = 1_000_000
_DECLARATION = re.compile(
    rb"""<\?xml\s+version\s*=\s*["'](?P<version>[^"']*)["']"""
    rb"""(?:\s+encoding\s*=\s*["'](?P<encoding>[^"']*)["'])?"""
)
# Browsers take the names of Latin-1 and of ASCII for windows-1252 (WHATWG Encoding, 4.2).
_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "windows-1252": "cp1252",
}


def decode(data: bytes) -> str:
    """The text of the XML document `data`, by its byte order mark or its declaration.

    Raises `FileSkipped` for other encodings and versions of XML, and `CorruptFile`.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16"
    elif data.startswith(b"\xef\xbb\xbf"):
        codec = "utf-8-sig"
    else:
        declared = _DECLARATION.match(data[:1024])
        if declared and declared["version"] != b"1.0":
            raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "XML that is not version 1.0")
        label = ((declared and declared["encoding"]) or b"utf-8").decode("ascii", "replace")
        try:
            codec = _CODECS[label.lower()]
        except KeyError:
            raise FileSkipped(Reason.UNSUPPORTED_VARIANT, f"SVG in the encoding {label}") from None
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise CorruptFile(f"not the encoding it claims to be: {error.reason}") from error


def tokenise(text: str) -> Iterator[Token]:
    """The tokens of `text`, without the XML declaration and the document type.

    `text` must come from `checked`: the short patterns here are enough for well-formed documents only.
    """
    for match in _TOKEN.finditer(text):
        raw = match[0]
        kind = match.lastgroup
        if kind == "attributes":
            attributes = tuple(_ATTRIBUTE.findall(match["attributes"]))
            yield Start(match["start"], attributes, raw.endswith("/>"), raw)
        elif kind == "end":
            yield End(match["end"], raw)
        elif kind == "comment":
            yield Comment(raw)
        elif kind in ("text", "cdata"):
            yield Text(raw)
        elif kind == "instruction" and not raw.startswith(
            ("<?xml ", "<?xml\t", "<?xml\n", "<?xml\r")
        ):
            yield Instruction(raw)


def checked(text: str) -> str:
    """`text` with its own entities expanded.

    Raises `CorruptFile` if it is not well-formed, and `FileSkipped` if its entities are not plain.
    """
    declared = _PLAIN_SUBSET.match(text)
    _check(text, plain_subset=declared is not None)
    if "<!DOCTYPE" not in text:
        return text
    entities: dict[str, str] = {}
    if declared:
        for name, quoted in re.findall(_ENTITY, declared["subset"]):
            entities.setdefault(name, quoted[1:-1])
        text = f"{declared['head']}>{text[declared.end() :]}"
    longest = max(map(len, entities.values()), default=0)
    if longest * len(_REFERENCE.findall(text)) > _MAX_GROWTH:
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "SVG with too many entities of its own")
    text = _TOKEN.sub(partial(_expanded, entities), text)
    _check(text, plain_subset=False)
    return text


def _expanded(entities: dict[str, str], token: re.Match[str]) -> str:
    kind = token.lastgroup
    if kind not in ("attributes", "text"):
        return token[0]
    known = _PREDEFINED.union(entities) if kind == "attributes" else _PREDEFINED
    if not known.issuperset(_REFERENCE.findall(token[0])):
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "SVG with entities of its own")
    return _REFERENCE.sub(lambda name: entities.get(name[1], name[0]), token[0])


def _check(text: str, *, plain_subset: bool) -> None:
    parser = expat.ParserCreate("utf-8")
    if not plain_subset:
        parser.StartDoctypeDeclHandler = _doctype
        parser.EntityDeclHandler = _entity
    parser.SkippedEntityHandler = _entity
    try:
        parser.Parse(text.encode(), True)  # noqa: FBT003 - takes no keyword
    except expat.ExpatError as error:
        raise CorruptFile(f"not well-formed XML: {error}") from error
    except UnicodeEncodeError as error:
        raise CorruptFile("not well-formed XML: half a surrogate pair") from error


def _doctype(_name: str, _system: str | None, _public: str | None, has_subset: bool | int) -> None:  # noqa: FBT001 - expat calls it so
    if has_subset:
        raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "SVG with declarations in its document type")


def _entity(*_: object) -> None:
    raise FileSkipped(Reason.UNSUPPORTED_VARIANT, "SVG with entities of its own")
