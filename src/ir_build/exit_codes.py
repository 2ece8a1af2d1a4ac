"""What the exit code of a command says."""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """The exit codes of all commands."""

    meaning: str  #: what happened, as `--help` says it

    DONE = 0, "done"
    CHANGES = (
        1,
        "--check found files that could be smaller; the hook changed some; advise --strict found something",
    )
    USAGE = 2, "wrong usage or configuration"
    STRICT = 3, "--strict, and a file could not be worked on"
    OVER_BUDGET = 4, "a budget is exceeded"
    SERVER = 5, "the server refused, failed or did not answer"
    MISSING = 6, "the output folder lacks files"
    INTERRUPTED = 130, "interrupted"

    def __new__(cls, code: int, meaning: str = "") -> Self:
        made = int.__new__(cls, code)
        made._value_, made.meaning = code, meaning
        return made
