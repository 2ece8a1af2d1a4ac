"""Whether a run keeps to one budget."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Whether a run keeps to a budget."""

    KEPT = "kept"
    EXCEEDED = "exceeded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a run keeps to one budget."""

    #: as it is set: `max_total`, `budgets.per_file`, `budgets."blog/**"`
    name: str
    state: State
    limit: int  #: bytes; of `max_growth`, how many may be added
    used: int | None  #: bytes, of files or pages by themselves the most; None when not known
    text: str = ""  #: what is wrong, or why nothing can be said; empty when the budget is kept
    files: tuple[str, ...] = ()  #: the files or pages that are too much, the largest first
    mend: str = ""  #: what to do about the first

    def __str__(self) -> str:
        told = f"{self.name}: {self.text}"
        return f"{told}; {self.mend}" if self.mend else told

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "state": self.state,
            "limit": self.limit,
            "used": self.used,
            "text": self.text,
            "files": list(self.files),
            "mend": self.mend,
        }
