"""A PNG's colours in a real browser: every colour type and depth, with whatever says what they are."""

import subprocess
import sys
import zlib
from itertools import product

import numpy as np
import pytest
from PIL import Image

from browser.sheet import difference, shown
from browser.turned import upright
from pictures import raw_png
from profiles import ADOBE, GREY, P3

TYPES = [
    *((0, depth) for depth in (1, 2, 4, 8, 16)),
    *((2, depth) for depth in (8, 16)),
    *((3, depth) for depth in (1, 2, 4, 8)),
    *((colour_type, depth) for colour_type in (4, 6) for depth in (8, 16)),
]


def numbers(*values):
    return b"".join(value.to_bytes(4, "big") for value in values)


def profile(data):
    return b"iCCP", b"p\0\0" + zlib.compress(data)


GAMMA = (b"gAMA", numbers(70_000))
PRIMARIES = (b"cHRM", numbers(31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
SAYINGS = {
    "nothing": [],
    "sRGB": [(b"sRGB", b"\0"), (b"gAMA", numbers(45_455))],
    "gAMA and cHRM of sRGB": [
        (b"gAMA", numbers(45_455)),
        (b"cHRM", numbers(31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
    ],
    "gAMA": [GAMMA],
    "gAMA and cHRM": [GAMMA, PRIMARIES],
    "gAMA overruled by sRGB": [(b"sRGB", b"\0"), GAMMA, PRIMARIES],
    "iCCP of P3": [profile(P3)],
    "iCCP of Adobe RGB over gAMA": [profile(ADOBE), GAMMA],
    "iCCP for grey": [profile(GREY)],
    "iCCP that is broken, and gAMA": [(b"iCCP", b"p\0\0" + b"nonsense"), GAMMA],
    "cICP of P3 over iCCP": [(b"cICP", bytes((12, 13, 0, 1))), profile(ADOBE)],
    "cICP of PQ": [(b"cICP", bytes((9, 16, 0, 1)))],
    "cICP of sRGB over iCCP": [(b"cICP", bytes((1, 13, 0, 1))), profile(P3)],
}


def png_of(colour_type, depth, chunks, *, clear):
    """The usual picture in a colour type and depth; with `clear` some of it can be seen through."""
    pixels = np.asarray(upright(alpha=colour_type in (4, 6)))
    chunks, palette = list(chunks), None
    if colour_type == 3:
        image = Image.fromarray(pixels).quantize(2**depth, dither=Image.Dither.NONE)
        samples, palette = np.asarray(image), np.array(image.getpalette()).reshape(-1, 3)
        if clear:
            chunks.append((b"tRNS", bytes((60, 200))))
    elif colour_type in (0, 4):
        grey = np.asarray(Image.fromarray(pixels).convert("L")).astype(np.uint16)
        samples = grey * 257 >> (16 - depth)
        if colour_type == 4:
            samples = np.dstack(
                [samples, pixels[..., 3].astype(np.uint16) * (257 if depth == 16 else 1)]
            )
        elif clear:
            chunks.append((b"tRNS", int(samples[2, 2]).to_bytes(2, "big")))
    else:
        samples = pixels.astype(np.uint16) * (257 if depth == 16 else 1)
        if colour_type == 2 and clear:
            chunks.append((b"tRNS", samples[2, 2].astype(">u2").tobytes()))
    return raw_png(samples, colour_type, depth, chunks, palette)


#: (what is said, colour type, depth, whether some can be seen through)
CASES = [
    (saying, *kind, kind[0] < 4 and bool(number % 2))
    for number, (saying, kind) in enumerate(product(SAYINGS, TYPES))
]
#: With loss takes longest: a third, in which each saying is met with five types, and each type with four.
THIRD = [
    case
    for number, case in enumerate(CASES)
    if (number // len(TYPES) + number % len(TYPES)) % 3 == 0
]
RUNS = {"lossless": CASES, "lossy": THIRD}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files by run and case; the run "before" has the originals."""
    folder = tmp_path_factory.mktemp("colours")
    found = {
        ("before", case): png_of(*case[1:3], SAYINGS[case[0]], clear=case[3]) for case in CASES
    }
    for run, cases in RUNS.items():
        source = folder / f"{run}, before"
        source.mkdir()
        for number, case in enumerate(cases):
            (source / f"{number}.png").write_bytes(found["before", case])
        command = [sys.executable, "-m", "ir_build", "optimize", source, "--out", folder / run]
        command += ["--compression-type", run, "--effort", "fast", "--jobs", "1"]
        command += ["--strict", "--cache-dir", folder / "cache"]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        for number, case in enumerate(cases):
            found[run, case] = (folder / run / f"{number}.png").read_bytes()
    return found


@pytest.fixture(scope="module")
def tiles(browser, files, tmp_path_factory):
    return shown(browser, tmp_path_factory.mktemp("sheet") / "colours", files)


@pytest.mark.parametrize(
    ("saying", "heard"),
    [
        ("nothing", 0), ("sRGB", 0), ("gAMA and cHRM of sRGB", 1), ("gAMA", 30), ("gAMA and cHRM", 30),
        ("gAMA overruled by sRGB", 0), ("iCCP of P3", 50), ("iCCP of Adobe RGB over gAMA", 60),
        ("iCCP that is broken, and gAMA", 30), ("cICP of P3 over iCCP", 50), ("cICP of PQ", 100),
        ("cICP of sRGB over iCCP", 0),
    ],
)  # fmt: skip
def test_the_browser_hears_what_is_said(tiles, saying, heard):
    """In the order of the standard; where it says something, losing it would be seen."""
    for depth in (8, 16):
        plain, told = (tiles["before", (one, 6, depth, False)] for one in ("nothing", saying))
        moved = difference(plain, told)[1]
        assert moved > heard if heard else moved == 0


@pytest.mark.parametrize("saying", SAYINGS)
def test_colours_stay(tiles, saying):
    """Without loss to the last level; else blocks move no more than a score of 80 lets them."""
    for case in (case for case in CASES if case[0] == saying):
        before = tiles["before", case]
        assert difference(before, tiles["lossless", case])[0] == 0, case
        if case in THIRD:
            assert difference(before, tiles["lossy", case])[1] < 6, case


def test_files_are_smaller(files):
    """And lossy ones more so: what was compared is not just the originals."""
    total = {
        run: sum(len(files[run, case]) for case in THIRD) for run in ("before", "lossless", "lossy")
    }
    assert total["lossy"] < 0.9 * total["lossless"] < 0.7 * total["before"]
