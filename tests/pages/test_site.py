"""Whole sites: pictures first, then pages; a second run finds nothing to do; all of it comes out again."""

import json
import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ir_build.api import Session
from ir_build.config import Source, load
from ir_build.pages.html import Page
from ir_build.pages.names import is_variant
from ir_build.report.json import to_json
from pictures import animated, encoded

pytestmark = pytest.mark.slow

HEAD = '<!doctype html><html><head><meta charset="utf-8"><title>x</title>{}</head><body><main>'


def photo(width=1300, height=800):
    """A picture with soft shapes and noise, as a JPEG of high quality."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 90 * np.sin(x / 90 + y / 200 + shift) * np.cos(y / 70) for shift in range(3)]
    noise = np.random.default_rng(1).normal(0, 1.5, (height, width, 3))
    pixels = (np.stack(waves, -1) + noise).clip(0, 255).astype(np.uint8)
    return encoded(pixels, "jpeg", quality=95)


def screenshot(width=1200, height=600):
    """Letters on white, as a PNG."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for line in range(height // 20):
        draw.text((10, 20 * line), f"line {line} of a text that somebody wrote " * 4, fill="navy")
    return encoded(image, "png")


@pytest.fixture(scope="session")
def pictures():
    """Files that take time to make."""
    return {"photo.jpg": photo(), "text.png": screenshot()}


class Site:
    """A built site in a folder, and runs over it."""

    def __init__(self, folder, pictures, cache):
        self.folder = folder / "site"
        self.cache = cache
        for name, data in pictures.items():
            self.write(f"img/{name}", data)

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    def page(self, body, name="index.html", head="<link rel=stylesheet href=style.css>"):
        self.write("style.css", "img{max-width:100%}")
        self.write(name, HEAD.format(head) + body)

    def run(self, pages=True, **settings):
        written = {
            "effort": "fast",
            "pages": pages,
            "cache_dir": str(self.cache),
            "jobs": 1,
            **settings,
        }
        config = load(Source("the test", written, self.folder), folder=self.folder, environ={})
        with Session(config, copies=True) as session:
            return session.optimize_folder(self.folder)

    def read(self, name="index.html"):
        return (self.folder / name).read_text()

    def files(self):
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }

    def variants(self):
        return {name for name in self.files() if is_variant(name)}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One for all tests, which show the same pictures."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def site(tmp_path, pictures, cache):
    return Site(tmp_path, pictures, cache)


def test_a_photo_is_offered_in_smaller_files(site, pictures):
    """AVIF up to the full size, each smaller by a tenth than the next, and no file that no page names."""
    site.page('<p><img src="img/photo.jpg" alt="x">')
    site.run()
    page = site.read()
    sources = re.findall(r'<source type="image/avif" srcset="([^"]*)"', page)
    files = [part.split() for part in sources[0].split(", ")]
    sizes = [(site.folder / name).stat().st_size for name, _ in files]
    assert [width for _, width in files] == ["728w", "1300w"]
    shipped = (site.folder / "img/photo.jpg").stat().st_size
    assert all(
        small <= 0.9 * large for small, large in zip(sizes, [*sizes[1:], shipped], strict=True)
    )
    for name, width in files:
        with Image.open(site.folder / name) as image:
            assert image.format == "AVIF"
            assert f"{image.width}w" == width
            assert abs(image.height - image.width * 800 / 1300) <= 1
    assert 'width="1300" height="800"' in page
    assert {f"img/{Path(name).name}" for name, _ in files} <= site.variants()
    assert len(site.variants()) <= 4
    assert all(name in page for name in site.variants())


def test_a_text_that_is_smaller_as_png_stays_png(site):
    """No other format is offered where it would be larger than what is shipped."""
    site.page('<p><img src="img/text.png" alt="x">')
    site.run()
    shipped = (site.folder / "img/text.png").stat().st_size
    for name in site.variants():
        assert (site.folder / name).stat().st_size <= 0.9 * shipped


def test_a_second_run_writes_nothing(site, tmp_path):
    """With its cache, and without one, as on another machine."""
    site.cache = tmp_path / "cache"
    site.write("img/photo.jpg", photo(520, 320))
    site.write("img/text.png", screenshot(400, 200))
    site.page(
        '<p><img src="img/photo.jpg"><p><img src="img/text.png"><p><img src=img/photo.jpg width=400>'
    )
    site.write("img/small.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="7"/>')
    assert site.run().pages.written == 1
    files = site.files()
    again = site.run()
    assert again.pages.written == 0
    assert again.all_cached
    assert site.files() == files
    for path in sorted(site.cache.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert site.run().pages.written == 0
    assert site.files() == files


def test_with_pages_off_everything_comes_out_again(site):
    """The pages are those that were there before, and the files are gone."""
    site.page('<p><img src="img/photo.jpg">\r\n<p><img src="img/text.png">')
    before = site.files()
    site.run()
    assert site.variants()
    site.run(pages=False)
    after = site.files()
    assert after.keys() == before.keys()
    assert after["index.html"] == before["index.html"]


def test_with_pages_off_attributes_come_out_where_there_are_no_files(site):
    """As on a site of drawings, whose pages got sizes only."""
    site.write("img/a.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="70"/>')
    site.write("index.html", HEAD.format("") + '<p><img src="img/a.svg">')
    before = site.read()
    site.run()
    assert 'width="90" height="70"' in site.read()
    site.run(pages=False)
    assert site.read() == before


def test_a_height_that_an_author_gave_gets_its_width(site):
    """Where whole pixels hold the picture's shape, so that smaller files can be offered for it, too."""
    site.page('<p><img src="img/photo.jpg" height="400">')
    site.page('<p><img src="img/photo.jpg" height="401">', "other.html")
    report = site.run()
    page = site.read()
    assert re.search(r'<img width="650" [^>]*height="400">', page)
    assert "728w.avif 728w" in page
    assert 'sizes="(min-width: 650px) 650px, calc(100vw - 2px)"' in page
    assert " width=" not in site.read("other.html")
    assert any("no width in whole pixels" in reason for reason in report.pages.reasons)


def test_a_picture_that_has_changed_is_renewed_on_pages_that_were_not_written(site):
    """As in an incremental build: new names for new content, and old files go."""
    site.page('<p><img src="img/photo.jpg">')
    site.run()
    old = site.variants()
    site.write("img/photo.jpg", photo(450, 300))
    site.run()
    assert 'width="450" height="300"' in site.read()
    assert site.variants()
    assert not site.variants() & old


def test_what_authors_wrote_wins(site):
    """Their sizes, their loading, their files stay, to the byte."""
    kept = [
        '<img src="img/photo.jpg" srcset="img/photo.jpg 2x">',
        '<img src="img/photo.jpg" data-src="img/photo.jpg">',
        '<picture><source srcset="x.avif"><img src="img/photo.jpg"></picture>',
        '<img src="img/photo.jpg" usemap="#m">',
        '<pre><img src="img/photo.jpg"></pre>',
        '<noscript><img src="img/photo.jpg"></noscript>',
        '<template><img src="img/photo.jpg"></template>',
        '<img src="https://example.org/img/photo.jpg">',
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
        '<img src="img/missing.jpg">',
        "<!-- <img src='img/photo.jpg'> -->",
    ]
    site.page("\n".join(kept))
    before = site.read()
    report = site.run()
    assert site.read() == before
    assert report.pages.written == 0
    site.page(
        '<p><img src="img/text.png"><p><img loading=eager decoding=sync width="50%" src="img/photo.jpg">'
    )
    site.run()
    tag = re.findall(r"<img[^>]*photo.jpg[^>]*>", site.read())[0]
    assert "lazy" not in tag
    assert "async" not in tag
    assert "height=" not in tag


def test_the_first_picture_of_the_content_is_never_lazy(site):
    """Those below it are; those around the content are left; one at most is important."""
    head = "<link rel=stylesheet href=style.css>"
    body = HEAD.format(head).replace("<main>", '<header><img src="img/text.png"></header><main>')
    site.write("style.css", "img{max-width:100%}")
    site.write("index.html", body + '<img src="img/photo.jpg"><p><img src="img/text.png"></main>')
    site.run()
    logo, first, second = re.findall(r"<img[^>]*>", site.read())
    assert "loading" not in logo
    assert "loading" not in first
    assert 'fetchpriority="high"' in first
    assert 'loading="lazy"' in second
    assert site.read().count("fetchpriority") == 1


def test_a_picture_without_room_of_its_own_is_not_lazy(site):
    """Where a rule makes its width automatic it is as wide as nothing before it comes, whatever it says."""
    head = "<link rel=stylesheet href=style.css><style>.w{width:auto}</style>"
    site.page(
        '<main><p><img src="img/photo.jpg" class=w><p><img src="img/text.png" class=w>', head=head
    )
    site.run()
    assert 'width="1200" height="600"' in site.read()
    assert "lazy" not in site.read()


def test_two_pictures_for_two_colours_of_a_page_are_both_first(site):
    """Only one of them is shown, and the fragment by which themes choose stays."""
    site.page(
        '<img src="img/photo.jpg#only-light"><img src="img/text.png#only-dark">'
        '<p><img src="img/photo.jpg">'
    )
    site.run()
    light, dark, below = re.findall(r"<img[^>]*>", site.read())
    assert 'src="img/photo.jpg#only-light"' in light
    assert 'src="img/text.png#only-dark"' in dark
    assert "lazy" not in light + dark
    assert "fetchpriority" not in light + dark
    assert "lazy" in below


def test_a_page_that_cannot_be_edited_is_shipped_and_named(site):
    """With the reason, in the report and in its JSON; the others are edited."""
    site.page('<p><img src="img/photo.jpg">')
    site.write("wide.html", "\ufeff<p><img src=img/photo.jpg>".encode("utf-16"))
    before = site.files()["wide.html"]
    report = site.run()
    assert site.files()["wide.html"] == before
    assert report.pages.left == {"wide.html": "it is in UTF-16"}
    told = json.loads(to_json(report))["pages"]
    assert told["left"] == [{"page": "wide.html", "reason": "it is in UTF-16"}]
    assert told["written"] == 1
    assert told["loads"]["phone"]["after"] < told["loads"]["phone"]["before"]


def test_the_report_says_what_each_page_loads(site):
    """Sorted by name, each file once, and the pages come to the sums; pages without pictures are left out."""
    data = site.files()
    site.page('<p><img src="img/photo.jpg"><p><img src="img/photo.jpg"><p><img src="img/text.png">')
    site.write(
        "a.html", "<!doctype html><link rel=stylesheet href=style.css><img src=img/text.png>"
    )
    site.write("none.html", "<p>nothing")
    told = json.loads(to_json(site.run()))["pages"]
    a, index = told["by_page"]
    assert [a["page"], index["page"]] == ["a.html", "index.html"]
    shipped = [(site.folder / name).stat().st_size for name in ("img/photo.jpg", "img/text.png")]
    assert index["phone"][0] == index["desktop"][0] == sum(shipped) < sum(map(len, data.values()))
    assert a["desktop"][0] == shipped[1]
    for screen in ("phone", "desktop"):
        both = [a[screen][side] + index[screen][side] for side in (0, 1)]
        assert both == [told["loads"][screen][side] for side in ("before", "after")]
        assert index[screen][1] < index[screen][0]


def test_style_sheets_of_other_hosts_make_careful(site, pictures):
    """What they say of pictures nobody knows; a setting says that they say nothing."""
    head = '<link rel=stylesheet href="https://cdn.example.org/theme.css">'
    site.page('<p><img src="img/photo.jpg">', head=head)
    report = site.run()
    assert "width=" not in site.read()
    assert "<picture" not in site.read()
    assert all(
        "https://cdn.example.org/theme.css cannot be read (see ignore_remote_styles)" in reason
        for reason in report.pages.reasons
    )
    site.write("img/photo.jpg", pictures["photo.jpg"])
    site.page('<p><img src="img/photo.jpg">', head=f"{head}<link rel=stylesheet href=style.css>")
    site.run({"ignore_remote_styles": True})
    assert 'width="1300"' in site.read()
    assert "<picture" in site.read()


@pytest.mark.parametrize("site_url", [None, "https://example.org/docs/"])
def test_style_sheets_that_a_page_imports_are_read(site, site_url):
    """Those that its own style element imports as well: they may say how large pictures are."""
    site.write("sub/low.css", "img{height:50px}")
    site.write("sub/fonts.css", "@import url(https://fonts.googleapis.com/css2?family=Figtree);")
    site.page('<p><img src="../img/photo.jpg">', "sub/own.html", "<style>@import 'low.css'</style>")
    site.page(
        '<p><img src="../img/photo.jpg">', "sub/fonts.html", "<link rel=stylesheet href=fonts.css>"
    )
    site.run({"site_url": site_url} if site_url else True)
    assert "<picture" in site.read("sub/own.html")
    assert "height=" not in site.read("sub/own.html")
    assert 'width="1300" height="800"' in site.read("sub/fonts.html")


def test_equal_names_do_not_collide(site):
    """`a.jpg` and `a.png`, and pictures of one name in two folders, each have files of their own."""
    site.write("a/pic.jpg", photo(500, 320))
    site.write(
        "a/pic.png", encoded(Image.open(site.folder / "a/pic.jpg").resize((350, 250)), "png")
    )
    site.write("b/pic.jpg", photo(400, 300))
    site.page('<img src="a/pic.jpg"><img src="a/pic.png"><img src="b/pic.jpg">')
    site.run()
    for name in re.findall(r'src(?:set)?="([^"]*)"', site.read()):
        for part in name.split(", "):
            assert (site.folder / part.split()[0]).is_file()
    stems = [name for name in site.variants() if name.startswith("a/pic.ir-")]
    assert len({name.split("-")[1] for name in stems}) == 2


@pytest.mark.parametrize("name", ["my pictures/ü, 100%.jpg", "a&b/c'd\"e.jpg", "#1?.jpg"])
def test_odd_names(site, pictures, name):
    """Blanks, commas, percent signs, quotes, letters beyond ASCII: every address leads to a file."""
    from urllib.parse import quote, unquote

    site.write(name, pictures["photo.jpg"])
    site.page(f'<p><img src="{quote(name)}">')
    site.run()
    page = Page(site.read().encode())
    assert "<picture" in site.read()
    (source,) = re.findall(r'<source type="image/avif" srcset="([^"]*)"', site.read())
    for part in source.split(", "):
        assert (
            site.folder / unquote(part.split()[0].replace("&amp;", "&").replace("&#x27;", "'"))
        ).is_file()
    assert page.bytes.count(b"<img") == 1


def test_sizes_are_those_of_what_is_shipped(site):
    """A picture that was fitted into a box has that size, and so have its files."""
    site.write("img/photo.jpg", photo(650, 400))
    site.page('<p><img src="img/photo.jpg">')
    site.run(resize="450x")
    assert 'width="450" height="277"' in site.read()
    for name in site.variants():
        with Image.open(site.folder / name) as image:
            assert image.width <= 450
    files = site.files()
    site.run(resize="450x")
    assert site.files() == files


def test_a_lazy_picture_without_a_known_shape_is_not_sized_by_the_layout(site):
    """`sizes=auto` would give it the shape of nothing."""
    head = "<link rel=stylesheet href=style.css><style>[height]{border:1px solid}</style>"
    site.page('<p><img loading=lazy width=500 src="img/photo.jpg">', head=head)
    site.run()
    assert "<picture" in site.read()
    assert "height=" not in re.findall("<img[^>]*>", site.read())[0]
    assert "auto" not in site.read()


def test_nothing_is_written_outside_of_the_site(site, tmp_path, pictures):
    """Neither through addresses that lead out of it nor through links."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "photo.jpg").write_bytes(pictures["photo.jpg"])
    os.symlink(outside, site.folder / "link")
    site.page('<img src="../outside/photo.jpg"><img src="link/photo.jpg">')
    site.run()
    assert [path.name for path in outside.iterdir()] == ["photo.jpg"]
    assert "<picture" not in site.read()


def test_no_style_sheet_is_read_or_written_through_a_link(site, tmp_path):
    """A folder of styles that leads out of the site: its rules are not told, and none is put beside them."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "style.css").write_text("secret > img {max-width:100%}")
    os.symlink(outside, site.folder / "theme")
    site.page(
        '<secret><img src="img/photo.jpg">', head="<link rel=stylesheet href=theme/style.css>"
    )
    report = site.run({"ignore_remote_styles": True})
    assert [path.name for path in outside.iterdir()] == ["style.css"]
    assert "secret" not in to_json(report)
    site.page('<p><img src="img/photo.jpg">', head="<link rel=stylesheet href=theme/style.css>")
    site.run()
    assert [path.name for path in outside.iterdir()] == ["style.css"]


def test_a_page_that_was_changed_has_a_new_time(site):
    """Only a hash may differ from the page of before, and programs copy what has another size or time."""
    site.page('<p><img src="img/photo.jpg">')
    page = site.folder / "index.html"
    os.utime(page, (10**9, 10**9))
    site.run()
    assert page.stat().st_mtime > 10**9
    os.utime(page, (10**9, 10**9))
    site.run()
    assert page.stat().st_mtime == 10**9


def test_reasons_are_told_together_and_names_are_no_escape_codes(site):
    """Many pages that are left for one reason are one line, and what a file name holds is printable."""
    for name in ("\x1b[31ma.html", "b.html", "c.html"):
        site.write(name, "\ufeff<p>".encode("utf-16"))
    site.write(
        "d.html", b"<title>\xff.ir-0123456789ab-720w.avif</title>" + "\ufeff".encode("utf-16")
    )
    site.page('<pre>x</pre><div style="display:flex"><img src="img/photo.jpg"></div>')
    lines = list(site.run().pages.lines())
    assert sum("left as it was: it is in UTF-16" in line for line in lines) == 1
    assert any("and 2 more" in line for line in lines)
    assert not any("\x1b" in line for line in lines)
    assert any("pictures on pages have no" in line for line in lines)


def test_an_animation_stays_one(site):
    """What stands beside a GIF has all its frames, or is not offered."""
    rng = np.random.default_rng(2)
    base = np.asarray(
        Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8)).resize((160, 120))
    )
    frames = [Image.fromarray(np.roll(base, 9 * number, 1)) for number in range(6)]
    site.write("img/a.gif", animated(frames, "gif", duration=80, loop=0))
    site.page('<p><img src="img/a.gif">')
    site.run()
    for name in site.variants():
        with Image.open(site.folder / name) as image:
            assert image.n_frames == 6


def test_lossless_means_no_lossy_file_beside_it(site):
    """Who asked for every pixel gets sizes only."""
    site.page('<p><img src="img/photo.jpg">')
    site.run(compression_type="lossless")
    assert not site.variants()
    assert 'width="1300" height="800"' in site.read()


def test_hostile_pages_cost_little(site):
    """Deep nesting, many pictures, many attributes: some CPU seconds, and no crash."""
    picture = "<img src=img/photo.jpg>"
    site.write("deep.html", "<div>" * 200_000 + picture * 1000)
    site.write("bold.html", "<b><font>" * 30_000 + picture * 100)
    site.write("table.html", "<table>" * 50_000 + picture * 100)
    site.write("many.html", "<p>" + picture * 3000)
    site.write(
        "attributes.html",
        f"<img {' '.join(f'a{number}' for number in range(50_000))} src=img/photo.jpg>",
    )
    before = time.process_time()
    report = site.run()
    assert report.pages.pages == 5
    assert time.process_time() - before < 30


def test_nothing_else_is_deleted(site):
    """Files with names like ours, and a style sheet with other content."""
    others = {
        "img/photo.ir-0123456789ab.avif": b"x",
        "img/photo.ir-0123456789ab-480w.avif.txt": b"x",
        "img/ir-0123456789ab-480w.avif": b"x",
        "ir-build-pictures.css": b"body{}",
    }
    for name, data in others.items():
        site.write(name, data)
    site.page('<p><img src="img/photo.jpg">')
    site.run()
    site.run(pages=False)
    assert others.items() <= site.files().items()
