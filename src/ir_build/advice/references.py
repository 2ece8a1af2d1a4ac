"""Which files the texts of a site name, in whatever spelling.

What is not certain counts as named: a name is looked for wherever it ends something that ends like a file.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from urllib.parse import unquote_to_bytes

#: suffixes of the files that are looked for
SUFFIXES = frozenset([
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".webp", ".avif", ".avifs", ".jxl", ".svg",
    ".pdf", ".bmp", ".tif", ".tiff", ".jp2", ".j2k", ".jpx", ".heic", ".heif", ".ico", ".psd", ".xcf",
    ".mp4", ".m4v", ".webm", ".mov", ".avi", ".mp3", ".wav", ".ogg",
])  # fmt: skip
_LONGEST = 300
# Most dots are none before a suffix: its first letter tells these at once.
_FILE = re.compile(
    f"\\.(?=[{''.join(sorted({one[1] for one in SUFFIXES}))}])"
    f"(?:{'|'.join(sorted((one[1:] for one in SUFFIXES), reverse=True))})(?![a-z0-9])".encode()
)
# Letters, digits and dots that are written in a way that plain text needs not: in addresses, HTML and scripts.
# Before each stands the one sign that it begins with, which is quick to look for.
_ODD = (
    (b"%", re.compile(rb"%(?:2[de]|3\d|[46][1-9a-f]|[57][0-9a])")),
    (b"&", re.compile(
        rb"&(?:#0*(?:4[5-9]|5[0-7]|6[5-9]|[789]\d|1[01]\d|12[0-2])"
        rb"|#x0*(?:2[def]|3\d|[46][1-9a-f]|[57][0-9a])|period;|lowbar;)"
    )),
    (b"\\", re.compile(rb"\\(?:u00|x)(?:2[de]|3\d|[46][1-9a-f]|[57][0-9a])")),
)  # fmt: skip
_JS_ESCAPE = re.compile(rb"\\(?:u00|x)([0-9a-f]{2})")
# What stands before a name, made blanks.
_BLANKS = bytes.maketrans(b"\t\n\r\f\v/\"'<>(=`", b" " * 13)
# Attributes in which a name is no more than a picture on the page.
_SHOWN = re.compile(rb"(?:^|[\s\"'])(?:src|srcset|alt|title)\Z")
_LONGEST_SHOWN = len(b" srcset")
# The end of a name by itself in a script, which puts the rest before it.
_JOINED = re.compile(rb"[\"'`}]\s*(\.[a-z0-9]+)")


class References:
    """The names of files that stand in some texts."""

    def __init__(self) -> None:
        self._names: set[bytes] = set()
        #: those that stand in other attributes than that of a picture: of links, cards, icons and the like
        self._linked: set[bytes] = set()
        self._sorted: list[bytes] | None = None

    def read(self, text: bytes) -> None:
        """Take the names out of a text, whatever its language."""
        lower = text.lower()
        self._take(lower)
        if any(sign in lower and odd.search(lower) for sign, odd in _ODD):
            self._take(_unescaped(lower))

    def read_script(self, text: bytes) -> None:
        """The same of a script, which may put names together out of parts."""
        self.read(text)
        self._names.update(found for found in _JOINED.findall(text.lower()))
        self._sorted = None

    def _take(self, text: bytes) -> None:
        for found in _FILE.finditer(text):
            end = found.end()
            window = text[
                text.rfind(b"/", max(0, end - _LONGEST), end) + 1 or max(0, end - _LONGEST) : end
            ]
            name = _last(window)
            if name == found[0]:
                continue  # a suffix by itself
            if b"%" in name or b"&" in name or b"\\" in name:
                self._names.add(name)
                name = _last(_unescaped(name))
            self._names.add(name)
            if _is_linked(text[max(0, end - _LONGEST) : end]):
                self._linked.add(name)
        self._sorted = None

    def link(self, file: str) -> bool:
        """Whether a link, a card or a style may name a file, given by its base name."""
        key = _key(file.lower().encode("utf-8", "surrogateescape"))
        return any(one.endswith(key) for one in self._linked)

    def name(self, file: str) -> bool:
        """Whether the texts may name a file, given by its base name."""
        raw = file.lower().encode("utf-8", "surrogateescape")
        key = _key(raw)
        if self._sorted is None:
            self._sorted = sorted(one[::-1] for one in self._names)
        at = bisect_left(self._sorted, key[::-1])
        if at < len(self._sorted) and self._sorted[at].startswith(key[::-1]):
            return True
        # "-large.png" may be put behind any name.
        ends = (raw[at:] for at in range(1, len(raw)) if raw[at : at + 1] in b"-_.@~+")
        return any(end in self._names for end in ends)


def _is_linked(window: bytes) -> bool:
    """Whether what ends here stands in an address of a style sheet, or in an attribute of another kind."""
    if b")" not in window[window.rfind(b"url(") :] and b"url(" in window:
        return True
    attribute, equals, value = window.rpartition(b"=")
    if not equals or b">" in value:
        return False
    attribute = attribute.rstrip()
    return _SHOWN.search(attribute, max(0, len(attribute) - _LONGEST_SHOWN)) is None


def _key(name: bytes) -> bytes:
    """The end of a name, without what encodings or blanks may change before it."""
    name = _last(name)
    return name[next((at for at in range(len(name), 0, -1) if name[at - 1] > 127), 0) :]


def _last(window: bytes) -> bytes:
    return window[window.translate(_BLANKS).rfind(b" ") + 1 :]


def _unescaped(text: bytes) -> bytes:
    """A text without escapes of HTML, addresses and scripts, in lower case."""
    if b"\\" in text:
        text = _JS_ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), text).replace(b"\\", b"")
    if b"&" in text:
        text = html.unescape(text.decode("latin-1")).encode("latin-1", "replace")
    if b"%" in text:
        text = unquote_to_bytes(unquote_to_bytes(text))
    return text.lower()
