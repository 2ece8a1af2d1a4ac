"""Verify an SVG candidate: pages and scripts find the same structure in it, and it looks the same."""

from __future__ import annotations

import base64
import re
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING
from xml.parsers import expat

from ..candidate import Candidate
from ..errors import CorruptFile
from ..formats import HEAD_BYTES, sniff
from ..options import Compression
from . import verify as verify_picture
from .svg_rendering import difference as drawing_difference
from .verdict import OK, Verdict, differs

if TYPE_CHECKING:
    from ..formats import MediaType
    from ..options import Options

# A picture inside an SVG: what stands before its data, and the data.
_ADDRESS = re.compile(rb"(data:image/[\w.+-]+;base64,)([A-Za-z0-9+/=\s]+)")

# Scripts, screen readers or users meet these elements. None of them may be dropped, merged or added.
_COUNTED = frozenset(
    {"a", "desc", "foreignObject", "image", "script", "style", "text", "textPath", "title"}
    | {"animate", "animateColor", "animateMotion", "animateTransform", "discard", "mpath", "set"}
    | {"filter", "switch", "view"}
)
_TEXTS = frozenset({"text", "title", "desc", "script"})
# Only elements of these namespaces are drawn, or met by anyone. Those of editors and metadata are not.
_DRAWN = frozenset(
    {
        "",
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xhtml",
        "http://www.w3.org/1998/Math/MathML",
    }
)
_SIZES = ("width", "height", "viewBox", "preserveAspectRatio")


def verify(original: bytes, candidate: Candidate, media: MediaType, options: Options) -> Verdict:  # noqa: ARG001  (one signature for all verifiers)
    """Whether `candidate` looks the same as `original`, and pages and scripts find the same in it.

    `options` say what it was made for. Raises `CorruptFile` if `original` is not well-formed.
    """
    before = _read(original)
    try:
        after = _read(candidate.data)
    except CorruptFile as error:
        return differs(f"the new file {error.message}")
    difference = _structure(before, after)
    if difference:
        return differs(difference)
    drawing, difference = _pictures(original, candidate, options)
    if not difference:
        lossless = not candidate.lossy or options.compression_type is Compression.LOSSLESS
        difference = drawing_difference(original, drawing, lossless=lossless)
    return differs(difference) if difference else OK


@dataclass(slots=True)
class _Structure:
    """What pages, scripts, style sheets and screen readers find in an SVG."""

    sizes: dict[str, object] = field(default_factory=dict)
    ids: Counter[str] = field(default_factory=Counter)
    elements: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)
    handlers: Counter[tuple[str, str]] = field(default_factory=Counter)
    texts: list[tuple[str, str]] = field(default_factory=list)


def _structure(before: _Structure, after: _Structure) -> str:
    for part in fields(_Structure):
        one, other = getattr(before, part.name), getattr(after, part.name)
        if one == other:
            continue
        if part.name == "sizes":
            return f"the root's size changed: {one} became {other}"
        if isinstance(one, Counter):
            changed = sorted(str(key) for key in (one - other) + (other - one))
            return f"{part.name} lost or added: {', '.join(changed[:5])}"
        return f"{part.name} changed"
    return ""


class _StructureReader:
    """Collects a `_Structure` from parser events."""

    def __init__(self) -> None:
        self.structure = _Structure()
        self._path: list[str] = []
        self._text: list[str] = []
        #: the depth of the outermost open element of `_TEXTS`; 0 if none is open
        self._text_depth = 0
        #: the depth of the outermost open element that is never drawn; 0 if none is open
        self._hidden_depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        found = self.structure
        if not self._path:
            found.sizes = {key: _size(attributes.get(key, "")) for key in _SIZES}
        self._path.append(tag)
        if not self._hidden_depth and (namespace not in _DRAWN or tag == "metadata"):
            self._hidden_depth = len(self._path)
        if self._hidden_depth:
            return
        if tag in _COUNTED:
            found.elements[tag] += 1
        if not self._text_depth and tag in _TEXTS:
            self._text_depth = len(self._path)
        for key, value in attributes.items():
            if key in ("id", "http://www.w3.org/XML/1998/namespace id"):
                found.ids[value] += 1
            elif key.startswith("on"):
                found.handlers[key, " ".join(value.split())] += 1
            elif tag == "a" and key.rpartition(" ")[2] == "href":
                found.links.append(value)

    def characters(self, text: str) -> None:
        if self._text_depth:
            self._text.append(text)

    def end(self, _name: str) -> None:
        if self._text_depth == len(self._path):
            tag, words = self._path[-1], "".join(self._text).split()
            self.structure.texts.append((tag, " ".join(words)))
            self._text.clear()
            self._text_depth = 0
        if self._hidden_depth == len(self._path):
            self._hidden_depth = 0
        self._path.pop()


def _read(data: bytes) -> _Structure:
    parser = expat.ParserCreate(namespace_separator=" ")
    reader = _StructureReader()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    # expat does not expand entities in text if there is a default handler, but gives them to it. It also gives it
    # everything that no other handler takes.
    parser.DefaultHandler = reader.characters
    parser.CommentHandler = parser.ProcessingInstructionHandler = _ignore
    parser.StartCdataSectionHandler = parser.EndCdataSectionHandler = _ignore
    parser.buffer_text = True
    try:
        parser.Parse(data, True)  # noqa: FBT003  (takes no keywords)
    except expat.ExpatError as error:
        raise CorruptFile(f"is not well-formed: {error}") from error
    return reader.structure


def _ignore(*_: str) -> None:
    pass


def _size(value: str) -> object:
    """An attribute of the root in a form that is equal for equal sizes."""
    parts = value.replace(",", " ").split()
    try:
        return tuple(float(part.removesuffix("px")) for part in parts)
    except ValueError:
        return tuple(parts)


def _pictures(original: bytes, candidate: Candidate, options: Options) -> tuple[bytes, str]:
    """The candidate with the pictures of the original in place of its own, and how its own pictures differ.

    Pictures are checked like separate files. So the drawing can be compared without their changes.
    """
    before, after = _ADDRESS.findall(original), _ADDRESS.findall(candidate.data)
    if len(before) != len(after):
        return candidate.data, f"{len(before)} pictures inside became {len(after)}"
    for number, ((_, one), (_, other)) in enumerate(zip(before, after, strict=True), 1):
        data, shorter = base64.b64decode(one), base64.b64decode(other)
        media = sniff(data[:HEAD_BYTES])
        if data != shorter and media is None:
            return candidate.data, f"picture {number} inside is of an unknown type"
        if data == shorter or media is None:
            continue
        inner = Candidate(shorter, lossy=candidate.lossy)
        verdict = verify_picture(data, inner, media, replace(options, resize=None))
        if not verdict.ok:
            return candidate.data, f"picture {number} inside: {verdict.detail}"
    pictures = (picture for _, picture in before)
    return _ADDRESS.sub(lambda match: match[1] + next(pictures), candidate.data), ""
