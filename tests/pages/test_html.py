"""Pages are read with positions, changed by insertions only, and everything inserted comes out again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir_build.pages.html import Page, PageLeft

SIZES = ' width="8" height="9" data-ir="0123456789ab"'
WRAPPER = '<picture data-ir><source type="image/avif" srcset="a.avif" data-ir>'


def insert_everywhere(data):
    """The page with a wrapper and attributes at each picture that has a tag of its own."""
    page = Page(data)
    for element in page.document.select("img"):
        start, end = page.tag(element)
        if page.bytes[start : start + 4].lower() == b"<img":
            page.insert(start, WRAPPER)
            page.insert(start + 4, SIZES)
            page.insert(end, "</picture>")
    return page.written()


PAGES = {
    "plain": b'<!doctype html><p><img src="a.png" alt="x">',
    "no quotes": b"<p><img src=a.png alt=x><img/src=b.png>",
    "upper case": b"<P><IMG SRC=a.png></P>",
    "CRLF": b'<p>a\r\n<img\r\n src="a.png"\r\n>\r\n<img src=b.png>\r\n',
    "lone CR": b"<p>a\r<img src=a.png>\r\r<img src=b.png>",
    "byte order mark": b"\xef\xbb\xbf<!doctype html><img src=a.png>",
    "UTF-8": '<p>übergröße 漢字<img src="ü.png" alt="漢">'.encode(),
    "Latin-1": '<meta charset="iso-8859-1"><p>über<img src="ü.png" alt="ü">'.encode("latin-1"),
    "Shift JIS": '<meta charset="shift_jis"><p>表示<img src=a.png alt="表">'.encode("shift_jis"),
    "broken bytes": b"<p>\xff\xfe\x80<img src=a.png>\xc3",
    "unclosed": b"<div><p><a href=x><b><img src=a.png",
    "in a list": b"<ul><li><img src=a.png><li><a href=x><img src=b.png></a></ul>",
    "comments and scripts": b'<!-- <img src=c.png> --><script>"<img src=s.png>"</script><img src=a.png>',
    "an odd attribute": b'<img src=a.png alt="a > b" title=\'"\' =x "y>',
    "NUL": b"<p>\0<img src=a.png>\0",
    "textarea": b"<textarea><img src=t.png></textarea><img src=a.png>",
    "svg": b"<svg><image href=x /><foreignObject><img src=a.png></foreignObject></svg>",
}


@pytest.mark.parametrize("data", PAGES.values(), ids=PAGES.keys())
def test_all_other_bytes_stay_and_everything_comes_out_again(data):
    """Cutting our insertions out of the new page by their text leaves the old one; reading it does, too."""
    new = insert_everywhere(data)
    cut = new
    for inserted in (WRAPPER, SIZES, "</picture>"):
        cut = cut.replace(inserted.encode(), b"")
    assert cut == data
    assert Page(new).bytes == data
    assert insert_everywhere(new) == new


@given(
    st.lists(
        st.sampled_from(
            [
                b"<img src=a.png>", b'<img alt="', b"'", b'"', b">", b"<", b"<p>", b"</p>", b"<a href=x>",
                b"</a>", b"<table>", b"<tr><td>", b"</table>", b"<b>", b"</b>", b"<select>", b"</select>",
                b"<textarea>", b"</textarea>", b"<script>", b"</script>", b"<!--", b"-->", b"<svg>",
                b"</svg>", b"<noscript>", b"</noscript>", b"<template>", b"</template>", b"\r\n", b"\r",
                b"\xc3\xa9", b"\xff", b"\0", b"&amp;", b"<picture>", b"</picture>", b"<frameset>",
                b"<title>", b"</title>", b"<body>", b"<head>", b"<math>", b"<form>", b"<button>",
            ]
        ),
        max_size=14,
    )
)  # fmt: skip
def test_no_page_makes_it_lose_a_byte(pieces):
    """Whatever the HTML, a page is left alone, or comes out whole again."""
    data = b"".join(pieces)
    try:
        new = insert_everywhere(data)
    except PageLeft:
        return
    assert Page(new).bytes == data


def test_a_wrapper_that_browsers_would_put_elsewhere_is_refused():
    """In a table without cells, they move an element before the table, and what follows with it."""
    page = Page(b"<table><img src=a.png><tr><td>x</table>")
    (element,) = page.document.select("img")
    start, _ = page.tag(element)
    page.insert(start, "<select>")
    with pytest.raises(PageLeft):
        page.written()


def test_what_another_program_has_rewritten_is_left():
    """Where our attributes stand in another order or spelling, nothing is guessed."""
    for tag in (
        '<img src=a.png width="8" data-ir="0123456789ab">',
        "<img width=8 data-ir=0123456789ab src=a.png>",
        "<picture data-ir=''><img src=a.png></picture>",
        "<picture data-ir><img src=a.png></PICTURE>",
    ):
        with pytest.raises(PageLeft, match="another program"):
            Page(tag.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_left(encoding):
    """Its bytes are no ASCII."""
    data = "\ufeff<img src=a.png>".encode(encoding)
    with pytest.raises(PageLeft, match="UTF-16"):
        Page(data)


def test_attributes_are_read_in_the_encoding_of_the_page():
    """Names of files with letters beyond ASCII, by bytes and by character references."""
    for data, value in (
        ('<img src="ü.png">'.encode(), "ü.png"),
        ('<meta charset="iso-8859-1"><img src="ü.png">'.encode("latin-1"), "ü.png"),
        ('<meta http-equiv=content-type content="text/html; charset=cp1251"><img src="ж.png">'
         .encode("cp1251"), "ж.png"),
        (b'<img src="&uuml;.png">', "ü.png"),
        ('<img src="ü&#8211;.png">'.encode(), "ü\u2013.png"),
        ("\ufeff<meta charset=latin-1><img src='ü.png'>".encode(), "ü.png"),
    ):  # fmt: skip
        page = Page(data)
        (element,) = page.document.select("img")
        assert page.attribute(element, "src") == value
