"""What the peers that are Python libraries do to a folder: `peer_tools.py NAME SOURCE OUT`.

Runs in the peers' own environment.
"""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path


def mkdocs_material(path: Path, out: Path) -> None:
    """As the plugin calls them with its default settings."""
    if path.suffix == ".png":
        command = ["pngquant", "--force", "--skip-if-larger", "--strip", "--speed", "3"]
        subprocess.run([*command, "--output", str(out), str(path)], check=False)
        return
    from PIL import Image  # noqa: PLC0415

    with Image.open(path) as image:
        image.save(out, "jpeg", quality=60, progressive=True)


def pillow(path: Path, out: Path) -> None:
    """`optimize=True`, every other setting as it is."""
    from PIL import Image  # noqa: PLC0415

    buffer = BytesIO()
    with Image.open(path) as image:
        image.save(buffer, image.format, optimize=True, save_all=path.suffix == ".gif")
    if buffer.tell() < path.stat().st_size:
        out.write_bytes(buffer.getvalue())


def mozjpeg_lossless(path: Path, out: Path) -> None:
    """With all metadata."""
    import mozjpeg_lossless_optimization as mozjpeg  # noqa: PLC0415

    out.write_bytes(mozjpeg.optimize(path.read_bytes(), copy=mozjpeg.COPY_MARKERS.ALL))


def oxipng(level: int, path: Path, out: Path) -> None:
    """Metadata that is safe to strip goes."""
    import oxipng as codec  # noqa: PLC0415

    out.write_bytes(codec.optimize_from_memory(path.read_bytes(), level=level))


TOOLS = {
    "mkdocs-material": mkdocs_material,
    "pillow": pillow,
    "mozjpeg-lossless": mozjpeg_lossless,
    "oxipng-2": lambda path, out: oxipng(2, path, out),
    "oxipng-4": lambda path, out: oxipng(4, path, out),
}

if __name__ == "__main__":
    tool, source, target = TOOLS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3])
    for file in sorted(source.iterdir()):
        try:
            tool(file, target / file.name)
        except Exception as error:  # noqa: BLE001  (it counts as failed: the file is kept)
            print(f"{file.name}: {error}", file=sys.stderr)
