"""What a person could still do to make a site lighter: findings, each with a way to mend it."""

from __future__ import annotations

from .finding import Finding, Kind

__all__ = ["Finding", "Kind"]
