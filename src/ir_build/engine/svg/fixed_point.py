"""Decimal numbers of SVG outlines as whole numbers in units of their last decimal, and back."""

from __future__ import annotations

from .values import shorten

#: A number has no more characters than this. Not fitted: drawings have no such numbers, and longer ones would
#: take much time.
MOST_DIGITS = 40


def plain(number: str) -> str:
    """The same number without an exponent. If that is too long, the result has more than `MOST_DIGITS` digits."""
    if "e" not in number and "E" not in number:
        return number
    mantissa, _, exponent = number.lower().partition("e")
    if len(exponent) > 3 or len(mantissa) > MOST_DIGITS:
        return "9" * (MOST_DIGITS + 1)
    from decimal import Decimal  # noqa: PLC0415  (few drawings have exponents)

    return shorten(f"{Decimal(number):f}")


def places(number: str) -> int:
    """How many decimals a number without an exponent has."""
    point = number.find(".")
    return len(number) - point - 1 if point >= 0 else 0


def scaled(number: str, places: int) -> int:
    """A number without an exponent, in units of the last of `places` decimals. It must not have more."""
    whole, _, fraction = number.partition(".")
    return int(whole + fraction.ljust(places, "0"))


def divided(value: int, divisor: int) -> int:
    """The quotient, rounded to a whole number."""
    if divisor == 1:
        return value
    # Halves are rounded away from zero, so that a mirrored shape stays mirrored.
    magnitude = (2 * abs(value) + divisor) // (2 * divisor)
    return magnitude if value >= 0 else -magnitude


def spelled(value: int, places: int) -> str:
    """The number that is `value` units of the last of `places` decimals."""
    if not places:
        return str(value)
    digits = str(abs(value)).zfill(places)
    whole, fraction = digits[:-places], digits[-places:].rstrip("0")
    digits = f"{whole}.{fraction}" if fraction else whole or "0"
    return f"-{digits}" if value < 0 else digits
