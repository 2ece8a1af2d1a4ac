"""Exif: what is kept is kept to the byte, and damage counts as absence."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ir_build.engine.shared import exif
from ir_build.options import Meta

ALL = frozenset(Meta)
NAME = "José © 写真".encode()


def tiff(order, main, details=(), place=()):
    """A block of three directories; their fields are (tag, type, count, value)."""
    sign = "<" if order == b"II" else ">"
    directories = [sorted(main), sorted(details), sorted(place)]
    starts, at = [], 8
    pointers = sum(1 for one in directories[1:] if one)
    for number, one in enumerate(directories):
        starts.append(at)
        at += 2 + 12 * (len(one) + (0 if number else pointers)) + 4
    for pointer, number in ((0x8769, 1), (0x8825, 2)):
        if directories[number]:
            value = struct.pack(sign + "I", starts[number])
            directories[0].append((pointer, 4, 1, value))
    head, values = order + struct.pack(sign + "HI", 42, 8), b""
    for one in directories:
        head += struct.pack(sign + "H", len(one))
        for tag, kind, count, value in one:
            head += struct.pack(sign + "HHI", tag, kind, count)
            head += (
                value.ljust(4, b"\0")
                if len(value) <= 4
                else struct.pack(sign + "I", at + len(values))
            )
            values += value if len(value) > 4 else b""
        head += bytes(4)
    return head + values


def short(order, value):
    return struct.pack("<H" if order == b"II" else ">H", value)


def block(order=b"MM", orientation=6):
    return tiff(
        order,
        [
            (0x010F, 2, 9, b"A camera\0"),
            (0x0112, 3, 1, short(order, orientation)),
            (0x0132, 2, 20, b"2026:01:02 03:04:05\0"),
            (0x013B, 2, len(NAME) + 1, NAME + b"\0"),
            (0x8298, 2, 3, b"me\0"),
        ],
        [
            (0x9000, 7, 4, b"0232"),
            (0x9003, 2, 20, b"2026:01:02 03:04:05\0"),
            (0x9010, 2, 7, b"+01:00\0"),
            (0x927C, 7, 30, b"secrets of the camera's maker\0"),
            (0x9291, 2, 3, b"12\0"),
        ],
        [(0x0000, 1, 4, b"\2\3\0\0"), (0x0001, 2, 2, b"N\0"), (0x0002, 5, 3, bytes(range(24)))],
    )


def read(data):
    found = Image.Exif()
    found.load(b"Exif\0\0" + data)
    return found


@pytest.mark.parametrize("header", [b"", b"Exif\0\0"])
@pytest.mark.parametrize("order", [b"II", b"MM"])
@pytest.mark.parametrize("value", range(1, 9))
def test_the_orientation_is_read(order, value, header):
    """In both byte orders, with and without the header that JPEG files put before it."""
    assert exif.orientation(header + block(order, value)) == value


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_orientations_that_there_are_not_count_as_upright(value):
    """Viewers ignore them too; there is no reason to keep them."""
    assert exif.orientation(block(orientation=value)) == 1
    assert exif.keep(block(orientation=value), frozenset({Meta.ORIENTATION})) is None


@pytest.mark.parametrize("order", [b"II", b"MM"])
def test_each_kind_is_kept_by_its_name(order):
    """What is asked for stays, and nothing else; another reader finds it."""
    tags = {
        Meta.DATETIME: ({0x0132, 0x8769}, {0x9000, 0x9003, 0x9010, 0x9291}, set()),
        Meta.COPYRIGHT: ({0x013B, 0x8298}, set(), set()),
        Meta.ORIENTATION: ({0x0112}, set(), set()),
        Meta.LOCATION: ({0x8825}, set(), {0, 1, 2}),
    }
    for meta, (main, details, place) in tags.items():
        kept = read(exif.keep(block(order), frozenset({meta})))
        assert set(kept) == main
        assert set(kept.get_ifd(0x8769)) == details
        assert set(kept.get_ifd(0x8825)) == place
    assert exif.keep(block(order), frozenset({Meta.ICC})) is None
    assert exif.keep(block(order), frozenset()) is None


@pytest.mark.parametrize("order", [b"II", b"MM"])
def test_values_are_kept_to_the_byte(order):
    """A name in any encoding and every coordinate come out as they went in."""
    kept = exif.keep(block(order), ALL)
    assert NAME + b"\0" in kept
    assert bytes(range(24)) in kept
    assert b"camera" not in kept
    found = read(kept)
    assert found[0x0132] == found.get_ifd(0x8769)[0x9003] == "2026:01:02 03:04:05"
    assert found.get_ifd(0x8825)[1] == "N"


def test_twice_is_once():
    """What is kept has nothing left to drop."""
    kept = exif.keep(block(), ALL)
    assert exif.keep(kept, ALL) == kept
    assert exif.orientation(kept) == 6


@given(st.binary(max_size=80))
def test_rubbish_counts_as_none(data):
    """Whatever stands in a block, there is an answer."""
    for rubbish in (data, b"II*\0" + data, b"MM\0*\0\0\0\x08" + data):
        assert 1 <= exif.orientation(rubbish) <= 8
        kept = exif.keep(rubbish, ALL)
        assert kept is None or exif.orientation(kept) == exif.orientation(rubbish)


@given(st.integers(8, 300), st.binary(min_size=1, max_size=6))
def test_damage_spoils_no_more_than_itself(at, damage):
    """A damaged block still has an orientation, the same before and after."""
    damaged = block()[:at] + damage + block()[at + len(damage) :]
    kept = exif.keep(damaged, ALL)
    assert kept is None or exif.orientation(kept) == exif.orientation(damaged)


def test_values_that_overlap_do_not_multiply():
    """A block of many fields that share one long value does not grow."""
    shared = [(tag, 7, 60_000, b"x" * 60_000) for tag in range(0x100, 0x180)]
    source = tiff(b"II", [(0x0112, 3, 1, b"\6\0")], place=shared)
    assert len(exif.keep(source, ALL)) < 100
