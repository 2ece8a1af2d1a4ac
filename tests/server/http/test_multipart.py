"""The multipart parser against everything that clients are known to send, in any pieces."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir_build.errors import RequestError
from ir_build.server.http.multipart import Parser, PartBegin, PartEnd
from ir_build.server.storage.spool import Spool

BOUNDARY = "----Web=KitFormBoundary7MA4"


def parse(content_type, body, pieces=()):
    """All parts of a body that comes in pieces of the given sizes: [name, filename, data]."""
    parser = Parser(content_type)
    parts, whole = [], []
    at = 0
    for size in [*pieces, max(1, len(body))]:
        for event in parser.feed(body[at : at + size]):
            note(event, parts, whole)
        at += size
    for event in parser.finish():
        note(event, parts, whole)
    assert whole == list(range(len(parts)))
    return parts


def note(event, parts, whole):
    if isinstance(event, PartBegin):
        parts.append([event.name, event.filename, b""])
    elif isinstance(event, PartEnd):
        whole.append(len(parts) - 1)
    else:
        parts[-1][2] += event


@given(
    values=st.lists(st.binary(max_size=200), min_size=1, max_size=4),
    newline=st.sampled_from([b"\r\n", b"\n"]),
    closed=st.booleans(),
    quoted=st.booleans(),
    preamble=st.sampled_from([b"", b"This is MIME.", b"--other\r\n\r\n"]),
    pieces=st.lists(st.integers(1, 60), max_size=200),
)
def test_every_spelling_gives_the_same_parts(values, newline, closed, quoted, preamble, pieces):
    """LF or CRLF, closing boundary or none, quoted or not, a preamble, any pieces: the same data."""
    line = newline + b"--" + BOUNDARY.encode()
    values = [value.replace(b"\n--", b"\n__") for value in values]
    body = preamble
    for number, value in enumerate(values):
        head = b'Content-Disposition: form-data; name="f%d"; filename="a.png"' % number
        body += line + newline + head + newline + b"Content-Type: x/y" + newline * 2 + value
    body += line + b"--" + newline if closed else newline
    body = body if preamble else body.removeprefix(newline)
    kind = (
        f'multipart/form-data; boundary="{BOUNDARY}"'
        if quoted
        else f"multipart/form-data; boundary={BOUNDARY}"
    )
    expected = [[f"f{number}", "a.png", value] for number, value in enumerate(values)]
    assert parse(kind, body, pieces) == expected


@given(body=st.binary(max_size=400), pieces=st.lists(st.integers(1, 50), max_size=20))
def test_junk_is_refused_or_read_but_never_a_fault(body, pieces):
    """Any bytes around a boundary end in parts or in a RequestError."""
    body = body.replace(b"\x00", b"\r\n--b").replace(b"\x01", b"\n\n")
    try:
        parts = parse("multipart/form-data; boundary=b", body, pieces)
    except RequestError:
        return
    assert sum(len(data) for _, _, data in parts) <= len(body)


@pytest.mark.parametrize(
    ("line", "name", "filename"),
    [
        (b'form-data; name="file"; filename="C:\\dir\\a.png"', "file", "C:\\dir\\a.png"),
        (b"form-data; name=file; filename=a.png", "file", "a.png"),
        (b'form-data; filename="a;b\\".png"; name="file"', "file", 'a;b".png'),
        (b'form-data; name="file"; filename="\xc3\xa9.png"', "file", "é.png"),
        (b'form-data; name="file"; filename="\xe9.png"', "file", "é.png"),
        (b'form-data; name="file"; filename="x"; filename*=UTF-8\'\'%c3%a9', "file", "é"),
        (b'form-data; name="file"; filename=""', "file", ""),
        (b'form-data; name="auth"', "auth", None),
        (b"attachment", "", None),
    ],
)
def test_names_in_every_spelling(line, name, filename):
    """Quoted and not, escaped, UTF-8 and Latin-1, RFC 5987."""
    body = b"--b\r\ncontent-disposition: " + line + b"\r\n\r\nx\r\n--b--"
    assert parse("multipart/form-data; boundary=b", body) == [[name, filename, b"x"]]


def test_what_looks_like_a_boundary_and_is_none_is_data():
    """The boundary with something behind it on its line, or without a line end before it."""
    data = b"--b\r\n--bc\r\nx--b\r\n--b-\r\n--b x"
    body = b"--b\r\nA: b\r\n\r\n " + data + b"\r\n--b--\r\n--b\r\nignored"
    assert parse("multipart/form-data; boundary=b", body) == [["", None, b" " + data]]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--b\r\n\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=", b"--\r\n\r\nx"),
        ("multipart/form-data; boundary=" + "b" * 300, b"x"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"x" * 20_000),
        ("multipart/form-data; boundary=b", b"--b\r\nA: b\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"A: b\r\n" * 10_000),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n" * 100),
    ],
)
def test_what_makes_no_sense_or_does_not_end_is_refused(content_type, body):
    """No boundary, no part, endless preamble, endless headers, too many parts."""
    with pytest.raises(RequestError):
        parse(content_type, body, [7] * (len(body) // 7))


def test_a_file_that_comes_byte_by_byte_is_held_in_few_pieces(tmp_path):
    """What is held of a file weighs what the file does, whatever the pieces it came in."""
    parser = Parser("multipart/form-data; boundary=b")
    list(parser.feed(b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'))
    spool = Spool(tmp_path)
    content = bytes(range(256)) * 100
    for byte in content:
        for event in parser.feed(bytes([byte])):
            spool.write(event)
    for event in parser.feed(b"x" * 50_000 + b"\r\n--b--"):
        if not isinstance(event, PartEnd):
            spool.write(event)
    assert len(spool.pieces) <= 2
    assert spool.read() == content + b"x" * 50_000
    assert spool.read(30_000) == (content + b"x" * 50_000)[:30_000]
    assert spool.digest() == hashlib.sha256(spool.read()).digest()
