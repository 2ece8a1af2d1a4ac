"""Which file of the site an address on a page means, and how a file beside it is called."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

if TYPE_CHECKING:
    from .html import Page

#: where a site is whose address nobody has told: by the standard (RFC 2606) there is no such host
_NOWHERE = "http://site.invalid/"
_BLANKS = " \t\n\r\f"
# A relative address in which nothing is escaped, and what may follow it.
_PLAIN = re.compile(r"((?:[\w-][\w.-]*/|\.\./)*[\w-][\w.-]*)(?:\?[\w.=&-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is: in the site's folder and on the web."""

    #: the address of the site's root, with a slash at its end
    site: str
    #: what relative addresses on the page are relative to
    base: str

    def file(self, address: str) -> PurePosixPath | None:
        """The file that `address` means, from the site's root; None if it is elsewhere or no file."""
        plain = _PLAIN.fullmatch(address)
        if plain and self.base.startswith(self.site):
            # Most are so, and the long way takes ten times as long.
            folder = self.base[len(self.site) :].rpartition("/")[0]
            inside = posixpath.normpath(posixpath.join(folder, plain[1]))
            within = not folder or ("?" not in folder and _PLAIN.fullmatch(folder))
            if within and not inside.startswith("."):
                return _path(inside)
        address = address.strip(_BLANKS).replace("\t", "").replace("\n", "").replace("\r", "")
        if not address or address.startswith("#"):
            return None
        try:
            parts = urlsplit(urljoin(self.base, address.replace("\\", "/")))
            site = urlsplit(self.site)
        except ValueError:
            return None
        if parts.netloc.lower() != site.netloc.lower() or not parts.path.startswith(site.path):
            return None
        raw = unquote_to_bytes(parts.path[len(site.path) :])
        if b"\0" in raw or not raw or raw.endswith(b"/"):
            return None
        path = PurePosixPath(raw.decode("utf-8", "surrogateescape"))
        return None if path.is_absolute() or ".." in path.parts else path


# Most pages of a site name the same files.
@lru_cache(maxsize=4096)
def _path(inside: str) -> PurePosixPath:
    return PurePosixPath(inside)


#: for files that are addressed from other files of the site only, as style sheets are
UNKNOWN_SITE = Place(_NOWHERE, _NOWHERE)


def address_of(place: Place, file: PurePosixPath) -> str:
    """The whole address of a file of the site."""
    return urljoin(place.site, quote(file.as_posix(), errors="surrogateescape"))


def of_unknown_site(address: str, place: Place = UNKNOWN_SITE) -> str:
    """The same address if the site were `UNKNOWN_SITE`; one that is elsewhere stays as it is."""
    inside = address.startswith(place.site)
    return UNKNOWN_SITE.site + address.removeprefix(place.site) if inside else address


def place_of(page: Page, path: PurePosixPath, site: str | None) -> Place:
    """Where `page` is, which is the file `path` of a site at the address `site`, if that is known."""
    root = (site or _site_by(page, path) or _NOWHERE).split("#")[0].split("?")[0]
    root = root if root.endswith("/") else f"{root}/"
    own = address_of(Place(root, root), path)
    for element in page.elements("base"):
        if "href" not in element.attrs:
            continue
        href = page.attribute(element, "href")
        return Place(root, urljoin(own, href.strip(_BLANKS)) if href else own)
    return Place(root, own)


def _site_by(page: Page, path: PurePosixPath) -> str | None:
    """The site's address by what the page says of its own; None if it does not fit to its path."""
    for link in page.elements("link"):
        if (link.attr("rel") or "").lower() != "canonical" or "href" not in link.attrs:
            continue
        address = page.attribute(link, "href") or ""
        if not address.startswith(("http://", "https://")):
            return None
        for ending in _endings(path):
            if address.endswith(f"/{ending}"):
                return address.removesuffix(ending)
    return None


def _endings(path: PurePosixPath) -> list[str]:
    """How addresses of the page `path` end: with or without its file's name or suffix."""
    text = quote(path.as_posix(), errors="surrogateescape")
    if path.name == "index.html":
        folder = text.removesuffix("index.html")
        return [text, folder] if folder else [text, ""]
    return [text, text.removesuffix(path.suffix), f"{text.removesuffix(path.suffix)}/"]


def beside(address: str, name: str) -> str | None:
    """The address for `srcset` of the file `name` that stands beside the one at `address`.

    None if it cannot be told.
    """
    path = for_srcset(address.split("#", maxsplit=1)[0].split("?", maxsplit=1)[0])
    return path and path[: path.rfind("/") + 1] + quote(name, safe="~", errors="surrogateescape")


def for_srcset(address: str) -> str | None:
    """An address as it may stand in `srcset`, where blanks and commas separate. None if it may not."""
    address = address.strip(_BLANKS)
    if "\\" in address or any(blank in address for blank in "\t\n\r\f"):
        return None
    return address.replace(" ", "%20").replace(",", "%2C")


def trimmed(address: str) -> str:
    """An address without the blanks around it that browsers do not see."""
    return address.strip(_BLANKS)
