"""Uploads: as they should be, and as shipped clients send them."""

from __future__ import annotations

import json
import re
from typing import Any

from .probe import FORM, Probe, Reply, expect, multipart

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def _sent(probe: Probe, fields: dict[str, str], **more: Any) -> dict[str, Any]:
    body, content_type = multipart({**probe.signature, **fields}, probe.picture(), **more)
    return probe.upload(body, content_type).document(201)


def _reply(probe: Probe, fields: dict[str, str], data: bytes | None) -> Reply:
    body, content_type = multipart({**probe.signature, **fields}, data)
    return probe.upload(body, content_type)


def upload(probe: Probe) -> None:
    """POST /images answers 201 with every documented field."""
    image = probe.image()
    for name in ("id", "width", "height", "size_before", "size_after"):
        expect(type(image.get(name)) is int, f"{name} is not a whole number")
    expect((image["width"], image["height"]) == (48, 32), "width and height are not the picture's")
    expect(image["size_after"] <= image["size_before"], "it grew")
    expect(image["size_before"] == len(probe.picture()), "size_before is not what was sent")
    saved = image.get("saved")
    expect(isinstance(saved, int | float) and 0 <= saved <= 1, "saved is no proportion")
    for name in ("time", "expiration_date"):
        expect(_TIME.fullmatch(str(image.get(name))), f"{name} is not YYYY-MM-DD HH:MM:SS")
    for name in ("origin_url", "optimized_url"):
        expect(str(image.get(name)).startswith("http"), f"{name} is no address")
    expect(image.get("filename") == "a.png", "filename is not what was sent")


def paths(probe: Probe) -> None:
    r"""A whole local path as the file name, with / or \, is reduced to its last part."""
    for name in ("/var/www/img/b.png", "C:\\\\img\\\\b.png", "../../b.png"):
        found = _sent(probe, {}, name=name).get("filename")
        expect(found == "b.png", f"{found!r} of {name!r}")


def kinds(probe: Probe) -> None:
    """The part's content type does not matter, the bytes do."""
    for kind in ("application/octet-stream", "image/jpeg", "text/plain"):
        image = _sent(probe, {}, kind=kind)
        reply = probe.send("GET", image["optimized_url"])
        found = reply.headers.get("Content-Type", "")
        expect(found.startswith("image/png"), f"the result of {kind} is served as {found}")


def line_feeds(probe: Probe) -> None:
    """A multipart body whose lines end in LF only."""
    _sent(probe, {}, line=b"\n")


def not_closed(probe: Probe) -> None:
    """A multipart body without the closing boundary."""
    _sent(probe, {}, closed=False)


def odd_boundary(probe: Probe) -> None:
    """A multipart boundary with = in it, not quoted."""
    _sent(probe, {}, boundary="----=_Part_1=2")


def params(probe: Probe) -> None:
    """The params may be empty, [] or {}, and have keys nobody knows."""
    for text in ("", "[]", "{}", '{"resize": [], "unknown": {"a": 1}}'):
        _sent(probe, {"params": text})


def params_nested(probe: Probe) -> None:
    """The params of older clients: {"params": {...}, "url": ""}."""
    inner = {"compression_type": "lossless", "resize": {"width": 24}}
    image = _sent(probe, {"params": json.dumps({"params": inner, "url": ""})})
    expect((image["width"], image["height"]) == (24, 16), "what is inside is not obeyed")


def resize(probe: Probe) -> None:
    """A resize fits into the box, keeps the aspect and never enlarges."""
    for box, size in (
        ({"width": 24}, (24, 16)),
        ({"height": 16}, (24, 16)),
        ({"width": 24, "height": 30}, (24, 16)),
        ({"width": 4800, "height": 3200}, (48, 32)),
    ):
        image = _sent(probe, {"params": json.dumps({"resize": box})})
        found = (image["width"], image["height"])
        expect(found == size, f"{found[0]} x {found[1]} of 48 x 32 in {box}")


def params_wrong(probe: Probe) -> None:
    """A compression_type that there is not, and params that are no JSON, are 400."""
    for text in ('{"compression_type": "tiny"}', "{"):
        _reply(probe, {"params": text}, probe.picture()).refused(400)


def both(probe: Probe) -> None:
    """Of a file and an address the file is taken."""
    image = _sent(probe, {"url": "http://127.0.0.1:9/x.png"})
    expect(image["filename"] == "a.png", "it is not the file")


def neither(probe: Probe) -> None:
    """Neither file nor address is 400, multipart or not."""
    _reply(probe, {}, None).refused(400)
    probe.call("POST", "/images").refused(400)


def rubbish(probe: Probe) -> None:
    """What is broken or no image is 400, never 403 or 500, and costs nothing."""
    before = probe.call("GET", "/accounts/mine").document()["quota_current"]
    half = probe.picture()[:200]
    for data in (b"", b"hello", half, b"\x89PNG\r\n\x1a\n" + bytes(100), b"%PDF-1.7\n%%EOF"):
        _reply(probe, {}, data).refused(400)
    after = probe.call("GET", "/accounts/mine").document()["quota_current"]
    expect(after == before, "it was charged")


def addresses(probe: Probe) -> None:
    """An address of this machine, of an inner network or of another scheme is 400."""
    for url in (
        "http://127.0.0.1/a.png", "http://localhost/a.png", "http://[::1]/a.png",
        "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/a.png", "file:///etc/passwd",
        "gopher://example.org/a.png", "no address",
    ):  # fmt: skip
        _reply(probe, {"url": url}, None).refused(400)


def unsigned(probe: Probe) -> None:
    """An upload without credentials is 401."""
    body, content_type = multipart({}, probe.picture())
    probe.upload(body, content_type).refused(401)
    probe.send("POST", "/images", body=b"url=http://a.example/", content_type=FORM).refused(401)


CHECKS = (
    upload, paths, kinds, line_feeds, not_closed, odd_boundary, params, params_nested, resize,
    params_wrong, both, neither, rubbish, addresses, unsigned,
)  # fmt: skip
