"""Text that is safe in HTML, whoever chose it, and numbers of tables."""

from __future__ import annotations

import hashlib
import html

from ..escape import printable

#: what tells a report from a page of the site that it may lie in
GENERATOR = '<meta name="generator" content="ir-build">'


def safe(text: str) -> str:
    """`text` in an element or in a quoted attribute."""
    return html.escape(printable(text))


def kilobytes(count: int) -> str:
    """Bytes in the one unit of a column: `1,234.6`."""
    return f"{count / 1000:,.1f}"


def percent(part: int, whole: int) -> str:
    """`part` of `whole`, empty for nothing."""
    return f"{100 * part / whole:.0f}" if part and whole else ""


def anchor(name: str) -> str:
    """The id of the pictures of a file."""
    return f"picture-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
