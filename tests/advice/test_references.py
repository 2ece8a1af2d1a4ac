"""Files that nothing names are told; a file that may be named, in whatever spelling, never is."""

import pytest

from advice.sites import STYLE, page, screenshot
from ir_build.advice import Kind
from ir_build.advice.references import References

NAME = "Ein Bild/größe &1.png"
QUOTED = "Ein%20Bild/gr%C3%B6%C3%9Fe%20%261.png"


def orphans(site, advise, body="", files=(), head=STYLE):
    site.write("index.html", page(body, head))
    for name, content in files:
        site.write(name, content)
    return set(advise(Kind.ORPHAN))


@pytest.fixture
def picture(site):
    site.write("img/photo-1.png", screenshot(900, 900) + b"\0" * 5000)
    return site


def test_a_file_that_nothing_names(picture, advise):
    """It is told with its bytes; small files, and those that browsers ask for by themselves, are not."""
    picture.write("small.png", b"x").write("favicon.ico", b"x" * 9000)
    picture.write("apple-touch-icon.png", b"x" * 9000).write("text.js", "show('photo-2.png')")
    picture.write("index.html", page("photo-1.jpg and photo.png"))
    found = advise(Kind.ORPHAN)
    assert found.keys() == {"img/photo-1.png"}
    assert found["img/photo-1.png"].at_stake == (picture.folder / "img/photo-1.png").stat().st_size


@pytest.mark.parametrize(
    "body",
    [
        "<img src=img/photo-1.png>",
        "<a href='IMG/Photo-1.PNG'>x</a>",
        "<img src='img/%70hoto-1%2Epng'>",
        "<img src='img&#47;photo&#45;1&#x2e;png'>",
        "<img src='img/photo-1&period;png'>",
        "<img srcset='a.png 1x,img/photo-1.png 2x'>",
        "<picture><source srcset='img/photo-1.png 100w'><img></picture>",
        "<div data-src=img/photo-1.png></div>",
        "<div data-all='{&quot;a&quot;:&quot;photo-1.png&quot;}'></div>",
        "<div style=\"background:url('img/photo-1.png')\"></div>",
        "<noscript><img src=img/photo-1.png></noscript>",
        "<template><img src=img/photo-1.png></template>",
        "<iframe srcdoc='&lt;img src=img/photo-1.png&gt;'></iframe>",
        "<script>show('img\\/photo\\u002d1.png')</script>",
        "<script>show(`img/${name}.png`)</script>",
        "<script>show('img/' + name + '.png')</script>",
        "<script>show(name + '-1.png')</script>",
        "<!-- <img src=img/photo-1.png> -->",
        "the file photo-1.png is in the archive",
    ],
)
def test_every_spelling_on_a_page_names_it(picture, advise, body):
    """Attributes of any kind, escapes of addresses, HTML and scripts, parts of names, comments, words."""
    assert orphans(picture, advise, body) == set()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("site.css", ".a{background:url(img/photo-1.png)}"),
        ("app.js", 'x="img/photo-1.png"'),
        ("search.json", '{"image":"img\\/photo-1.png"}'),
        ("feed.xml", "<enclosure url='https://example.org/img/photo-1.png'/>"),
        ("site.webmanifest", '{"icons":[{"src":"img/photo-1.png"}]}'),
        (
            "drawing.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><image href='img/photo-1.png'/></svg>",
        ),
        ("_redirects", "/logo /img/photo-1.png 302"),
        ("robots.txt", "Allow: /img/photo-1.png"),
        ("old.html", "<img src=img/photo-1.png>".encode("utf-16")),
    ],
)
def test_every_text_of_the_site_names_it(picture, advise, name, content):
    """Style sheets, scripts, data, feeds, manifests, drawings, rules of hosts, and old encodings."""
    assert "img/photo-1.png" not in orphans(picture, advise, files=[(name, content)])


def test_a_card_names_it(picture, advise):
    """The picture of a card is addressed from the web."""
    head = "<meta property=og:image content=https://example.org/docs/img/photo-1.png>"
    assert orphans(picture, advise, head=head) == set()


def test_a_text_that_cannot_be_read_may_name_anything(picture, advise):
    """Where nobody knows what a text says, no file is called an orphan."""
    picture.write("large.html", b" " * (8 * 1024 * 1024 + 1))
    assert orphans(picture, advise) == set()


@pytest.mark.parametrize(
    "text",
    [
        NAME, QUOTED, QUOTED.lower(), QUOTED.replace("%", "%25"), NAME.replace("&", "&amp;"),
        NAME.replace("ö", "&ouml;").replace("ß", "&szlig;"), NAME.replace("ö", "\\u00f6"),
    ],
)  # fmt: skip
def test_names_with_blanks_and_letters_of_all_kinds(text):
    """Each spelling of such a name counts."""
    references = References()
    references.read(f'<img src="{text}">'.encode())
    assert references.name(NAME.rpartition("/")[2])


def test_other_names_are_not_taken_for_it():
    """Another stem, another suffix, and a suffix by itself name nothing."""
    references = References()
    references.read(b"<img src=photo.png><img src=a.pngx> the .png format, *.png and photo-1.jpg")
    assert references.name("photo.png")
    assert not references.name("photo-1.png")
    assert not references.name("a.png")


def test_links_are_told_from_pictures():
    """Only what stands in an address of a link, or in a card, may be shown at its full size."""
    references = References()
    references.read(b'<img src="a.png"><a class=x href="img/b.png?v=1">b</a><meta content=/c.png>')
    assert not references.link("a.png")
    assert references.link("b.png")
    assert references.link("c.png")
