"""Values of SVG attributes: numbers in fewer characters, lists, and how much transforms enlarge."""

from __future__ import annotations

import math
import re

NUMBER = r"[+-]?(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"
SEPARATOR = r"(?:[ \t\r\n\f]++,?[ \t\r\n\f]*+|,[ \t\r\n\f]*+|(?=[-+.]))"
_SPACE = " \t\r\n\f"
_LIST = re.compile(rf"{NUMBER}(?:{SEPARATOR}{NUMBER})*+")
_NUMBER = re.compile(NUMBER)
_FUNCTION = re.compile(
    r"(matrix|translate|scale|rotate|skewX|skewY)[ \t\r\n\f]*+\(([^()]*+)\)[ \t\r\n\f,]*+"
)
# How many numbers a transform may have (CSS Transforms Module Level 1, the SVG attribute).
_COUNTS = {
    "matrix": (6,),
    "translate": (1, 2),
    "scale": (1, 2),
    "rotate": (1, 3),
    "skewX": (1,),
    "skewY": (1,),
}


def shorten(number: str) -> str:
    """The same number in the fewest characters. A number with an exponent stays as it is."""
    first = number[number[0] == "-"]
    if first in "123456789." and not (number[-1] == "0" and "." in number):
        return number  # Nearly all numbers are as short as they can be.
    if "e" in number or "E" in number:
        return number
    whole, _, fraction = number.lstrip("+-").partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    if not whole and not fraction:
        return "0"
    return ("-" if number[0] == "-" else "") + whole + (f".{fraction}" if fraction else "")


def numbers_of(value: str) -> list[str] | None:
    """The numbers of a list such as `points`; None if the value is not such a list."""
    value = value.strip(_SPACE)
    return _NUMBER.findall(value) if _LIST.fullmatch(value) else None


def magnification(value: str) -> float | None:
    """How much a list of transforms enlarges at most; None if that cannot be told."""
    functions = _functions(value)
    if functions is None:
        return None
    total = 1.0
    for name, numbers in functions:
        values = [float(number) for number in numbers]
        if name == "matrix":
            total *= _norm(*values[:4])
        elif name == "scale":
            total *= max(map(abs, values))
        elif name in ("skewX", "skewY"):
            total *= _norm(1.0, 0.0, math.tan(math.radians(values[0])), 1.0)
    return total if math.isfinite(total) else None


def _functions(value: str) -> list[tuple[str, list[str]]] | None:
    functions = []
    at = len(value) - len(value.lstrip(_SPACE))
    while at < len(value):
        match = _FUNCTION.match(value, at)
        if match is None:
            return None
        numbers = numbers_of(match[2])
        if numbers is None or len(numbers) not in _COUNTS[match[1]]:
            return None
        functions.append((match[1], numbers))
        at = match.end()
    return functions


def _norm(a: float, b: float, c: float, d: float) -> float:
    # The larger singular value of a 2 x 2 matrix.
    half = (a * a + b * b + c * c + d * d) / 2
    return math.sqrt(half + math.sqrt(max(0.0, half * half - (a * d - b * c) ** 2)))
