"""Whether anything on a page moves when its pictures get sizes and wrappers, as Chromium draws it."""

import base64
import io
from dataclasses import dataclass

from PIL import Image
from turbohtml import parse as read_page

from ir_build.pages.css import Styles, parse, sheet_links

#: widths of windows, in pixels: a phone, and a screen on which themes show all that they have
VIEWPORTS = (360, 1400)
#: what pages with sizes link to
RULE = ":where(img[data-ir]){height:auto}"

_BOXES = """
async () => {
    await Promise.all([...document.images].map(img => img.decode().catch(() => {})));
    return [...document.querySelectorAll('body, body *:not(picture, source)')].map(element => {
        const {x, y, width, height} = element.getBoundingClientRect();
        return [element.tagName, x, y, width, height];
    });
}
"""
_STYLE = """
text => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    document.adoptedStyleSheets.push(sheet);
}
"""
_SIZE = """
plans => {
    [...document.images].forEach((img, index) => {
        for (const [name, value] of Object.entries(plans[index])) img.setAttribute(name, value);
    });
}
"""
_WRAP = """
wraps => [...document.images].forEach((img, index) => {
    if (!wraps[index]) return;
    const picture = document.createElement('picture');
    picture.setAttribute('data-ir', '');
    img.replaceWith(picture);
    for (const type of ['image/none', 'image/nothing']) {
        const source = document.createElement('source');
        source.type = type;
        source.srcset = img.src;
        source.setAttribute('data-ir', '');
        picture.append(source);
    }
    picture.append(img);
})
"""


@dataclass
class Drawn:
    """What moved when sizes were added, and when pictures were wrapped; what was asked."""

    sized: list
    wrapped: list
    styles: list


def png(width, height):
    """An address of a flat picture."""
    out = io.BytesIO()
    Image.new("P", (width, height)).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def styles_of(html, sheets=(), unknown=""):
    """What is said of each picture of a page with only <style> elements, and `sheets`."""
    page = read_page(html)
    texts = [
        link.text
        for link in sheet_links(page.iter_elements(["link", "style"]))
        if link.text is not None
    ]
    sheets = [parse(text, address="page.css") for text in (*sheets, *texts)]
    styles = Styles(sheets, unknown=unknown)
    return [styles.of(img) for img in page.find_all("img")]


def boxes(page):
    """The boxes of all elements at each size of the window."""
    found = []
    for width in VIEWPORTS:
        page.set_viewport_size({"width": width, "height": 800})
        found.append(page.evaluate(_BOXES))
    return found


def moved(before, after):
    """The boxes that are elsewhere by more than half a pixel."""
    return [
        (width, old, new)
        for width, olds, news in zip(VIEWPORTS, before, after, strict=True)
        for old, new in zip(olds, news, strict=True)
        if any(abs(a - b) > 0.5 for a, b in zip(old[1:], new[1:], strict=True))
    ]


def added(img, natural, frame, height_given=0):
    """The attributes that a picture of this natural size gets, by those that it has."""
    width, height = natural
    if height_given:
        across = height_given * width / height
        return {"width": round(across)} if abs(across - round(across)) <= 0.1 else {}
    given = img.attr("width")
    if given is None:
        outer = width + frame
        return {"width": outer, "height": round(outer * height / width), "data-ir": "key"}
    if given.isdigit():
        return {"height": round(int(given) * height / width), "data-ir": "key"}
    return {"data-ir": "key"}


def draw(page, styles, imgs):
    """Add to the pictures of an open page what `styles` allow; `imgs` are those of its source.

    Chromium draws the page before and after, in windows of each width.
    """
    page.evaluate(_STYLE, "*, ::before, ::after {transition: none !important}")
    naturals = page.evaluate("[...document.images].map(i => [i.naturalWidth, i.naturalHeight])")
    before = boxes(page)
    plans = [
        {} if style.sizes_keep or not natural[0] else added(img, natural, style.frame, style.height)
        for style, img, natural in zip(styles, imgs, naturals, strict=True)
    ]
    page.evaluate(_STYLE, RULE)
    page.evaluate(_SIZE, plans)
    sized = boxes(page)
    page.evaluate(_WRAP, [not style.wrap_keeps for style in styles])
    return Drawn(moved(before, sized), moved(sized, boxes(page)), styles)


def draw_html(page, html):
    """As `draw`, of a page whose style sheets are in it."""
    page.set_content(html)
    return draw(page, styles_of(html), read_page(html).find_all("img"))
