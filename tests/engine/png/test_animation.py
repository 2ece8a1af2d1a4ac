"""APNG: smaller, and every frame shown as before."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ir_build import verify
from ir_build.engine.png import codec as png
from ir_build.engine.png.file import SIGNATURE, PngChunk
from ir_build.errors import FileSkipped
from ir_build.formats import MediaType
from ir_build.options import Compression, Effort, Options, Resize
from pictures import animated, frames_shown

LOSSLESS = Options(compression_type=Compression.LOSSLESS)


def discs(mode, count=4):
    """A disc that moves over a shaded ground."""
    shade = np.add.outer(np.arange(90), np.arange(120)).astype(np.uint8)
    made = []
    for number in range(count):
        image = Image.fromarray(np.stack([shade, shade // 2, 255 - shade], 2))
        ImageDraw.Draw(image).ellipse([10 * number, 20, 10 * number + 40, 60], "orange")
        if mode == "RGBA":
            image.putalpha(Image.fromarray(255 - shade))
        made.append(image.convert(mode) if mode != "P" else image.quantize(64))
    return made


def apng(mode="RGB", **options):
    settings = {"duration": [40, 90, 30, 200], "loop": 3, "compress_level": 1, **options}
    return animated(discs(mode), "PNG", **settings)


def chunks(data):
    at, found = 8, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def joined(found):
    return SIGNATURE + b"".join(PngChunk(kind, body).encode() for kind, body in found)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
@pytest.mark.parametrize("default_image", [False, True])
@pytest.mark.parametrize("effort", [Effort.FAST, Effort.DEFAULT])
def test_frames_and_timing_stay(mode, default_image, effort):
    """Of every kind of pixels, also with a picture for who knows no animation."""
    data = apng(mode, default_image=default_image)
    options = Options(effort=effort)
    result = png.compress(data, options)
    assert not result.lossy
    assert len(result.data) < len(data)
    assert frames_shown(result.data) == frames_shown(data)
    assert verify.verify(data, result, MediaType.PNG, options).ok


@pytest.mark.parametrize("blend", [0, 1])
@pytest.mark.parametrize("disposal", [0, 1, 2])
def test_how_frames_follow_each_other_stays(blend, disposal):
    """Where, how and how long frames are drawn is taken over bit by bit."""
    data = apng("RGBA", blend=blend, disposal=disposal)
    result = png.compress(data, LOSSLESS).data
    controls = [[body for kind, body in chunks(one) if kind == b"fcTL"] for one in (data, result)]
    assert [one[4:] for one in controls[0]] == [one[4:] for one in controls[1]]
    assert frames_shown(result) == frames_shown(data)


def test_chunks_are_numbered_and_extras_stay():
    """One after the other over all frames; what a colour needs stays before the pixels."""
    found = chunks(apng("RGB"))
    found.insert(1, (b"gAMA", (100_000).to_bytes(4, "big")))
    found.insert(2, (b"tEXt", b"Software\0none of yours"))
    result = png.compress(joined(found), LOSSLESS)
    kinds = [kind for kind, _ in chunks(result.data)]
    assert kinds[:4] == [b"IHDR", b"gAMA", b"acTL", b"fcTL"]
    assert b"tEXt" not in kinds
    numbers = [body[:4] for kind, body in chunks(result.data) if kind in (b"fcTL", b"fdAT")]
    assert numbers == [number.to_bytes(4, "big") for number in range(len(numbers))]
    assert result.notes == ("stripped tEXt",)


def test_twice_is_once():
    """A second pass finds nothing."""
    once = png.compress(apng("RGBA"), LOSSLESS).data
    assert len(png.compress(once, LOSSLESS).data) >= len(once)


def test_an_animation_is_not_resized():
    """It says so."""
    options = Options(resize=Resize(width=50))
    result = png.compress(apng("RGB"), options)
    assert "not resized: APNG" in result.notes


def test_an_interlaced_animation_is_skipped():
    """The decoder that results are checked with cannot read it."""
    found = chunks(apng("RGB"))
    found[0] = (b"IHDR", found[0][1][:12] + b"\1")
    with pytest.raises(FileSkipped, match="interlaced"):
        png.compress(joined(found), LOSSLESS)


def without(kind):
    found = chunks(apng("RGB"))
    found.remove(next(one for one in found if one[0] == kind))
    return joined(found)


def out_of_order():
    found = chunks(apng("RGB"))
    first, second = [at for at, one in enumerate(found) if one[0] == b"fdAT"][:2]
    found[first], found[second] = found[second], found[first]
    return joined(found)


@pytest.mark.parametrize(
    "data", [without(b"acTL"), without(b"fcTL"), without(b"fdAT"), out_of_order()]
)
def test_frames_out_of_order_are_skipped(data):
    """Viewers do not agree on what such a file shows."""
    with pytest.raises(FileSkipped, match="APNG"):
        png.compress(data, LOSSLESS)
