"""Other tools on the same files: how they are installed, and what each does to a folder.

They live in a folder of their own, beside this file, and never in the project's environment: some
are under licences that the project does not depend on.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import timing

from ir_build.formats import MediaType

if TYPE_CHECKING:
    from timing import Cost

_HOME = Path(__file__).parent / ".peers"
_PYTHON = _HOME / "venv" / "bin" / "python"
_HERE = Path(__file__).parent
_PACKAGES = (
    "mozjpeg-lossless-optimization",
    "optimize-images",
    "oxipng-pybind",
    "picopt",
    "pillow",
    "ssimulacra2",
)
_NODE_PACKAGES = ("sharp", "svgo")
#: programs that the tools above call, from the system's packages
_PROGRAMS = ("pngquant", "node", "npm")


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool, and how to have it make a folder's files smaller."""

    name: str
    kind: str  #: lossy or lossless
    media: tuple[MediaType, ...]
    #: the command; {source} and {out} are folders, out is a copy of source when `in_place`
    command: tuple[str, ...]
    in_place: bool = False

    def run(self, source: Path, out: Path) -> Cost:
        """Make smaller what is in `source`; what the tool does not write is taken as it is."""
        if self.in_place:
            shutil.copytree(source, out)
        else:
            out.mkdir()
        cost = timing.command([part.format(source=source, out=out) for part in self.command])
        for path in source.iterdir():
            if not (out / path.name).exists():
                shutil.copyfile(path, out / path.name)
        return cost


def _tool(name: str) -> tuple[str, ...]:
    return (str(_PYTHON), str(_HERE / "peer_tools.py"), name, "{source}", "{out}")


_SHARP = ("node", str(_HERE / "peer_sharp.cjs"), str(_HOME))
_SVGO = ("node", str(_HERE / "peer_svgo.cjs"), str(_HOME))
_JPEG, _PNG, _GIF, _WEBP, _AVIF, _SVG = (
    MediaType.JPEG,
    MediaType.PNG,
    MediaType.GIF,
    MediaType.WEBP,
    MediaType.AVIF,
    MediaType.SVG,
)
PEERS = (
    # The `optimize` plugin of Material for MkDocs: Pillow at quality 60, and pngquant.
    Peer("mkdocs-material", "lossy", (_JPEG, _PNG), _tool("mkdocs-material")),
    Peer("sharp", "lossy", (_JPEG, _PNG, _GIF, _WEBP, _AVIF), (*_SHARP, "{source}", "{out}")),
    Peer(
        "optimize-images",
        "lossy",
        (_JPEG, _PNG, _WEBP),
        (str(_PYTHON.with_name("optimize-images")), "{out}"),
        in_place=True,
    ),
    Peer("pillow", "lossy", (_JPEG,), _tool("pillow")),
    Peer("pillow", "lossless", (_PNG, _GIF), _tool("pillow")),
    Peer("mozjpeg-lossless", "lossless", (_JPEG,), _tool("mozjpeg-lossless")),
    Peer("oxipng level 2", "lossless", (_PNG,), _tool("oxipng-2")),
    Peer("oxipng level 4", "lossless", (_PNG,), _tool("oxipng-4")),
    Peer(
        "picopt",
        "lossless",
        (_JPEG, _PNG, _GIF, _WEBP),
        (str(_PYTHON.with_name("picopt")), "-q", "-r", "{out}"),
        in_place=True,
    ),
    Peer("svgo", "lossy", (_SVG,), (*_SVGO, "default", "{source}", "{out}")),
    # Ids, descriptions and what editors read back stay, as with us; and outlines, too.
    Peer("svgo, ids kept", "lossy", (_SVG,), (*_SVGO, "kept", "{source}", "{out}")),
    Peer("svgo, as drawn", "lossless", (_SVG,), (*_SVGO, "exact", "{source}", "{out}")),
)


def installed() -> bool:
    """Whether the peers are there."""
    return _PYTHON.exists() and (_HOME / "node_modules").exists()


def install() -> None:
    """Install the peers, with pip, npm and, where it can be used, the system's package manager."""
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing and shutil.which("apt-get"):
        _run("apt-get", "install", "--yes", "--no-install-recommends", *missing)
    venv.create(_HOME / "venv", with_pip=False)
    _run(sys.executable, "-m", "pip", "--python", str(_PYTHON), "install", *_PACKAGES)
    _run("npm", "install", "--prefix", str(_HOME), *_NODE_PACKAGES)


def _run(*command: str) -> None:
    print("$", *command)
    subprocess.run(command, check=True)
