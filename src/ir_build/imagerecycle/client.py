"""A client of the API over requests: what a build needs of it."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests

from ..errors import BackendError, ServiceUnavailable, TransportError
from . import wire
from .wire import answers, faults, outgoing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..errors import ApiError
    from .credentials import Credentials
    from .wire import Account, Image

_TIMEOUTS = (10, 120)  #: seconds to connect, and between two pieces of an answer
_ATTEMPTS = 4
_LONGEST_PAUSE = 60.0
_MAX_ANSWER = 1_000_000
_POOL = 16


class Client:
    """Speaks for one account to one server. Its methods may be called from several threads."""

    def __init__(self, credentials: Credentials, *, pause: float = 0.5) -> None:
        """`pause`: seconds before the first retry; doubled for every further one."""
        self._credentials = credentials
        self._auth = wire.Auth(credentials.key, credentials.secret)
        self._pause = pause
        self.origin = "{0.scheme}://{0.netloc}".format(urlsplit(credentials.url))
        self._session = requests.Session()
        adapter = requests.adapters.HTTPAdapter(pool_connections=2, pool_maxsize=_POOL)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        # A .netrc must not add its own login to ours; proxies are still found.
        self._session.auth = _no_auth

    def account(self) -> Account:
        """The account's quota and limits. Raises `BackendError`."""
        query = {"auth": outgoing.encode_auth(self._auth)}
        return answers.decode_account(self._call("GET", "/accounts/mine", params=query))

    def upload(self, data: bytes, name: str, params: str) -> Image:
        """Send a file called `name` and have it compressed. Raises `BackendError`."""
        fields = {"auth": outgoing.encode_auth(self._auth), "params": params}
        found = self._call("POST", "/images", data=fields, files={"file": (name, data)})
        return answers.decode_image(found, upload=True)

    def download(self, image: Image, *, limit: int) -> bytes:
        """The compressed file, at most `limit` bytes. No credentials are sent.

        Raises `BackendError` unless it arrives whole.
        """
        url = urljoin(self.origin, image.optimized_url)
        parts = urlsplit(url)
        if parts.scheme != "https" and f"{parts.scheme}://{parts.netloc}" != self.origin:
            raise TransportError("the server names a file that is not served over https")
        data = self._send("GET", url, limit=limit, what="the download")
        if image.size_after and len(data) != image.size_after:
            raise TransportError(
                f"the download has {len(data)} bytes instead of {image.size_after}"
            )
        return data

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _call(self, method: str, path: str, **request: Any) -> bytes:
        return self._send(
            method,
            self._credentials.url + path,
            limit=_MAX_ANSWER,
            what=f"{method} {path}",
            **request,
        )

    def _send(self, method: str, url: str, *, limit: int, what: str, **request: Any) -> bytes:
        """One request and its retries. Nothing of `url` and `request` gets into an error."""
        pause = self._pause
        failure: BackendError | None
        for attempt in range(_ATTEMPTS):
            wait = pause * (2**attempt) * random.uniform(0.5, 1.5)  # noqa: S311  (jitter)
            try:
                with self._session.request(
                    method,
                    url,
                    timeout=_TIMEOUTS,
                    stream=True,
                    allow_redirects=False,
                    headers={"Accept-Encoding": "identity"},
                    **request,
                ) as answer:
                    body = _body(answer, limit)
                    failure = _failure(answer, body, what)
                    wait = max(wait, min(_LONGEST_PAUSE, _retry_after(answer.headers)))
            except (requests.RequestException, OSError) as error:
                # requests puts the address, and with it the secret, into its messages.
                failure = TransportError(f"{what}: {_in_words(error)}")
            if failure is None:
                return body
            retried = isinstance(failure, (TransportError, ServiceUnavailable))
            if not retried or attempt == _ATTEMPTS - 1:
                raise failure from None
            time.sleep(wait)
        raise AssertionError  # the last attempt returns or raises


def _body(answer: requests.Response, limit: int) -> bytes:
    parts = []
    size = 0
    for part in answer.iter_content(65_536):
        size += len(part)
        if size > limit:
            raise OSError("the answer is larger than it may be")
        parts.append(part)
    declared = answer.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) != size:
        raise OSError("the answer was cut short")
    return b"".join(parts)


def _failure(answer: requests.Response, body: bytes, what: str) -> TransportError | ApiError | None:
    if 300 <= answer.status_code < 400:
        return TransportError(f"{what}: the server redirects elsewhere; is IR_BUILD_API_URL right?")
    if not 200 <= answer.status_code < 300:
        return faults.decode(answer.status_code, body, upload=what.startswith("POST"))
    return None


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the server asks to wait; it may also give a date."""
    value = headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def _in_words(error: Exception) -> str:
    for kind, words in _FAULTS:
        if isinstance(error, kind):
            return words
    return str(error) if type(error) is OSError else type(error).__name__


_FAULTS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.SSLError, "the server's certificate is not trusted"),
    (requests.exceptions.ProxyError, "the proxy does not answer"),
    (requests.exceptions.ConnectTimeout, "the server cannot be reached"),
    (requests.exceptions.ReadTimeout, "the server takes too long"),
    (requests.exceptions.ChunkedEncodingError, "the answer was cut short"),
    (requests.exceptions.ConnectionError, "the connection failed"),
)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
