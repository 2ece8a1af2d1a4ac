"""Objects in PDF syntax. A reference is a key of the table in which the objects are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: pieces of text, and references, which are keys of the table
Parts = tuple[bytes | int, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """One object: its value, or the dictionary of a stream and the stream's data."""

    parts: Parts
    data: bytes | None = None
    #: whether it is a resource of content streams (`sharing.is_resource`)
    resource: bool = False

    def render(self, number: Callable[[int], int]) -> bytes:
        """The value as text. `number` gives the number of the object to which a reference leads."""
        return b"".join(
            part if isinstance(part, bytes) else b"%d 0 R" % number(part) for part in self.parts
        )

    @property
    def references(self) -> Iterator[int]:
        """The keys of the objects it refers to."""
        return (part for part in self.parts if isinstance(part, int))


@dataclass(frozen=True, slots=True)
class Table:
    """The objects that can be reached from the trailer, in the order in which they are reached."""

    bodies: dict[int, Body]
    trailer: Body
