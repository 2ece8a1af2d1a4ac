"""A profile that no browser can read is as good as none: pictures look as they did, and get smaller."""

import zlib
from io import BytesIO

import numpy as np
import pytest

from browser.sheet import difference, shown
from browser.turned import upright
from ir_build import engine
from ir_build.candidate import Candidate
from ir_build.errors import CorruptFile
from ir_build.formats import MediaType
from ir_build.options import Compression, Effort, Options
from ir_build.verify import verify
from pictures import raw_png
from profiles import P3, SWAPPED

KINDS = {
    MediaType.JPEG: {"quality": 97},
    MediaType.PNG: {},
    MediaType.WEBP: {"quality": 99},
}
AVIF = {"quality": 97, "speed": 8}
DAMAGED = {
    "empty": b"\0" * 200,
    "no signature": SWAPPED[:36] + b"????" + SWAPPED[40:],
    "header only": SWAPPED[:100],
    "text": b"this is not a profile, but long enough to be taken for the header of one " * 3,
    "longer than it is": (10**6).to_bytes(4, "big") + SWAPPED[4:],
    "no tags": SWAPPED[:128] + bytes(4),
}
#: gamma, primaries, sRGB beside a damaged profile, of which browsers may take more notice then
LINEAR = (b"gAMA", (100000).to_bytes(4, "big"))
WIDE = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
PRIMARIES = (b"cHRM", b"".join(value.to_bytes(4, "big") for value in WIDE))
CHUNKS = {
    "alone": (),
    "beside a gamma": (LINEAR,),
    "beside a gamma and primaries": (LINEAR, PRIMARIES),
    "beside sRGB": ((b"sRGB", b"\0"), LINEAR),
}
#: of these, without loss only
UNTRIED = ("alone", "beside a gamma", "beside sRGB")
PACKED = {
    **{name: b"p\0\0" + zlib.compress(profile) for name, profile in DAMAGED.items()},
    "not deflated": b"p\0\0" + SWAPPED,
    "cut short": b"p\0\0" + zlib.compress(SWAPPED)[:-40],
    "bad checksum": b"p\0\0" + zlib.compress(SWAPPED)[:-4] + b"oops",
    "no name": zlib.compress(SWAPPED),
    "for grey": b"p\0\0" + zlib.compress(SWAPPED.replace(b"RGB XYZ ", b"GRAYXYZ ")),
}


def coded(kind, profile):
    buffer = BytesIO()
    upright(alpha=False).save(buffer, kind.upper(), icc_profile=profile, **KINDS.get(kind, AVIF))
    return buffer.getvalue()


def files():
    found = {(kind, name): coded(kind, one) for kind in KINDS for name, one in DAMAGED.items()}
    samples = np.asarray(upright(alpha=False))
    for name, data in PACKED.items():
        for beside, chunks in CHUNKS.items():
            found[MediaType.PNG, f"{name}, {beside}"] = raw_png(
                samples, 2, 8, [(b"iCCP", data), *chunks]
            )
    return found


@pytest.fixture(scope="module")
def results():
    """The originals and what becomes of them, as it is verified.

    Losing something takes longest, and goes by the same chunks: one kind of them stands for all.
    """
    found = {("before", *key): data for key, data in files().items()}
    for (_, kind, name), data in list(found.items()):
        for compression in (Compression.LOSSLESS, Compression.LOSSY):
            if compression is Compression.LOSSY and name.partition(", ")[2] in UNTRIED:
                continue
            options = Options(compression_type=compression, effort=Effort.FAST)
            made = engine.compress(data, kind, options)
            assert verify(data, Candidate(made.data, lossy=made.lossy), kind, options).ok, name
            found[compression, kind, name] = made.data
    return found


@pytest.fixture(scope="module")
def tiles(browser, results, tmp_path_factory):
    return shown(browser, tmp_path_factory.mktemp("profiles") / "sheet", results)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_look_as_before(tiles, results, kind):
    """To the last pixel without loss, nearly so with it."""
    names = [name for run, one, name in results if (run, one) == ("before", kind)]
    for name in names:
        before = tiles["before", kind, name]
        assert difference(before, tiles[Compression.LOSSLESS, kind, name])[0] == 0, name
        if (Compression.LOSSY, kind, name) in tiles:
            assert difference(before, tiles[Compression.LOSSY, kind, name])[1] < 10, name


@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_reads_takes_no_bytes(results, kind):
    """Neither the profile, nor the loss that a profile of unknown meaning would forbid."""
    for name in ("empty", "no signature", "header only", "text"):
        data = results["before", kind, name]
        assert DAMAGED[name][:80] not in results[Compression.LOSSLESS, kind, name]
        assert b"iCCP" not in results[Compression.LOSSLESS, kind, name]
        assert len(results[Compression.LOSSY, kind, name]) < 0.8 * len(data)


def test_a_profile_that_browsers_read_stays():
    """Display P3 as it is changes what is seen."""
    for kind in (*KINDS, MediaType.AVIF):
        made = engine.compress(coded(kind, P3), kind, Options(compression_type=Compression.LOSSY))
        assert made.data.count(b"iCCP" if kind is MediaType.PNG else P3) == 1


@pytest.mark.parametrize("name", DAMAGED)
def test_an_avif_that_browsers_do_not_show_is_damaged(browser, tmp_path, name):
    """Of all formats only this one is not shown at all, so it is no picture to begin with."""
    data = coded(MediaType.AVIF, DAMAGED[name])
    with pytest.raises(AssertionError, match="not shown"):
        shown(browser, tmp_path / "sheet", {"avif": data})
    for compression in (Compression.LOSSLESS, Compression.LOSSY):
        with pytest.raises(CorruptFile, match="profile is damaged"):
            engine.compress(data, MediaType.AVIF, Options(compression_type=compression))


@pytest.mark.parametrize("at", range(12))
def test_an_avif_whose_handler_browsers_do_not_take_is_damaged(browser, tmp_path, at):
    """Other decoders pass over what is reserved there."""
    data = bytearray(coded(MediaType.AVIF, None))
    data[data.index(b"hdlr") + 16 + at] = 0x66
    with pytest.raises(AssertionError, match="not shown"):
        shown(browser, tmp_path / "sheet", {"avif": bytes(data)})
    with pytest.raises(CorruptFile, match="reserved in its handler"):
        engine.compress(bytes(data), MediaType.AVIF, Options())
