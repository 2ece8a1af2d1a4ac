"""The rules by which tokens of an SVG are left out, or spelled in another way."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from ...options import Meta
from . import outline, values
from .analysis import SVG, XML, Analysis, Namespaces, box, has_pen
from .names import DESCRIPTIONS, EDITORS, OUTLINED, OWN_UNITS, STRUCTURE, WRITING
from .tokens import Comment, End, Instruction, Start, Text, Token

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

#: Outlines move by no more than this share of the drawing's shorter side. That is 1/8 of a pixel when the drawing
#: is 4096 pixels large, and nobody sees it. This is a choice: on 40 files twice as much came to 1.4 % fewer bytes,
#: and half as much to 0.5 % more (`python benchmarks FOLDER --sweep svg.minify:_TOLERANCE 0.0000625`).
_TOLERANCE = 1 / 32_000

#: Units that no side of an outline is as long as. So outlines stay as they are. Not fitted: any number that is
#: larger than all drawings does the same.
_MOST_UNITS = 10**9

_KEPT_COMMENT = re.compile(r"<!--(?:!|\[if|<!\[endif|#)")
_RIGHTS = re.compile(r"licen[cs]e|copyright|\N{COPYRIGHT SIGN}|\(c\)", re.IGNORECASE)
_BLANKS = " \t\r\n"
_PREFIX = re.compile(r"(?<![\w.-])[\w.-]++(?=:)")


#: path data, the number of decimals, and how many units of the last decimal a side needs that a pen draws
_Outline = tuple[str, int | None, int]


class Outlines(Enum):
    """What is done to outlines, from the cheapest to the shortest."""

    #: the same commands with shorter numbers
    SHORTENED = auto()
    #: the same points in other commands
    RESPELLED = auto()
    #: points that are rounded by less than can be seen, in other commands
    ROUNDED = auto()


@dataclass(frozen=True, slots=True)
class _Rules:
    #: leave out what only editors read
    for_readers: bool
    outlines: Outlines
    #: keep descriptions and comments about rights
    keep_descriptions: bool
    keep_rights: bool
    #: prefixes whose declaration is left out
    unused: AbstractSet[str]


@dataclass(slots=True)
class _Open:
    """An element whose end has not been seen yet."""

    local: str
    declared: list[str]
    #: its place in the output, and its start tag without the closing bracket
    place: int
    tag: str
    writing: bool
    #: how far outlines in it may move, in user units; None if they must not move
    tolerance: float | None
    #: whether outlines in it are drawn with a pen
    pen: bool = False


def minify(
    tokens: Sequence[Token],
    found: Analysis,
    metas: AbstractSet[Meta],
    *,
    for_readers: bool,
    outlines: Outlines,
) -> tuple[str, tuple[str, ...]]:
    """The document in fewer characters, and notes that say what was left out.

    `found` are the facts about the document. `metas` are the kinds of metadata that stay. `for_readers` drops
    what editors keep for themselves. `outlines` says what is done to outlines.
    """
    keep = bool(metas & {Meta.COPYRIGHT, Meta.DATETIME, Meta.LOCATION})
    rules = _Rules(for_readers, outlines, keep, Meta.COPYRIGHT in metas, frozenset())
    if found.delicate:
        return _outside_only(tokens, found, rules), ()
    known: dict[_Outline, str] = {}
    writer = _Minifier(found, rules, known)
    text = writer.run(tokens)
    unused = writer.declared - set(_PREFIX.findall(text)) - {""}
    if unused:
        rules = _Rules(for_readers, outlines, keep, Meta.COPYRIGHT in metas, unused)
        writer = _Minifier(found, rules, known)
        text = writer.run(tokens)
    return text, tuple(f"dropped {what}" for what in sorted(writer.dropped))


def _outside_only(tokens: Sequence[Token], found: Analysis, rules: _Rules) -> str:
    parts = []
    depth = 0
    for token in tokens:
        if isinstance(token, Start):
            depth += not token.empty
            parts.append(token.raw)
        elif isinstance(token, End):
            depth -= 1
            parts.append(token.raw)
        elif depth or isinstance(token, Instruction) or _keeps(token, found, rules):
            parts.append(token.raw)
    return "".join(parts)


def _keeps(token: Token, found: Analysis, rules: _Rules) -> bool:
    if not isinstance(token, Comment):
        return False
    if found.payload or _KEPT_COMMENT.match(token.raw):
        return True
    return rules.keep_rights and _RIGHTS.search(token.raw) is not None


class _Minifier:
    """One pass over the tokens, without recursion."""

    def __init__(self, found: Analysis, rules: _Rules, known: dict[_Outline, str]) -> None:
        self.declared: set[str] = set()
        self.dropped: set[str] = set()
        self._found = found
        self._rules = rules
        #: outlines met before
        self._known = known
        self._namespaces = Namespaces()
        self._out: list[str] = []
        self._open: list[_Open] = []
        self._metadata = iter(found.metadata)
        self._rounds = rules.outlines is Outlines.ROUNDED and found.measured

    def run(self, tokens: Sequence[Token]) -> str:
        depth = 0
        verbatim = False
        for token in tokens:
            if depth:
                if isinstance(token, Start):
                    depth += not token.empty
                elif isinstance(token, End):
                    depth -= 1
                if verbatim:
                    self._out.append(token.raw)
            elif isinstance(token, Start):
                outcome = self._start(token)
                if outcome is not None:
                    depth, verbatim = int(not token.empty), outcome
                    if verbatim:
                        self._out.append(token.raw)
            elif isinstance(token, End):
                self._end()
            elif isinstance(token, Text):
                if self._open and (self._open[-1].writing or token.raw.strip(_BLANKS)):
                    self._out.append(token.raw)
            elif isinstance(token, Instruction) or _keeps(token, self._found, self._rules):
                self._out.append(token.raw)
        return "".join(self._out)

    def _start(self, token: Start) -> bool | None:
        """Open an element. The result is None, True if it is copied whole, or False if it is dropped whole."""
        declared = self._namespaces.open(token)
        uri, local = self._namespaces.element(token.name)
        if uri in EDITORS and self._rules.for_readers:
            self._namespaces.close(declared)
            self.dropped.add("editor data")
            return False
        if local == "metadata" and self._drops_metadata():
            self._namespaces.close(declared)
            self.dropped.add("metadata")
            return False
        parent = self._open[-1] if self._open else None
        if (
            uri not in (SVG, "")
            or (local not in STRUCTURE and local not in WRITING)
            or (parent and parent.local == "switch" and local == "foreignObject")
        ):
            self._namespaces.close(declared)
            return True
        tolerance = self._tolerance(local, token, parent)
        pen = self._found.stroked or has_pen(token, around=parent is not None and parent.pen)
        tag = self._tag(token, local, tolerance, root=parent is None, pen=pen)
        opened = _Open(
            local,
            declared,
            len(self._out),
            tag,
            local in WRITING or (parent is not None and parent.writing),
            tolerance,
            pen=pen,
        )
        self._out.append(f"{tag}>")
        self._open.append(opened)
        if token.empty:
            self._end()
        return None

    def _end(self) -> None:
        opened = self._open.pop()
        self._namespaces.close(opened.declared)
        name = opened.tag[1:].split(" ", 1)[0]
        if len(self._out) > opened.place + 1:
            self._out.append(f"</{name}>")
        elif opened.tag == "<defs" and self._open:
            self._out.pop()
        else:
            self._out[-1] = f"{opened.tag}/>"

    def _drops_metadata(self) -> bool:
        content = next(self._metadata, {""})
        if self._found.payload or self._rules.keep_descriptions:
            return False
        return all(uri in EDITORS or uri.startswith(DESCRIPTIONS) for uri in content)

    def _tolerance(self, local: str, token: Start, parent: _Open | None) -> float | None:
        """How far outlines may move, in the units inside this element; None if they must not move."""
        if not self._rounds or (parent and parent.tolerance is None):
            return None
        attributes = {name: value[1:-1] for name, value in token.attributes}
        if local in OWN_UNITS or "objectBoundingBox" in attributes.values():
            return None
        if parent is None or (local in ("svg", "symbol") and "viewBox" in attributes):
            size = box(token)
            tolerance = min(size) * _TOLERANCE if size else None
            if parent and local == "svg" and not self._fits(attributes):
                return None
        else:
            tolerance = parent.tolerance
        factor = values.magnification(attributes.get("transform", "")) or 0.0
        if tolerance is None or not factor:
            return tolerance
        # An element may be drawn in other places, too, and need not be small there.
        return tolerance / (max(factor, 1.0) if self._found.shared else factor)

    def _units(self, tolerance: float | None) -> int:
        """The length that a side must have to keep its direction, in units of the last decimal.

        When a side turns, the far corner of a cap moves by up to half of the pen's width times the turn.
        The tip of a mitre moves by about four times that.
        """
        width = self._found.pen_width
        if tolerance is None or not math.isfinite(width):
            return _MOST_UNITS
        return min(_MOST_UNITS, max(outline.FEWEST_UNITS, math.ceil(0.35 * width / tolerance)))

    def _fits(self, attributes: dict[str, str]) -> bool:
        size = self._found.box
        if size is None:
            return False
        for name, side in zip(("width", "height"), size, strict=True):
            value = attributes.get(name, "100%")
            numbers = values.numbers_of(value.removesuffix("px"))
            if value != "100%" and (not numbers or float(numbers[0]) > side):
                return False
        return True

    def _tag(
        self, token: Start, local: str, tolerance: float | None, *, root: bool, pen: bool
    ) -> str:
        parts = [f"<{token.name}"]
        places = None if tolerance is None else _places(tolerance)
        units = self._units(tolerance) if pen else 0
        for name, quoted in token.attributes:
            if name.startswith("xmlns:"):
                self.declared.add(name[6:])
                if name[6:] in self._rules.unused:
                    continue
            uri, attribute = self._namespaces.attribute(name)
            if uri in EDITORS and self._rules.for_readers:
                self.dropped.add("editor data")
                continue
            if uri == XML and attribute == "space" and not self._found.writing:
                continue
            if root and name == "version" and quoted[1:-1] in ("1.0", "1.1", "1.2", "2.0"):
                continue
            value = quoted[1:-1]
            if name == "enable-background":
                continue
            # These rules do not know which characters a reference such as `&a;` stands for.
            if name == "d" and local in OUTLINED and "&" not in value:
                met = (value, places, units)
                if met not in self._known:
                    plain = self._found.animated or self._rules.outlines is Outlines.SHORTENED
                    self._known[met] = outline.shortest(value, places, pen=units, plain=plain)
                value = self._known[met]
            parts.append(f"{name}={quoted[0]}{value}{quoted[0]}")
        return " ".join(parts)


def _places(tolerance: float) -> int:
    """The number of decimals with which rounding moves a point by `tolerance` user units at most."""
    return max(0, math.ceil(round(-math.log10(2 * tolerance), 9)))
