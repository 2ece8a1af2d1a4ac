"""Which objects may become one object with others that read the same.

Resources of content streams are made to be shared (ISO 32000-1, 7.8.3 and 8.8): fonts, images, forms, colour
spaces, patterns, and all their parts. Programs may write into other objects, and mean only one of them: pages and
their content, annotations, fields, actions, outlines, tags, and attached files. Forms that are appearances of
annotations, and forms inside of these, are such objects, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .table import Body, Table

_TYPES = frozenset({"/Font", "/Encoding", "/ExtGState"})
_MARKS = frozenset({"/PatternType", "/ShadingType", "/FunctionType", "/HalftoneType"})
_SPACES = frozenset({
    "/ICCBased", "/Indexed", "/Separation", "/DeviceN", "/Pattern", "/CalRGB", "/CalGray", "/Lab",
})  # fmt: skip
# Entries with appearances of annotations, icons of buttons, and appearances that scripts find by name.
_APPEARANCES = re.compile(rb"/(?:AP|MK)(?=[ /<]|$)|/Names\[")
_FORM = re.compile(rb"/Subtype/Form\b")
_TAGGED = re.compile(rb"/StructParents? ")
# Entries of objects that never become one with others, because of their neighbours or their kind.
_IDENTITY = re.compile(
    rb"/(?:Parent|Kids|Prev|Next|First|Last|P|Pg|K|T|FT|Rect|StructParents?|OCGs)(?=[ /<\[(]|$)"
    rb"|/Type/(?:Page|Pages|Template|Catalog|Annot|OCG|OCMD|StructTreeRoot|StructElem|Outlines|Filespec|Sig|Thread|Bead)\b"
)


def is_resource(value: Object) -> bool:
    """Whether an object is a resource of content streams, or a colour profile."""
    if isinstance(value, Array):
        return len(value) > 1 and isinstance(value[0], Name) and str(value[0]) in _SPACES
    if not isinstance(value, Dictionary | Stream):
        return False
    keys = value.keys()
    if not _MARKS.isdisjoint(keys):
        return True
    if isinstance(value, Stream):
        profile = "/N" in keys and "/Type" not in keys
        return profile or value.get("/Subtype") in (Name.Image, Name.Form)
    return "/Type" in keys and str(value.get("/Type")) in _TYPES


def shareable(table: Table) -> set[int]:
    """The keys of the objects in `table` that may become one with another."""
    bodies = table.bodies

    def places(key: int) -> bool:
        return not bodies[key].resource

    def appearances(key: int) -> bool:
        body = bodies[key]
        return _says(_FORM, body) if body.resource else not _says(_IDENTITY, body)

    own = _reached(table, table.trailer.references, places)
    held = [part for key in own if _says(_APPEARANCES, bodies[key]) for part in bodies[key].references]  # fmt: skip
    own |= _reached(table, held, appearances)
    return {key for key, body in bodies.items() if key not in own and not _apart(body)}


def _apart(body: Body) -> bool:
    if body.data is not None:
        return _says(_TAGGED, body)
    return not body.resource and _says(_IDENTITY, body)


def _says(pattern: re.Pattern[bytes], body: Body) -> bool:
    return any(isinstance(part, bytes) and pattern.search(part) for part in body.parts)


def _reached(table: Table, first: Iterable[int], enters: Callable[[int], bool]) -> set[int]:
    """The keys that can be reached from `first` over objects for which `enters` is true."""
    found: set[int] = set()
    waiting = list(first)
    while waiting:
        key = waiting.pop()
        if key not in found and enters(key):
            found.add(key)
            waiting.extend(table.bodies[key].references)
    return found
