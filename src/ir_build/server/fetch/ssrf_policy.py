"""Where files may be fetched from, decided on the very address that is connected to."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import quote, urljoin, urlsplit

from ..errors import wrong_setting
from .public_addresses import is_public

_PORTS = {"http": 80, "https": 443}


class ForbiddenAddress(Exception):
    """The URL leads nowhere that may be fetched from."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL."""

    scheme: str
    host: str
    port: int
    path: str  #: with its query, escaped

    @property
    def url(self) -> str:
        """The whole of it, as a base for relative ones."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """Host and port, as the header Host has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str, base: str = "") -> Target:
    """What `url` asks for; a relative one starts at `base`. Raises `ForbiddenAddress`."""
    if any(character <= " " or character in "\\\x7f" for character in url):
        raise ForbiddenAddress("the URL has characters in it that no URL has")
    try:
        parts = urlsplit(urljoin(base, url))
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    except ValueError:  # a host that is no name, and half a surrogate pair, too
        raise ForbiddenAddress("it is no URL") from None
    if parts.scheme not in _PORTS or not host:
        raise ForbiddenAddress("only http and https URLs are fetched")
    if parts.username is not None or parts.password is not None:
        raise ForbiddenAddress("a URL with a user name is not fetched")
    path = f"{path}?{query}" if query else path
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


class SsrfPolicy:
    """What the operator allows."""

    def __init__(self, policy: str, allowed: Iterable[str]) -> None:
        """`policy`: off, listed or public; `allowed`: hosts and networks. Raises `ConfigError`."""
        #: whether nothing is fetched at all
        self.off = policy == "off"
        self._policy = policy
        #: names, or ends of names after `*`, and their ports
        self._hosts: set[tuple[str, int | None]] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in allowed:
            self._add(entry)

    def addresses(self, target: Target) -> list[tuple[socket.AddressFamily, str]]:
        """The addresses to connect to. They are resolved once, and all of them are allowed.

        Raises `ForbiddenAddress` and OSError.
        """
        listed = self._is_listed(target.host, target.port)
        if not listed and self._policy != "public" and not self._networks:
            raise ForbiddenAddress("not a host of url_allow")
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        addresses: list[tuple[socket.AddressFamily, str]] = [
            (family, str(address[0])) for family, _, _, _, address in found
        ]
        public = self._policy == "public" and target.port in _PORTS.values()
        for _, address in addresses:
            if not (listed or self._in_network(address) or (public and is_public(address))):
                raise ForbiddenAddress("not an address that may be fetched from")
        return addresses

    def _add(self, entry: str) -> None:
        try:
            self._networks.append(ip_network(entry))
        except ValueError:
            host, port = _split(entry)
            plain = host.removeprefix("*.")
            if not plain or "*" in plain or "/" in plain:
                raise wrong_setting(
                    "url_allow",
                    f"{entry!r} is neither a host (name, *.name, name:port) nor a network",
                ) from None
            self._hosts.add((host, port))

    def _is_listed(self, host: str, port: int) -> bool:
        name = host.lower().rstrip(".")
        # An entry without a port means those of http and https.
        ports = {port, None} if port in _PORTS.values() else {port}
        return any(
            its in ports and (name.endswith(given[1:]) if given[0] == "*" else name == given)
            for given, its in self._hosts
        )

    def _in_network(self, address: str) -> bool:
        found = ip_address(address.partition("%")[0])
        return any(found in network for network in self._networks)


def _split(entry: str) -> tuple[str, int | None]:
    host, colon, port = entry.lower().rpartition(":")
    if colon and port.isdigit():
        return host.strip("[]").rstrip("."), int(port)
    return entry.lower().strip("[]").rstrip("."), None
