"""Read `multipart/form-data`: our own parser, since a shipped client sends lines of LF alone.

No parser for Python takes those. The closing boundary may also be missing, and a boundary may be
unquoted and hold an `=`. The data of a part is passed on as it comes, without a copy. The parser
itself holds no more than a line.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote

from ...errors import RequestError

_LONGEST_PREAMBLE = 8 * 1024
_LONGEST_HEADERS = 16 * 1024
_LONGEST_BOUNDARY = 250
_LONGEST_PADDING = 100
_MOST_PARTS = 64

_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]*)"|([^;]*))', re.IGNORECASE)
_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]+")
_DISPOSITION = re.compile(r"^content-disposition\s*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_PARAMETER = re.compile(r';\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))')


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part begins; its data follows, then `PartEnd`."""

    name: str
    filename: str | None  #: as it was sent, None for a plain field


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part is over."""


Event = PartBegin | memoryview | PartEnd


class _At(Enum):
    PREAMBLE = auto()
    HEADERS = auto()
    DATA = auto()
    EPILOGUE = auto()


class Parser:
    """Takes a body's pieces in their order."""

    def __init__(self, content_type: str) -> None:
        """`content_type`: of the request, for its boundary. Raises `RequestError`."""
        match = _BOUNDARY.search(content_type)
        boundary = (match[1] or match[2] or "").strip() if match else ""
        if not 0 < len(boundary) <= _LONGEST_BOUNDARY:
            raise RequestError("the multipart body has no boundary")
        self._delimiter = b"\n--" + boundary.encode("latin-1", "replace")
        self._at = _At.PREAMBLE
        self._rest = b""
        # The parser goes on here. A delimiter begins with a line end. Before a part's data that is the
        # end of its last header. Before the body no line end was sent, hence the -1.
        self._from = -1
        self._unsent = 1
        self._crlf = True
        self._parts = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """What `data` completes. Raises `RequestError`."""
        if self._from > 0:
            self._rest, self._from = self._rest[self._from :], 0
        self._rest = self._rest + data if self._rest else data
        return self._events(last=False)

    def finish(self) -> Iterator[Event]:
        """What the end of the body completes. Raises `RequestError`."""
        yield from self._events(last=True)
        if self._at is _At.PREAMBLE:
            raise RequestError("the multipart body holds no part")
        if self._at is _At.HEADERS and self._rest[self._from :].strip():
            raise RequestError("the multipart body ends inside a part's headers")
        if self._at is _At.DATA:
            # The closing boundary is missing; the line end before it is usually sent.
            end = len(self._rest)
            if self._rest.endswith(self._line_end(), self._from):
                end -= len(self._line_end())
            yield from self._data(end)
            yield PartEnd()

    def _events(self, *, last: bool) -> Iterator[Event]:
        while self._at is not _At.EPILOGUE:
            if self._at is _At.HEADERS:
                begin = self._headers()
                if begin is None:
                    return
                yield begin
                continue
            found, end = self._boundary(last=last)
            if self._at is _At.DATA:
                yield from self._data(self._before(found, complete=end >= 0))
            elif end < 0 and len(self._rest) > _LONGEST_PREAMBLE:
                raise RequestError("the multipart body does not begin with its boundary")
            if end < 0:
                return
            if self._at is _At.DATA:
                yield PartEnd()
            closing = self._rest.startswith(b"--", found + len(self._delimiter))
            over = closing or (last and end == len(self._rest))
            self._at = _At.EPILOGUE if over else _At.HEADERS
            self._from = end - 1
        self._rest, self._from = b"", 0

    def _boundary(self, *, last: bool) -> tuple[int, int]:
        """Where the next boundary may begin, and where its line ends: -1 while that is not known."""
        found = self._delimiter_from(self._from)
        while found is not None:
            after = found + len(self._delimiter)
            tail = self._rest[after : after + _LONGEST_PADDING]
            if tail.startswith(b"--"):
                return found, after + 2
            line, newline, _ = tail.partition(b"\n")
            if newline and not line.strip():
                if self._at is _At.PREAMBLE:
                    self._crlf = line.endswith(b"\r")
                return found, after + len(line) + 1
            if not newline and len(tail) < _LONGEST_PADDING and line.strip() in (b"", b"-"):
                return found, after + len(tail) if last else -1
            found = self._delimiter_from(found + 1)  # this is the beginning of something longer
        return max(self._from, len(self._rest) - len(self._delimiter)), -1

    def _delimiter_from(self, start: int) -> int | None:
        if start < 0:
            if self._rest.startswith(self._delimiter[1:]):
                return start
            start = 0
        found = self._rest.find(self._delimiter, start)
        return None if found < 0 else found

    def _before(self, found: int, *, complete: bool) -> int:
        """The end of the data before what may be a boundary."""
        if not complete:
            return found - 1  # a CR may belong to the boundary
        cr = self._crlf and self._rest.endswith(b"\r", self._from, found)
        return found - 1 if cr else found

    def _data(self, end: int) -> Iterator[memoryview]:
        start = self._from + self._unsent
        if end > start:
            self._from, self._unsent = end, 0
            yield memoryview(self._rest)[start:end]

    def _headers(self) -> PartBegin | None:
        # The first line end is the boundary's, since there may be no header at all.
        match = _HEADERS_END.search(self._rest, self._from, self._from + 1 + _LONGEST_HEADERS)
        if match is None:
            if len(self._rest) - self._from > _LONGEST_HEADERS:
                raise RequestError("a part's headers are too long")
            return None
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise RequestError(f"more than {_MOST_PARTS} parts")
        head = self._rest[self._from + 1 : match.start()]
        self._from = match.end() - 1
        self._unsent = 1
        self._at = _At.DATA
        return _begin(head)

    def _line_end(self) -> bytes:
        return b"\r\n" if self._crlf else b"\n"


# Clients send the same few again and again.
@functools.lru_cache(maxsize=64)
def _begin(head: bytes) -> PartBegin:
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    match = _DISPOSITION.search(text)
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(match[1] if match else ""):
        found.setdefault(name.lower(), quoted.replace('\\"', '"') or plain.strip())
    filename = found.get("filename")
    if "filename*" in found:  # RFC 5987: charset'language'percent-encoded
        charset, _, rest = found["filename*"].partition("'")
        encoding = "latin-1" if charset.lower() == "iso-8859-1" else "utf-8"
        filename = unquote(rest.partition("'")[2], encoding, "replace") or filename
    return PartBegin(found.get("name", ""), filename)
