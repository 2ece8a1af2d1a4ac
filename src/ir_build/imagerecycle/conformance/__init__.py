"""Whether a server speaks the v1 API: one check for every promise, run against any address.

The checks send a few small pictures and make sub-accounts, and delete what they made. What was
there before is not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from ..wire import Auth
from . import accounts, images, uploads
from .probe import Broken, Probe, Run, Skipped

if TYPE_CHECKING:
    from ..credentials import Credentials

CHECKS: tuple[Callable[[Probe], None], ...] = (*accounts.CHECKS, *uploads.CHECKS, *images.CHECKS)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What became of one check."""

    claim: str
    status: str  #: "holds", "fails" or "skipped"
    detail: str = ""  #: what was seen instead, or why it was skipped


def run(credentials: Credentials) -> Iterator[CheckResult]:
    """Run every check against the server of `credentials`, which must be a main account's.

    What a check made is deleted at the end, also when the caller stops half-way.
    """
    with Run() as shared:
        probe = Probe(shared, credentials.url, Auth(credentials.key, credentials.secret))
        for check in CHECKS:
            claim = (check.__doc__ or check.__name__).strip().removesuffix(".")
            try:
                check(probe)
            except Broken as broken:
                yield CheckResult(claim, "fails", str(broken))
            except Skipped as skipped:
                yield CheckResult(claim, "skipped", str(skipped))
            except requests.RequestException as error:
                # Its message holds the address, and the address holds the secret.
                yield CheckResult(claim, "fails", f"no answer: {type(error).__name__}")
            else:
                yield CheckResult(claim, "holds")
