"""AVIF candidates without loss have the same coded pictures and the same tables."""

from functools import partial

import pytest
from PIL import Image

from ir_build.candidate import Candidate
from ir_build.formats import MediaType
from ir_build.options import Compression, Options
from ir_build.verify import verify
from ir_build.verify.avif import coded
from pictures import encoded, exif_block, slopes

LOSSLESS = Options(compression_type=Compression.LOSSLESS)
SIZE = (80, 64)


saved = partial(encoded, kind="AVIF", quality=90, speed=10, max_threads=1)


ORIGINAL = saved(slopes(SIZE))


def avif_verdict(candidate, original=ORIGINAL, *, lossy=False):
    return verify(original, Candidate(candidate, lossy=lossy), MediaType.AVIF, LOSSLESS)


def test_free_space_passes():
    """It is no part of anything."""
    assert avif_verdict(ORIGINAL + b"\0\0\0\x10freemore...").ok


def test_metadata_may_go():
    """It is no picture."""
    original = saved(slopes(SIZE), exif=exif_block({0x010F: "A camera"}), xmp=b"<x/>")
    assert b"A camera" in original
    candidate = original.replace(b"A camera", b"Nothing!").replace(b"<x/>", b"<y/>")
    assert avif_verdict(candidate, original).ok


def test_tables_may_not_change():
    """Not even in what an item is called."""
    assert b"Alpha\0" in ORIGINAL
    assert not avif_verdict(ORIGINAL.replace(b"Alpha\0", b"Other\0")).ok


PIXI = b"\0\0\0\x10pixi\0\0\0\0\3\x08\x08\x08"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (PIXI, b"\0\0\0\x10pasp\0\0\0\1\0\0\0\2"),
        (b"nclx\0\1\0\x0d\0\6", b"nclx\0\1\0\x0d\0\1"),
        (b"nclx\0\1\0\x0d", b"nclx\0\1\0\x01"),
        (b"auxl", b"thmb"),
        (b"auxl", b"prem"),
        (b"ispe\0\0\0\0\0\0\0\x50", b"ispe\0\0\0\0\0\0\0\x40"),
    ],
)
def test_other_properties_and_references_fail(old, new):
    """Even those that Pillow shows no difference for."""
    assert old in ORIGINAL
    assert not avif_verdict(ORIGINAL.replace(old, new)).ok
    assert not avif_verdict(ORIGINAL, ORIGINAL.replace(old, new)).ok


def test_a_turn_and_a_mirror_fail():
    """They are properties as well."""
    block = exif_block({0x0112: 3})
    assert not avif_verdict(saved(slopes(SIZE), exif=block)).ok


def test_a_re_encode_fails_without_loss():
    """The same pixels coded in another way may differ for another decoder."""
    flat = Image.new("RGB", (64, 64), (10, 20, 30))
    one, other = (saved(flat, quality=quality) for quality in (100, 60))
    assert not avif_verdict(other, one).ok


def test_transparency_that_is_lost_fails():
    """Though the picture is the same."""
    assert not avif_verdict(saved(slopes(SIZE, "RGB"))).ok


def test_other_auxiliary_pictures_keep_all_metadata():
    """It may say how to use them: Adobe's gain maps are like that."""
    alpha = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
    other = alpha.replace(b"alpha", b"depth")
    one, other = (saved(slopes(SIZE), xmp=xmp).replace(alpha, other) for xmp in (b"<x/>", b"<y/>"))
    assert coded(one) is not None
    assert coded(one) != coded(other)


@pytest.mark.parametrize("kind", [b"meta", b"pitm", b"iinf", b"iloc", b"iprp", b"ipco", b"ipma"])
def test_without_a_table_there_is_nothing_to_compare(kind):
    """And nothing passes."""
    assert not avif_verdict(ORIGINAL.replace(kind, b"free")).ok


def test_damaged_tables_end():
    """Any byte of the tables changed: a description or none, never an error or a loop."""
    end = ORIGINAL.index(b"mdat")
    plain = coded(ORIGINAL)
    others = 0
    for at in range(end):
        for value in (0, 1, 2, 0x7F, 0xFF):
            data = bytearray(ORIGINAL)
            data[at] = value
            others += coded(bytes(data)) != plain
    assert others > end
