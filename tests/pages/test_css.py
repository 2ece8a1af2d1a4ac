"""What style sheets say of pictures: sizes and wrappers only where no box on the page moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from turbohtml import parse as read_page

from ir_build.pages.css import Styles, parse, sheet_links
from pages.boxes import styles_of

IMG = "<p><img src=a.png alt=a></p>"


def style(css, body=IMG, **options):
    """What is said of the first picture."""
    return styles_of(f"<!doctype html><style>{css}</style><body>{body}", **options)[0]


SIZES_KEEP = {
    "height alone, in ems": "img {height: 8em}",
    "height alone of an item": "p {display: grid} img {height: 80px}",
    "the last of two": "img {max-height: none; max-height: 9px}",
    "height in percent": "img {height: 50%}",
    "greatest height": "img {max-height: 80px}",
    "least height": "img {min-height: 900px}",
    "logical height": "img {max-block-size: 80px}",
    "in one medium": "@media (max-width: 500px) {img {height: 80px}}",
    "nested": "p {& img {max-height: 80px}}",
    "imported layer": "@layer a {img {height: 80px}}",
    "no weight": ":where(img) {height: 80px}",
    "begins to match": "img[width] {border: 1px solid}",
    "ceases to match": "img:not([height]) {border: 1px solid}",
    "sees it from outside": "p:has(img[width]) {border: 1px solid}",
    "lazy": "[loading=lazy] {display: none}",
    "frame of one letter": "* {box-sizing: border-box} img {padding: 1em}",
    "frame in some windows": "* {box-sizing: border-box} @media (width > 9px) {img {padding: 1px}}",
    "frame of no known colour": "* {box-sizing: border-box} img {border: 1px solid var(--c)}",
    "frame of two rules": "* {box-sizing: border-box} img {padding: 1px} p:hover img {padding: 2px}",
    "item of a flexible box": "p {display: flex}",
    "item of a grid": "p {display: inline-grid}",
    "item through a wrapper": "body {display: flex} p {display: contents}",
    "ratio": "img {aspect-ratio: 1}",
    "contents": "img {content: url(b.png)}",
    "everything": "img {all: unset}",
    "zoom": "* {zoom: 0.5}",
}


@pytest.mark.parametrize("css", SIZES_KEEP.values(), ids=SIZES_KEEP)
def test_a_picture_whose_box_would_change_gets_no_sizes(css):
    """A rule with which a given size is another than the natural one is a reason, in words."""
    assert style(css).sizes_keep


SIZES = {
    "nothing": "",
    "never wider than its column": "img {max-width: 100%}",
    "both": "img {width: 20px; height: 20px}",
    "width alone": "img {width: 50%}",
    "the last of two": "img {max-height: 9px; max-height: none}",
    "height of a wide one": "img {height: 80px; width: auto}",
    "on paper": "@media print {img {height: 80px}}",
    "taken back": "img {max-height: 80px} p img {max-height: none}",
    "another picture": ".logo {height: 80px} figure > img {height: 80px}",
    "frame round the width": "img {padding: 5px}",
    "box sizes without a frame": "* {box-sizing: border-box} img {border: 0; padding: 0}",
    "heights that are automatic": "img[width][height] {height: auto}",
}


@pytest.mark.parametrize("css", SIZES.values(), ids=SIZES)
def test_a_picture_whose_box_stays_gets_sizes(css):
    """Rules that leave its box as it is are none against it."""
    assert style(css).sizes_keep == ""


@pytest.mark.parametrize(
    ("css", "frame"),
    [
        ("img {padding: 5px; border: 1px solid}", 0),
        ("* {box-sizing: border-box} img {padding: 5px; border: 1px solid red}", 12),
        ("* {box-sizing: border-box} img {padding: 9px 1px 9px 3px; border: 0}", 4),
        ("* {box-sizing: border-box; --c: red} img {border: 1px solid var(--c)}", 2),
        ("* {box-sizing: border-box} img {padding: 5px} p img {padding: 0}", 0),
        ("* {box-sizing: border-box} img {padding: 5px; width: 50%}", 0),
    ],
)
def test_a_frame_that_is_part_of_the_width_is_told(css, frame):
    """A width attribute has to be so much larger."""
    said = style(css)
    assert (said.sizes_keep, said.frame) == ("", frame)


@pytest.mark.parametrize(
    ("css", "squashes"),
    [
        ("img {max-width: 100%}", True),
        ("img {max-width: 100%; height: auto}", False),
        ("@media (min-width: 500px) {img {height: auto}}", True),
        ("@media all {img {height: auto}}", False),
        ("@supports (display: grid) {img {height: auto}}", True),
        ("@layer base {img {height: auto}}", False),
        ("figure img {height: auto}", True),
        ("img:hover {height: auto}", True),
        ("img, b:unheard-of {height: auto}", True),
    ],
)
def test_a_page_whose_pictures_have_no_automatic_height_needs_a_rule(css, squashes):
    """A rule counts as there when it holds in every window and every browser."""
    assert style(css).squashes is squashes


TAB = f"<div class=set><b>label</b>{IMG}</div>"


@pytest.mark.parametrize(
    ("css", "body", "keeps"),
    [
        ("", IMG, False),
        ("img {width: auto}", IMG, True),
        ("img {width: fit-content}", IMG, True),
        ("img {width: var(--w)}", IMG, True),
        ("img {width: 50%}", IMG, False),
        ("img {max-height: 80px}", IMG, True),
        ("img {max-height: 80px}", "<img src=a.png width=30>", False),
        ("", "<img src=a.png style='width: auto'>", True),
        ("p {float: left} img {width: 50%}", IMG, True),
        ("p {display: table} img {width: 50%}", IMG, True),
        ("p {display: flex} img {width: calc(100% - 1px)}", IMG, True),
        (".set {display: flex} p {width: 100%} img {width: 50%}", TAB, False),
        (".set {display: flex} img {width: 50%}", TAB, True),
        (".set {display: flex} p {width: 100%; flex: 1} img {width: 50%}", TAB, True),
        (".set {display: grid} p {width: 100%} img {width: 50%}", TAB, True),
        (".set {display: flex; float: left} p {width: 100%} img {width: 50%}", TAB, True),
        ("p {width: fit-content} img {width: 50%}", IMG, True),
        ("img {width: 50%}", "<table><tr><td><img src=a.png></table>", True),
        ("p {float: left} img {width: 50px}", IMG, False),
        ("p {float: left} img {max-width: 100%}", IMG, False),
        ("body {display: flex} img {width: 50%}", IMG, False),
    ],
)
def test_pictures_shown_by_their_natural_width_are_known(css, body, keeps):
    """`sizes` gives a picture another natural width, so this must be asked before."""
    assert style(css, body).keeps_natural_width is keeps


WRAP_KEEPS = {
    "child": ("p > img {border: 1px solid}", IMG),
    "child of any": ("p > * {border: 1px solid}", IMG),
    "first": ("img:first-child {border: 1px solid}", IMG),
    "place among others": ("p :nth-child(2) {border: 1px solid}", "<p><b>x</b><img src=a.png></p>"),
    "what follows": ("img + b {color: red}", "<p><img src=a.png><b>x</b></p>"),
    "what follows at last": ("img ~ b {color: red}", "<p><img src=a.png><i>x</i><b>x</b></p>"),
    "follows": ("b + img {border: 1px solid}", "<p><b>x</b><img src=a.png></p>"),
    "every second": ("* + * {margin-left: 1em}", "<p><b>x</b><img src=a.png></p>"),
    "another of its type": (
        "img:last-of-type {border: 1px solid}",
        "<p><img src=a.png> <img src=a.png></p>",
    ),
    "its paragraph": ("p:has(> img) {margin: 0}", IMG),
    "one of two": ("p:has(> img) {margin: 0}", "<p><img src=a.png> <img src=a.png></p>"),
    "without pictures": ("p:not(:has(> img)) {margin: 0}", IMG),
    "in a list": (":is(p, td) > img {border: 1px solid}", IMG),
    "in a function": ("img:not(p > *) {border: 1px solid}", IMG),
    "only in some state": ("p:hover > img {border: 1px solid}", IMG),
    "after one source": ("img:nth-child(2) {border: 1px solid}", IMG),
    "wrapper": ("picture {display: block}", IMG),
    "in the wrapper": ("picture img {border: 1px solid}", IMG),
    "source": ("source {display: block}", IMG),
    "everything": ("p * {padding: 5px}", IMG),
    "through": ("body > * > * img {border: 1px solid}", IMG),
    "flexible box": ("p {display: flex}", IMG),
    "without a box": ("p {display: contents; line-height: 3}", IMG),
    "table cell": ("img {display: table-cell}", IMG),
    "in a picture": ("", "<picture><img src=a.png></picture>"),
}


@pytest.mark.parametrize(("css", "body"), WRAP_KEEPS.values(), ids=WRAP_KEEPS)
def test_a_picture_that_is_found_by_its_place_is_not_wrapped(css, body):
    """A selector that would match something else is a reason, in words."""
    assert style(css, body).wrap_keeps


@pytest.mark.parametrize(
    ("doctype", "wraps"),
    [
        ("<!doctype html>", True),
        ("", False),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "x">', False),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x">', True),
    ],
)
def test_only_pages_of_the_standard_get_wrappers(doctype, wraps):
    """Browsers give lines of other pages heights that a wrapper changes."""
    assert (styles_of(doctype + IMG)[0].wrap_keeps == "") is wraps


WRAPS = {
    "nothing": ("", IMG),
    "somewhere below": ("p img {border: 1px solid} .x * {color: red}", IMG),
    "another place": ("figure > img {border: 1px solid} img + p {margin: 0}", IMG),
    "every box": ("*, ::before {box-sizing: border-box; margin: 0; padding: 0}", IMG),
    "margins that it has not": ("p > :first-child {margin-top: 0}", IMG),
    "links in some state": (":focus {outline: 1px solid} :root {--x: 1px}", IMG),
    "a paragraph with any": ("p:has(img) {margin: 0}", IMG),
}


@pytest.mark.parametrize(("css", "body"), WRAPS.values(), ids=WRAPS)
def test_a_picture_that_no_selector_places_may_be_wrapped(css, body):
    """Rules that see no difference are none against a wrapper."""
    assert style(css, body).wrap_keeps == ""


IN_40_REM = "p {max-width: 40rem} img {max-width: 100%}"


@pytest.mark.parametrize(
    ("css", "body", "column"),
    [
        ("img {max-width: 100%}", IMG, None),
        ("p {max-width: 700px}", IMG, None),  # nothing keeps the picture in it
        ("p {max-width: 700px} img {max-width: 100%}", IMG, 700),
        ("p {max-width: 700px} img {max-width: 50%}", IMG, 350),
        ("html {font-size: 125%} p {width: 40rem} img {max-width: 100%}", IMG, 800),
        (
            "img {max-width: 100%} @media (min-width: 500px) {p {max-width: 480px}}",
            IMG,
            500,  # in windows below that
        ),
        (
            f"{IN_40_REM} @media screen and (max-width: 50em) {{p {{max-width: 100%}}}}",
            IMG,
            800,  # in no larger window
        ),
        (f"{IN_40_REM} @media (min-width: 9em) {{html {{font-size: 20px}}}}", IMG, 800),
        (f"{IN_40_REM} @media (min-width: 9em) {{p {{max-width: 50rem}}}}", IMG, 800),
        (":root {--w: 600px} p {max-width: var(--w)} img {max-width: 100%}", IMG, 600),
        ("p {max-width: 90vw} img {max-width: 100%}", IMG, None),
        ("p {max-width: min(90vw, 650px)} img {max-width: 100%}", IMG, 650),
        ("img {max-width: 100%}", "<img src=a.png width=300>", 300),
        ("", "<img src=a.png style='width: 120px'>", 120),
        ("body {width: 500px} p {position: fixed} img {max-width: 100%}", IMG, None),
    ],
)
def test_the_widest_that_a_picture_can_be(css, body, column):
    """The largest over all media, the smallest of all that it stands in; None when unknown."""
    assert style(css, body).column == column


def test_a_style_sheet_that_cannot_be_read_leaves_pictures_as_they_are():
    """Of a page with one from another host nothing is known, and of no width of its column; it is named."""
    said = style("p {width: 500px} img {max-width: 100%}", unknown="a.css")
    assert "a.css" in said.sizes_keep
    assert "a.css" in said.wrap_keeps
    assert said.column is None


HEIGHTS = {
    "an attribute": ("", "height=100", 100),
    "a rule": ("img {height: 80px}", "", 80),
    "both": ("img {height: 80px}", "height=100", 80),
    "a style": ("", "style='height: 60px'", 60),
}


@pytest.mark.parametrize(("css", "attributes", "height"), HEIGHTS.values(), ids=HEIGHTS)
def test_a_height_that_is_given_alone_is_known(css, attributes, height):
    """So that the width in proportion can be added."""
    said = style(f"img {{max-width: 100%}} {css}", f"<p><img src=a.png {attributes}>")
    assert not said.sizes_keep
    assert said.height == height


@pytest.mark.parametrize(
    ("css", "attributes"),
    [
        ("", "width=300 height=100"),
        ("", "height=50%"),
        ("img {height: auto}", "height=100"),
        ("img {width: 50%}", "height=100"),
        ("img {max-height: 50px}", "height=100"),
        ("img {border: 1px solid}", "height=100"),
        ("p {display: flex}", "height=100"),
    ],
)
def test_a_height_that_may_not_be_the_one_shown_stays_alone(css, attributes):
    """Where a rule may override it, or give a width, no width would be in proportion."""
    assert style(css, f"<p><img src=a.png {attributes}>").sizes_keep
    assert style("", "<img src=a.png width=300>").sizes_keep == ""


def test_the_style_sheets_of_a_page_in_their_order():
    """Those for paper, and public ones of fonts and of the colours of code, say nothing of pictures."""
    page = read_page(
        "<link rel=stylesheet href=a.css><style>p{}</style>"
        "<link rel='alternate stylesheet' href=b.css><link rel=icon href=c.png>"
        "<link rel=stylesheet href=print.css media=print><style media='only print'>i{}</style>"
        "<link rel=stylesheet href='https://fonts.googleapis.com/css?family=Roboto'>"
        "<link rel=stylesheet href=//cdn.test/highlight.js/11.8.0/styles/github.min.css>"
        "<link rel=STYLESHEET href=https://cdn.test/other.css media='print, screen'>"
    )
    found = [(link.href, link.text) for link in sheet_links(page.iter_elements(["link", "style"]))]
    assert found == [
        ("a.css", None),
        ("", "p{}"),
        ("b.css", None),
        ("https://cdn.test/other.css", None),
    ]


@pytest.mark.parametrize(
    ("attributes", "squashes"),
    [
        ("", False),
        ("media=screen", False),
        ("media='(min-width: 900px)'", True),
        ("media='screen and (prefers-color-scheme: dark)'", True),
    ],
)
def test_a_style_sheet_that_holds_in_some_windows_is_not_relied_on(attributes, squashes):
    """What it says may be so or not."""
    page = read_page(f"<style {attributes}>img {{height: auto}}</style><img src=a.png>")
    sheets = [
        parse(link.text, address="a.css")
        for link in sheet_links(page.iter_elements(["link", "style"]))
    ]
    if [link.sometimes for link in sheet_links(page.iter_elements(["link", "style"]))] == [True]:
        sheets = [sheet.held_sometimes() for sheet in sheets]
    assert Styles(sheets).of(page.find("img")).squashes is squashes


def test_style_sheets_that_are_loaded_late_count():
    """Pages link them for paper, or ahead of time, until they are there."""
    page = read_page(
        "<link rel=stylesheet media=print onload='this.media=1' href=a.css>"
        "<link rel=preload as=style onload='this.rel=1' href=b.css><link rel=preload href=c.css>"
    )
    assert [link.href for link in sheet_links(page.iter_elements(["link", "style"]))] == [
        "a.css",
        "b.css",
    ]


def test_imports_are_told_by_their_addresses():
    """They are resolved by that of the sheet; those for paper are left out."""
    sheet = parse(
        b"@import 'a.css'; @import url(../b.css) screen; @import url('c.css') print;"
        b"@import url(https://x.test/d.css) layer(x); p{} @import 'late.css';",
        address="https://site.test/css/main.css",
    )
    assert sheet.imports[:3] == [
        "https://site.test/css/a.css",
        "https://site.test/b.css",
        "https://x.test/d.css",
    ]


def test_rules_of_an_imported_layer_are_weak():
    """A rule outside layers overrides a height that they set."""
    main = parse("@import 'a.css?v=1' layer(base);", address="main.css")
    imported = parse(b"img {height: 80px; width: 80px}", address="a.css")
    img = read_page("<img src=a.png>").find("img")
    assert Styles([imported, main]).of(img).sizes_keep
    assert not Styles([imported]).of(img).sizes_keep


def test_names_that_are_not_ascii_are_the_same_in_both():
    """Pages and files are read as latin-1, whatever their encoding."""
    page = read_page("<img class=größe src=a.png>".encode().decode("latin-1"))
    sheet = parse(".größe {max-height: 9px}".encode(), address="a.css")
    assert Styles([sheet]).of(page.find("img")).sizes_keep


def test_a_page_is_as_it_was_afterwards():
    """Pictures are wrapped for a moment while selectors are tried."""
    page = read_page("<p>a<img src=a.png alt=x>b<img src=b.png></p>", source_locations=True)
    before, places = page.html, [img.source_location for img in page.find_all("img")]
    styles = Styles([parse("p > img + img {margin: 1px}", address="a.css")])
    for img in page.find_all("img"):
        styles.of(img)
    assert page.html == before
    assert [img.source_location for img in page.find_all("img")] == places


@given(st.text(alphabet="img p>+~*:.#[]{}()@,;'\"\\/-0width!&|hasnotis"))
def test_any_text_is_read(text):
    """What is no style sheet, or half of one, is none of a page's faults."""
    assert isinstance(style(text.replace("<", "")).sizes_keep, str)


def test_blocks_in_blocks_without_end_are_careful():
    """A sheet that is too deep to be read counts as unknown."""
    assert style("a{" * 5000 + "img {height: 8px}").sizes_keep
