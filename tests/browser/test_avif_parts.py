"""What goes from an AVIF without loss changes nothing in a browser; what stays has to."""

from functools import partial

import numpy as np
import pytest
from PIL import Image

from browser.sheet import difference, shown
from browser.turned import file, upright
from ir_build.engine.avif import codec as avif
from ir_build.options import Compression, Effort, Options
from ir_build.quality import Reference
from pictures import encoded, exif_block
from profiles import PROFILES

LOSSLESS = Options(compression_type=Compression.LOSSLESS, min_saving=0)
XMP = b"<x/>" * 500


saved = partial(encoded, kind="AVIF", quality=95, speed=8, max_threads=1)


def turned_by_exif_only():
    """A file whose Exif asks for a turn while its picture has none."""
    # Pillow would have turned the picture by the orientation, whose tag is one less.
    data = saved(upright(alpha=False), exif=exif_block({0x0113: 6}))
    tail = {"little": b"\3\0\1\0\0\0\6\0", "big": b"\0\3\0\0\0\1\0\6"}
    changed = data
    for order, rest in tail.items():
        old, new = ((0x0112 + more).to_bytes(2, order) + rest for more in (1, 0))
        changed = changed.replace(old, new)
    assert changed != data
    return changed


def soft(image):
    """The picture with transparency that changes slowly, none of it full."""
    image = image.convert("RGB").resize((256, 192))
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda v: 128 + v // 2))
    return image


@pytest.fixture(scope="module")
def files():
    """Files by name and whether they are results."""
    originals = {
        "Exif only": turned_by_exif_only(),
        "plain": saved(upright(alpha=False), xmp=XMP),
        "transparent": saved(upright(alpha=True), xmp=XMP),
        "sRGB profile": saved(upright(alpha=False), icc_profile=PROFILES["sRGB"], xmp=XMP),
        "limited": saved(upright(alpha=True), range="limited", xmp=XMP),
        "4:4:4": saved(upright(alpha=True), subsampling="4:4:4", xmp=XMP),
        "grey": saved(upright(alpha=False).convert("L"), xmp=XMP),
        **{f"turn {turn}": file("AVIF", turn, PROFILES["P3"], alpha=True) for turn in range(1, 9)},
    }
    results = {name: avif.compress(data, LOSSLESS).data for name, data in originals.items()}
    return {("before", name): data for name, data in originals.items()} | {
        ("after", name): data for name, data in results.items()
    }


@pytest.fixture(scope="module")
def tiles(browser, files, tmp_path_factory):
    return shown(browser, tmp_path_factory.mktemp("avif") / "parts", files)


def test_stripped_files_look_the_same_to_the_last_pixel(tiles, files):
    """Whatever went."""
    for when, name in files:
        if when == "before":
            assert len(files["after", name]) < len(files["before", name])
            assert difference(tiles["before", name], tiles["after", name])[0] == 0, name


def test_browsers_do_not_turn_by_exif(tiles):
    """Only by irot and imir, so that the orientation in Exif may go."""
    assert difference(tiles["before", "Exif only"], tiles["before", "plain"])[0] == 0


def test_soft_transparency_scores_enough_in_the_browser(browser, tmp_path):
    """Even if that takes its levels for others than they are."""
    data = saved(soft(upright(alpha=False)))
    result = avif.compress(data, Options(effort=Effort.FAST))
    assert result.lossy
    seen = shown(browser, tmp_path / "soft", {"before": data, "after": result.data})
    for page in ("light", "dark"):
        before, after = (
            np.ascontiguousarray(getattr(seen[when], page), np.uint8)
            for when in ("before", "after")
        )
        assert Reference(before).score(after) >= 79
