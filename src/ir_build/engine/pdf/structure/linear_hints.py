"""The hint tables of linearized files (ISO 32000-1, F.4), for objects that have moved.

Hints say where pages and shared objects begin and how long they are. Which objects these are is
qpdf's to decide; here only places and lengths change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: bits of the entries that the tables begin with
_PAGES = (32, 32, 16, 32, 16, 32, 16, 32, 16, 16, 16, 16, 16)
_SHARED = (32, 32, 32, 32, 16, 32, 16)
_GENERIC = (32, 32, 32, 32)


def moved(
    data: bytes, sections: Sequence[int], pages: int, second: int, move: Callable[[int], int]
) -> tuple[bytes, list[int]]:
    """The tables in `data`, which begin at `sections`, and where they begin now.

    `second` is where the second of `pages` pages was, and `move` tells a new place by an old one.
    Raises `KeyError` where an old place is none.
    """
    bits = _HintBits(data)
    first = bits.fields(_PAGES)[1]
    parts = [
        _pages(_HintBits(data), pages, second, move),
        _shared(_HintBits(data[sections[0] :]), first, move),
    ]
    parts += [_generic(_HintBits(data[start:]), move) for start in sections[1:]]
    starts = [sum(map(len, parts[: at + 1])) for at in range(len(sections))]
    return b"".join(parts), starts


def _pages(bits: _HintBits, pages: int, second: int, move: Callable[[int], int]) -> bytes:
    head = bits.fields(_PAGES)
    objects = bits.vector(pages, head[2])
    lengths = [head[3] + one for one in bits.vector(pages, head[4])]
    shared = bits.vector(pages, head[9])
    references = sum(shared)
    identifiers, numerators = bits.vector(references, head[10]), bits.vector(references, head[11])
    starts = bits.vector(pages, head[6])
    # The others follow each other from the second on.
    places, at = [head[1]], second
    for length in lengths[1:]:
        places.append(at)
        at += length
    lengths = _lengths(places, lengths, move)
    least, width = min(lengths), (max(lengths) - min(lengths)).bit_length()
    head[1], head[3], head[4], head[7], head[8] = move(head[1]), least, width, least, width
    more = [one - least for one in lengths]
    return b"".join((
        _packed(head, _PAGES), _vector(objects, head[2]), _vector(more, width),
        _vector(shared, head[9]), _vector(identifiers, head[10]), _vector(numerators, head[11]),
        _vector(starts, head[6]), _vector(more, width),
    ))  # fmt: skip


def _shared(bits: _HintBits, first: int, move: Callable[[int], int]) -> bytes:
    head = bits.fields(_SHARED)
    of_first, groups = head[2], head[3]
    lengths = [head[5] + one for one in bits.vector(groups, head[6])]
    signed = bits.vector(groups, 1)
    objects = bits.vector(groups, head[4])
    # Those of the first page begin with it, the others have a place of their own.
    places, at = [], first
    for index, length in enumerate(lengths):
        at = head[1] if index == of_first else at
        places.append(at)
        at += length
    lengths = _lengths(places, lengths, move)
    least = min(lengths, default=0)
    width = (max(lengths, default=0) - least).bit_length()
    head[1] = move(head[1]) if groups > of_first else head[1]
    head[5], head[6] = least, width
    more = [one - least for one in lengths]
    return b"".join((
        _packed(head, _SHARED), _vector(more, width), _vector(signed, 1), _vector(objects, head[4])
    ))  # fmt: skip


def _generic(bits: _HintBits, move: Callable[[int], int]) -> bytes:
    head = bits.fields(_GENERIC)
    (head[3],) = _lengths([head[1]], [head[3]], move)
    head[1] = move(head[1])
    return _packed(head, _GENERIC)


def _lengths(
    places: Sequence[int], lengths: Sequence[int], move: Callable[[int], int]
) -> list[int]:
    return [
        move(place + length) - move(place) for place, length in zip(places, lengths, strict=True)
    ]


class _HintBits:
    """Reads numbers of any number of bits."""

    def __init__(self, data: bytes) -> None:
        self._value, self._size = int.from_bytes(data, "big"), 8 * len(data)
        self._at = 0

    def fields(self, widths: Sequence[int]) -> list[int]:
        """One number of each of `widths`."""
        return [self._read(width) for width in widths]

    def vector(self, count: int, width: int) -> list[int]:
        """Numbers of one width; what follows begins at a byte."""
        values = [self._read(width) for _ in range(count)]
        self._at += -self._at % 8
        return values

    def _read(self, width: int) -> int:
        self._at += width
        if self._at > self._size:
            raise ValueError("hint tables that end too soon")
        return self._value >> (self._size - self._at) & ((1 << width) - 1)


def _packed(values: Sequence[int], widths: Sequence[int]) -> bytes:
    bits = "".join(
        f"{value:0{width}b}" for value, width in zip(values, widths, strict=True) if width
    )
    bits += "0" * (-len(bits) % 8)
    return int(bits or "0", 2).to_bytes(len(bits) // 8, "big")


def _vector(values: Sequence[int], width: int) -> bytes:
    return _packed(values, [width] * len(values))
