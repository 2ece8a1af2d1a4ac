"""The names of variants: files that stand beside a picture, and hold it smaller or in another format."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from ..formats import FORMATS, MediaType

if TYPE_CHECKING:
    from .picture import VariantFile

#: the style sheet with the rule that `markup.RULE` holds
RULE_NAME = "ir-build-pictures.css"
_HASH_DIGITS = 12
_VARIANT = re.compile(
    rf"\.ir-[0-9a-f]{{{_HASH_DIGITS}}}-(?P<width>[0-9]{{1,5}})(?P<kind>w|still)(?P<suffix>\.[a-z]+)\Z"
)
#: Bytes that most file systems allow are 255. The rest is for temporary names and the like.
_LONGEST_STEM = 150
#: raise it when the same picture and settings shall have other names
_VERSION = "1"


def variant_hash(digest: str, settings: str) -> str:
    """What the names of all variants have in common of a picture that is shipped with `digest`."""
    text = f"{_VERSION} {digest} {settings}"
    return sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


def variant_name(name: str, hashed: str, variant: VariantFile) -> str:
    """The name of a variant of the file `name`.

    It differs for each content of the picture and each setting. So the file may be cached for ever.
    """
    stem = name.rpartition(".")[0] or name
    stem = stem.encode("utf-8", "surrogateescape")[:_LONGEST_STEM].decode("utf-8", "ignore")
    kind = "still" if variant.still else "w"
    return f"{stem}.ir-{hashed}-{variant.width}{kind}{FORMATS[variant.media].suffixes[0]}"


def read_variant(name: str) -> tuple[int, MediaType, bool] | None:
    """Width, type, and whether it is a still, by the name of a variant. None for other names."""
    found = _VARIANT.search(name)
    media = found and next(
        (one for one in MediaType if FORMATS[one].suffixes[0] == found["suffix"]), None
    )
    return (int(found["width"]), media, found["kind"] == "still") if found and media else None


def is_variant(name: str) -> bool:
    """Whether a file of this name is a variant."""
    return _VARIANT.search(name) is not None


def is_ours(name: str) -> bool:
    """Whether a file of this name is one that pages were made to name: a variant, or the rule."""
    return name == RULE_NAME or is_variant(name)
