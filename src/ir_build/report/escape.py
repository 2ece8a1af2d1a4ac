"""Make names of files harmless where they are shown. Their authors chose them."""

from __future__ import annotations

import unicodedata

# Control codes can move the cursor or set a terminal's title. Formatting codes, such as bidirectional
# overrides, can make a name look like another. Separators can start a line.
_HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_MARKDOWN = str.maketrans(
    {char: f"\\{char}" for char in "\\`*_[]()#|~!-"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_COMMAND_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_COMMAND_PROPERTY = _COMMAND_DATA | {":": "%3A", ",": "%2C"}


def printable(text: str) -> str:
    r"""`text` on one line of a terminal or log, harmful characters as `\\x1b` or `\\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in _HARMFUL
        else char
        for char in text
    )


def markdown(text: str) -> str:
    """`text` as plain words of a Markdown table cell."""
    # A name such as `::error::x` must not be a command. Nor may `@name` notify a person, or `www.x` be a link.
    safe = printable(text).translate(_MARKDOWN)
    return safe.replace("@", "&#64;").replace("::", ":&#58;").replace("www.", "www\\.")


def command_data(text: str) -> str:
    """`text` as the message of a GitHub workflow command."""
    return "".join(_COMMAND_DATA.get(char, char) for char in printable_lines(text))


def command_property(text: str) -> str:
    """`text` as a property (`file=`, `title=`) of a GitHub workflow command."""
    return "".join(_COMMAND_PROPERTY.get(char, char) for char in printable_lines(text))


def printable_lines(text: str) -> str:
    """`text` with harmful characters made visible, except for line ends."""
    return "\n".join(printable(line) for line in text.split("\n"))
