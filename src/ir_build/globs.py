"""Match names against globs as in a `.gitignore` file."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A test for names against glob patterns as in a `.gitignore` file."""
    lines = tuple(patterns)
    if not lines:
        return lambda _: False
    import pathspec  # noqa: PLC0415  (not needed without patterns)

    spec = pathspec.GitIgnoreSpec.from_lines(lines)
    return spec.match_file
