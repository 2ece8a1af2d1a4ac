"""SVG candidates: what draws and offers the same passes, and every loss fails."""

from __future__ import annotations

import pytest

from ir_build.candidate import Candidate
from ir_build.errors import CorruptFile
from ir_build.formats import MediaType
from ir_build.options import Options
from ir_build.verify import Verdict, svg_rendering, verify

ORIGINAL = """<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
     width="200px" height="100" viewBox="0 0 200 100">
  <title>A  chart</title>
  <desc>Two bars</desc>
  <style>.bar { fill: #1060c0 }</style>
  <script>var a = 1;</script>
  <rect id="one" class="bar" x="10.0001" y="10.0000" width="60.0002" height="80"/>
  <g id="two" onclick="go(2)"><path d="M 100.0 20.0 L 180.0 20.0 L 180.0 90.0 L 100.0 90.0 Z"
     fill="#ff8800"><animate attributeName="opacity" from="0.9" to="1" dur="1s"/></path></g>
  <a xlink:href="page.html"><text x="20" y="50" font-size="12">Hello, <tspan>world</tspan></text></a>
</svg>
"""


def svg_verdict(candidate, original=ORIGINAL, *, lossy=False):
    if isinstance(original, str):
        original = original.encode()
    if isinstance(candidate, str):
        candidate = candidate.encode()
    return verify(original, Candidate(candidate, lossy=lossy), MediaType.SVG, Options())


GOOD = {
    "comment dropped": ("<!-- made by hand -->\n", ""),
    "white space dropped": ("\n  <", "<"),
    "units dropped": ('width="200px"', 'width="200"'),
    "numbers shortened": ("M 100.0 20.0 L 180.0 20.0", "M100 20L180 20"),
    "colour shortened": ("#ff8800", "#f80"),
    "title's spaces": ("A  chart", "A chart"),
    "marked": ("</svg>\n", "</svg><!--ir-build-->\n"),
}


@pytest.mark.parametrize("change", GOOD)
def test_equal_drawing_passes(change):
    """Another spelling of the same drawing passes, lossless too."""
    candidate = ORIGINAL.replace(*GOOD[change])
    assert candidate != ORIGINAL
    assert svg_verdict(candidate) == Verdict(ok=True)


def test_rounded_coordinates_pass():
    """Coordinates rounded far below what can be seen pass as lossy."""
    rounded = ORIGINAL.replace("10.0001", "10").replace("60.0002", "60")
    assert svg_verdict(rounded, lossy=True) == Verdict(ok=True)


BAD = {
    "size": ('width="200px"', 'width="100px"'),
    "viewBox": (' viewBox="0 0 200 100"', ""),
    "viewBox moved": ("0 0 200 100", "0 0 200 101"),
    "id lost": (' id="two"', ""),
    "id renamed": ('id="two"', 'id="b"'),
    "title lost": ("<title>A  chart</title>", ""),
    "title changed": ("A  chart", "A chart!"),
    "description lost": ("<desc>Two bars</desc>", ""),
    "script lost": ("<script>var a = 1;</script>", ""),
    "script changed": ("var a = 1;", "var a = 2;"),
    "style lost": ("<style>.bar { fill: #1060c0 }</style>", ""),
    "style changed": ("#1060c0", "#c01060"),
    "animation lost": ('<animate attributeName="opacity" from="0.9" to="1" dur="1s"/>', ""),
    "handler lost": (' onclick="go(2)"', ""),
    "link changed": ("page.html", "other.html"),
    "text changed": ("Hello", "Hallo"),
    "shape moved": ("M 100.0 20.0", "M 103.0 20.0"),
    "shape lost": ("L 180.0 90.0", ""),
    "colour changed": ("#ff8800", "#ff2200"),
    "truncated": ("</svg>\n", ""),
    "another root": ("svg", "html"),
}


@pytest.mark.parametrize("lossy", [True, False])
@pytest.mark.parametrize("change", BAD)
def test_damage_fails(change, lossy):
    """Nothing that a page, a script, a reader or an eye meets may change."""
    candidate = ORIGINAL.replace(*BAD[change])
    assert candidate != ORIGINAL
    verdict = svg_verdict(candidate, lossy=lossy)
    assert not verdict.ok
    assert verdict.detail


def test_small_shift_is_no_lossless_result():
    """What may pass as rounded is not lossless."""
    moved = ORIGINAL.replace("M 100.0 20.0", "M 100.03 20.0")
    assert not svg_verdict(moved).ok
    assert svg_verdict(moved, lossy=True).ok


def test_encoding_may_change():
    """UTF-16 may become UTF-8."""
    original = ORIGINAL.replace("UTF-8", "UTF-16").encode("utf-16")
    assert svg_verdict(ORIGINAL, original).ok


def test_broken_original_is_an_error():
    """An SVG that is not XML cannot be verified."""
    with pytest.raises(CorruptFile):
        svg_verdict(ORIGINAL, ORIGINAL.replace("</svg>", ""))


def test_entities_are_not_expanded():
    """A billion laughs are not laughed."""
    entities = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 12))
    bomb = (
        f'<!DOCTYPE svg [<!ENTITY l0 "ha">{entities}]>'
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&l11;</text></svg>'
    )
    assert svg_verdict(bomb + "\n", bomb).ok
    assert not svg_verdict(bomb.replace("&l11;", "&l10;"), bomb).ok


def test_undrawable_original_is_verified_by_structure():
    """Where the renderer gives up, the structure alone decides."""
    depth = 3000
    deep = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
        + "<g>" * depth
        + '<rect id="r" width="5" height="5"/>'
        + "</g>" * depth
        + "</svg>"
    )
    assert svg_verdict(deep.replace("/></g>", "/>\n</g>"), deep).ok
    assert not svg_verdict(deep.replace('id="r"', ""), deep).ok


def test_what_an_editor_keeps_for_itself_may_go():
    """Ids and titles of metadata and of an editor's namespaces are nobody else's business."""
    source = (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:e="http://editor.example/ns" '
        b'xmlns:dc="http://purl.org/dc/elements/1.1/" viewBox="0 0 9 9">'
        b'<e:view id="base"><title>x</title></e:view>'
        b'<metadata id="m5"><dc:title>y</dc:title></metadata>'
        b'<rect id="r" width="9" height="9"/></svg>'
    )
    stripped = (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
        b'<rect id="r" width="9" height="9"/></svg>'
    )
    assert verify(source, Candidate(stripped, lossy=False), MediaType.SVG, Options()).ok


LAYERED = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
    '<filter id="f"><feGaussianBlur stdDeviation="2"/></filter>'
    '<mask id="m"><rect width="100" height="50" fill="#fff"/></mask>'
    + "".join(f'<rect x="{x}" y="{x}" width="5" height="9" filter="url(#f)"/>' for x in range(12))
    + '<circle cx="60" cy="50" r="20" mask="url(#m)"/></svg>'
)


@pytest.mark.parametrize(
    ("change", "replacement"),
    [
        ('stdDeviation="2"', 'stdDeviation="0"'),
        ('height="50"', 'height="60"'),
        ('r="20"', 'r="20.5"'),
        (' mask="url(#m)"', ""),
        (' filter="url(#f)"', ""),
    ],
)
def test_many_layers_are_looked_at_inside_and_as_a_whole(change, replacement):
    """What a filter or a mask does is compared, and what is in them."""
    assert len(svg_rendering._LAYER.findall(LAYERED.encode())) > svg_rendering._MANY_LAYERS
    more = LAYERED.replace("</svg>", '<path mask="url(#m)"/>' * 60 + "</svg>")
    for layered in (LAYERED, more):
        assert svg_verdict(layered.replace("><", ">\n<"), layered).ok
        assert not svg_verdict(layered.replace(change, replacement, 1), layered, lossy=True).ok
