"""Objects in PDF syntax. References are keys of the table in which the objects stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: pieces of text, and references as keys of the table
Parts = tuple[bytes | int, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """One object: its value, or the dictionary of a stream and the stream's data."""

    parts: Parts
    data: bytes | None = None
    #: whether content streams name it (`sharing`)
    resource: bool = False

    def render(self, number: Callable[[int], int]) -> bytes:
        """The value as text. `number` says the number of the object that a reference leads to."""
        return b"".join(
            part if isinstance(part, bytes) else b"%d 0 R" % number(part) for part in self.parts
        )

    @property
    def references(self) -> Iterator[int]:
        """The keys of the objects it refers to."""
        return (part for part in self.parts if isinstance(part, int))


@dataclass(frozen=True, slots=True)
class Table:
    """The objects that can be reached from the trailer, in the order in which they are met from there."""

    bodies: dict[int, Body]
    trailer: Body
