"""The sequence header of a coded AV1 picture, as far as it says what the samples mean.

Source: AV1 Bitstream & Decoding Process Specification, 5.3 (OBU headers) and 5.5 (sequence header).
"""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

_SEQUENCE_HEADER = 1  # the type of an OBU (6.2.2)
#: Primaries, transfer and matrix by ITU-T H.273. First: not said. Second: BT.709, the curve of sRGB, and no
#: matrix, which together are RGB.
_UNSPECIFIED = (2, 2, 2)
_RGB = (1, 13, 0)


class Sequence(NamedTuple):
    """What a sequence header says of colours: three code points of ITU-T H.273, and the range."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool


def sequence(data: bytes) -> Sequence | None:
    """The first sequence header of `data`, which is a series of OBUs; None if none is understood.

    Sequence headers of films that have timing for decoders are not understood.
    """
    try:
        return _colours(_Bits(_header(data)))
    except (IndexError, ValueError):
        return None


def _header(data: bytes) -> bytes:
    at = 0
    while True:
        first = data[at]
        at += 2 if first & 4 else 1
        size = shift = 0
        # An OBU without a size is the last one.
        more = bool(first & 2)
        if not more:
            size = len(data) - at
        while more:
            size |= (data[at] & 0x7F) << shift
            shift += 7
            more = bool(data[at] & 0x80)
            at += 1
        if first >> 3 & 15 == _SEQUENCE_HEADER:
            return data[at : at + size]
        at += size


class _Bits:
    """A series of numbers of any number of bits each, the most significant bit first."""

    def __init__(self, data: bytes) -> None:
        self._bits = (bit for byte in data for bit in f"{byte:08b}")

    def take(self, count: int = 1) -> int:
        """The next number. Raises `ValueError` at the end."""
        return int("".join(islice(self._bits, count)), 2)


def _colours(bits: _Bits) -> Sequence | None:
    profile = bits.take(3)
    bits.take()  # still_picture
    reduced = bits.take()
    if reduced:
        bits.take(5)  # seq_level_idx
    elif bits.take():  # timing_info_present_flag
        return None
    else:
        delays = bits.take()
        for _ in range(bits.take(5) + 1):
            bits.take(12)  # operating_point_idc
            if bits.take(5) > 7:  # seq_level_idx
                bits.take()
            if delays and bits.take():
                bits.take(4)
    bits.take(bits.take(4) + bits.take(4) + 2)  # sizes: the first two numbers say how many bits
    if not reduced and bits.take():  # frame_id_numbers_present_flag
        bits.take(7)
    bits.take(3)  # use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
    if not reduced:
        bits.take(4)  # tools between frames, enable_order_hint last
        order_hint = bits.take()
        if order_hint:
            bits.take(2)
        # seq_choose_screen_content_tools, seq_choose_integer_mv and what they replace
        if (bits.take() or bits.take()) and not bits.take():
            bits.take()
        if order_hint:
            bits.take(3)
    bits.take(3)  # enable_superres, enable_cdef, enable_restoration
    if bits.take() and profile == 2:  # high_bitdepth
        bits.take()
    grey = profile != 1 and bits.take()
    description = (bits.take(8), bits.take(8), bits.take(8)) if bits.take() else _UNSPECIFIED
    full = bits.take() if grey or description != _RGB else 1
    return Sequence(*description, bool(full))
