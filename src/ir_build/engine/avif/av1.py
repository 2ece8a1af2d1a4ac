"""The sequence header of coded AV1 pictures, as far as it tells how their samples are meant.

Source: AV1 Bitstream & Decoding Process Specification, 5.3 (OBU headers) and 5.5 (sequence header).
"""

from __future__ import annotations

from dataclasses import dataclass

_SEQUENCE_HEADER = 1
#: ITU-T H.273: not said; BT.709, sRGB's curve, and no matrix, which together are RGB
_UNSPECIFIED = (2, 2, 2)
_RGB = (1, 13, 0)
_SELECT = 2


@dataclass(frozen=True, slots=True)
class Sequence:
    """What a sequence header says of colours: code points of ITU-T H.273, and the range."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool


def sequence(data: bytes) -> Sequence | None:
    """The first sequence header of `data`, OBUs one after another; None where none is understood.

    Headers with timing for decoders are not understood: pictures have none.
    """
    try:
        header = _find(data)
        return None if header is None else _read(_BitReader(header))
    except IndexError:
        return None


def _find(data: bytes) -> bytes | None:
    at = 0
    while at < len(data):
        first = data[at]
        at += 2 if first & 4 else 1
        if not first & 2:
            return data[at:] if first >> 3 & 15 == _SEQUENCE_HEADER else None
        size = shift = 0
        while True:
            size |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if not data[at - 1] & 0x80:
                break
        if first >> 3 & 15 == _SEQUENCE_HEADER:
            return data[at : at + size]
        at += size
    return None


class _BitReader:
    """Numbers of any number of bits, the most significant first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int = 1) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - self._at % 8) & 1
            self._at += 1
        return value


def _read(bits: _BitReader) -> Sequence | None:
    profile = bits.take(3)
    bits.take()  # still_picture
    reduced = bits.take()
    if reduced:
        bits.take(5)
    else:
        if bits.take():  # timing_info_present_flag
            return None
        _skip_operating_points(bits)
    widths, heights = bits.take(4) + 1, bits.take(4) + 1
    bits.take(widths + heights)
    if not reduced and bits.take():  # frame_id_numbers_present_flag
        bits.take(7)
    bits.take(3)  # use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
    if not reduced:
        _skip_tools_between_frames(bits)
    bits.take(3)  # enable_superres, enable_cdef, enable_restoration
    return _colours(bits, profile)


def _skip_operating_points(bits: _BitReader) -> None:
    delays = bits.take()
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:  # seq_level_idx
            bits.take()
        if delays and bits.take():
            bits.take(4)


def _skip_tools_between_frames(bits: _BitReader) -> None:
    bits.take(4)
    order_hint = bits.take()
    if order_hint:
        bits.take(2)
    # seq_choose_screen_content_tools, seq_choose_integer_mv and what they replace
    screen_content = _SELECT if bits.take() else bits.take()
    if screen_content and not bits.take():
        bits.take()
    if order_hint:
        bits.take(3)


def _colours(bits: _BitReader, profile: int) -> Sequence:
    high = bits.take()
    if profile == 2 and high:
        bits.take()  # twelve_bit
    grey = profile != 1 and bits.take()
    description = _UNSPECIFIED
    if bits.take():
        description = (bits.take(8), bits.take(8), bits.take(8))
    full = bool(bits.take()) if grey or description != _RGB else True
    return Sequence(*description, full)
