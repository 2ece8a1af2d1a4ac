"""What the server counts, for Prometheus. No label comes from what a client sent."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, start_http_server
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response
from starlette.routing import Route

from .errors import wrong_setting

if TYPE_CHECKING:
    from starlette.requests import Request

_BUCKETS = (0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        make: Any = {"registry": self._registry, "namespace": "ir_build"}
        Info("server", "Version", **make).info({"version": version("ir-build")})
        self._requests = Counter("requests", "Requests", ["method", "route", "status"], **make)
        self._seconds = Histogram(
            "request_seconds", "Seconds to answer", ["route"], buckets=_BUCKETS, **make
        )
        self._before = Counter("bytes_before", "Bytes of accepted uploads", **make)
        self._after = Counter("bytes_after", "Bytes of what was made of them", **make)
        self._uploads = Counter("uploads", "Accepted uploads by outcome", ["outcome"], **make)
        #: by the code of the error
        self.failures = Counter("failures", "Files that could not be worked on", ["kind"], **make)
        self.fetches = Counter("fetches", "Fetched URLs by outcome", ["outcome"], **make)
        self.swept = Counter("swept", "What garbage collection has removed", ["what"], **make)

        # Looking a child up costs several times what counting does.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._outcomes = {
            name: self._uploads.labels(name) for name in ("compressed", "original", "known")
        }

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        key = (method, route, status)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = (
                self._requests.labels(method, route, status),
                self._seconds.labels(route),
            )
        children[0].inc()
        children[1].observe(seconds)

    def accepted(self, outcome: str, before: int, after: int) -> None:
        """Count an upload: compressed, original (no smaller one was found) or known (stored)."""
        self._outcomes[outcome].inc()
        self._before.inc(before)
        self._after.inc(after)

    def watch(self, name: str, help_: str, value: Callable[[], float]) -> None:
        """Show what `value` gives whenever somebody looks."""
        gauge = Gauge(name, help_, registry=self._registry, namespace="ir_build")
        gauge.set_function(value)

    def route(self, path: str) -> Route:
        """The metrics as a route of the application."""

        async def endpoint(_: Request) -> Response:
            return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

        return Route(path, endpoint)

    def listen(self, address: str) -> Callable[[], None]:
        """Serve the metrics at `HOST:PORT` on a thread. Returns what ends it. Raises `ConfigError`."""
        host, _, port = address.rpartition(":")
        try:
            server, thread = start_http_server(
                int(port), host.strip("[]") or "127.0.0.1", self._registry
            )
        except (OSError, ValueError) as error:
            raise wrong_setting("metrics", f"{address}: {error}") from error

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop
