"""SVG: what is drawn stays, what isn't goes."""

import base64
import itertools
import math
import sys

import numpy as np
import pytest
import pyvips
from hypothesis import example, given
from hypothesis import strategies as st

from ir_build.engine.svg import codec as svg
from ir_build.engine.svg import float32, outline, values
from ir_build.engine.svg import path as svg_path
from ir_build.errors import CorruptFile, FileSkipped
from ir_build.options import Compression, Effort, Meta, Options
from pictures import encoded

LOSSY = Options()
LOSSLESS = Options(compression_type=Compression.LOSSLESS)
NS = 'xmlns="http://www.w3.org/2000/svg"'


def minified(text, options=LOSSY):
    return svg.compress(text.encode() if isinstance(text, str) else text, options).data.decode()


def drawn_by_librsvg(data, scale=4):
    return pyvips.Image.svgload_buffer(data, scale=scale).numpy().astype(int)


PICTURE = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg version="1.1" {NS} xmlns:xlink="http://www.w3.org/1999/xlink"
     xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"
     width="100px" height="100px" viewBox="0 0 100 100" xml:space="preserve">
  <title>Two  shapes</title>
  <desc>
    A square, a curve
  </desc>
  <metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>
  <defs></defs>
  <g id="layer1" inkscape:label="Layer 1" transform="translate( 10.000 , -5.50 )">
    <path id="a" fill="#FFCC00" d="M 10.00 , 10.0 L 40.0 10.0 L 40.0,40.0 L 10.0 40.0 Z"></path>
    <path stroke="#112233" fill="none" stroke-width="2.50"
          d="M 50.12345 50.5 C 60.55555 40.4444, 70.123456 80.987654, 80 60 S 90 70 85 85"/>
    <polygon points="1.0,2.0 3.50,4.0
       5,6.25" style="fill: #00FF00; enable-background: new 0 0 1 1; "/>
  </g>
</svg>
"""


def test_a_drawing_gets_smaller_and_looks_the_same():
    """Lossless renders pixel for pixel the same; lossy moves no outline that can be seen."""
    exact = svg.compress(PICTURE.encode(), LOSSLESS)
    lossy = svg.compress(PICTURE.encode(), LOSSY)
    assert len(lossy.data) < len(exact.data) < len(PICTURE)
    assert (drawn_by_librsvg(exact.data) == drawn_by_librsvg(PICTURE.encode())).all()
    assert abs(drawn_by_librsvg(lossy.data) - drawn_by_librsvg(PICTURE.encode())).max() <= 16
    assert not exact.lossy


@pytest.mark.parametrize("options", [LOSSY, LOSSLESS])
def test_twice_is_once(options):
    """A second pass finds nothing."""
    once = svg.compress(PICTURE.encode(), options).data
    assert svg.compress(once, options).data == once


@pytest.mark.parametrize(
    "kept",
    [
        'viewBox="0 0 100 100"',
        'id="layer1"',
        'id="a"',
        "<title>Two  shapes</title>",
        "<desc>\n    A square, a curve\n  </desc>",
        'width="100px"',
    ],
)
def test_what_others_refer_to_stays(kept):
    """Ids, viewBox, size, title and description stay to the letter."""
    assert kept in minified(PICTURE)


@pytest.mark.parametrize(
    "gone", ["<?xml", "<!--", "DOCTYPE", "inkscape", "metadata", "xlink", "defs", "xml:space"]
)
def test_what_is_never_drawn_goes(gone):
    """Declarations, comments, editor data, descriptions and unused namespaces are left out."""
    assert gone not in minified(PICTURE)


def test_lossless_keeps_what_editors_store():
    """A file that is still to be edited keeps its layers."""
    assert 'inkscape:label="Layer 1"' in minified(PICTURE, LOSSLESS)


@pytest.mark.parametrize(
    "text",
    [
        f"<svg {NS}><text> a <tspan> b </tspan>\n c</text></svg>",
        f"<svg {NS}><text xml:space='preserve'>  a  <a href='#x'> b </a> </text></svg>",
        f"<svg {NS}><style> .a {{ fill: 'red }}</style><g class='a'/></svg>",
        f"<svg {NS}><foreignObject>\n <p xmlns='urn:html'> a <b> c</b> </p></foreignObject></svg>",
        f"<svg {NS}><script>\n if (1 &lt; 2) draw()\n</script> <g> </g> </svg>",
        f"<svg {NS}><script><![CDATA[ a < b ]]></script></svg>",
        f"<svg {NS} onload='draw()'> <g> </g> </svg>",
        f"<svg {NS}><style>g:first-child {{ fill: red }}</style> <g> </g></svg>",
        f"<svg {NS}><app:state xmlns:app='urn:app'> 1 <!-- 2 --></app:state></svg>",
        f"<svg {NS} content='&lt;mxfile&gt; &lt;/mxfile&gt;'/>",
        f"<svg {NS}><metadata><!-- payload-start -->eJx<!-- payload-end --></metadata></svg>",
        f"<svg {NS}><metadata><app:scene xmlns:app='urn:app'/></metadata></svg>",
        f"<svg {NS}><!--SRC=[SoWkIImgAStDuN]--></svg>",
        f"<svg {NS}><!--! Licence: CC BY 4.0 --></svg>",
        f"<svg {NS}><path d='M 0 0 L 1. 2 L 3 4'/></svg>",
        f"<svg {NS}><path d='M 0 0 L 10 10 !'/></svg>",
        f"<svg {NS}><path d='L 10 10'/></svg>",
        f"<svg {NS}><switch><g/><path/></switch></svg>",
        f"<svg {NS}><image href='data:image/png;base64,iVBORw0KGgo=  '/></svg>",
    ],
)
def test_what_may_matter_stays(text):
    """Text, style, script, foreign content, payloads and faulty data are not touched."""
    assert minified(text) == text


def test_unknown_paths_are_only_respelled_under_animation():
    """A path that is morphed keeps its commands, one by one."""
    text = f"""<svg {NS} viewBox="0 0 9 9"><path d="M1.50 1L5.0 1L5 5"><animate attributeName="d"
        values="M1 1L5 1L5 5;M2 2L5 1L5 5"/></path></svg>"""
    assert 'd="M1.5 1 5 1 5 5"' in minified(text)


def test_rights_stay_when_asked_for():
    """preserve_metas with copyright keeps the description and comments about rights."""
    text = (
        f"<svg {NS}><!-- License: MIT --><!-- other --><metadata>"
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></metadata></svg>"
    )
    options = Options(preserve_metas=frozenset({Meta.COPYRIGHT}))
    assert minified(text, options) == text.replace("<!-- other -->", "")
    assert minified(text) == f"<svg {NS}/>"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('<?xml version="1.0" encoding="iso-8859-1"?><svg><text>hé€</text></svg>', "cp1252"),
        ('<?xml version="1.0" encoding="utf-16"?><svg><text>hé€</text></svg>', "utf-16"),
        ("<svg><text>hé€</text></svg>", "utf-8-sig"),
    ],
)
def test_any_known_encoding_becomes_utf8(data, text):
    """The result says the same in UTF-8."""
    assert minified(data.encode(text)) == "<svg><text>hé€</text></svg>"


@pytest.mark.parametrize(
    "text",
    [
        "<svg><path d='M0 0",
        "<svg><g></svg>",
        "<svg/><svg/>",
        "<svg a='1' a='2'/>",
        "",
        "<svg>\x00</svg>",
        "<x:svg/>" * 2,
    ],
)
def test_broken_markup_is_corrupt(text):
    """What no XML reader takes is reported."""
    with pytest.raises(CorruptFile):
        minified(text)


def test_wrong_encoding_is_corrupt():
    """Bytes that are not what the file claims are reported."""
    with pytest.raises(CorruptFile):
        minified(b"<svg>\xff</svg>")


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg><text>&a;</text></svg>',
        '<!DOCTYPE svg [<!ENTITY a "&#60;">]><svg/>',
        '<!DOCTYPE svg [<!ENTITY % a "b">]><svg/>',
        '<!DOCTYPE svg [<!ATTLIST svg width CDATA "9">]><svg/>',
        f'<!DOCTYPE svg [<!ENTITY a "{"a" * 1000}">]><svg id="{"&a;" * 1001}"/>',
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>',
        '<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>',
        '<!DOCTYPE svg SYSTEM "x.dtd"><svg>&nbsp;</svg>',
        '<!DOCTYPE svg SYSTEM "x.dtd"><svg id="&nbsp;"/>',
        '<?xml version="1.0" encoding="shift_jis"?><svg/>',
        '<?xml version="1.1"?><svg/>',
        '<svg xmlns="urn:other"/>',
    ],
)
def test_entities_and_strange_xml_are_skipped(text):
    """Nothing is fetched, and nothing expanded that might grow or hide markup."""
    with pytest.raises(FileSkipped):
        minified(text)


def test_plain_entities_in_attributes_are_expanded():
    """Illustrator declares its namespaces as entities."""
    text = """<?xml version="1.0"?>
        <!-- ]> --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd" [
        <!ENTITY svg "http://www.w3.org/2000/svg"><!-- "]> -->
        <!ENTITY ai 'http://ns.adobe.com/AdobeIllustrator/10.0/'> <!ENTITY ai "twice">
        ]><svg xmlns="&svg;" xmlns:i="&ai;"><g i:layer="yes"><path d="M 1 1 H 9 V 9 Z"/></g>
        <!-- &svg; --><style><![CDATA[ /* &svg; */ g { fill: red } ]]></style></svg>"""
    assert minified(text) == (
        f'<svg {NS}><g><path d="M1 1H9V9Z"/></g>'
        "<style><![CDATA[ /* &svg; */ g { fill: red } ]]></style></svg>"
    )
    with pytest.raises(FileSkipped):
        minified(text.replace("&ai;", "&unknown;"))


@pytest.mark.slow
def test_depth_costs_no_stack():
    """Fifty thousand nested groups are no deeper for us than one."""
    depth = 50_000
    text = f"<svg {NS}>" + "<g>" * depth + "</g>" * depth + "</svg>"
    assert minified(text) == text.replace("<g></g>", "<g/>")


def test_outlines_under_an_enlargement_are_rounded_less():
    """What is drawn larger keeps more decimals."""
    path = "<path d='M1.23456789 2L3.456789012 4.567890123 7.8901234 1.2345678'/>" * 3
    plain = minified(f"<svg {NS} viewBox='0 0 100 100'>{path}</svg>")
    larger = minified(f"<svg {NS} viewBox='0 0 100 100'><g transform='scale(100)'>{path}</g></svg>")
    assert "1.235" in plain
    assert "1.23457" in larger


@pytest.mark.parametrize(
    "wrapped",
    [
        "<pattern>{}</pattern>",
        "<style>path {{ transform: scale(9) }}</style>{}",
        "<g transform='scale(9)'>{}</g><use href='#a'/>",
        "<clipPath clipPathUnits='objectBoundingBox'>{}</clipPath>",
        "<g transform='matrix(1 2 3)'>{}</g>",
    ],
)
def test_outlines_of_unknown_size_are_not_rounded(wrapped):
    """Where the scale can't be told, every decimal stays."""
    path = "<path d='M1.23456789 2L3.456789012 4.567890123'/>"
    assert "1.23456789" in minified(f"<svg {NS} viewBox='0 0 9 9'>{wrapped.format(path)}</svg>")


NUMBERS = st.one_of(
    st.integers(-1000, 1000).map(str),
    st.decimals(-999, 999, allow_nan=False, places=3).map(str),
    st.sampled_from(["0.0", "-0", ".5", "-.50", "+3.10", "00.5", "1e2", "2.5E-3", "0.000001"]),
)


@given(NUMBERS)
def test_a_shortened_number_is_the_same_number(number):
    """Shortening keeps the value and never adds a character."""
    shorter = values.shorten(number)
    assert float(shorter) == float(number)
    assert len(shorter) <= len(number)


def test_digits_of_other_scripts_are_no_digits():
    """Browsers draw a path up to them."""
    assert svg_path.parse("M 1 2 L 3 \u0664") is None
    assert values.numbers_of("1 \u0664") is None


COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}


@st.composite
def paths(draw):
    letters = draw(st.lists(st.sampled_from("MLHVCSQTZmlhvcsqtz"), max_size=12))
    parts = ["M", draw(NUMBERS), draw(NUMBERS)]
    for letter in letters:
        parts.append(letter)
        parts += [draw(NUMBERS) for _ in range(COUNTS[letter.upper()])]
    return " ".join(parts)


@given(paths())
def test_a_respelled_path_is_the_same_path(data):
    """Writing changes spelling only: what is read back has the same commands and values."""
    before = svg_path.parse(data)
    after = svg_path.parse(svg_path.write(before))
    assert [command.letter for command in before] == [command.letter for command in after]
    assert [list(map(float, command.numbers)) for command in before] == [
        list(map(float, command.numbers)) for command in after
    ]


def computed(commands):
    """The points of a path as a browser computes them, without those of Z."""
    pen, found = float32.Pen(), []
    for command in commands:
        points = pen.points(command.letter, command.numbers)
        pen.move(command.letter, points)
        if command.letter not in "Zz":
            found += points
    return found


@given(paths() | st.just(""))
def test_a_lossless_outline_has_the_same_points(data):
    """Other commands are taken only where a browser computes the same points from them."""
    before = svg_path.parse(data)
    stroked = outline.respell(before, stroked=True)
    assert computed(svg_path.parse(stroked)) == computed(before)
    filled = outline.respell(before, stroked=False)
    assert set(computed(svg_path.parse(filled))) == set(computed(before))


@example("M 0 0 H 0 H 0 Z", None, False)
@given(paths() | st.just(""), st.none() | st.integers(0, 4), st.booleans())
def test_an_outline_is_spelled_once(data, places, pen):
    """An outline never grows, and a second pass finds nothing."""
    once = outline.shortest(data, places, pen=pen, plain=False)
    assert len(once) <= len(data)
    assert outline.shortest(once, places, pen=pen, plain=False) == once


@pytest.mark.parametrize("number", ["123456789", "1e99", "." + "1" * 41])
def test_numbers_that_cannot_be_told_leave_an_outline_alone(number):
    """What a browser makes of it is not guessed."""
    assert outline.respell(svg_path.parse(f"M 0 0 L {number} 1"), stroked=True) is None


def test_fast_only_shortens_numbers_without_loss():
    """Other commands are what takes the time."""
    path = "M 10.50 10.50 L 20.50 10.50 L 20.50 30.25 L 10.50 30.25 Z"
    source = f'<svg {NS} viewBox="0 0 99 99"><path d="{path}"/></svg>'.encode()
    fast, usual = (
        svg.compress(source, Options(compression_type=Compression.LOSSLESS, effort=effort)).data
        for effort in (Effort.FAST, Effort.DEFAULT)
    )
    assert b'"M10.5 10.5 20.5 10.5 20.5 30.25 10.5 30.25Z"' in fast
    assert len(usual) < len(fast) < len(source)


def corners(data):
    """Every point of a path, control points included, in absolute coordinates."""
    pieces, places = outline._exact(outline._plain(svg_path.parse(data)))
    return [
        (piece.kind, [(x / 10**places, y / 10**places) for x, y in piece.points])
        for piece in pieces
    ]


@given(paths(), st.integers(0, 4))
def test_a_rounded_path_stays_within_its_tolerance(data, places):
    """No point under a pen moves by much more than half a unit of the last decimal, however far on.

    It may be rounded in steps, each to a decimal less.
    """
    after = outline.rewrite(svg_path.parse(data), places, stroked=True)
    before, moved = corners(data), corners(after)
    assert [kind for kind, _ in before] == [kind for kind, _ in moved]
    for (_, points), (_, others) in zip(before, moved, strict=True):
        for point, other in zip(points, others, strict=True):
            assert point == pytest.approx(other, abs=0.556 * 10**-places)


def at(here, points, share):
    """A point of a Bezier curve, by de Casteljau."""
    points = [here, *points]
    while len(points) > 1:
        points = [
            tuple(a + (b - a) * share for a, b in zip(one, other, strict=True))
            for one, other in itertools.pairwise(points)
        ]
    return points[0]


POINTS = st.tuples(st.integers(-200, 200), st.integers(-200, 200))


@given(POINTS, POINTS, st.tuples(*[st.integers(-4, 4)] * 4), POINTS)
def test_a_curve_of_lower_degree_is_the_same_curve(here, middle, off, end):
    """A curve taken for a quadratic one strays by less than a unit."""
    # A quadratic curve raised to a cubic one, then disturbed.
    first = tuple(round((a + 2 * b) / 3) for a, b in zip(here, middle, strict=True))
    second = tuple(round((a + 2 * b) / 3) for a, b in zip(end, middle, strict=True))
    first = first[0] + off[0], first[1] + off[1]
    second = second[0] + off[2], second[1] + off[3]
    cubic = outline._Piece("C", (first, second, end))
    simple = outline._curve(here, cubic, None)
    for step in range(17):
        point = at(here, cubic.points, step / 16)
        if simple.kind == "L":
            (ax, ay), (bx, by), (px, py) = here, end, point
            across = (px - ax) * (by - ay) - (py - ay) * (bx - ax)
            assert across == pytest.approx(0, abs=1e-6)
        else:
            other = at(here, simple.points, step / 16)
            assert math.hypot(point[0] - other[0], point[1] - other[1]) < 1


@pytest.mark.parametrize(
    ("path", "shorter"),
    [
        ("M0 0H10V10L0 0Z", "M0 0H10V10z"),
        ("M0 0H10h0V10s0 0 0 0H0Z", "M0 0H10V10H0z"),
        ("M0 0C2 0 8 0 10 0V10Z", "M0 0H10V10z"),
        ("M0 0C10 0 16.667 6.667 20 20V30Z", "M0 0Q15 0 20 20V30z"),
    ],
)
def test_areas_need_no_needless_corners(path, shorter):
    """What adds nothing to an area goes; under a pen it stays."""
    picture = f"<svg {NS} viewBox='0 0 99 99'><path d='{path}'/></svg>"
    assert f"'{shorter}'" in minified(picture)
    assert f"'{shorter}'" not in minified(picture.replace("<path", "<path stroke='red'"))


@pytest.mark.parametrize("digits", ["", "0", "000"])
def test_coarse_numbers_do_not_make_a_curve_stray(digits):
    """How far a curve may stray is a share of the picture, however few decimals it is drawn with."""
    path = f"M4{'.' if digits else ''}{digits} 10c-2 0-4-1-5-2-3-3-3-8 0-11z"
    picture = f"<svg {NS} viewBox='0 0 12 12'><path d='{path}'/></svg>"
    small = minified(picture).encode()
    assert abs(drawn_by_librsvg(small, 50) - drawn_by_librsvg(picture.encode(), 50)).max() <= 16


def calls_for(text, options):
    """How many functions are called to minify it."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        minified(text, options)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("options", [LOSSY, LOSSLESS])
@pytest.mark.parametrize("pen", ["", "stroke='red'"])
def test_work_grows_no_faster_than_outlines_and_then_less(options, pen, monkeypatch):
    """Twice as long a path takes twice the work; beyond a limit other commands are not looked for."""

    def path(curves):
        steps = (f"C{n}.1234 5.4321 {n % 7}.55555 7.1 {n % 9}.25 -{n}.5" for n in range(curves))
        return f"<svg {NS} viewBox='0 0 99 99'><path {pen} d='M0 0{''.join(steps)}'/></svg>"

    once, twice = (calls_for(path(curves), options) for curves in (400, 800))
    assert once > 20_000
    assert twice < 2.1 * once
    monkeypatch.setattr(svg, "_MOST_OUTLINES", 10_000)
    assert calls_for(path(800), options) < twice / 4
    assert "rounded outlines" not in svg.compress(path(800).encode(), options).notes


def test_arcs_keep_their_numbers():
    """An arc's bulge depends on its ends too much for rounding; compact flags are read."""
    commands = svg_path.parse("M0 0a1.23456 1.2 0 01.5.123456A5 5 0 1 0 1.234567 2")
    assert [len(command.numbers) for command in commands] == [2, 7, 7]
    assert outline.rewrite(commands, 1, stroked=False) == (
        "M0 0A1.23456 1.2 0 0 1 .5.123456 5 5 0 1 0 1.234567 2"
    )


@pytest.mark.parametrize(
    ("drawn", "lossy"),
    [
        ("<image href='{}'/>", True),
        ("<image href='{}' style='mix-blend-mode:hue'/>", False),
        ("<filter id='f'><feColorMatrix/></filter><image filter='url(#f)' href='{}'/>", False),
    ],
)
def test_pictures_that_are_blended_keep_their_pixels(drawn, lossy):
    """A blend mode or a filter may show what was lost."""
    random = np.random.default_rng(1)
    shades = np.add.outer(np.arange(96), np.arange(96)) + random.normal(0, 8, (96, 96))
    pixels = np.stack([shades, shades * 0.7, shades * 0.4], -1).clip(0, 255).astype(np.uint8)
    address = "data:image/png;base64," + base64.b64encode(encoded(pixels, "PNG")).decode()
    made = svg.compress(f"<svg {NS}>{drawn.format(address)}</svg>".encode(), LOSSY)
    assert made.lossy is lossy
