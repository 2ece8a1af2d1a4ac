"""Which links of a server are followed."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from ..errors import TransportError

#: the names of this machine
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# The last part of an IP address begins with a digit in every spelling, as in 0x7f.1.
_HOST_NAME = re.compile(r"([a-z0-9_-]+\.)+[a-z][a-z0-9-]*[a-z0-9]", re.IGNORECASE)


def checked_link(api: str, link: str) -> str:
    """The address of a file that the server at `api` has named, if it may be fetched.

    Raises `TransportError`.
    """
    try:
        url = urljoin(f"{api}/", link)
        parts, ours = urlsplit(url), urlsplit(api)
        if (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc):
            return url
        both_here = {parts.hostname, ours.hostname} <= LOOPBACK
        if both_here and (parts.scheme, parts.port) == (ours.scheme, ours.port):
            return url
        if (
            parts.scheme == "https"
            and not parts.username
            and parts.port in (None, 443)
            # This excludes addresses of inner networks, in any spelling.
            and _HOST_NAME.fullmatch(parts.hostname or "")
        ):
            return url
    except ValueError:
        pass
    raise TransportError("the server names a file that is not served over https by a public host")
