"""Decimals of SVG outlines as whole numbers of their last place, and back."""

from __future__ import annotations

from .values import shorten

#: a number with more digits than this is no part of a drawing
MOST_DIGITS = 40


def plain(number: str) -> str:
    """A short number without exponent; more than `MOST_DIGITS` characters where there is none."""
    if "e" not in number and "E" not in number:
        return number
    mantissa, _, exponent = number.lower().partition("e")
    if len(exponent) > 3 or len(mantissa) > MOST_DIGITS:
        return "9" * (MOST_DIGITS + 1)
    from decimal import Decimal  # noqa: PLC0415  (few drawings have exponents)

    return shorten(f"{Decimal(number):f}")


def places(number: str) -> int:
    """How many decimals a plain number has."""
    point = number.find(".")
    return len(number) - point - 1 if point >= 0 else 0


def scaled(number: str, places: int) -> int:
    """A plain number in units of its last of so many decimals."""
    whole, _, fraction = number.partition(".")
    return int(whole + fraction.ljust(places, "0"))


def divided(value: int, divisor: int) -> int:
    """The quotient, rounded."""
    if divisor == 1:
        return value
    # halves away from zero, so that a mirrored shape stays mirrored
    magnitude = (2 * abs(value) + divisor) // (2 * divisor)
    return magnitude if value >= 0 else -magnitude


def spelled(value: int, places: int) -> str:
    """So many units of the last decimal as a number."""
    if not places:
        return str(value)
    digits = str(abs(value)).zfill(places)
    whole, fraction = digits[:-places], digits[-places:].rstrip("0")
    digits = f"{whole}.{fraction}" if fraction else whole or "0"
    return f"-{digits}" if value < 0 else digits
