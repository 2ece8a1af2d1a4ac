"""One stream of a PDF, unpacked strictly and packed again in as few bytes as possible."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import pikepdf

from . import filters
from .filters import Parms, Undecodable

_FILTER_COST = 20  # bytes of `/Filter/FlateDecode` in the dictionary
# Deflate makes coded images a little smaller. A second filter has to leave less than this share. Not fitted: readers
# should not unpack an image twice for 1 % of its bytes.
_WORTH_A_LAYER = 0.99


@dataclass(frozen=True, slots=True)
class Plain:
    """The data of a stream without its generic filters."""

    data: bytes
    #: the filter that is left, an image codec; empty if no filter is left
    codec: str
    #: the parameters of that filter, as the dictionary has them
    codec_parms: pikepdf.Dictionary | None


@dataclass(frozen=True, slots=True)
class Packed:
    """The data of a stream as a file holds them, and the entries that say how to read them."""

    data: bytes
    filters: tuple[str, ...] = ()
    parms: pikepdf.Dictionary | None = None  #: parameters of the only filter
    #: further entries of the stream's dictionary that change with the data
    entries: tuple[tuple[str, pikepdf.Object | int], ...] = ()

    @property
    def cost(self) -> int:
        """How many bytes it takes in the file, approximately."""
        extra = len(pikepdf.Array([value for _, value in self.entries]).unparse())
        parms = len(self.parms.unparse()) + 14 if self.parms is not None else 0
        return len(self.data) + _FILTER_COST * len(self.filters) + parms + extra


def unpack(stream: pikepdf.Stream, limit: int) -> Plain:
    """The data of a stream without generic filters: up to `limit` bytes. Raises `Undecodable`."""
    if "/F" in stream or "/FFilter" in stream:
        raise Undecodable("the data are in another file")
    names = _as_list(stream.get("/Filter"))
    parms = _as_list(stream.get("/DecodeParms", stream.get("/DP")))
    if len(names) > 8 or len(parms) > len(names):
        raise Undecodable("more filters or parameters than make sense")
    parms += [None] * (len(names) - len(parms))
    data = stream.read_raw_bytes()
    for at, (one, its_parms) in enumerate(zip(names, parms, strict=True)):
        name = str(one)
        if name not in filters.GENERIC:
            if at + 1 < len(names) or name == "/Crypt":
                raise Undecodable(f"filter {name}")
            if not isinstance(its_parms, pikepdf.Dictionary | None):
                raise Undecodable("parameters that are no dictionary")
            return Plain(data, name, its_parms)
        data = filters.decode(data, name, _parms(its_parms), limit)
    return Plain(data, "", None)


def pack(plain: Plain) -> Packed:
    """The smallest form of data of any kind."""
    tail = (plain.codec,) if plain.codec else ()
    if plain.codec_parms is not None:
        return Packed(plain.data, tail, plain.codec_parms)
    bare = Packed(plain.data, tail)
    packed = Packed(filters.deflated(plain.data), ("/FlateDecode", *tail))
    if plain.codec and packed.cost > bare.cost * _WORTH_A_LAYER:
        return bare
    return min(bare, packed, key=attrgetter("cost"))


def present(stream: pikepdf.Stream) -> int:
    """The `Packed.cost` of the stream as it is."""
    filters = _as_list(stream.get("/Filter"))
    parms = stream.get("/DecodeParms")
    size = len(parms.unparse()) + 14 if parms is not None else 0
    return len(stream.read_raw_bytes()) + _FILTER_COST * len(filters) + size


def replace(stream: pikepdf.Stream, packed: Packed) -> None:
    """Replace the data of the stream by `packed`."""
    names = [pikepdf.Name(name) for name in packed.filters]
    for key in ("/DP", "/FDecodeParms"):
        if key in stream:
            del stream[key]
    if len(names) > 1:
        stream.write(packed.data, filter=pikepdf.Array(names), type_check=False)
    elif names:
        stream.write(packed.data, filter=names[0], decode_parms=packed.parms, type_check=False)
    else:
        stream.write(packed.data)
    for key, value in packed.entries:
        stream[key] = value


def _as_list(value: pikepdf.Object | None) -> list[pikepdf.Object | None]:
    if value is None:
        return []
    return list(value) if isinstance(value, pikepdf.Array) else [value]


def _parms(value: pikepdf.Object | None) -> Parms:
    if value is None:
        return Parms()
    if not isinstance(value, pikepdf.Dictionary):
        raise Undecodable("parameters that are no dictionary")
    names = (("/Predictor", 1), ("/Colors", 1), ("/BitsPerComponent", 8), ("/Columns", 1))
    numbers = []
    for name, default in names:
        number = value.get(name)
        if number is not None and not isinstance(number, pikepdf.Integer):
            raise Undecodable(f"{name} is no whole number")
        numbers.append(default if number is None else int(number))
    if max(numbers) > 1 << 24:
        raise Undecodable("parameters out of range")
    return Parms(*numbers)
