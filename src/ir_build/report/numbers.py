"""Sizes, shares and times as people read them."""

from __future__ import annotations


def size(count: int) -> str:
    """Bytes in the unit that fits: `812 B`, `4.2 kB`, `1.3 MB` (multiples of 1000)."""
    if abs(count) < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if abs(value) < 999.5 or unit == "GB":
            break
    return f"{value:.1f} {unit}" if abs(value) < 99.95 else f"{value:.0f} {unit}"


def share(part: int, whole: int) -> str:
    """`part` of `whole` as a percentage."""
    return f"{100 * part / whole:.1f} %" if whole else "0 %"


def duration(seconds: float) -> str:
    """A time to a sensible precision: `0.4 s`, `12 s`, `3 min 5 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def files(count: int) -> str:
    """`1 file`, `3 files`."""
    return f"{count} file" if count == 1 else f"{count} files"


def change(before: int, after: int) -> str:
    """A difference of bytes with its sign, and as a percentage where there is one: `+1.2 kB, +3.4 %`."""
    sign = "+" if after > before else "-" if after < before else "±"
    told = f"{sign}{size(abs(after - before))}"
    return f"{told}, {sign}{share(abs(after - before), before)}" if before else told
