"""Advice on sites: what is worth doing is said, and what is not, is not."""

import os

import numpy as np
import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from advice.sites import DOCTYPE, SIZED, STYLE, film, jpeg, noise, page, png_photo, screenshot
from documents import saved_as_stored
from ir_build.advice import Kind
from ir_build.api import ConfigError, Session
from ir_build.config import Source, load
from pictures import encoded, opened


def test_a_site_with_nothing_to_do_hears_nothing(site, advise):
    """A page with a compressed picture that has its size is left in peace."""
    site.write("a.jpg", jpeg()).write(
        "index.html", page(f"<p>{'word ' * 200}<img src=a.jpg {SIZED}>")
    )
    assert advise() == {}


def test_a_folder_without_pages_is_refused(site, session):
    """Nobody knows what a folder of pictures is used for, and the error says what to give."""
    site.write("a.jpg", jpeg())
    with pytest.raises(ConfigError, match="give the folder of a built site"):
        session.advise(site.folder)


def test_an_animated_gif_is_a_film(site, advise):
    """It is told with its frames; a still, a small animation and one with a video beside it are not."""
    body = f"<img src=film.gif {SIZED}><img src=still.gif {SIZED}><img src=small.gif {SIZED}>"
    offered = f"<picture><source srcset=b.webp type=image/webp><img src=b.gif {SIZED}></picture>"
    site.write("film.gif", film()).write("still.gif", film((500, 400), 1))
    site.write("small.gif", film((20, 20), 3)).write("b.gif", film()).write("b.webp", b"x")
    site.write("index.html", page(body + offered))
    found = advise(Kind.FILM)
    assert found.keys() == {"film.gif"}
    assert "12 frames of 160 x 120 pixels" in found["film.gif"].text
    assert 0 < found["film.gif"].at_stake < (site.folder / "film.gif").stat().st_size


def test_a_photo_as_png_is_weighed_against_a_jpeg_that_looks_the_same(site, advise):
    """Screenshots, with a photo in them or not, a transparent photo and noise are left as PNG."""
    transparent = Image.fromarray(np.dstack([noise(200, 200), np.full((200, 200), 90, np.uint8)]))
    half = np.vstack([np.full((180, 300, 3), 255, np.uint8), np.asarray(opened(png_photo()))])
    names = {
        "photo.png": png_photo(), "window.png": screenshot(), "glass.png": encoded(transparent, "png"),
        "noise.png": encoded(noise(200, 150), "png"), "half.png": encoded(half, "png"),
    }  # fmt: skip
    for name, data in names.items():
        site.write(name, data)
    site.write("index.html", page("".join(f"<img src={name} {SIZED}>" for name in names)))
    found = advise(Kind.PHOTO_AS_PNG)
    assert found.keys() == {"photo.png"}
    best = len(encoded(Image.open(site.folder / "photo.png"), "jpeg", quality=95))
    assert found["photo.png"].at_stake >= len(names["photo.png"]) - best


def test_a_picture_that_nobody_compressed(site, advise, session):
    """Many bytes a pixel are told; few are not, and neither is what ir-build has made."""
    site.write("fat.jpg", jpeg(quality=100)).write("thin.jpg", jpeg())
    site.write("index.html", page(f"<img src=fat.jpg {SIZED}><img src=thin.jpg {SIZED}>"))
    assert advise(Kind.UNCOMPRESSED).keys() == {"fat.jpg"}
    session.optimize_folder(site.folder)
    assert advise(Kind.UNCOMPRESSED) == {}


WIDE = (1800, 400)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<img src=a.jpg width=300 height=66>", True),
        ("<img src=a.jpg style='width: 20em'>", True),
        ("<div style='width:50%'><img src=a.jpg></div>", True),
        ("<img src=a.jpg width=850 height=188 style='max-width:none'>", False),
        ("<img src=a.jpg width=300 height=66><a href=a.jpg>larger</a>", False),
        ("<a href='A.jpg?x=1'><img src=a.jpg width=300 height=66></a>", False),
        ("<img src=a.jpg width=300 height=66><img src='./a.jpg' style='max-width:none'>", False),
        ("<a class=lightbox><img src=a.jpg width=300 height=66></a>", False),
        ("<img src=a.jpg srcset='b.jpg 300w, a.jpg 1800w' width=300 height=66>", False),
        ("<picture><source srcset=b.avif><img src=a.jpg width=300 height=66></picture>", False),
        ("<template><img src=a.jpg width=300 height=66></template>", False),
        ("<noscript><img src=a.jpg width=300 height=66></noscript>", False),
        ("<img src=a.jpg alt=a.jpg width=300 height=66><p id=a>a.jpg</p>", True),
        ("<img src=a.jpg data-full=a.jpg width=300 height=66>", False),
        ("<img src=a.jpg width=300 height=66><div style='background:url(a.jpg)'>", False),
    ],
)
def test_more_pixels_than_any_screen_shows(site, advise, body, told):
    """What every page shows small may be resized, unless something may show it larger, or offers others."""
    site.write("a.jpg", jpeg(*WIDE)).write("b.jpg", jpeg(300, 66)).write("index.html", page(body))
    assert ("a.jpg" in advise(Kind.OVERSIZED)) is told


@pytest.mark.parametrize(
    "head",
    [
        STYLE + "<meta property=og:image content=https://example.org/a.jpg>",
        STYLE + "<style>.hero{background:url('./a.jpg')}</style>",
        STYLE + "<script>show('\\u0061.jpg')</script>",
        STYLE + "<link rel=stylesheet href=https://example.org/theme.css>",
    ],
)
def test_what_is_named_elsewhere_keeps_its_pixels(site, advise, head):
    """Cards, backgrounds and scripts may need all of a picture, and sheets of others may say anything."""
    site.write("a.jpg", jpeg(*WIDE))
    site.write("index.html", page("<img src=a.jpg width=300 height=66>", head))
    assert advise(Kind.OVERSIZED) == {}


def test_the_pixels_that_are_enough_are_told(site, advise):
    """The finding has the width that the site's rules allow, and less at stake than the file has bytes."""
    site.write("a.jpg", jpeg(*WIDE)).write("site.css", "main img { width: 250px }")
    site.write("index.html", page("<img src=a.jpg>", "<link rel=stylesheet href=site.css>"))
    found = advise(Kind.OVERSIZED)["a.jpg"]
    assert found.text == "1800 pixels wide, shown 250 wide at most"
    size = (site.folder / "a.jpg").stat().st_size
    assert found.at_stake == round(size * (1 - (500 / 1800) ** 2))


@pytest.mark.parametrize("rule", ["height: 40px; width: auto", "max-height: 2.5rem", "width: 10%"])
def test_rules_for_the_height_bound_the_width(site, advise, rule):
    """A logo that a theme makes low, or narrow in its column, is as oversized as one with a width."""
    site.write("a.jpg", jpeg(*WIDE)).write(
        "site.css", f"main {{ max-width: 1800px }} img {{ {rule} }}"
    )
    site.write("index.html", page("<img src=a.jpg>", "<link rel=stylesheet href=site.css>"))
    assert advise(Kind.OVERSIZED)["a.jpg"].text == "1800 pixels wide, shown 180 wide at most"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("@media (max-width: 60em) { .x { display: none } }", True),
        ("@media (prefers-color-scheme: dark) { .x { display: none } }", True),
        ("@media print { .x { display: none } }", True),
        (".x { display: none }", False),
        (
            ".x { display: none } @media (prefers-color-scheme: dark) { .x { display: block } }",
            False,
        ),
        (".x { display: none } input:checked + .x { display: block }", False),
    ],
)
def test_what_is_hidden_at_first(site, advise, rules, told):
    """A picture counts if a reader sees it in some window or colour scheme without doing anything."""
    site.write("a.jpg", jpeg()).write(
        "index.html", page("<div class=x><img src=a.jpg></div>", f"<style>{rules}</style>")
    )
    assert bool(advise(Kind.UNSIZED)) is told


def test_a_phone_loads_more_than_it_shows(site, advise):
    """A wide picture in a column is told, linked or not; a narrow one and one that overflows are not."""
    names = ("wide.jpg", "linked.jpg", "narrow.jpg", "overflowing.jpg")
    for name in names:
        site.write(name, jpeg(700, 500) if name == "narrow.jpg" else jpeg(1400, 1000))
    site.write("index.html", page(
        "<img src=wide.jpg><a href=linked.jpg><img src=linked.jpg></a><img src=narrow.jpg>"
        "<img src=overflowing.jpg style='max-width:none'>"
    ))  # fmt: skip
    found = advise(Kind.LARGE_ON_PHONES)
    assert found.keys() == {"wide.jpg", "linked.jpg"}
    assert found["wide.jpg"].text == "1400 pixels wide; a phone needs 721"


def test_equal_pictures_under_several_names(site, advise):
    """Two names that pages show are told once, with the other; what is shown under one name is not."""
    data = jpeg()
    for name in ("a/one.jpg", "b/two.jpg", "c/download.jpg"):
        site.write(name, data)
    site.write("index.html", page(f"<img src=a/one.jpg {SIZED}><a href=c/download.jpg>x</a>"))
    assert advise(Kind.DUPLICATE) == {}
    site.write("x/index.html", page(f"<img src=../b/two.jpg {SIZED}>"))
    found = advise(Kind.DUPLICATE)
    assert found.keys() == {"a/one.jpg"}
    assert found["a/one.jpg"].at_stake == len(data)
    assert "b/two.jpg" in found["a/one.jpg"].text


def scan(pages=2, text=b"", size=(400, 500)):
    """A PDF whose pages are one picture each, and text on them."""
    picture = encoded(noise(*size), "jpeg", quality=90)
    made = pikepdf.new()
    for _ in range(pages):
        one = made.add_blank_page(page_size=(400, 500))
        image = made.make_stream(
            picture, Type=Name.XObject, Subtype=Name.Image, Width=size[0], Height=size[1],
            ColorSpace=Name.DeviceRGB, BitsPerComponent=8, Filter=Name.DCTDecode,
        )  # fmt: skip
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        one.Resources = Dictionary(XObject=Dictionary(I=image), Font=Dictionary(F=font))
        one.Contents = made.make_stream(b"q 400 0 0 500 0 0 cm /I Do Q " + text)
    return saved_as_stored(made)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "2 pages of paper as pictures, without text that can be searched"),
        (b"BT 3 Tr /F 12 Tf 20 20 Td (hidden) Tj ET", "2 pages of paper as pictures"),
        (b"BT /F 12 Tf 20 20 Td (a slide) Tj ET", None),
        (b"0 0 100 100 re f", None),
    ],
)
def test_a_pdf_of_a_scan(site, advise, text, told):
    """Pages that are one picture are told; text that is seen, or a drawing on it, make it another thing."""
    site.write("a.pdf", scan(text=text)).write("index.html", page("<a href=a.pdf>x</a>"))
    found = advise(Kind.SCAN)
    assert (found["a.pdf"].text if found else None) == told


def test_old_formats(site, advise):
    """A BMP and a TIFF that pages show are told; a TIFF to download and a PNG of that name are not."""
    picture = Image.fromarray(np.zeros((200, 200, 3), np.uint8))
    site.write("a.bmp", encoded(picture, "bmp")).write("b.tif", encoded(picture, "tiff"))
    site.write("c.tif", encoded(picture, "tiff")).write("d.tif", screenshot())
    images = "".join(f"<img src={name} {SIZED}>" for name in ("a.bmp", "b.tif", "d.tif"))
    site.write("index.html", page(images + "<a href=c.tif>for print</a>"))
    found = advise(Kind.OLD_FORMAT)
    assert found.keys() == {"a.bmp", "b.tif"}
    assert found["a.bmp"].at_stake > 100_000
    assert found["b.tif"].text == "it is TIFF, which most browsers do not show"


def test_git_lfs_pointers(site, advise):
    """A pointer in place of a picture is told first; a text of the same words is none."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"
    site.write("a.png", pointer).write("notes.txt", pointer).write("film.gif", film())
    site.write(
        "index.html",
        page(f"<img src=a.png {SIZED}><img src=film.gif {SIZED}><a href=notes.txt>x</a>"),
    )
    assert advise(Kind.LFS_POINTER).keys() == {"a.png"}


def test_pictures_without_width_and_height(site, advise):
    """A picture is told once, with its pages; what attributes or rules size, place or hide is not."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        site.write(name, jpeg())
    site.write(
        "index.html",
        page("<img src=a.jpg><img src=b.jpg width=30><img src=c.jpg width=9 height=6>"),
    )
    site.write("again.html", page("<img src=a.jpg><img src=a.jpg>"))
    site.write("fine.html", page(
        "<img src=a.jpg width=600 height=400><img src=a.jpg style='width:9em;height:6em'>"
        "<img src=a.jpg style='width:100%;aspect-ratio:3/2'><img src=a.jpg style='position:absolute'>"
        "<div style='display:none'><img src=a.jpg></div><template><img src=a.jpg></template>"
    ))  # fmt: skip
    found = advise(Kind.UNSIZED)
    assert {name: one.text for name, one in found.items()} == {
        "a.jpg": "on again.html and 1 more",
        "b.jpg": "on index.html",
    }


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (f"<h1>x</h1><img src=a.jpg loading=lazy {SIZED}>", "a.jpg: it waits by loading=lazy"),
        (f"<h1>x</h1><img src=a.jpg {SIZED}>", "a.jpg: it has no fetchpriority=high"),
        (f"<h1>x</h1><img src=a.jpg fetchpriority=high {SIZED}>", None),
        (f"<p>{'much text ' * 120}</p><img src=a.jpg loading=lazy {SIZED}>", None),
        (f"<h1>x</h1><img src=icon.png width=64 height=64><p>{'text ' * 200}", None),
        (f"<p>{'text ' * 60}</p><img src=a.jpg {SIZED}>", "a.jpg: it has no fetchpriority=high"),
        (f"<p>{'text ' * 103}</p><img src=a.jpg {SIZED}>", None),
    ],
)
def test_the_first_picture_comes_late(site, advise, body, told):
    """The picture that fills a phone's first screen should not wait; one below the text, or smaller than it, may."""
    site.write("a.jpg", jpeg()).write("icon.png", screenshot(64, 64)).write(
        "index.html", page(body)
    )
    found = advise(Kind.FIRST_PICTURE)
    assert (found["index.html"].text if found else None) == told


@pytest.mark.slow
def test_a_heavy_page(site, advise):
    """What a page loads at once counts, each file once; what is lazy, or is chosen by width, does not."""
    site.write("a.png", encoded(noise(900, 800), "png")).write(
        "b.png", encoded(noise(900, 800, 2), "png")
    )
    shown = f"<img src=a.png {SIZED}><img src=a.png {SIZED}>"
    site.write("heavy.html", page(shown + f"<img src=b.png {SIZED}>"))
    site.write("lazy.html", page(shown + f"<img src=b.png loading=lazy {SIZED}>"))
    site.write(
        "chosen.html", page(shown + f"<img src=b.png srcset='c.png 300w, b.png 900w' {SIZED}>")
    )
    assert advise(Kind.HEAVY_PAGE).keys() == {"heavy.html"}


def test_no_finding_on_amp_pages(site, advise):
    """AMP has rules and elements of its own for pictures."""
    amp = f"{DOCTYPE.replace('<html>', '<html amp>')}</head><body><img src=a.jpg></body></html>"
    site.write("a.jpg", jpeg(quality=100)).write("index.html", amp)
    assert advise() == {}


def test_a_strict_policy_changes_nothing(site, advise):
    """A page whose policy allows no inline styles or scripts is read as any other."""
    policy = (
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src 'self'\">"
    )
    site.write("a.jpg", jpeg()).write("index.html", page("<img src=a.jpg>", policy))
    assert advise(Kind.UNSIZED).keys() == {"a.jpg"}


@pytest.mark.slow
def test_variants_of_a_run_are_no_news(site, advise, session):
    """After a run with `pages` no picture is unsized or large on phones, and no file of ours is an orphan."""
    site.write("a.jpg", jpeg(1400, 1000, quality=90)).write("style.css", "img{max-width:100%}")
    site.write(
        "index.html", page("<h1>x</h1><img src=a.jpg>", "<link rel=stylesheet href=style.css>")
    )
    assert len(session.advise(site.folder)) > 2
    config = session.config
    given = {"cache_dir": str(config.cache_dir), "jobs": 1, "pages": True, "effort": "fast"}
    source = Source("the test", given, site.folder)
    with Session(load(folder=site.folder, environ={}, last=source), copies=True) as run:
        run.optimize_folder(site.folder)
    assert advise() == {}


@pytest.mark.skipif(os.name != "posix", reason="names of other systems")
def test_hostile_files_do_no_harm(site, advise):
    """Broken pictures, pages and names are passed over, and all else is found."""
    site.write("broken.png", screenshot()[:200]).write("empty.jpg", b"").write("a.jpg", jpeg(*WIDE))
    site.write(
        "bomb.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\2\0\0\0"
    )
    site.write("deep.html", page("<div>" * 3000 + "<img src=a.jpg>"))
    site.write("wide.html", page(f"<img srcset='{' ' * 500_000}{'a,' * 100_000}'>{'<' * 500_000}"))
    site.write("utf16.html", "\ufeff<img src=a.jpg>".encode("utf-16"))
    evil = "\x1b]0;x\x07\u202egnp.html"
    site.write(
        evil, page("".join(f"<img src={name}>" for name in ("broken.png", "empty.jpg", "bomb.png")))
    )
    site.write(
        "index.html", page("<img src=a.jpg width=300 height=66><img src='../../../etc/passwd'>")
    )
    os.mkfifo(site.folder / "pipe.html")
    (site.folder / "loop").symlink_to(site.folder)
    found = advise()
    assert found["a.jpg"].kind is Kind.OVERSIZED
    assert "loop/a.jpg" not in found


def test_the_most_bytes_come_first(site, session):
    """Findings are sorted by what is at stake."""
    site.write("film.gif", film()).write("a.jpg", jpeg(quality=100))
    site.write("index.html", page("<img src=film.gif><img src=a.jpg>"))
    stakes = [one.at_stake for one in session.advise(site.folder)]
    assert len(stakes) > 2
    assert stakes == sorted(stakes, reverse=True)
