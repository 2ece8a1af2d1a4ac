"""What is kept of uploads: lists, files, zips, and their end."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from .probe import Broken, Probe, Reply, expect, multipart


def _file(probe: Probe, link: str, method: str = "GET") -> Reply:
    reply = probe.send(method, link)
    expect(reply.status == 200, f"{reply.status} instead of 200")
    return reply


def files(probe: Probe) -> None:
    """Result and original can be had without credentials, whole and with their type."""
    data = probe.picture()
    body, content_type = multipart(probe.signature, data)
    image = probe.upload(body, content_type).document(201)
    found = _file(probe, image["optimized_url"])
    expect(len(found.body) == image["size_after"], "the result has another size than size_after")
    expect(found.body.startswith(b"\x89PNG"), "the result is no PNG file")
    expect(found.headers.get("Content-Length") == str(len(found.body)), "no Content-Length")
    expect(_file(probe, image["origin_url"]).body == data, "the original is not what was sent")


def heads(probe: Probe) -> None:
    """HEAD tells type and length of a file and sends nothing."""
    link = probe.image()["optimized_url"]
    got, head = _file(probe, link), _file(probe, link, "HEAD")
    expect(not head.body, "a body")
    for name in ("Content-Type", "Content-Length"):
        expect(head.headers.get(name) == got.headers.get(name), f"another {name}")


def names(probe: Probe) -> None:
    """The name in a file's address is not looked at; original and origin are the same."""
    image = probe.image()
    _file(probe, image["optimized_url"].rpartition("/")[0] + "/other%20name.png")
    kind = "/original/" if "/original/" in image["origin_url"] else "/origin/"
    other = "/origin/" if kind == "/original/" else "/original/"
    one = _file(probe, image["origin_url"]).body
    expect(_file(probe, image["origin_url"].replace(kind, other)).body == one, "another file")


def tokens(probe: Probe) -> None:
    """A token opens one file of one type; wrong ones are 404."""
    link = probe.image()["optimized_url"]
    for wrong in (
        link.replace("/optimized/", "/original/"),
        f"{probe.url}/images/optimized/{'0' * 32}/a.png",
        f"{probe.url}/images/optimized/x/a.png",
        f"{probe.url}/images/other/{'0' * 32}/a.png",
    ):
        probe.send("GET", wrong).refused(404)


def one(probe: Probe) -> None:
    """GET /images/:id shows what the upload answered; other ids are 404."""
    image = probe.image()
    found = probe.call("GET", f"/images/{image['id']}").document()
    expect(found == image, "it is not shown as it was answered")
    for identifier in ("999999999999", "0", "x", "-1", "99999999999999999999"):
        probe.call("GET", f"/images/{identifier}").refused(404)


def pages(probe: Probe) -> None:
    """GET /images: newest first, total, prev and next whose links carry no credentials."""
    below = probe.as_account(probe.sub_account())
    ids = [below.image()["id"] for _ in range(3)][::-1]

    def page(**query: str) -> dict[str, Any]:
        return below.send("GET", "/images", query={**below.signature, **query}).document()

    first = page(limit="2")
    expect([image["id"] for image in first["items"]] == ids[:2], "not the newest first")
    expect(first["total"] == 3, "total is not how many there are")
    expect(first["prev"] is None, "the first page has a prev")
    following = first["next"]
    expect(isinstance(following, dict), "next is no object")
    expect((following.get("offset"), following.get("limit")) == (2, 2), "next does not lead on")
    expect(below.auth.secret not in str(following.get("link")), "credentials in a link")
    last = page(offset="2", limit="2")
    expect([image["id"] for image in last["items"]] == ids[2:], "the second page is another")
    expect(last["next"] is None and isinstance(last["prev"], dict), "prev or next is wrong")
    for query in ({"offset": "x", "limit": "y"}, {"offset": "-1", "limit": "0"}):
        found = page(**query)
        expect(len(found["items"]) == 3, "an invalid offset or limit is not the default")


def zips(probe: Probe) -> None:
    """GET /images/zip/:type/:ids gives a zip with distinct names."""
    made = [probe.image() for _ in range(2)]
    ids = ",".join(str(image["id"]) for image in made)
    reply = probe.call("GET", f"/images/zip/optimized/{ids}")
    expect(reply.status == 200, f"{reply.status} instead of 200")
    kind = reply.headers.get("Content-Type", "")
    expect(kind.startswith("application/zip"), f"sent as {kind}")
    try:
        with zipfile.ZipFile(io.BytesIO(reply.body)) as opened:
            sizes = sorted(one.file_size for one in opened.infolist())
            inside = set(opened.namelist())
    except zipfile.BadZipFile:
        raise Broken("no zip file") from None
    expect(len(inside) == 2, "the names are not distinct")
    expect(sizes == sorted(image["size_after"] for image in made), "not the files")


def zips_closed(probe: Probe) -> None:
    """A zip needs credentials, and ids of the caller's own."""
    identifier = probe.image()["id"]
    probe.send("GET", f"/images/zip/optimized/{identifier}").refused(401)
    probe.call("GET", "/images/zip/optimized/999999999999").refused(404)
    probe.call("GET", f"/images/zip/other/{identifier}").refused(404)


def delete(probe: Probe) -> None:
    """DELETE /images/:id is 204 without a body; then image and files are 404."""
    image = probe.image()
    probe.call("DELETE", f"/images/{image['id']}").empty(204)
    probe.call("DELETE", f"/images/{image['id']}").refused(404)
    probe.call("GET", f"/images/{image['id']}").refused(404)
    for link in (image["optimized_url"], image["origin_url"]):
        probe.send("GET", link).refused(404)


def others(probe: Probe) -> None:
    """Another account's images are 404, whatever is asked of them."""
    image = probe.image()
    below = probe.as_account(probe.sub_account())
    for method in ("GET", "DELETE"):
        below.call(method, f"/images/{image['id']}").refused(404)
    below.call("GET", f"/images/zip/optimized/{image['id']}").refused(404)
    probe.call("GET", f"/images/{image['id']}").document()


def delete_all(probe: Probe) -> None:
    """DELETE /images/all and /images delete the caller's images, and nobody else's."""
    kept = probe.image()
    below = probe.as_account(probe.sub_account())
    for path in ("/images/all", "/images"):
        below.image()
        below.call("DELETE", path).empty(204)
        found = below.call("GET", "/images").document()
        expect(found["total"] == 0, f"{path} left something")
    probe.call("GET", f"/images/{kept['id']}").document()


def unsigned(probe: Probe) -> None:
    """Without credentials nothing is listed, shown or deleted: 401."""
    identifier = probe.image()["id"]
    for method, path in (
        ("GET", "/images"),
        ("GET", f"/images/{identifier}"),
        ("DELETE", f"/images/{identifier}"),
        ("DELETE", "/images/all"),
        ("GET", "/accounts/sub"),
    ):
        probe.send(method, path).refused(401)


def nowhere(probe: Probe) -> None:
    """A path that there is not is 404 with the documented body."""
    probe.call("GET", "/nothing/here").refused(404)


CHECKS = (
    files, heads, names, tokens, one, pages, zips, zips_closed, delete, others, delete_all,
    unsigned, nowhere,
)  # fmt: skip
