"""The endpoints of images, over a socket, on SQLite and a folder and on PostgreSQL and S3."""

import io
import zipfile

import pytest
import requests
from PIL import Image

from pictures import flat

pytestmark = pytest.mark.slow

IMAGE = {
    "id": int,
    "filename": str,
    "width": int,
    "height": int,
    "size_before": int,
    "size_after": int,
    "saved": float,
    "time": str,
    "expiration_date": str,
    "origin_url": str,
    "optimized_url": str,
}


def fetch(url):
    return requests.get(url, timeout=30, allow_redirects=False)


def test_an_upload_comes_back_smaller_and_both_files_can_be_fetched(server):
    """201 with the documented image; its links give the original and what was made of it."""
    sent = flat()
    answer = server.upload(sent, "a b.png", params='{"compression_type":"lossless"}')
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    image = answer.json()
    assert {name: type(value) for name, value in image.items()} == IMAGE
    assert (image["filename"], image["width"], image["height"]) == ("a b.png", 60, 40)
    assert image["size_before"] == len(sent) > image["size_after"] > 0
    assert image["saved"] == pytest.approx(1 - image["size_after"] / len(sent), abs=1e-4)
    assert fetch(image["origin_url"]).content == sent
    optimized = fetch(image["optimized_url"])
    assert len(optimized.content) == image["size_after"] == int(optimized.headers["content-length"])
    assert optimized.headers["content-type"] == "image/png"
    shown, original = (Image.open(io.BytesIO(one)) for one in (optimized.content, sent))
    assert shown.convert("RGB").tobytes() == original.tobytes()
    head = requests.head(image["optimized_url"], timeout=30)
    assert (head.status_code, head.headers["content-length"]) == (200, str(image["size_after"]))


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=300000-", slice(300_000, None)),
        ("bytes=-7", slice(-7, None)),
        ("Bytes=5-99999999", slice(5, None)),
        ("bytes=-99999999", slice(0, None)),
    ],
)
def test_a_range_of_a_file_can_be_fetched(either, asked, part):
    """206 with those bytes, of a file of several pieces, and where they stand; for the same version
    only."""
    sent = flat() + bytes(range(256)) * 1500
    link = either.upload(sent).json()["origin_url"]
    whole = fetch(link)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    tag = whole.headers["etag"]
    for version, status in ((None, 206), (tag, 206), ('"other"', 200)):
        headers = {"Range": asked} | ({"If-Range": version} if version else {})
        answer = requests.get(link, headers=headers, timeout=30)
        assert answer.status_code == status
        assert answer.content == (sent[part] if status == 206 else sent)
        start, end, _ = part.indices(len(sent))
        where = f"bytes {start}-{end - 1}/{len(sent)}" if status == 206 else None
        assert answer.headers.get("content-range") == where


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=999999999-", 416),
        ("bytes=-0", 416),
        ("bytes=5-4", 200),
        ("bytes=-", 200),
        ("bytes=0-1,4-5", 200),
        ("pages=0-1", 200),
        ("bytes=" + "9" * 5000 + "-", 200),
        ("bytes=a-b", 200),
    ],
)
def test_a_range_that_is_none_is_told_or_passed_over(either, asked, status):
    """Beyond the end: 416 and the size; what cannot be understood, or is several: the whole file."""
    link = either.upload(flat()).json()["origin_url"]
    answer = requests.get(link, headers={"Range": asked}, timeout=30)
    assert answer.status_code == status
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(flat())}"
    else:
        assert answer.content == flat()


def test_params_reach_the_engine(server):
    """`resize` fits the picture in; `params` in `params`, empty ones and unknown keys are taken."""
    sent = flat((200, 100))
    small = server.upload(sent, params='{"resize":{"width":50},"whatever":1}').json()
    assert (small["width"], small["height"]) == (50, 25)
    older = server.upload(sent, params='{"params":{"resize":{"height":"20"}}}').json()
    assert (older["width"], older["height"]) == (40, 20)
    for params in ("", "[]", "{}", '{"resize":[]}'):
        assert server.upload(sent, params=params).json()["width"] == 200
    for params in ("{", '"x"', '{"compression_type":"best"}', '{"resize":{"width":-1}}'):
        assert server.upload(sent, params=params).status_code == 400


def test_images_are_listed_shown_and_deleted(server):
    """What was uploaded is listed newest first, shown by id, and gone after its deletion."""
    first = server.upload(flat(colour="red")).json()
    second = server.upload(flat(colour="blue")).json()
    for path in ("/images", "/images/"):
        listed = server.get(path).json()
        assert [item["id"] for item in listed["items"][:2]] == [second["id"], first["id"]]
    assert server.get(f"/images/{first['id']}/").json() == first
    gone = server.call("DELETE", f"/images/{first['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert server.call("DELETE", f"/images/{first['id']}").status_code == 404
    assert server.get(f"/images/{first['id']}").status_code == 404
    for url in (first["optimized_url"], first["origin_url"]):
        assert fetch(url).status_code == 404
    assert fetch(second["optimized_url"]).status_code == 200


def test_pages_of_a_list_lead_to_one_another(server):
    """`prev` and `next` are links with offset and limit, and carry no credentials; junk is a default."""
    server.call("DELETE", "/images")
    made = [server.upload(flat(colour=f"#0000{n:02x}")).json()["id"] for n in range(5)]
    found, url, pages = [], f"{server.url}/images?limit=2", 0
    while url:
        assert "secret" not in url
        page = requests.get(url, {"auth": server.auth()}, timeout=30).json()
        assert page["total"] == 5
        found += [item["id"] for item in page["items"]]
        url = page["next"] and page["next"]["link"]
        pages += 1
    assert (found, pages) == (made[::-1], 3)
    last = server.get("/images", offset=4, limit=2).json()
    assert (last["next"], last["prev"]["offset"], last["prev"]["limit"]) == (None, 2, 2)
    for offset, limit in ((-1, 0), ("x", "y"), ("", ""), (10**30, 10**30)):
        page = server.get("/images", offset=offset, limit=limit).json()
        assert [item["id"] for item in page["items"]] == made[::-1]
    assert server.get("/images", offset=2**63 - 1).json()["items"] == []


def test_all_images_of_the_caller_are_deleted_and_nobody_elses(server):
    """DELETE /images and /images/all empty the caller's list only."""
    sub = server.as_account(server.new_sub())
    theirs = sub.upload(flat()).json()
    for path in ("/images/all", "/images/"):
        server.upload(flat())
        assert server.call("DELETE", path).status_code == 204
        assert server.get("/images").json()["total"] == 0
    assert [item["id"] for item in sub.get("/images").json()["items"]] == [theirs["id"]]


def test_equal_uploads_share_what_is_stored_and_outlive_one_another(server):
    """The second of two equal uploads is an image of its own, charged, with a life of its own."""
    sent, before = flat(colour="orange"), server.used()
    one, two = (server.upload(sent, name).json() for name in ("one.png", "two.png"))
    assert one["id"] != two["id"]
    assert (two["filename"], two["size_after"]) == ("two.png", one["size_after"])
    assert server.used() == before + 2 * len(sent)
    server.call("DELETE", f"/images/{one['id']}")
    assert fetch(two["origin_url"]).content == sent
    other = server.upload(sent, params='{"resize":{"width":10}}').json()
    assert other["width"] == 10


def test_a_file_that_cannot_shrink_comes_back_itself(server):
    """Equal sizes and equal bytes: the original is its own optimised file."""
    image = server.upload(flat()).json()
    small = fetch(image["optimized_url"]).content
    again = server.upload(small).json()
    assert again["size_after"] == again["size_before"] == len(small)
    assert again["saved"] == 0
    assert fetch(again["optimized_url"]).content == small


def test_a_zip_holds_the_files_under_distinct_names(server):
    """Equal names are told apart; any id that is not the caller's is a 404 for the whole zip."""
    sent = [flat(colour=colour) for colour in ("red", "lime", "navy")]
    ids = [
        server.upload(data, name)
        for data, name in zip(sent, ("x.png", "X.png", "x.png"), strict=True)
    ]
    ids = [answer.json()["id"] for answer in ids]
    path = "/images/zip/original/" + ",".join(map(str, ids))
    answer = server.get(path)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert [archive.read(name) for name in archive.namelist()] == sent
        assert len({name.lower() for name in archive.namelist()}) == 3
    assert server.get(f"{path},{max(ids) + 1000}").status_code == 404
    assert server.get("/images/zip/original/x").status_code == 404
    assert server.get("/images/zip/other/1").status_code == 404
    assert requests.get(server.url + path, timeout=30).status_code == 401
    sub = server.as_account(server.new_sub())
    assert sub.get(path).status_code == 404


def test_what_is_no_usable_file_is_a_400_and_costs_nothing(server):
    """Type, content, size and absence: 400 with the documented body, and no charge."""
    before = server.used()
    broken = flat()[:200]
    for answer in (
        server.upload(b"just text"),
        server.upload(b""),
        server.upload(broken),
        server.upload(b"\x89PNG\r\n\x1a\n"),
        server.upload(b"%PDF-1.7\nnothing"),
        server.upload(b"\x89PNG\r\n\x1a\n" + bytes(50_000_001)),
        server.call("POST", "/images"),
        server.call("POST", "/images", url="http://127.0.0.1/a.png"),
    ):
        assert answer.status_code == 400, answer.text
        assert answer.json().keys() == {"errCode", "errMessage"}
        assert answer.json()["errCode"] == 400
    assert server.used() == before


def test_every_format_is_taken(server):
    """The type comes from the bytes: a wrong name and a wrong content type do not matter."""
    for kind, mime in (("jpeg", "image/jpeg"), ("gif", "image/gif"), ("webp", "image/webp")):
        image = server.upload(flat((90, 70), kind=kind), "wrong.bin").json()
        assert (image["width"], image["height"]) == (90, 70)
        assert fetch(image["optimized_url"]).headers["content-type"] == mime
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><!-- x --><g/></svg>'
    image = server.upload(svg, "a.svg").json()
    assert (image["width"], image["height"]) == (30, 20)


def test_errors_are_json_with_the_status_in_them(server):
    """Whatever goes wrong, the body is errCode and errMessage; success has no errCode."""
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("GET", "/images/12345678", 404),
        ("GET", "/images/x1", 404),
        ("GET", "/images/99999999999999999999", 404),
        ("PATCH", "/images", 405),
        ("POST", "/accounts/mine", 405),
    ):
        answer = server.call(method, path)
        assert answer.status_code == answer.json()["errCode"] == status
        assert answer.json()["errMessage"]
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "errCode" not in server.get("/images").json()
