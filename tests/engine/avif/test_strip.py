"""AVIF without loss: what no viewer shows goes, and what one may show stays byte for byte."""

import contextlib
import io
import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ir_build.engine.avif import av1
from ir_build.engine.avif import codec as avif
from ir_build.engine.avif import file as avif_file
from ir_build.engine.shared import exif
from ir_build.errors import CorruptFile, FileSkipped, InputError
from ir_build.formats import MediaType
from ir_build.options import Compression, Effort, Meta, Options
from ir_build.verify import verify
from pictures import encoded, exif_block, slopes
from profiles import SRGB

LOSSLESS = Options(compression_type=Compression.LOSSLESS, min_saving=0)
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>made for a test" + b" " * 400 + b"</x:xmpmeta>"


saved = partial(encoded, kind="AVIF", quality=80, speed=10, max_threads=1)


NOTES = {0x010F: "A camera" * 20, 0x8298: "Somebody"}


def opened_quietly(data):
    with warnings.catch_warnings():
        # of metadata that is damaged
        warnings.simplefilter("ignore")
        return Image.open(io.BytesIO(data), formats=["AVIF"])


def box(kind, *content):
    data = b"".join(content)
    return (len(data) + 8).to_bytes(4, "big") + kind + data


@dataclass
class File:
    """An AVIF file taken apart, to be put together in ways that its encoder would not."""

    items: dict[int, list]  #: kind, description, hidden, properties, content
    references: list

    @classmethod
    def of(cls, data):
        read = avif_file.read(data)
        items = {
            number: [item.kind, item.description, item.hidden, item.properties, read.bytes_of(item)]
            for number, item in read.items.items()
        }
        return cls(items, list(read.references))

    def write(self, *, version=0, where="file", wide=False, more=(), top=(), padding=b""):
        """The file: the bytes of its items in it, in `idat`, in "pieces", or of another "item"."""
        places, content = {}, bytearray(padding)
        for number, item in self.items.items():
            places[number] = (len(content), len(item[4]))
            content += item[4] + padding
        known = []
        owners = b""
        for number, item in sorted(self.items.items()):
            owners += number.to_bytes(4 if wide else 2, "big") + bytes([len(item[3])])
            for one in item[3]:
                known.append(box(one.kind, one.data))
                index = len(known) | one.essential << (15 if wide else 7)
                owners += index.to_bytes(2 if wide else 1, "big")
        ipma = bytes((wide, 0, 0, wide)) + len(self.items).to_bytes(4, "big") + owners
        entries = [
            box(b"infe", bytes((2, 0, 0, hidden)), number.to_bytes(2, "big"), b"\0\0", kind, words)
            for number, (kind, words, hidden, _, _) in self.items.items()
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
                    table += {"idat": 1, "item": 2}.get(where, 0).to_bytes(2, "big")
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

        start = 0 if where == "idat" else len(head(0)) + 8
        body = b"" if where == "idat" else box(b"mdat", bytes(content))
        return head(start) + body


def stripped(data, options=LOSSLESS):
    """What the engine makes of `data` without loss; it has to show the same and be final."""
    result = avif.compress(data, options)
    assert not result.lossy
    assert verify(data, result, MediaType.AVIF, options).ok
    before, after = opened_quietly(data), opened_quietly(result.data)
    assert (before.size, before.mode) == (after.size, after.mode)
    assert before.tobytes() == after.tobytes()
    assert avif.compress(result.data, options).data == result.data
    return result.data


WAYS = [
    {},
    {"padding": bytes(100)},
    {"where": "pieces"},
    {"version": 1, "where": "idat"},
    {"version": 1, "where": "pieces", "wide": True},
    {"more": [box(b"free", bytes(30))], "top": [box(b"skip", b"x"), box(b"uuid", bytes(60))]},
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_however_it_is_stored_the_same_remains(mode, way):
    """Places, pieces, free space and names make no difference to what comes out."""
    data = saved(slopes(mode=mode), exif=exif_block(NOTES), xmp=XMP)
    made = File.of(data).write(**way)
    assert opened_quietly(made).tobytes() == opened_quietly(data).tobytes()
    plain = File.of(saved(slopes(mode=mode))).write()
    assert stripped(made) == stripped(plain)


def test_metadata_goes_unless_it_is_to_stay():
    """Exif and XMP, by the same rules as in other formats."""
    data = saved(slopes(), exif=exif_block(NOTES), xmp=XMP)
    assert not {"exif", "xmp"} & opened_quietly(stripped(data)).info.keys()
    keeping = Options(
        compression_type=Compression.LOSSLESS,
        min_saving=0,
        preserve_metas=frozenset({Meta.COPYRIGHT}),
    )
    kept = opened_quietly(stripped(data, keeping)).info
    assert kept["xmp"] == XMP
    assert kept["exif"] == exif.keep(exif_block(NOTES), keeping.preserve_metas)
    assert 0x010F not in opened_quietly(stripped(data, keeping)).getexif()


def test_only_a_profile_that_changes_nothing_goes():
    """An sRGB profile where the colours are sRGB without it as well."""
    data = saved(slopes(mode="RGB"), icc_profile=SRGB)
    assert "icc_profile" not in opened_quietly(stripped(data)).info
    keeping = Options(
        compression_type=Compression.LOSSLESS, min_saving=0, preserve_metas=frozenset({Meta.ICC})
    )
    assert opened_quietly(stripped(data, keeping)).info["icc_profile"] == SRGB
    # Without the profile this would be BT.2020.
    wide = stripped(data.replace(b"nclx\0\2\0\2", b"nclx\0\x09\0\x10"))
    assert opened_quietly(wide).info["icc_profile"] == SRGB
    foreign = bytearray(SRGB)
    red, green = foreign.index(b"rXYZ"), foreign.index(b"gXYZ")
    foreign[red : red + 4], foreign[green : green + 4] = b"gXYZ", b"rXYZ"
    data = saved(slopes(mode="RGB"), icc_profile=bytes(foreign))
    assert opened_quietly(stripped(data)).info["icc_profile"] == bytes(foreign)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotation_and_mirroring_stay(orientation):
    """They are properties of the picture, whatever becomes of the Exif."""
    result = opened_quietly(
        stripped(saved(slopes(), exif=exif_block(NOTES | {0x0112: orientation})))
    )
    assert result.getexif().get(0x0112, 1) == orientation


def test_thumbnails_and_what_nobody_refers_to_go():
    """Only the picture is shown."""
    file = File.of(saved(slopes(mode="RGB"), quality=30))
    small = File.of(saved(slopes(mode="RGB").resize((18, 16)))).items[1]
    file.items[7] = small
    file.references.append((b"thmb", 7, (1,)))
    file.items[8] = [*small[:2], True, *small[3:]]
    assert list(avif_file.read(stripped(file.write())).items) == [1]


def grid(columns=2, rows=1):
    """A picture made of tiles, two of which are the same bytes."""
    tile = File.of(saved(slopes((64, 64), "RGB"))).items[1]
    whole = [one for one in tile[3] if one.kind in (b"pixi", b"colr")]
    size = (columns * 64).to_bytes(4, "big") + (rows * 64).to_bytes(4, "big")
    whole.append(avif_file.Property(b"ispe", bytes(4) + size))
    content = bytes((0, 1, rows - 1, columns - 1)) + size
    items = {1: [b"grid", b"Grid\0", False, whole, content]}
    tiles = range(2, columns * rows + 2)
    for number in tiles:
        items[number] = [*tile[:2], True, *tile[3:]]
    # AVIF 1.1: size in 16 bits unless the flag says 32.
    return File(items, [(b"dimg", 1, tuple(tiles))])


def test_a_grid_stays_a_grid():
    """Tiles stay in order; equal ones are stored once."""
    data = grid(2, 2).write(padding=bytes(50))
    result = stripped(data)
    read = avif_file.read(result)
    assert [item.kind for item in read.items.values()] == [b"grid"] + [b"av01"] * 4
    assert len({item.location for item in read.items.values()}) == 2
    with pytest.raises(FileSkipped, match="grid"):
        avif.compress(result, Options(effort=Effort.FAST))


def test_properties_nobody_knows_stay():
    """And whether they are essential."""
    file = File.of(saved(slopes(mode="RGB")))
    odd = avif_file.Property(b"odd!", b"whatever")
    pasp = avif_file.Property(b"pasp", b"\0\0\0\1\0\0\0\2", essential=False)
    file.items[1][3] += (odd, pasp)
    read = avif_file.read(stripped(file.write()))
    assert read.items[1].properties == file.items[1][3]


def _left_files():
    plain = File.of(saved(slopes(mode="RGB")))
    alpha = File.of(saved(slopes(mode="RGBA")))
    second = File({**plain.items, 5: plain.items[1]}, [])
    strange = File({**plain.items, 5: [b"odd!", b"\0", False, (), b"odd"]}, [])
    mime = File({**plain.items, 5: [b"mime", b"\0text/html\0", False, (), b"<p>"]}, [])
    depth = File.of(saved(slopes(mode="RGBA")))
    depth.items[2][3] = tuple(
        avif_file.Property(b"auxC", bytes(4) + b"urn:com:photo:aux:hdrgainmap\0")
        if one.kind == b"auxC"
        else one
        for one in depth.items[2][3]
    )
    other = File(alpha.items, [(b"base", 1, (2,)), *alpha.references])
    lost = File(alpha.items, [(b"cdsc", 1, (9,)), *alpha.references])
    return {
        "more than one picture": second.write(),
        "odd!": strange.write(),
        "mime": mime.write(),
        "auxiliary": depth.write(),
        "base": other.write(),
        "references to nothing": lost.write(),
        "grpl": plain.write(more=[box(b"grpl", bytes(4))]),
        "mpvd": plain.write() + box(b"mpvd", b"a film"),
        "there twice": plain.write(more=[box(b"pitm", bytes(4), b"\0\1")]),
        "unusual order": plain.write().replace(b"ipco", b"free"),
        "another kind": plain.write().replace(b"pict", b"vide"),
        "unusual place": plain.write(version=1, where="item"),
    }


LEFT = _left_files()


@pytest.mark.parametrize("reason", LEFT)
def test_what_is_not_understood_stays_whole(reason):
    """Other pictures, unknown parts, boxes and references."""
    with pytest.raises(FileSkipped, match=reason):
        avif.compress(LEFT[reason], LOSSLESS)


def test_a_sequence_stays_whole():
    """Also one without a still picture beside it."""
    frames = [slopes(mode="RGB"), slopes(mode="RGB").rotate(90)]
    data = saved(frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(FileSkipped, match="sequence"):
        avif.compress(data, LOSSLESS)
    with pytest.raises(FileSkipped, match="sequence"):
        avif.compress(data.replace(b"pitm", b"free"), LOSSLESS)


def test_little_is_not_worth_a_new_file():
    """Names and spaces alone are left, unless that is all the difference that is asked for."""
    data = saved(slopes(mode="RGB"), quality=95)
    worth = Options(compression_type=Compression.LOSSLESS)
    assert avif.compress(data, worth).data == data
    assert len(stripped(data)) < len(data)


def test_lossy_gives_the_stripped_file_where_loss_is_not_worth_it():
    """And where the picture cannot be coded again."""
    metadata = {"exif": exif_block(NOTES), "xmp": XMP}
    small = saved(slopes((128, 128), "RGB"), quality=40, **metadata)
    deep = File.of(saved(slopes((128, 128), "RGB"), **metadata))
    deep.items[1][3] += (avif_file.Property(b"odd!", b""),)
    for data in (small, deep.write()):
        result = avif.compress(data, Options(effort=Effort.FAST))
        assert not result.lossy
        assert result.data == stripped(data)
        assert result.notes == ("stripped Exif", "stripped XMP")


def test_damaged_pictures_are_reported():
    """Though nothing has to be decoded."""
    data = bytearray(saved(slopes(mode="RGB"), exif=exif_block(NOTES)))
    at = data.index(b"mdat") + 4
    read = avif_file.read(bytes(data))
    (start, size), *_ = read.items[1].location.extents
    assert start >= at
    data[start + 4 : start + size] = b"\xff" * (size - 4)
    with pytest.raises(CorruptFile):
        avif.compress(bytes(data), LOSSLESS)


def test_bytes_behind_the_end_are_damage():
    """A file whose box of bytes was cut, and mended, is still too short."""
    data = saved(slopes(mode="RGB"))
    at = data.index(b"mdat") - 4
    short = (len(data) - at - 50).to_bytes(4, "big")
    with pytest.raises(CorruptFile, match="cut short"):
        avif.compress(data[:at] + short + data[at + 4 : -50], LOSSLESS)


def test_overlapping_parts_are_not_copied():
    """Many items of the whole file would take its bytes times their number."""
    file = File.of(saved(slopes(mode="RGB")))
    for number in range(2, 40):
        file.items[number] = [b"av01", b"\0", True, (), b""]
    data = bytearray(file.write())
    at = data.index(b"iloc") + 12
    for number in range(39):
        entry = at + 22 * number
        data[entry + 4 : entry + 8] = number.to_bytes(4, "big")
        data[entry + 10 : entry + 22] = bytes(4) + (len(data) - 50).to_bytes(8, "big")
    with pytest.raises(FileSkipped, match="overlap"):
        avif.compress(bytes(data), LOSSLESS)


@pytest.mark.parametrize("matrix", ["4:4:4", "4:2:0", "4:0:0"])
@pytest.mark.parametrize("limited", [False, True])
def test_sequence_headers_tell_colours_and_range(matrix, limited):
    """As libavif writes them; it says the same of the colours in `colr`."""
    image = slopes(mode="RGB").convert("L") if matrix == "4:0:0" else slopes(mode="RGB")
    data = saved(image, subsampling=matrix, range="limited" if limited else "full")
    read = avif_file.read(data)
    found = av1.sequence(read.bytes_of(read.items[1]))
    nclx = read.items[1].first(b"colr")
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
    (start, _), *_ = read.items[2].location.extents
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


DAMAGED = File.of(saved(slopes(), exif=exif_block(NOTES | {0x0112: 6}), xmp=XMP, quality=30)).write(
    version=1, where="pieces", padding=b"\0\0\0"
)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(DAMAGED) - 1), st.integers(0, 255)), max_size=3),
    st.integers(0, len(DAMAGED)),
)
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
