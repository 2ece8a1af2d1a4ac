"""What the catalogue of a PDF promises: its language, tags, form fields, names and conformance."""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Stream

from ..errors import CorruptFile, TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

# Nodes of a tree, or links, and pages that are looked at, and bytes of metadata. Not fitted: limits of work and
# memory for hostile documents. Trees and links beyond them are not compared. Larger metadata are refused.
_MOST_OBJECTS = 50_000
_MOST_PAGES = 2_000
_LARGEST_METADATA = 16 * 1024 * 1024

# PDF/A, PDF/UA, PDF/X and PDF/E files say in their XMP what they conform to.
_CONFORMANCE = re.compile(
    rb"(pdf(?:a|ua|x|e|vt)id:\w+)\s*(?:=\s*[\"']|>)\s*([^\"'<]*)"  # attribute or element
)
# A name in a field's default appearance, and a character written by its number.
_NAME = re.compile(r"/[^\s()<>\[\]{}/%]+")
_ESCAPED = re.compile(r"#([0-9A-Fa-f]{2})")
_PLAIN_KEYS = ("/Lang", "/PageMode", "/PageLayout")
_PRESENT_KEYS = (
    "/StructTreeRoot",
    "/OpenAction",
    "/AA",
    "/Collection",
    "/AF",
    "/URI",
    "/DSS",
    "/Requirements",
)


def document_facts(data: bytes) -> dict[str, object]:
    """What the document `data` promises, by name. Equal values mean the same promise.

    Raises `CorruptFile` or `TooLarge`.
    """
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            return _facts(pdf)
    except (pikepdf.PdfError, pikepdf.PasswordError) as error:
        # The rest of the message is an address in memory.
        raise CorruptFile(f"does not open: {str(error).rpartition(': ')[2]}") from error


def _facts(pdf: pikepdf.Pdf) -> dict[str, object]:
    root = pdf.Root
    form = _get(root, "/AcroForm")
    facts: dict[str, object] = {
        "encryption": str(pdf.allow) if pdf.is_encrypted else "",
        "conformance": _conformance(_get(root, "/Metadata")),
        "output intents": _length(_get(root, "/OutputIntents")),
        "layers": _length(_get(_get(root, "/OCProperties"), "/OCGs")),
        "names": tuple(_names(root)),
        "form fields": tuple(_fields(form)),
        "fonts to type with": tuple(sorted(_form_fonts(form))),
        "XFA form": "there" if _get(form, "/XFA") is not None else "missing",
        "links": tuple(_links(pdf)),
    }
    for key in _PLAIN_KEYS:
        facts[key] = str(root.get(key, ""))
    for key in _PRESENT_KEYS:
        facts[key] = "there" if key in root else "missing"
    for key in ("/MarkInfo", "/ViewerPreferences"):
        facts[key] = _plain_entries(_get(root, key))
    return facts


def _get(parent: object, key: str) -> object:
    """The value of `key`; None if it is missing, or if `parent` is no dictionary."""
    return parent.get(key) if isinstance(parent, Dictionary) else None


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, Array) else []


def _length(value: object) -> int:
    return len(value) if isinstance(value, (Array, Dictionary)) else 0


def _plain_entries(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Dictionary):
        return ()
    return tuple(
        (key, str(entry))
        for key, entry in sorted(value.items())
        if not isinstance(entry, (Array, Dictionary, Stream))
    )


def _conformance(metadata: object) -> tuple[tuple[bytes, bytes], ...]:
    """The PDF/A, PDF/UA and similar markers of an XMP stream."""
    if not isinstance(metadata, Stream):
        return ()
    xmp = metadata.read_raw_bytes()
    if str(metadata.get("/Filter", "")) in ("/FlateDecode", "[ /FlateDecode ]"):
        try:
            xmp = zlib.decompressobj().decompress(xmp, _LARGEST_METADATA + 1)
        except zlib.error:
            return ()
    # PDFium reads the document next, and would decode any amount of metadata.
    if len(xmp) > _LARGEST_METADATA:
        raise TooLarge(f"more than {_LARGEST_METADATA} bytes of metadata")
    found = _CONFORMANCE.findall(xmp)
    return tuple(sorted((name, value.strip()) for name, value in found))


def _names(root: object) -> Iterator[tuple[str, int]]:
    """Each name tree with its number of names, and the dictionary that older documents have instead."""
    names = _get(root, "/Names")
    if isinstance(names, Dictionary):
        for key in sorted(names.keys()):
            yield key, _tree_size(names.get(key))
    yield "/Dests of the root", _length(_get(root, "/Dests"))


def _tree_size(tree: object) -> int:
    return sum(_length(_get(node, "/Names")) for node in _walk([tree])) // 2


def _walk(nodes: list[object]) -> Iterator[object]:
    """The nodes of trees, followed by `/Kids`: each once, in order."""
    waiting = nodes[::-1]
    seen: set[tuple[int, int]] = set()
    while waiting and len(seen) < _MOST_OBJECTS:
        node = waiting.pop()
        if not isinstance(node, Dictionary):
            continue
        number = node.objgen if node.is_indirect else (0, len(seen) + 1)
        if number in seen:
            continue
        seen.add(number)
        yield node
        waiting.extend(reversed(_items(node.get("/Kids"))))


def _fields(form: object) -> Iterator[tuple[str, str, str]]:
    """Name, type and value of each node of the form's field tree."""
    for field in _walk(_items(_get(form, "/Fields"))):
        value = _get(field, "/V")
        # The value of a signature is an object of its own, and so is that of some text fields.
        shown = "object" if isinstance(value, (Dictionary, Stream)) else str(value)
        yield str(_get(field, "/T")), str(_get(field, "/FT")), shown


def _form_fonts(form: object) -> Iterator[str]:
    """Digests of the font programs in which the form's fields are filled in."""
    looks = [_get(one, "/DA") for one in (form, *_walk(_items(_get(form, "/Fields"))))]
    named = {
        _ESCAPED.sub(lambda code: chr(int(code[1], 16)), name)
        for look in looks
        for name in _NAME.findall("" if look is None else str(look))
    }
    fonts = _get(_get(form, "/DR"), "/Font")
    for key, font in fonts.items() if isinstance(fonts, Dictionary) else ():
        if key not in named:
            continue
        parts = _items(_get(font, "/DescendantFonts"))
        descriptor = _get(parts[0] if parts else font, "/FontDescriptor")
        for entry in ("/FontFile", "/FontFile2", "/FontFile3"):
            if isinstance(program := _get(descriptor, entry), Stream):
                yield hashlib.sha256(program.read_bytes()).hexdigest()


def _links(pdf: pikepdf.Pdf) -> Iterator[tuple[int, str, str]]:
    """Page, kind and address of each annotation that does something when clicked."""
    count = 0
    for number, page in enumerate(pdf.pages[:_MOST_PAGES]):
        for annotation in _items(page.obj.get("/Annots")):
            action = _get(annotation, "/A")
            if action is None:
                continue
            yield number, str(_get(action, "/S")), str(_get(action, "/URI"))
            count += 1
            if count == _MOST_OBJECTS:
                return
