"""AVIF without loss: metadata goes, and all else stays byte for byte."""

import contextlib
import io
import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from ir_build.containers.iso_bmff import Box
from ir_build.engine.avif import av1
from ir_build.engine.avif import codec as avif
from ir_build.engine.avif import file as avif_file
from ir_build.engine.shared import exif
from ir_build.errors import CorruptFile, FileSkipped, InputError
from ir_build.formats import MediaType
from ir_build.options import Compression, Effort, Meta, Options
from ir_build.verify import verify
from pictures import encoded, exif_block, gradients, slopes
from profiles import SRGB

LOSSLESS = Options(compression_type=Compression.LOSSLESS, min_saving=0)
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>made for a test" + b" " * 400 + b"</x:xmpmeta>"


saved = partial(encoded, kind="AVIF", quality=80, speed=10, max_threads=1)


NOTES = {0x010F: "A camera" * 20, 0x8298: "Somebody"}
WORDS = {b"mime": b"\0application/rdf+xml\0"}


def opened_quietly(data):
    with warnings.catch_warnings():
        # of metadata that is damaged
        warnings.simplefilter("ignore")
        return Image.open(io.BytesIO(data), formats=["AVIF"])


def box(kind, *content):
    return Box(kind, b"".join(content)).encode()


@dataclass
class File:
    """An AVIF file taken apart, to be put together in ways that its encoder would not."""

    items: dict[int, list]  #: kind, words after it, properties, content
    references: list

    @classmethod
    def of(cls, data):
        """A picture without transparency: all properties are its own."""
        read = avif_file.read(data)
        items = {
            number: [
                item.kind,
                WORDS.get(item.kind, b"\0"),
                read.properties if number == read.primary else (),
                read.bytes_of(number),
            ]
            for number, item in read.items.items()
        }
        return cls(items, [(b"cdsc", number, (1,)) for number in items if number != read.primary])

    def write(self, *, version=0, where="file", more=(), top=(), padding=b"", long=False):
        """The file: the bytes of its items in it, in `idat`, or in "pieces"."""
        places, content = {}, bytearray(padding)
        for number, item in self.items.items():
            places[number] = (len(content), len(item[3]))
            content += item[3] + padding
        known = []
        owners = b""
        for number, item in sorted(self.items.items()):
            owners += number.to_bytes(2, "big") + bytes([len(item[2])])
            for one in item[2]:
                known.append(one.encode())
                owners += bytes([len(known) | (one.kind == b"av1C") << 7])
        ipma = bytes(4) + len(self.items).to_bytes(4, "big") + owners
        entries = [
            box(b"infe", b"\2\0\0\0", number.to_bytes(2, "big"), b"\0\0", kind, words)
            for number, (kind, words, _, _) in self.items.items()
        ]
        iref = [
            box(kind, *(n.to_bytes(2, "big") for n in (source, len(to), *to)))
            for kind, source, to in self.references
        ]

        def head(start):
            table = bytes((version, 0, 0, 0)) + b"\x48\x40" + len(places).to_bytes(2, "big")
            for number, (at, size) in places.items():
                table += number.to_bytes(2, "big")
                if version:
                    table += (where == "idat").to_bytes(2, "big")
                table += b"\0\0" + start.to_bytes(4, "big")
                half = size // 2
                pieces = (
                    [(at, half), (at + half, size - half)] if where == "pieces" else [(at, size)]
                )
                table += len(pieces).to_bytes(2, "big")
                table += b"".join(a.to_bytes(4, "big") + s.to_bytes(8, "big") for a, s in pieces)
            meta = box(
                b"meta",
                bytes(4),
                box(b"hdlr", bytes(8) + b"pict" + bytes(12) + b"Somebody's encoder\0"),
                box(b"pitm", bytes(4), b"\0\1"),
                *more,
                box(b"iinf", bytes(4), len(entries).to_bytes(2, "big"), *entries),
                *([box(b"iref", bytes(4), *iref)] if iref else []),
                box(b"iprp", box(b"ipco", *known), box(b"ipma", ipma)),
                box(b"iloc", table),
                *([box(b"idat", bytes(content))] if where == "idat" else []),
            )
            brands = b"avif" + bytes(4) + b"avifmif1miaf"
            return box(b"ftyp", brands) + b"".join(top) + meta + box(b"free", bytes(40))

        if where == "idat":
            return head(0)
        size = (len(content) + 16).to_bytes(8, "big")
        start = len(head(0)) + (16 if long else 8)
        if long:
            return head(start) + b"\0\0\0\1mdat" + size + bytes(content)
        return head(start) + box(b"mdat", bytes(content))


def stripped(data, options=LOSSLESS):
    """What the engine makes of `data` without loss; it has to show the same and be final."""
    result = avif.compress(data, options)
    assert not result.lossy
    assert len(result.data) <= len(data)
    assert verify(data, result, MediaType.AVIF, options).ok
    before, after = opened_quietly(data), opened_quietly(result.data)
    assert (before.size, before.mode) == (after.size, after.mode)
    assert before.tobytes() == after.tobytes()
    assert avif.compress(result.data, options).data == result.data
    return result.data


def told(data):
    """The metadata that a viewer finds."""
    info = opened_quietly(data).info
    return dict(opened_quietly(data).getexif()), info.get("xmp", b"").count(b"made for a test")


WAYS = [
    {},
    {"padding": bytes(100)},
    {"version": 1},
    {"long": True},
    {"more": [box(b"free", bytes(30))], "top": [box(b"skip", b"x"), box(b"uuid", bytes(60))]},
]


@pytest.mark.parametrize("way", WAYS)
def test_metadata_goes_however_it_is_stored(way):
    """Places, free space and numbers of other widths make no difference."""
    made = File.of(saved(slopes(mode="RGB"), exif=exif_block(NOTES), xmp=XMP)).write(**way)
    assert told(made) == (NOTES, 1)
    result = stripped(made)
    assert told(result) == ({}, 0)
    assert b"A camera" not in result
    assert len(made) - len(result) > len(XMP)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_metadata_goes_unless_it_is_to_stay(mode):
    """Exif and XMP, by the same rules as in other formats."""
    data = saved(slopes(mode="RGBA").convert(mode), exif=exif_block(NOTES), xmp=XMP)
    assert told(stripped(data)) == ({}, 0)
    keeping = Options(
        compression_type=Compression.LOSSLESS,
        min_saving=0,
        preserve_metas=frozenset({Meta.COPYRIGHT}),
    )
    kept = opened_quietly(stripped(data, keeping)).info
    assert kept["xmp"] == XMP
    assert kept["exif"] == exif.keep(exif_block(NOTES), keeping.preserve_metas)
    assert told(stripped(data, keeping)) == ({0x8298: "Somebody"}, 1)


def test_a_profile_stays():
    """Whether it changes something or not."""
    data = saved(slopes(mode="RGB"), icc_profile=SRGB, exif=exif_block(NOTES))
    assert opened_quietly(stripped(data)).info["icc_profile"] == SRGB


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotation_and_mirroring_stay(orientation):
    """They are properties of the picture, whatever becomes of the Exif."""
    result = opened_quietly(
        stripped(saved(slopes(), exif=exif_block(NOTES | {0x0112: orientation})))
    )
    assert result.getexif().get(0x0112, 1) == orientation


def grid(columns=2, rows=1):
    """A picture made of tiles, with metadata."""
    file = File.of(saved(slopes((64, 64), "RGB"), exif=exif_block(NOTES)))
    tile, metadata = file.items[1], file.items[2]
    whole = [one for one in tile[2] if one.kind in (b"pixi", b"colr")]
    size = (columns * 64).to_bytes(4, "big") + (rows * 64).to_bytes(4, "big")
    whole.append(Box(b"ispe", bytes(4) + size))
    # AVIF 1.1: size in 16 bits unless the flag says 32.
    items = {1: [b"grid", b"Grid\0", whole, bytes((0, 1, rows - 1, columns - 1)) + size]}
    items[2] = metadata
    tiles = range(3, columns * rows + 3)
    items |= dict.fromkeys(tiles, tile)
    return File(items, [*file.references, (b"dimg", 1, tuple(tiles))])


def test_a_grid_stays_a_grid():
    """All tiles are still there, and the metadata is not."""
    result = stripped(grid(2, 2).write(padding=bytes(50)))
    assert told(result) == ({}, 0)
    assert opened_quietly(result).size == (128, 128)
    with pytest.raises(FileSkipped, match="grid"):
        avif.compress(result, Options(effort=Effort.FAST))


def test_properties_nobody_knows_stay():
    """And what else the tables say."""
    file = File.of(saved(slopes(mode="RGB"), exif=exif_block(NOTES)))
    file.items[1][2] += (Box(b"odd!", b"whatever"), Box(b"pasp", b"\0\0\0\1\0\0\0\2"))
    data = file.write(more=[box(b"even", bytes(4))])
    result = stripped(data)
    assert told(result) == ({}, 0)
    assert avif_file.read(result).properties == file.items[1][2]


def _left_files():
    plain = File.of(saved(slopes(mode="RGB"), exif=exif_block(NOTES), xmp=XMP))
    other = saved(slopes(mode="RGBA"), exif=exif_block(NOTES), xmp=XMP)
    number = plain.items[2]
    return {
        "metadata in pieces": plain.write(where="pieces"),
        "metadata in a table": plain.write(version=1, where="idat"),
        "bytes behind the tables": plain.write() + box(b"mpvd", b"a film"),
        "an auxiliary picture of another kind": other.replace(
            b"auxiliary:alpha", b"auxiliary:depth"
        ),
        "nothing but HTML": File(
            {1: plain.items[1], 2: [b"mime", b"\0text/html\0", (), number[3]]}, []
        ).write(),
    }


LEFT = _left_files()


@pytest.mark.parametrize("what", LEFT)
def test_what_may_need_its_metadata_or_its_places_stays_whole(what):
    """Metadata that cannot be cut down in its place, or that may say how to show the picture."""
    assert avif.compress(LEFT[what], LOSSLESS).data == LEFT[what]


def test_a_sequence_stays_whole():
    """Also one without a still picture beside it."""
    frames = [slopes(mode="RGB"), slopes(mode="RGB").rotate(90)]
    data = saved(frames[0], save_all=True, append_images=frames[1:], exif=exif_block(NOTES))
    for one in (data, data.replace(b"pitm", b"free")):
        assert avif.compress(one, LOSSLESS).data == one
        with pytest.raises(FileSkipped, match="sequence"):
            avif.compress(one, Options(effort=Effort.FAST))


def test_little_is_not_worth_a_new_file():
    """A few bytes of metadata are left, unless they are all the difference that is asked for."""
    data = saved(slopes((256, 256), mode="RGB"), quality=95, exif=exif_block({0x8298: "Somebody"}))
    worth = Options(compression_type=Compression.LOSSLESS)
    assert avif.compress(data, worth).data == data
    assert len(stripped(data)) < len(data)


def test_lossy_gives_the_stripped_file_where_loss_is_not_worth_it():
    """And where the picture cannot be coded again."""
    metadata = {"exif": exif_block(NOTES), "xmp": XMP}
    small = saved(gradients((192, 128)), quality=40, **metadata)
    deep = File.of(saved(slopes((128, 128), "RGB"), **metadata))
    deep.items[1][2] += (Box(b"odd!", b""),)
    for data in (small, deep.write()):
        result = avif.compress(data, Options(effort=Effort.FAST))
        assert not result.lossy
        assert result.data == stripped(data)
        assert result.notes == ("stripped Exif", "stripped XMP")


def test_damaged_pictures_are_reported():
    """Though nothing has to be decoded."""
    data = bytearray(saved(slopes(mode="RGB"), exif=exif_block(NOTES)))
    (extent,) = avif_file.read(bytes(data)).extents[1]
    data[extent.start + 4 : extent.start + extent.size] = b"\xff" * (extent.size - 4)
    with pytest.raises(CorruptFile):
        avif.compress(bytes(data), LOSSLESS)


def test_bytes_behind_the_end_are_damage():
    """A file whose box of bytes was cut, and mended, is still too short."""
    data = saved(slopes(mode="RGB"))
    at = data.index(b"mdat") - 4
    short = (len(data) - at - 50).to_bytes(4, "big")
    with pytest.raises(CorruptFile):
        avif.compress(data[:at] + short + data[at + 4 : -50], LOSSLESS)


def test_metadata_that_is_part_of_a_picture_stays():
    """Its bytes would be missing there."""
    file = File.of(saved(slopes(mode="RGB"), xmp=XMP))
    picture, metadata = file.items[1], file.items[2]
    data = bytearray(file.write())
    at = avif_file.read(bytes(data)).extents[2][0]
    one = avif_file.read(bytes(data)).extents[1][0]
    # Behind the start of its own bytes stands what is now the metadata.
    data[at.offset] = (int.from_bytes(data[one.offset], "big") + 9).to_bytes(4, "big")
    data[at.length] = (len(picture[3]) - 9).to_bytes(8, "big")
    assert metadata[3] == XMP
    assert avif.compress(bytes(data), LOSSLESS).data == bytes(data)


@pytest.mark.parametrize("matrix", ["4:4:4", "4:2:0", "4:0:0"])
@pytest.mark.parametrize("limited", [False, True])
def test_sequence_headers_tell_colours_and_range(matrix, limited):
    """As libavif writes them; it says the same of the colours in `colr`."""
    image = slopes(mode="RGB").convert("L") if matrix == "4:0:0" else slopes(mode="RGB")
    data = saved(image, subsampling=matrix, range="limited" if limited else "full")
    read = avif_file.read(data)
    found = av1.sequence(read.bytes_of(1))
    nclx = next(one.data for one in read.properties if one.kind == b"colr")
    assert nclx == b"nclx" + b"".join(
        value.to_bytes(2, "big") for value in (found.primaries, found.transfer, found.matrix)
    ) + bytes([0x80 * found.full_range])
    assert found.full_range != limited


def test_headers_of_films_are_read():
    """Their tools between frames come before the colours."""
    frames = [slopes(mode="RGB"), slopes(mode="RGB").rotate(90)]
    data = saved(frames[0], save_all=True, append_images=frames[1:])
    at = data.index(b"mdat") + 4
    assert av1.sequence(data[at:]) == av1.Sequence(1, 13, 6, full_range=True)


@pytest.mark.parametrize("data", [b"", b"\x12", b"\x12\0", b"\x0a\x06\x18", b"\x0a\xff", b"\x08"])
def test_headers_cut_short_tell_nothing(data):
    """No error either."""
    assert av1.sequence(data) is None


def with_limited_alpha(data):
    """The file with the one bit changed that says what range its transparency is in."""
    read = avif_file.read(data)
    start = read.extents[2][0].start
    header = bytearray(data[start : start + 16])
    before = av1.sequence(bytes(header))
    for bit in range(128):
        header[bit // 8] ^= 128 >> bit % 8
        after = av1.sequence(bytes(header))
        if after == av1.Sequence(
            before.primaries, before.transfer, before.matrix, full_range=False
        ):
            with contextlib.suppress(OSError, RuntimeError, SyntaxError):
                made = data[:start] + bytes(header) + data[start + 16 :]
                opened_quietly(made).load()
                return made
        header[bit // 8] ^= 128 >> bit % 8
    raise AssertionError("no such bit")


def test_transparency_in_limited_range_keeps_its_pixels():
    """Viewers differ in how they show it, and a new file would have it in full range."""
    data = with_limited_alpha(saved(slopes((128, 128), "RGBA"), exif=exif_block(NOTES), quality=95))
    ordinary = np.asarray(opened_quietly(saved(slopes((128, 128), "RGBA"), quality=95)))[..., 3]
    assert np.abs(np.asarray(opened_quietly(data))[..., 3].astype(int) - ordinary).max() > 8
    result = avif.compress(data, Options(effort=Effort.FAST))
    assert not result.lossy
    assert result.data == stripped(data)


DAMAGED = File.of(
    saved(slopes(mode="RGB"), exif=exif_block(NOTES | {0x0112: 6}), xmp=XMP, quality=30)
).write(version=1, padding=b"\0\0\0")


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(DAMAGED) - 1), st.integers(0, 255)), max_size=3),
    st.integers(0, len(DAMAGED)),
)
# Bytes of a part in another file, and behind the end of this one, with no rotation that needs them.
@example([(329, 0), (384, 1)], 0)
@example([(226, 41), (417, 2), (331, 1)], 0)
def test_damage_never_changes_the_picture(changes, end):
    """Changed and cut files give the same picture, or one of our errors."""
    data = bytearray(DAMAGED)
    for at, value in changes:
        data[at] = value
    for broken in {bytes(data), bytes(data[:end])}:
        with contextlib.suppress(InputError, FileSkipped):
            result = avif.compress(broken, LOSSLESS)
            assert verify(broken, result, MediaType.AVIF, LOSSLESS).ok
            assert opened_quietly(result.data).tobytes() == opened_quietly(broken).tobytes()


HEAD = DAMAGED.index(b"mdat")


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(st.integers(0, HEAD * 8 - 1))
def test_a_flipped_bit_in_the_tables_never_changes_the_picture(bit):
    """All of them say where something is, or what."""
    data = bytearray(DAMAGED)
    data[bit // 8] ^= 128 >> bit % 8
    with contextlib.suppress(InputError, FileSkipped):
        result = avif.compress(bytes(data), LOSSLESS)
        assert verify(bytes(data), result, MediaType.AVIF, LOSSLESS).ok
        assert opened_quietly(result.data).tobytes() == opened_quietly(bytes(data)).tobytes()
