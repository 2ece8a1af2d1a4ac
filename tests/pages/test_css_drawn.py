"""Chromium draws pages with sizes and wrappers where every box was before."""

import json
import random
import re
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import numpy as np
import pytest
from turbohtml import parse as read_page

from hosts.hosts import PYTHON, run, write_file
from ir_build.pages.css import Styles, parse, sheet_links
from pages.boxes import boxes, draw, draw_html, moved, png
from pictures import encoded
from services.browser import chromium

pytestmark = pytest.mark.slow

SIZES = {"a": (800, 600), "b": (120, 40), "c": (1600, 300), "d": (400, 1200)}


@pytest.fixture(scope="module")
def page():
    """A window that runs no scripts and reaches no other host."""
    with chromium() as browser:
        context = browser.new_context(java_script_enabled=False, offline=True)
        yield context.new_page()
        context.close()


A, B, C = (png(*SIZES[name]) for name in "abc")
BODY = f"""
<div class=content id=main><h1>T <img src="{B}"></h1>
<p>text <img src="{A}" alt=a> text <em>em</em></p>
<p><img class=k src="{A}"></p>
<p><a href=x><img src="{A}"></a> <em>x</em> <img src="{B}" class=k> <img src="{B}"><em>y</em></p>
<figure><img src="{C}"><figcaption>caption</figcaption></figure>
<figure class=card><a href=y><img src="{A}" class="k big"></a></figure>
<table><tr><td><img src="{A}"></td><td>text text text <img src="{B}"></td></tr></table>
<ul><li><img src="{B}"> item</li><li>item <img src="{A}" width=300></li>
<li><img src="{A}" width=50%></li></ul>
<div class=flex><img src="{A}"><div><img src="{B}"></div><p>t</p></div>
<div class=grid><img src="{B}"><div><p><img src="{A}"></p></div><p>t</p></div>
<div class=card><img src="{A}" id=one><p>t</p></div>
<div class=note><p class=title>T</p><img src="{A}"><p>x <img src="{A}" style="width:40px">
<img src="{A}" style="height:40px"><img src="{B}" style="max-width:50%;height:auto"></p></div>
<blockquote><p>a<br><img src="{C}"></p><p><span><img src="{B}" height=20></span></p></blockquote>
<div class=float><img src="{A}"> shrink</div><p>After <button><img src="{B}"></button></p></div>
"""
SELECTORS = """
img;img;img;p img;a > img;figure > img;figure img;.card img;.card > *;*;* + *;img + em;td;a;li
p > :first-child;img:only-child;.k;#one;figure img:first-child;td img;.flex;.grid;figure;p;h1 img
.content;li img;img:not(.k);img[width];:where(img);p:has(> img);picture;picture img;img ~ em;span
.flex > *;p > em:first-child;.float;.float img;.note > *;.note > :not(p);p > *;em:nth-child(2)
img:nth-of-type(2);img:last-child;div:not(:has(> img));.content > * + *;a:hover > img;p *;button
.content :is(a, p) > img;img.k;.card;table;.content *;p:empty;img:not([height]);:not(p) > img
.content > p > img:first-child;blockquote img;a *
""".replace("\n", ";").strip(";")
DECLARATIONS = """
width:100px|width:50%|width:auto|width:fit-content|height:100px|height:auto|height:auto|margin:0
max-width:100%|max-width:100%|max-width:100%|max-height:80px|min-width:200px|min-height:200px
max-width:200px|display:flex|display:grid|display:block|display:inline-block|display:inline-flex
float:left|margin:1em|margin-top:2em|padding:5px|border:1px solid|border:0|vertical-align:middle
box-sizing:border-box|box-sizing:border-box|vertical-align:top|object-fit:cover|position:absolute
aspect-ratio:16/9|display:contents|font-size:20px|line-height:2|align-items:center|color:red
flex-direction:column|grid-template-columns:1fr 1fr|width:20rem|inline-size:300px|zoom:.5
max-block-size:100px|max-inline-size:90%|width:min-content|width:max-content|display:table
display:table-cell|all:revert|padding:0|text-align:center|position:relative|max-width:none
max-width:40em|width:calc(100% - 20px)|height:50%|min-width:0|max-width:max-content|float:right
width:-webkit-fill-available|width:stretch|width:foo|overflow:hidden|column-count:2|contain:size
white-space:nowrap|border-style:solid|display:inline-grid|justify-items:stretch|border-radius:9px
height:fit-content|display:-webkit-box|writing-mode:vertical-rl
""".replace("\n", "|").strip("|")


def some_rules(seed):
    """A style sheet of a few rules, each of which reaches something on the page."""
    chosen = random.Random(seed)
    rules = []
    for _ in range(chosen.randint(1, 5)):
        selector = chosen.choice(SELECTORS.split(";"))
        block = ";".join(
            chosen.choice(DECLARATIONS.split("|"))
            + (" !important" if chosen.random() < 0.08 else "")
            for _ in range(chosen.randint(1, 3))
        )
        forms = ["{}"] * 16 + [
            "@media (max-width:600px){{{}}}",
            "@layer a{{{}}}",
            ".content{{& {}}}",
        ]
        rules.append(chosen.choice(forms).format(f"{selector}{{{block}}}"))
    return "\n".join(rules)


@pytest.mark.parametrize("part", range(3))
def test_whatever_the_rules_nothing_moves(page, part):
    """Rules put together at random: what may get sizes or a wrapper stays in its place."""
    sized = wrapped = 0
    for seed in range(10 * part, 10 * part + 10):
        rules = some_rules(seed)
        drawn = draw_html(page, f"<!doctype html><head><style>{rules}</style></head>{BODY}")
        assert not drawn.sized, rules
        assert not drawn.wrapped, rules
        sized += sum(not style.sizes_keep for style in drawn.styles)
        wrapped += sum(not style.wrap_keeps for style in drawn.styles)
    # Else it would hold because nothing is ever changed.
    assert sized > 100
    assert wrapped > 100


RULES_FOR_DRAWINGS = [
    "img {width: 120px}",
    "img {width: 50%; height: auto}",
    "img {width: 50%; max-width: 90px}",
    "img {height: 40px; width: auto}",
    "img {width: auto; height: auto}",
    "img {width: 80px; height: 90px}",
    "img {width: fit-content; max-width: 100%}",
    ".float {float: left} .float img {width: 4rem}",
]


DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 12.5"><path d="M0 0h9v9"/></svg>'


@pytest.fixture(scope="module")
def with_drawings(page, tmp_path_factory):
    """By the rules, a page on which they stand and its boxes; then all pages were optimised."""
    folder = tmp_path_factory.mktemp("drawings")
    img = "<img src=a.svg>"
    found = {}
    for number, rules in enumerate(RULES_FOR_DRAWINGS):
        write_file(folder / f"{number}/a.svg", DRAWING)
        write_file(folder / f"{number}/a.css", rules)
        path = write_file(
            folder / f"{number}/index.html",
            f"<!doctype html><link rel=stylesheet href=a.css><p>a {img} b<p><img src=a.svg width=90>"
            f"<p>{img}<div class=float>{img} c</div>d<table><tr><td>{img}</table>",
        )
        found[rules] = path, shown(page, path.as_uri())
    cache = folder / ".cache"
    run([PYTHON, "-m", "ir_build", "optimize", ".", "--pages", "--cache-dir", cache], cwd=folder)
    return found


@pytest.mark.parametrize("rules", RULES_FOR_DRAWINGS)
def test_a_drawing_without_a_size_stays_where_rules_give_it_one(page, with_drawings, rules):
    """It gets its ratio as width and height, and is as large as before."""
    path, before = with_drawings[rules]
    assert 'width="240" height="100"' in path.read_text()
    assert not moved(before, shown(page, path.as_uri()))


def test_a_part_of_a_box_that_is_as_wide_as_its_picture(page, tmp_path):
    """Such a picture gets no `sizes`, which would give it another natural width, and so a wider or no box."""
    y, x = np.mgrid[:560, :900]
    waves = [128 + 90 * np.sin(x / 90 + shift) * np.cos(y / 70) for shift in range(3)]
    write_file(tmp_path / "a.jpg", encoded(np.stack(waves, -1).astype(np.uint8), "jpeg"))
    style = ".float{float:right} .table{display:table} figure img{width:35%}"
    # Tabs, as those of sphinx-design, are as wide as what they are in.
    style += ".in-tab,.in-item{display:flex;flex-wrap:wrap} .tab{width:100%}"
    pages = {}
    for kind in ("float", "table", "plain", "tab", "item"):
        pages[kind] = tmp_path / f"{kind}.html"
        text = (
            f"<!doctype html><link rel=stylesheet href=a.css><main><p>a<p><img src=b.png>"
            f"<div class=in-{kind}><figure class={kind}><img src=a.jpg></figure></div>"
        )
        write_file(pages[kind], text)
    write_file(tmp_path / "a.css", style)
    write_file(tmp_path / "b.png", encoded(np.zeros((99, 99, 3), np.uint8), "png"))
    before = {kind: shown(page, path.as_uri()) for kind, path in pages.items()}
    command = [PYTHON, "-m", "ir_build", "optimize", ".", "--pages", "--effort", "fast"]
    run([*command, "--cache-dir", tmp_path / ".cache"], cwd=tmp_path)
    for kind, path in pages.items():
        assert ('sizes="auto' in path.read_text()) is (kind in {"plain", "tab"})
        assert "a.ir-" in path.read_text()
        assert not moved(before[kind], shown(page, path.as_uri()))


def test_phones_load_files_of_as_many_pixels_as_their_screens_have(page, tmp_path):
    """Also where their width in CSS pixels is rounded up, and as the report says."""
    y, x = np.mgrid[:800, :1600]
    waves = [128 + 90 * np.sin(x / 90 + shift) * np.cos(y / 70) for shift in range(3)]
    write_file(tmp_path / "a.jpg", encoded(np.stack(waves, -1).astype(np.uint8), "jpeg"))
    write_file(tmp_path / "index.html", "<!doctype html><main><p><img src=a.jpg></main>")
    command = [PYTHON, "-m", "ir_build", "optimize", ".", "--pages", "--effort", "fast"]
    run([*command, "--cache-dir", ".cache", "--report", "report.json"], cwd=tmp_path)
    loaded = {}
    for width, density in ((412, 1.75), (393, 2.75), (412, 2.625)):
        phone = page.context.browser.new_context(
            viewport={"width": width, "height": 900}, device_scale_factor=density
        )
        window = phone.new_page()
        window.goto((tmp_path / "index.html").as_uri())
        loaded[width, density] = Path(window.evaluate("document.images[0].currentSrc")).name
        phone.close()
    pixels = [re.search(r"-(\d+)w\.", name)[1] for name in loaded.values()]
    assert pixels == ["720", "1080", "1080"]
    report = json.loads((tmp_path / "report.json").read_text())
    size = (tmp_path / loaded[412, 2.625]).stat().st_size
    assert report["pages"]["loads"]["phone"]["after"] == size


def shown(page, address):
    """The boxes of a page at an address."""
    page.goto(address)
    return boxes(page)


MARKDOWN = """
Text before ![a](img/a.png) text after.

![alone](img/a.png)

[![linked](img/c.png)](img/c.png)

- item ![b](img/b.png)
- ![a](img/a.png)

    ![tall](img/d.png)

> quote ![a](img/a.png)

<figure><img src="img/a.png"><figcaption>Caption</figcaption></figure>

<figure><a href="x"><img src="img/c.png"></a><figcaption>Caption</figcaption></figure>

<table><tr><th>x</th></tr><tr><td><img src="img/a.png"></td><td>y <img src="img/b.png"></td></tr></table>

<p align="center"><img src="img/b.png" width="60"> <img src="img/a.png" width="50%"></p>

<img src="img/a.png" align="left" style="width:200px"> floats

<div class="grid cards"><ul><li><img src="img/a.png"><p>t</p></li></ul></div>
<div class="admonition note"><p class="admonition-title">T</p><p><img src="img/a.png"></p></div>
"""
RST = """
Title
=====

Text before |b| text after.

.. |b| image:: img/b.png

.. image:: img/a.png

.. image:: img/c.png
   :target: x

.. figure:: img/d.png
   :align: right
   :scale: 20

   Caption

.. image:: img/a.png
   :width: 50%

* |b| item
* .. image:: img/a.png

.. list-table::

   * - .. image:: img/a.png
     - text |b|

.. note::

   .. image:: img/a.png

.. sidebar:: S

   .. image:: img/a.png

.. topic:: Topic

   .. image:: img/c.png
"""


def mkdocs(folder, theme):
    write_file(folder / "docs/index.md", "# Title\n" + MARKDOWN)
    write_file(
        folder / "mkdocs.yml",
        f"site_name: x\ntheme: {theme}\nmarkdown_extensions: [attr_list, tables]\n",
    )
    run([PYTHON, "-m", "mkdocs", "build", "-q", "-d", folder / "out"], cwd=folder)
    return "docs"


def sphinx(folder, theme):
    write_file(folder / "index.rst", RST)
    write_file(folder / "conf.py", f"project = 'x'\nhtml_theme = {theme!r}\n")
    run([PYTHON, "-m", "sphinx", "-q", "-b", "html", ".", "out"], cwd=folder)
    return "."


def pelican(folder, theme):
    text = MARKDOWN.replace("img/", "{static}/img/")
    write_file(folder / "content/index.md", f"Title: x\nSlug: index\nDate: 2020-01-01\n\n{text}")
    settings = f"THEME = {theme!r}\nRELATIVE_URLS = True\nTIMEZONE = 'UTC'\nINDEX_SAVE_AS = ''\n"
    write_file(folder / "conf.py", settings)
    run([PYTHON, "-m", "pelican", "content", "-o", "out", "-s", "conf.py", "-q"], cwd=folder)
    return "content"


@pytest.mark.parametrize(
    ("host", "theme", "assets"),
    [
        (mkdocs, "material", "docs"),
        (mkdocs, "mkdocs", "docs"),
        (mkdocs, "readthedocs", "docs"),
        (sphinx, "alabaster", "."),
        (sphinx, "classic", "."),
        (pelican, "notmyidea", "content"),
        (pelican, "simple", "content"),
    ],
)
def test_on_pages_of_real_themes_nothing_moves(page, tmp_path, host, theme, assets):
    """Pictures in all the places of a text, with the style sheets that the theme has brought."""
    for name, (width, height) in SIZES.items():
        pixels = np.full((height, width, 3), 90, np.uint8)
        write_file(tmp_path / assets / f"img/{name}.png", encoded(pixels, "png"))
    host(tmp_path, theme)
    path = tmp_path / "out/index.html"
    document = read_page(path.read_bytes().decode("latin-1"))
    imgs = document.find_all("img")
    styles = Styles(list(_sheets(document, path.as_uri())))
    page.goto(path.as_uri())
    drawn = draw(page, [styles.of(img) for img in imgs], imgs)
    assert not drawn.sized
    assert not drawn.wrapped
    assert sum(not style.wrap_keeps for style in drawn.styles) > len(imgs) / 2


def _sheets(document, base):
    for link in sheet_links(document.iter_elements(["link", "style"])):
        if link.text is not None:
            yield parse(link.text, address=base)
        else:
            yield from _file(urljoin(base, link.href))


def _file(address):
    data = Path(unquote(urlsplit(address).path)).read_bytes()
    sheet = parse(data, address=address)
    for one in sheet.imports:
        yield from _file(one)
    yield sheet
