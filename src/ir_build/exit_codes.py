"""What the exit code of a command says."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of all commands. `meaning` is what `--help` says of each."""

    DONE = 0
    CHANGES = 1
    USAGE = 2
    STRICT = 3
    OVER_BUDGET = 4
    SERVER = 5
    MISSING = 6
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """What happened, in a few words."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.CHANGES: "--check found files that could be smaller; the hook changed some",
    ExitCode.USAGE: "wrong usage or configuration",
    ExitCode.STRICT: "--strict, and a file could not be worked on",
    ExitCode.OVER_BUDGET: "a budget is exceeded",
    ExitCode.SERVER: "the server refused, failed or did not answer",
    ExitCode.MISSING: "the output folder lacks files",
    ExitCode.INTERRUPTED: "interrupted",
}
