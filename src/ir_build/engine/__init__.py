"""The built-in engine: bytes in, bytes out, a folder for each format.

Every codec, such as `png/codec.py`, has one function: `compress(data, options) -> Candidate`. It returns
the smallest file that may stand for `data`. This file may be no smaller than `data`: the pipeline decides
which one is used. The function raises `FileSkipped` for a file that must not be touched, and an
`InputError` for a broken one. Inputs may be hostile. So the caller runs a codec in a worker process with
limits (see `sandbox`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from ..codec_packages import load
from ..errors import FileSkipped, Reason
from ..formats import FORMATS

if TYPE_CHECKING:
    from ..candidate import Candidate
    from ..formats import MediaType
    from ..options import Options
    from ..variant import Variant, Wanted

#: A counter, which is part of every cache key. Raise it when a codec produces other bytes than before.
ENGINE_VERSION = 15

#: The same for variants.
VARIANTS_VERSION = 4

#: the distributions whose code decides the bytes of results
CODEC_DISTRIBUTIONS = (
    "deflate",
    "fonttools",
    "mozjpeg-lossless-optimization",
    "numpy",
    "oxipng-pybind",
    "pikepdf",
    "pillow",
    "pyjpegli",
    "pypdfium2",
    "pyvips",
    "pyvips-binary",
)


class Codec(Protocol):
    """A module that compresses one format."""

    def compress(self, data: bytes, options: Options) -> Candidate:
        """The smallest file that may stand for `data`. Raises `FileSkipped` or an `InputError`."""


def compress(data: bytes, media: MediaType, options: Options) -> Candidate:
    """Make `data`, a file of type `media`, as small as `options` allow.

    Raises `FileSkipped` or an `InputError`. Any other error is a fault of the engine.
    """
    name = FORMATS[media].codec
    if name is None:
        raise FileSkipped(Reason.UNSUPPORTED_FORMAT)
    # A codec is imported when it is first needed. So an unchanged file costs no import.
    return cast("Codec", load(name)).compress(data, options)


class VariantMaker(Protocol):
    """The module that makes variants."""

    def make(
        self, data: bytes, media: MediaType, options: Options, wanted: Wanted, shipped: bytes
    ) -> tuple[Variant, ...]:
        """The files that stand beside `shipped`, made of `data`. Raises `FileSkipped` or an `InputError`."""


def make_variants(
    data: bytes, media: MediaType, options: Options, wanted: Wanted, shipped: bytes
) -> tuple[Variant, ...]:
    """The files that stand beside `data`, a picture of type `media`, in the order that a page offers them.

    `shipped` is what is shipped for `data`. Raises `FileSkipped` if a package is missing, or an `InputError`.
    """
    maker = cast("VariantMaker", load(f"{__name__}.variants"))
    return maker.make(data, media, options, wanted, shipped)


def variants_identity() -> str:
    """A text that only engines with the same variants share. It is part of the cache key."""
    return f"{identity()};variants/{VARIANTS_VERSION};pylibjxl={_version('pylibjxl')}"


def codec_versions() -> dict[str, str | None]:
    """The installed version of every codec distribution; None for one that is missing."""
    named = _named_by_folders()
    return {name: named.get(name) or _version(name) for name in CODEC_DISTRIBUTIONS}


def _named_by_folders() -> dict[str, str]:
    """The versions in the names of the folders that installers leave beside packages.

    `importlib.metadata` reads them with a parser for e-mail. The import of this parser alone takes longer
    than all else when there is nothing to do.
    """
    named: dict[str, str] = {}
    for folder in sys.path:
        for entry in sorted(Path(folder).glob("*.dist-info")):
            name, _, version = entry.stem.partition("-")
            named.setdefault(name.lower().replace("_", "-"), version)
    return named


def _version(name: str) -> str | None:
    from importlib import metadata  # noqa: PLC0415  (see above)

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def identity() -> str:
    """A text that only engines with the same results share. It is part of the cache key."""
    codecs = ",".join(f"{name}={version}" for name, version in codec_versions().items())
    return f"engine/{ENGINE_VERSION};{codecs}"
