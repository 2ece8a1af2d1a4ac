"""Odd HTML, made into pages with pictures, and two judges of what becomes of them.

`python tests/pages/odd_html.py FOLDER` takes the pages from test data of html5lib: `.dat` files.
"""

import re
import sys
import tempfile
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1])]

from ir_build.api import Session
from ir_build.config import Source, load
from pictures import encoded
from services.browser import chromium

PICTURE = '<img src="a.jpg" alt="x">'
#: what stands in the pages of the tests; `@` is a picture
CONSTRUCTS = (
    "<p>@<p>@",
    "@",
    "<!doctype html><title>x</title>@",
    "<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 3.2//EN'><table><p>@</table>",
    "\ufeff<!doctype html><p>@",
    "<!doctype html>\r\n<p\r\n>\r\n@\r\n\r\n",
    "<!doctype html>\r<p>\r@\r\n\n\r",
    "<p>é ü \U0001f600 @ é</p>",
    "a\0b@c\0",
    "<table>@<tr>@<td>@</table>@",
    "<table><caption>@</caption><colgroup>@<col>@</colgroup><tbody>@<tr><td>@",
    "<table><tr><td><table>@<tr></table>@</td></tr></table>",
    "<b><p>@</b>@</p>",
    "<a href=1>@<a href=2>@</a>@</a>",
    "<a><table>@<a>@</table>",
    "<b><i><u>@</b>@</i>@</u>@",
    "<p><b><b><b><b>@<p>@",
    "<font><p>@</font><div>@</p>",
    "<nobr>@<nobr>@",
    "<button>@<button>@</button>@",
    "<form>@<form>@</form>@</form>",
    "<select><option>@<optgroup>@</select>@",
    "<svg>@</svg>@",
    "<svg><foreignObject>@</foreignObject><desc>@</desc><title>@</title></svg>",
    "<svg><image src=a.jpg></svg>@<image src=a.jpg>",
    "<math><mi>@</mi><annotation-xml encoding=text/html>@</annotation-xml>@</math>",
    "<math><mtext><p>@</mtext></math><math><annotation-xml>@",
    "<svg><![CDATA[@]]></svg><![CDATA[@]]>",
    "<noscript>@</noscript>@",
    "<head><noscript>@</noscript><link>@",
    "<template>@<template>@</template></template>@",
    "<table><template>@<tr>@</template></table>",
    "<!-- @ -->@<!-->@--><!--->@<!-- --!>@<!-- <!-- @ --> @",
    "<!-- @",
    "<script>'@'</script>@<script><!-- <script>@</script>@--></script>@",
    "<script>'@'",
    "<style>@</style>@<style>@",
    "<textarea>@</textarea>@<textarea>\n@",
    "<title>@</title>@<title>@",
    "<xmp>@</xmp>@<iframe>@</iframe>@<noembed>@</noembed>@<noframes>@</noframes>@",
    "<plaintext>@",
    "<pre>\n@\n</pre><listing>\r\n@</listing>",
    "<object>@<param></object><video>@<source></video><audio>@</audio><canvas>@</canvas>",
    "<picture>@</picture><picture><source srcset=b.webp>@<img src=a.jpg></picture>",
    "<picture><p>@</picture>@</p>",
    "<frameset>@<frame></frameset>@",
    "<body>@</body>@</html>@",
    "</p>@</br>@</body><p>@",
    "<html class=a><body class=b>@<html id=c><body id=d>@",
    "<h1>@<h2>@</h1>@",
    "<li>@<li><ul><li>@</ul>@<dd>@<dt>@",
    "<ruby>@<rt>@<rp>@</ruby><details><summary>@</details><dialog>@</dialog>",
    "<applet>@<marquee>@</applet>@</marquee>",
    "<IMG SRC=a.jpg><iMg\nsRc\n=\n'a.jpg'\n><img/src=a.jpg/><img src=a.jpg/>",
    "<img src=a.jpg alt=x>x</img><img src=a.jpg></img>",
    "<img src='a.jpg'alt='>'title=\"'>\"><img src=\"a.jpg\"\"><img =a src=a.jpg =>",
    "<img src=a.jpg src=b.jpg><img alt src><img src=a.jpg width=10 WIDTH=20>",
    "<img src='a.jpg' a<b c='<p>' `=' \"=x><img src=a.jpg alt=&lt;&notin;&#x0;&amp>",
    "<img\fsrc=a.jpg><img\tsrc=a.jpg\t><img src=a.jpg\0 \0=1><img\0src=a.jpg>",
    "<img src=&#97;.jpg><img src='&#x61;&period;jpg'><img src='a.jp&#10;g'><img src=' a.jpg '>",
    "<img src=a.jpg data-ir><img data-ir='0123456789ab' src=a.jpg>",
    "<source data-ir>@<link rel=stylesheet href=x.css data-ir>@",
    "@<img src=a.jpg",
    "@<img src='a.jpg",
    "@<img src=a.jpg alt='",
    "<p title='@'>@<p title=\"@\">@<p title=@>@",
    "<@>@</@>@<p @>@<!@>@<?@>@</ @>@<a/@>@",
    "&lt;@&gt;&#60;@&am@p;&#@;&@",
    "<p>" + "<b>" * 60 + "@" + "<p>@" * 5,
    "<div>" * 600 + "@" + "</div>" * 600 + "@",
    "<base href='/x/'>@<base href='/'>@",
    "<meta charset=windows-1252><p>é @",
    "<meta http-equiv=content-type content='text/html; charset=shift_jis'><p>\u8868 @",
    "<meta charset=utf-16><p>@",
    "<html amp>@",
    "<html ⚡>@",
    "<body><p>@</p>" + "\n" * 3 + "</body>\n</html>\n<!-- end -->\n@",
)

_SECTION = re.compile(r"^#data\n(.*?)\n#errors", re.DOTALL | re.MULTILINE)
_ATTRIBUTE = r' (?:width|height|loading|decoding|fetchpriority|srcset|sizes)="[^"]*"'
_INSERTED = re.compile(
    "|".join(
        (
            rf'(?:{_ATTRIBUTE})* data-ir="[0-9a-f]+(?: h)?"',
            "<picture data-ir>",
            '<source(?: [a-z]+="[^"]*")+ data-ir>',
            '<link rel="stylesheet" href="[^"]*" data-ir>',
        )
    ).encode()
)
# Whether a page has a picture that is to be edited, as Chromium reads it.
_HAS_PICTURE = """pages => pages.map(text => {
  const page = new DOMParser().parseFromString(text, 'text/html');
  const elsewhere = 'picture, noscript, pre, svg, math, object, canvas';
  return !page.querySelector('base') && [...page.querySelectorAll('img[src="a.jpg"]')].some(
    (one) => one instanceof HTMLImageElement && !one.closest(elsewhere));
})"""
# How Chromium reads two pages, ours taken out, where scripts are off; the first place where they differ.
_READ = """pages => pages.map(([before, after]) => {
  const [one, other] = [before, after].map(text => new DOMParser().parseFromString(text, 'text/html'));
  for (const added of other.querySelectorAll('[data-ir]')) {
    if (added.localName === 'picture') added.replaceWith(...added.childNodes);
    else if (added.localName !== 'img') added.remove();
    else for (const {name} of [...added.attributes]) {
      added.removeAttribute(name);
      if (name === 'data-ir') break;
    }
  }
  one.normalize(); other.normalize();
  if (one.isEqualNode(other)) return '';
  const [a, b] = [one, other].map(page => page.documentElement.outerHTML);
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return `${a.slice(Math.max(0, at - 60), at + 60)} became ${b.slice(Math.max(0, at - 60), at + 60)}`;
})"""


def html5lib_pages(folder):
    """The pages of html5lib's test data in `folder`, each with pictures in some places."""
    texts = {}
    for path in sorted(Path(folder).rglob("*.dat")):
        if "encoding" not in path.parts:
            for text in _SECTION.findall(path.read_bytes().decode("utf-8", "replace")):
                texts.setdefault(text)
    return [page for text in texts for page in _with_pictures(text)]


def _with_pictures(text):
    """`text` with a picture at its end, before each of its tags, and in all places."""
    places = [match.start() for match in re.finditer("<", text)][:8]
    pages = [text + PICTURE]
    pages += [text[:place] + PICTURE + text[place:] for place in places]
    return [*pages, PICTURE.join([*re.split("(?=<)", text), ""])]


def optimised(pages):
    """What the product makes of `pages`, each bytes, which show a photo as `a.jpg`.

    Returns the pages, and for those that it leaves the reason by number.
    """
    y, x = np.mgrid[:400, :700]
    waves = [128 + 90 * np.sin(x / 90 + y / 200 + shift) * np.cos(y / 70) for shift in range(3)]
    picture = encoded(np.stack(waves, -1).astype(np.uint8), "jpeg", quality=98)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "site"
        folder.mkdir()
        (folder / "a.jpg").write_bytes(picture)
        for number, page in enumerate(pages):
            (folder / f"{number}.html").write_bytes(page)
        written = {"pages": True, "cache_dir": str(Path(name) / "cache"), "jobs": 2}
        config = load(Source("odd HTML", written, folder), folder=folder, environ={})
        with Session(config, copies=True) as session:
            report = session.optimize_folder(folder)
        after = [(folder / f"{number}.html").read_bytes() for number in range(len(pages))]
    return after, {int(Path(page).stem): why for page, why in report.pages.left.items()}


def more_than_insertions(before, after):
    """What in the bytes of `after` is neither in `before` nor an insertion of ours; empty if nothing is."""
    place, opened, at = 0, 0, 0
    while at < len(after):
        if found := _INSERTED.match(after, at):
            opened += found[0].startswith(b"<picture")
            at = found.end()
        elif opened and after.startswith(b"</picture>", at):
            opened -= 1
            at += len(b"</picture>")
        elif after[at : at + 1] == before[place : place + 1]:
            place, at = place + 1, at + 1
        else:
            return f"{before[place : place + 60]!r} became {after[at : at + 60]!r}"
    return "" if place == len(before) else f"{before[place : place + 60]!r} is gone"


def _asked(browser, script, argument):
    window = browser.new_page()
    try:
        return window.evaluate(script, argument)
    finally:
        window.close()


def with_pictures(browser, pages):
    """The numbers of the pages, bytes, on which Chromium finds a picture to be edited."""
    texts = [page.decode("utf-8", "replace") for page in pages]
    return {n for n, found in enumerate(_asked(browser, _HAS_PICTURE, texts)) if found}


def faults(browser, before, after):
    """The faults of pages, by number: of bytes and of the trees that Chromium builds."""
    changed = [n for n, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    found = {n: why for n in changed if (why := more_than_insertions(before[n], after[n]))}
    pairs = [[side[n].decode("utf-8", "replace") for side in (before, after)] for n in changed]
    for n, why in zip(changed, _asked(browser, _READ, pairs), strict=True):
        if why:
            found.setdefault(n, why)
    return found


def _told(folder):
    before = [page.encode("utf-8", "surrogatepass") for page in html5lib_pages(folder)]
    after, left = optimised(before)
    changed = sum(one != other for one, other in zip(before, after, strict=True))
    with chromium() as browser:
        bad = faults(browser, before, after)
    yield f"{len(before)} pages, {changed} changed, {len(left)} left, {len(bad)} with faults"
    for why in sorted(set(left.values())):
        yield f"left: {why}: {sum(one == why for one in left.values())}"
    for number, why in bad.items():
        yield f"{before[number]!r}\n    {why}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in _told(sys.argv[1]))
