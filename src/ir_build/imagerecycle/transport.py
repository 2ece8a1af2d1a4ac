"""Send requests to one server, over the package requests, with time-outs, retries and streams.

This module does not know what is asked. Errors and the log never show the address of a request,
whose query holds the secret, nor its fields.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3 import exceptions

from ..errors import BackendError, ServiceUnavailable, TransportError, Unreadable
from .connections import Adapter, Connections
from .links import LOOPBACK, checked_link
from .multipart import FilePart, MultipartBody, SourceFault
from .retry_policy import RetryAfterGate, RetryPolicy, retry_after
from .wire import errors

if TYPE_CHECKING:
    from .wire.outgoing import Request

T = TypeVar("T")

_MAX_ANSWER = 4_000_000
_PIECE = 65_536
_AUTH = re.compile(r"([?&]auth=)[^&\s]*")


class Transport:
    """The connections to one server. Its methods may be called from several threads."""

    def __init__(self, url: str, *, connections: int, retry_policy: RetryPolicy) -> None:
        """`url` is the API's address; `connections` are kept open between calls."""
        parts = urlsplit(url)
        self.url = url
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._retry_policy = retry_policy
        self._gate = RetryAfterGate()
        self._session = requests.Session()
        self._connections = Connections()
        adapter = Adapter(self._connections, connections)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        # A .netrc must not add its login to ours. Proxies and CA bundles are still found.
        self._session.auth = no_auth
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers["Accept-Encoding"] = "identity"
        # No proxy sees what goes to this machine or without TLS, since the secret is in it.
        host = parts.hostname or ""
        is_direct = parts.scheme == "http" or host in LOOPBACK
        self._proxies = {"no_proxy": ",".join((*LOOPBACK, host))} if is_direct else None

    def call(
        self, request: Request, *, part: FilePart | None = None, once: bool = False
    ) -> tuple[bytes, bool]:
        """Send a request, an upload with its file. Returns the answer's body.

        The second value is True when the server may have carried out an earlier attempt, too, whose
        answer did not arrive. With `once` there is no second attempt then. Raises `BackendError`.
        """

        def attempt() -> bytes:
            sink = BytesIO()
            body: Any = dict(request.form) or None
            headers = {}
            if request.upload:
                body = MultipartBody(request.form, part)
                headers["Content-Type"] = body.content_type
            self._send(
                request.method, self.url + request.path, sink, limit=_MAX_ANSWER,
                upload=request.upload, params=request.query, data=body, headers=headers,
            )  # fmt: skip
            return sink.getvalue()

        return self._patiently(f"{request.method} {request.path}", attempt, once=once)

    def stream(self, request: Request, sink: BinaryIO) -> None:
        """Send a request whose answer is a file of any size. Raises `BackendError`."""
        start = sink.tell()

        def attempt() -> None:
            _rewind(sink, start)
            url = self.url + request.path
            self._send(request.method, url, sink, limit=None, params=request.query)

        self._patiently(f"{request.method} {request.path.rpartition('/')[0]}", attempt)

    def fetch(self, link: str, sink: BinaryIO, *, limit: int) -> None:
        """Write the file at `link`, of at most `limit` bytes, to `sink`, without credentials.

        Raises `BackendError`.
        """
        url = checked_link(self.url, link)
        start = sink.tell()

        def attempt() -> None:
            _rewind(sink, start)
            self._send("GET", url, sink, limit=limit)

        self._patiently("the download", attempt)

    def close(self) -> None:
        """Close the connections. What is under way ends and is not tried again."""
        self._gate.abandon()
        self._connections.cut()
        self._session.close()

    def _send(
        self, method: str, url: str, sink: BinaryIO, *, limit: int | None, upload: bool = False,
        **request: Any,
    ) -> None:  # fmt: skip
        """One attempt. A success goes to `sink`. Raises `_FailedAttempt`."""
        retry_policy = self._retry_policy
        sent = len(request["data"]) if upload else 0
        started = time.monotonic()

        def in_time(received: int) -> bool:
            return time.monotonic() - started < retry_policy.seconds(sent + received)

        try:
            with self._connections.deadline(retry_policy.seconds(sent)):
                head = self._session.request(
                    method,
                    url,
                    timeout=(retry_policy.connect, retry_policy.read),
                    stream=True,
                    allow_redirects=False,
                    proxies=self._proxies,
                    **request,
                )
            with head as answer:
                if not 200 <= answer.status_code < 300:
                    raise _error_response(answer, in_time, upload=upload)
                _receive(answer, sink, limit, in_time)
        except Unreadable:
            raise
        except SourceFault as fault:
            raise fault.error from fault.__cause__
        except (requests.RequestException, exceptions.HTTPError, OSError) as error:
            raise self._trouble(error, url) if in_time(0) else _too_long() from None

    def _trouble(self, error: Exception, url: str) -> _FailedAttempt:
        words = next((words for kind, words in _TROUBLES if isinstance(error, kind)), None)
        parts = urlsplit(url)
        told = f"{words or type(error).__name__}{_reason(error)}"
        never_left = _never_left(error)
        return _FailedAttempt(
            TransportError(
                f"{parts.scheme}://{parts.netloc}: {told}",
                unreachable=never_left and not isinstance(error, requests.exceptions.SSLError),
            ),
            again=not isinstance(
                error, requests.exceptions.SSLError | requests.exceptions.InvalidURL
            ),
            lost=not never_left,
        )

    def _patiently(
        self, what: str, attempt: Callable[[], T], *, once: bool = False
    ) -> tuple[T, bool]:
        """The result, and whether the answer to an earlier attempt was lost."""
        lost = False
        started = time.monotonic()
        for number in range(1, self._retry_policy.attempts + 1):
            if not self._gate.wait():
                raise TransportError(f"{what}: given up, the client was closed", lost=lost)
            try:
                return attempt(), lost
            except _FailedAttempt as fault:
                lost = lost or fault.lost
                again = fault.again and not (once and lost)
                seconds = time.monotonic() - started
                if fault.error.unreachable and seconds > self._retry_policy.connect:
                    again = False  # a user without a network should know within seconds
                too_long = fault.wait > self._retry_policy.longest_pause
                if not again or too_long or number == self._retry_policy.attempts:
                    raise fault.final(what, lost=lost) from None
                if fault.wait:
                    self._gate.close_for(fault.wait)
                self._gate.wait(self._retry_policy.before(number))
        raise AssertionError  # the last attempt returns or raises


class _FailedAttempt(Exception):
    """Why an attempt failed."""

    def __init__(
        self, error: BackendError, *, again: bool, lost: bool = False, wait: float = 0.0
    ) -> None:
        super().__init__()
        self.error = error
        self.again = again  #: whether it may go well the next time
        self.lost = lost  #: whether the server may have done what was asked
        self.wait = wait  #: seconds that the server asks for

    def final(self, what: str, *, lost: bool) -> BackendError:
        if isinstance(self.error, TransportError):
            unreachable = self.error.unreachable and not lost
            return TransportError(f"{what}: {self.error}", lost=lost, unreachable=unreachable)
        self.error.lost = lost
        if isinstance(self.error, ServiceUnavailable):
            self.error.retry_after = self.wait
        return self.error


def _receive(
    answer: requests.Response, sink: BinaryIO, limit: int | None, in_time: Callable[[int], bool]
) -> None:
    size = 0
    # iter_content would wait for a whole piece, however slowly it comes.
    while piece := answer.raw.read1(_PIECE, decode_content=True):
        size += len(piece)
        if limit is not None and size > limit:
            raise _FailedAttempt(TransportError("the answer is larger than it may be"), again=False)
        if not in_time(size):
            raise _too_long()
        try:
            sink.write(piece)
        except OSError as error:
            raise Unreadable(f"cannot be written: {error.strerror or error}") from None
    declared = answer.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) != size and "Content-Encoding" not in answer.headers:
        raise _FailedAttempt(TransportError("the answer was cut short"), again=True, lost=True)


def _error_response(
    answer: requests.Response, in_time: Callable[[int], bool], *, upload: bool
) -> _FailedAttempt:
    if 300 <= answer.status_code < 400:
        words = "the server redirects elsewhere; is IR_BUILD_API_URL right?"
        return _FailedAttempt(TransportError(words), again=False)
    sink = BytesIO()
    _receive(answer, sink, _MAX_ANSWER, in_time)
    error = errors.decode(answer.status_code, sink.getvalue(), upload=upload)
    return _FailedAttempt(
        error,
        again=isinstance(error, ServiceUnavailable),
        wait=retry_after(answer.headers),
        lost=answer.status_code in (502, 504),  # a gateway that did not get the answer
    )


def _too_long() -> _FailedAttempt:
    return _FailedAttempt(TransportError("the server takes too long"), again=False, lost=True)


def _never_left(error: Exception) -> bool:
    """Whether the request certainly did not reach the server."""
    if isinstance(
        error,
        requests.exceptions.ConnectTimeout
        | requests.exceptions.SSLError
        | requests.exceptions.ProxyError,
    ):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, exceptions.NewConnectionError | exceptions.NameResolutionError)


def _reason(error: Exception) -> str:
    """The reason that the system gave, in brackets, without the address, which holds the secret."""
    cause: Any = getattr(error.args[0] if error.args else None, "reason", None) or error
    if isinstance(cause, exceptions.NameResolutionError):
        return " (its name cannot be resolved; is there a network?)"
    while cause is not None:
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException):
            return f" ({cause.strerror})" if cause.strerror else ""
        nested = (one for one in cause.args if isinstance(one, BaseException))
        cause = next(nested, None) or cause.__cause__ or cause.__context__
    return ""


_TROUBLES: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.SSLError, "the server's certificate is not trusted"),
    (requests.exceptions.ProxyError, "the proxy does not answer"),
    (requests.exceptions.ConnectTimeout, "the server cannot be reached"),
    (requests.exceptions.ReadTimeout, "the server takes too long"),
    (exceptions.ReadTimeoutError, "the server takes too long"),
    (exceptions.ProtocolError, "the answer was cut short"),
    (exceptions.DecodeError, "the answer is damaged"),
    (requests.exceptions.InvalidURL, "the address is not valid"),
    (requests.exceptions.ConnectionError, "the connection failed"),
)


def _rewind(sink: BinaryIO, start: int) -> None:
    sink.seek(start)
    sink.truncate()


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Adds nothing to a request, where requests would look for a login in .netrc."""
    return request


class _Redacting(logging.Filter):
    """Takes the credentials out of the addresses that urllib3 logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                _AUTH.sub(r"\1***", arg) if isinstance(arg, str) else arg for arg in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_Redacting())
