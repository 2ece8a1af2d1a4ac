"""Turned, with a profile, transparent, deep: whatever a raster file is, a browser shows it alike.

The orientations 1 to 8 and five profiles are crossed in full, alpha and depth so that each is met
with each of these. Every picture goes through `ir-build optimize` without loss; with loss, which takes
longest, a fourth of them, in which each orientation and each profile is met; and of these to keep all
metadata those whose sides change places.
"""

import subprocess
import sys
from functools import cache
from itertools import product

import pytest

from browser.sheet import difference, shown
from browser.turned import HEIGHT, WIDTH, file
from ir_build.options import Meta
from profiles import PROFILES

KINDS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif"}
RUNS = {
    "lossy": ("lossy", ""),
    "lossy, all metadata": ("lossy", ",".join(Meta)),
    "lossless": ("lossless", ""),
}
#: which orientations stand for a profile, by their remainder: so that alpha and depth are met, too
FOURTH = dict(zip(PROFILES, (0, 1, 3, 2, 0), strict=True))
#: in Chromium; a WebP is shown as it is stored
TURNED = ("JPEG", "PNG", "AVIF")
# What a score of 80 lets blocks of this picture, with its lines and sharp corners, move: levels.
MOVED = 10.0
# A wide profile stretches what colours are off by as it stretches them; losing it is all of that.
STRETCHED = 0.2


@cache
def cases(kind):
    """Files by (orientation, profile, alpha, deep)."""
    found = {}
    for number, (profile, orientation) in enumerate(product(PROFILES, range(1, 9))):
        # Odd and even change places with every profile, pairs with every other one.
        alpha = kind != "JPEG" and (number + number // 8) % 2 == 1
        deep = kind in ("PNG", "WEBP") and (number // 2 + number // 16) % 2 == 1
        case = (orientation, profile, alpha, deep)
        found[case] = file(kind, orientation, PROFILES[profile], alpha=alpha, deep=deep)
    return found


def of_run(run, kind):
    """The cases of a kind that go through a run."""
    pairs = list(product(PROFILES, range(1, 9)))
    return {
        case: data
        for (profile, orientation), (case, data) in zip(pairs, cases(kind).items(), strict=True)
        if run == "lossless"
        or (orientation % 4 == FOURTH[profile] and (run == "lossy" or orientation > 4))
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files by (run, kind, case); the run "before" has the originals."""
    folder = tmp_path_factory.mktemp("looks")
    found = {("before", kind, case): data for kind in KINDS for case, data in cases(kind).items()}
    for run, (compression, metas) in RUNS.items():
        keys = [(kind, case) for kind in KINDS for case in of_run(run, kind)]
        names = {key: f"{number}.{KINDS[key[0]]}" for number, key in enumerate(keys)}
        source = folder / f"{run}, before"
        source.mkdir()
        for key, name in names.items():
            (source / name).write_bytes(found["before", *key])
        command = [sys.executable, "-m", "ir_build", "optimize", source]
        command += ["--out", folder / run, "--cache-dir", folder / "cache", "--strict"]
        command += ["--compression-type", compression, "--preserve-metas", metas]
        command += ["--effort", "fast", "--jobs", "1"]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        found |= {(run, *key): (folder / run / name).read_bytes() for key, name in names.items()}
    return found


@pytest.fixture(scope="module")
def tiles(browser, files, tmp_path_factory):
    """What the browser shows, by the same keys; "upright" are pictures that differ in profile."""
    upright = {
        ("upright", kind, profile): file(kind, 1, PROFILES[profile])
        for kind, profile in product(KINDS, PROFILES)
    }
    return shown(browser, tmp_path_factory.mktemp("sheet") / "looks", files | upright)


def lost(tiles, kind, profile):
    """How far blocks of 8 x 8 would move, in levels, if a profile were lost."""
    return difference(tiles["upright", kind, profile], tiles["upright", kind, "none"])[1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_pictures_are_worth_comparing(tiles, kind):
    """The browser turns the originals as their tags say, and shows profiles and transparency."""
    for case in cases(kind):
        orientation, profile, alpha, _ = case
        tile = tiles["before", kind, case]
        turned = kind in TURNED or orientation < 5
        assert tile.light.shape == ((HEIGHT, WIDTH, 3) if turned else (WIDTH, HEIGHT, 3))
        if turned and kind in TURNED and not alpha:
            assert difference(tile, tiles["upright", kind, profile])[1] < MOVED
        assert (abs(tile.light - tile.dark).max() > 150) == alpha
    assert lost(tiles, kind, "sRGB") < 2
    assert min(lost(tiles, kind, profile) for profile in ("P3", "Adobe", "swapped")) > 5 * MOVED


@pytest.mark.parametrize("kind", KINDS)
def test_lossless_looks_the_same_to_the_last_pixel(tiles, files, kind):
    """Whatever metadata went, and though files got smaller."""
    before, after = 0, 0
    for case in cases(kind):
        assert difference(tiles["before", kind, case], tiles["lossless", kind, case])[0] == 0, case
        before += len(files["before", kind, case])
        after += len(files["lossless", kind, case])
    assert after < before


@pytest.mark.parametrize("run", ["lossy", "lossy, all metadata"])
@pytest.mark.parametrize("kind", KINDS)
def test_lossy_looks_alike(tiles, files, kind, run):
    """Colours stay far nearer than a lost turn, profile, or transparency would leave them."""
    for case in of_run(run, kind):
        limit = MOVED + STRETCHED * lost(tiles, kind, case[1])
        assert difference(tiles["before", kind, case], tiles[run, kind, case])[1] < limit, case
    before, after = (
        sum(len(files[r, kind, case]) for case in of_run(run, kind)) for r in ("before", run)
    )
    assert after < 0.95 * before
