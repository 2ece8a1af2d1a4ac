"""Sends requests exactly as they are given, and looks at the answers."""

from __future__ import annotations

import contextlib
import itertools
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

import requests

from ...containers.png_chunks import SIGNATURE, PngChunk
from .. import transport
from ..wire import Auth, coerce
from ..wire.outgoing import encode_auth

if TYPE_CHECKING:
    from requests.structures import CaseInsensitiveDict


_TIMEOUT = (10, 120)
FORM = "application/x-www-form-urlencoded"


class Broken(Exception):
    """A claim does not hold."""


class Skipped(Exception):
    """A claim cannot be tried here."""


def expect(condition: object, words: str) -> None:
    """Raises `Broken` unless the condition holds."""
    if not condition:
        raise Broken(words)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever it is."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes

    def document(self, status: int = 200) -> dict[str, Any]:
        """The JSON object of a success, which the answer must be."""
        expect(self.status == status, f"{self.status} instead of {status}{self._message()}")
        kind = self.headers.get("Content-Type", "nothing").replace(" ", "").lower()
        expect(kind == "application/json;charset=utf-8", f"sent as {kind}")
        found = self._object()
        if found is None:
            raise Broken("no JSON object")
        expect("errcode" not in coerce.lowered(found), "errCode in a success")
        return found

    def refused(self, status: int) -> None:
        """The answer must be an error of that status with its documented body."""
        expect(self.status == status, f"{self.status} instead of {status}{self._message()}")
        found = self._object() or {}
        expect(found.get("errCode") == self.status, "errCode is not the status")
        expect(isinstance(found.get("errMessage"), str), "no errMessage")

    def empty(self, status: int) -> None:
        """The answer must have no body."""
        expect(self.status == status, f"{self.status} instead of {status}{self._message()}")
        expect(not self.body, "a body")

    def _object(self) -> dict[str, Any] | None:
        with contextlib.suppress(ValueError):
            found = coerce.parsed(self.body)
            return found if isinstance(found, dict) else None
        return None

    def _message(self) -> str:
        found = coerce.lowered(self._object() or {})
        return f" ({str(found['errmessage'])[:80]})" if found.get("errmessage") else ""


class Run:
    """What the probes of one run share; at its end what they made is deleted."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.auth = transport.no_auth
        self.session.headers = {"Accept-Encoding": "identity"}
        self.undo: list[Callable[[], object]] = []
        self.numbers = itertools.count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for undo in reversed(self.undo):
            with contextlib.suppress(requests.RequestException):
                undo()
        self.session.close()


class Probe:
    """Speaks for one account."""

    def __init__(self, run: Run, url: str, auth: Auth) -> None:
        self.url = url
        self.auth = auth
        self._run = run

    @property
    def signature(self) -> dict[str, str]:
        """The field `auth`."""
        return {"auth": encode_auth(self.auth)}

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        content_type: str | None = None,
    ) -> Reply:
        """A request as it is given, without credentials of its own."""
        url = path if "://" in path else self.url + path
        headers = {} if content_type is None else {"Content-Type": content_type}
        answer = self._run.session.request(
            method, url, params=query, data=body or None, headers=headers, timeout=_TIMEOUT,
            allow_redirects=False,
        )  # fmt: skip
        return Reply(answer.status_code, answer.headers, answer.content)

    def call(self, method: str, path: str, **form: str) -> Reply:
        """A call as our client makes it: signed in the form of a POST, else in the query."""
        if method == "POST":
            body = urlencode({**self.signature, **form}).encode()
            return self.send(method, path, body=body, content_type=FORM)
        body = urlencode(form).encode()
        kind = FORM if form else None
        return self.send(method, path, query=self.signature, body=body, content_type=kind)

    def curl(self, method: str, path: str, *fields: str) -> Reply:
        """A call as the documentation's curl lines make it: `-d` for every field, as it stands."""
        signature = f'auth={{"key":"{self.auth.key}","secret":"{self.auth.secret}"}}'
        body = "&".join((signature, *fields)).encode()
        return self.send(method, path, body=body, content_type=FORM)

    def upload(self, body: bytes, content_type: str) -> Reply:
        """A `POST /images` whose image is deleted at the end."""
        reply = self.send("POST", "/images", body=body, content_type=content_type)
        if reply.status == 201:
            identifier = reply.document(201).get("id")
            self._run.undo.append(lambda: self.call("DELETE", f"/images/{identifier}"))
        return reply

    def image(self) -> dict[str, Any]:
        """A picture that was just uploaded as any client would, like no other."""
        body, content_type = multipart(self.signature, self.picture())
        return self.upload(body, content_type).document(201)

    def picture(self) -> bytes:
        """A PNG file like no other of this run, which anybody can make smaller."""
        return png(next(self._run.numbers))

    def sub_account(self, **fields: str) -> dict[str, Any]:
        """A new sub-account, deleted at the end."""
        reply = self.call("POST", "/accounts/sub", **{"title": "ir-build conformance", **fields})
        if reply.status == 403:
            raise Skipped("this account may not have sub-accounts")
        made = reply.document(201)
        self._run.undo.append(lambda: self.call("DELETE", f"/accounts/sub/{made['id']}"))
        return made

    def as_account(self, sub: Mapping[str, Any]) -> Probe:
        """A probe for a sub-account, in the same run."""
        auth = Auth(str(sub.get("api_key")), str(sub.get("api_secret")))
        return Probe(self._run, self.url, auth)


def multipart(
    fields: Mapping[str, str],
    data: bytes | None,
    *,
    name: str = "a.png",
    kind: str = "application/octet-stream",
    line: bytes = b"\r\n",
    boundary: str = "----conformance",
    closed: bool = True,
) -> tuple[bytes, str]:
    """The body and the content type of an upload, correct or as some client is known to err."""
    parts = [
        f'Content-Disposition: form-data; name="{field}"'.encode() + line * 2 + value.encode()
        for field, value in fields.items()
    ]
    if data is not None:
        disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
        parts.append(
            disposition.encode() + line + f"Content-Type: {kind}".encode() + line * 2 + data
        )
    mark = f"--{boundary}".encode()
    body = b"".join(mark + line + part + line for part in parts)
    if closed:
        body += mark + b"--" + line
    return body, f"multipart/form-data; boundary={boundary}"


def png(number: int) -> bytes:
    """A picture of 48 x 32 pixels, stored without compression."""
    colour = bytes((number % 256, number // 256 % 256, 140))
    rows = b"".join(b"\0" + colour * 48 for _ in range(32))
    header = b"\0\0\0\x30\0\0\0\x20\x08\x02\0\0\0"
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b""))
    return SIGNATURE + b"".join(PngChunk(kind, data).encode() for kind, data in chunks)
