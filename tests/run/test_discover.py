"""What is found: everything that may be ours below the folders given, and nothing else."""

import os
import time

import pytest

from ir_build.formats import MediaType, sniff
from ir_build.globs import matcher
from ir_build.run import discover


def names(folder):
    return [asset.name for asset in discover.walk(folder)]


@pytest.fixture
def site(tmp_path):
    for name in ("b.png", "a.jpg", "noext", "page.html", "img/Ü c.PNG", "img/z.webp"):
        file = tmp_path / "site" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path / "site"


def test_the_order_is_stable_and_text_is_passed_over(site):
    """Names come sorted, folder by folder; a page is not opened, a file without a suffix is."""
    assert names(site) == ["a.jpg", "b.png", "noext", "img/z.webp", "img/Ü c.PNG"]


@pytest.mark.parametrize("folder", [".git", "node_modules", ".doctrees", ".cache", "env"])
def test_folders_of_other_tools_are_not_entered(site, folder):
    """Repositories, packages, caches and virtual environments are not a site's."""
    (site / folder).mkdir()
    (site / folder / "c.png").write_bytes(b"x")
    if folder == "env":
        (site / folder / "pyvenv.cfg").write_bytes(b"x")
    assert not any("c.png" in name and folder in name for name in names(site))


def test_links_are_not_followed(site, tmp_path):
    """A link to a folder is not entered; a link to a picture is listed as a link."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(b"x")
    (site / "folder").symlink_to(outside)
    (site / "link.png").symlink_to(outside / "secret.png")
    (site / "loop").symlink_to(site)
    links = [asset.name for asset in discover.walk(site) if asset.is_link]
    assert links == ["link.png"]
    assert not any("secret" in name for name in names(site))


@pytest.fixture
def deep(tmp_path):
    """A folder with more folders in each other than Python calls functions in each other."""
    levels = 1200
    here = os.getcwd()
    os.chdir(tmp_path)
    for _ in range(levels):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)
    yield tmp_path
    # pytest removes old folders by a recursion of its own, which this one would end.
    os.chdir(tmp_path)
    for _ in range(levels):
        os.chdir("d")
    for _ in range(levels):
        os.chdir("..")
        os.rmdir("d")
    os.chdir(here)


@pytest.mark.slow
def test_deep_trees_do_not_exhaust_the_stack(deep):
    """Nesting deeper than Python's recursion limit is walked."""
    assert names(deep) == []


def test_leftovers_of_a_killed_run_are_no_assets(site):
    """A temporary file of ours is not shipped for an asset; sweeping removes it when it is old."""
    fresh, old = site / ".ir-build-abc.tmp", site / ".ir-build-def.tmp"
    for left in (fresh, old):
        left.write_bytes(b"\x89PNG\r\n\x1a\n")
    days_ago = time.time() - 4 * 24 * 3600
    os.utime(old, (days_ago, days_ago))
    assert not any("ir-build" in name for name in names(site))
    assert old.exists()
    assert not any("ir-build" in asset.name for asset in discover.walk(site, sweep=True))
    assert fresh.exists()
    assert not old.exists()


@pytest.mark.parametrize(
    ("patterns", "name", "matches"),
    [
        (["*.png"], "a/b.png", True),
        (["/*.png"], "a/b.png", False),
        (["a/"], "a/b.png", True),
        (["a/**", "!a/b.png"], "a/b.png", False),
        (["img/*.png"], "x/img/b.png", False),
        (["**/img/*.png"], "x/img/b.png", True),
        ([], "a.png", False),
    ],
)
def test_globs_are_those_of_gitignore(patterns, name, matches):
    """The rules people know from .gitignore hold."""
    assert bool(matcher(patterns)(name)) is matches


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.mark.parametrize(
    ("head", "media"),
    [
        (b"\xff\xd8\xff\xe0", MediaType.JPEG),
        (b"\x89PNG\r\n\x1a\n", MediaType.PNG),
        (b"GIF89a", MediaType.GIF),
        (b"RIFF\0\0\0\0WEBPVP8 ", MediaType.WEBP),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"\0\0\0\x1cftypavif\0\0\0\0", MediaType.AVIF),
        (b"\0\0\0\x1cftypmif1\0\0\0\0miafavif....", MediaType.AVIF),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", None),
        (SVG, MediaType.SVG),
        (b"\xef\xbb\xbf \n" + SVG, MediaType.SVG),
        (
            b'<?xml version="1.0"?><!-- <svg> --><!DOCTYPE svg [<!ENTITY a ">">]>' + SVG,
            MediaType.SVG,
        ),
        (SVG.decode().encode("utf-16"), MediaType.SVG),
        (b"<s:svg xmlns:s='x'/>", MediaType.SVG),
        (b"<!DOCTYPE html><svg></svg>", MediaType.SVG),
        (b"<html><svg></svg></html>", None),
        (b"<svgx/>", None),
        (b"%PDF-1.7", MediaType.PDF),
        (b"junk before %PDF-1.7", MediaType.PDF),
        (b"<p>%PDF-1.7</p>", None),
        (b"II*\0", None),
        (b"BM", None),
        (b"", None),
    ],
)
def test_the_type_is_read_from_the_bytes(head, media):
    """Every type has its signature, and what is none of ours is None."""
    assert sniff(head) == media


def test_a_hostile_head_does_not_make_the_search_for_svg_slow():
    """Text built to make the pattern backtrack costs no more than any other."""
    for head in (b"<!--" * 16_000, b"<?x" * 20_000, b" " * 65_536, b"<!DOCTYPE [" * 5_000):
        assert sniff(head) is None
