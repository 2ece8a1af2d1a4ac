"""Addresses on pages mean the files that a browser would load."""

from pathlib import PurePosixPath

import pytest

from ir_build.pages.addresses import beside, place_of
from ir_build.pages.html import Page


def file_of(address, *, page="docs/guide/index.html", head="", site=None):
    """The file that `address` means on the page, as text; None if it is elsewhere."""
    found = place_of(Page(head.encode()), PurePosixPath(page), site).file(address)
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("a.png", "docs/guide/a.png"),
        ("../a.png", "docs/a.png"),
        ("../../../../a.png", "a.png"),
        ("/img/a.png", "img/a.png"),
        ("./x/../a.png", "docs/guide/a.png"),
        ("a%20b.png", "docs/guide/a b.png"),
        ("a b.png", "docs/guide/a b.png"),
        ("%C3%BC.png", "docs/guide/ü.png"),
        ("ü.png", "docs/guide/ü.png"),
        ("a%2Fb.png", "docs/guide/a/b.png"),
        ("a.png?v=1#only-dark", "docs/guide/a.png"),
        ("x/../../a.png?v=2&w=3", "docs/a.png"),
        ("../../../a.png?v=1", "a.png"),
        ("?a.png", None),
        ("a%23b.png", "docs/guide/a#b.png"),
        ("..\\a.png", "docs/a.png"),
        ("  a.png\n", "docs/guide/a.png"),
        ("https://example.org/a.png", None),
        ("//example.org/a.png", None),
        ("data:image/png;base64,AAAA", None),
        ("blob:https://example.org/x", None),
        ("javascript:x", None),
        ("", None),
        ("#top", None),
        ("a%00.png", None),
        ("%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", None),
        ("http://[broken", None),
    ],
)
def test_a_relative_address(address, file):
    """On a page in a folder, of a site whose address nobody has told."""
    found = file_of(address)
    assert found == file or (file is None and found is not None and ".." not in found)
    assert found is None or not found.startswith("/")


def test_the_site_may_be_below_the_root_of_its_host():
    """By its setting, or by what the page says of its own address."""
    canonical = '<link rel="canonical" href="https://example.org/project/docs/guide/">'
    for told in ({"site": "https://example.org/project"}, {"head": canonical}):
        assert file_of("/project/img/a.png", **told) == "img/a.png"
        assert file_of("https://example.org/project/img/a.png", **told) == "img/a.png"
        assert file_of("../../img/a.png", **told) == "img/a.png"
        assert file_of("/img/a.png", **told) is None
        assert file_of("../../../img/a.png", **told) is None
        assert file_of("https://example.org/other/a.png", **told) is None
    other = '<link rel="canonical" href="https://example.org/elsewhere/">'
    assert file_of("/img/a.png", head=other) == "img/a.png"


def test_a_base_address_changes_what_all_others_mean():
    """`<base href>`, relative and whole; the first one counts."""
    assert file_of("a.png", head='<base href="/img/"><base href="/x/">') == "img/a.png"
    assert file_of("a.png", head='<base href="..">') == "docs/a.png"
    assert file_of("a.png", head='<base href="https://example.org/">') is None


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("a.png", "b.avif"),
        ("../img/a.png?x=1#only-dark", "../img/b.avif"),
        ("/a,b/my pictures/a.png", "/a%2Cb/my%20pictures/b.avif"),
        ("https://example.org/x/a.png", "https://example.org/x/b.avif"),
        ("a\\b.png", None),
    ],
)
def test_the_file_beside_a_picture(address, link):
    """It is addressed as the picture is, fit for `srcset`."""
    assert beside(address, "b.avif") == link
