"""Budgets: limits that fail the build when a run exceeds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .escape import printable
from .numbers import files, share, size

if TYPE_CHECKING:
    from .totals import Totals

_NAMED = 5


def exceeded(
    report: Totals,
    *,
    max_total: int | None,
    max_file: int | None,
    min_saved: int | float | None,  # noqa: PYI041  (they mean different things)
) -> Iterator[str]:
    """A sentence for each budget that `report` does not keep to.

    `max_total` and `max_file` are bytes; `min_saved` is bytes as an int, a share as a float.
    """
    if max_total is not None and report.after > max_total:
        yield f"max_total: {size(report.after)} in all, {size(max_total)} are allowed"
    if max_file is not None:
        large = [one for one in report.outcomes if one.after > max_file]
        large.sort(key=lambda one: (-one.after, one.name))
        if large:
            named = ", ".join(
                f"{printable(one.name)} ({size(one.after)})" for one in large[:_NAMED]
            )
            more = f" and {len(large) - _NAMED} more" if len(large) > _NAMED else ""
            verb = "is" if len(large) == 1 else "are"
            yield f"max_file: {files(len(large))} {verb} over {size(max_file)}: {named}{more}"
    match min_saved:
        case int() if report.saved < min_saved:
            yield f"min_saved: {size(report.saved)} saved, {size(min_saved)} are asked for"
        case float() if report.saved < min_saved * report.before:
            saved = share(report.saved, report.before)
            yield f"min_saved: {saved} saved, {100 * min_saved:g} % are asked for"
