"""Draw the pictures of the example sites, so that each of them is ours to give away.

    python examples/make_assets.py examples/mkdocs/docs
    python examples/make_assets.py --small examples/plain/pages/img examples/hugo/static/img ...

The screenshot and the manual are made with a browser from the built site; they are committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

RNG = np.random.default_rng(7)


def noise(width: int, height: int, octaves: int) -> np.ndarray:
    """Smooth random values from 0 to 1, finer with every octave."""
    total = np.zeros((height, width))
    for octave in range(octaves):
        cells = 2 ** (octave + 1)
        grid = RNG.random((cells + 1, cells * 2 + 1))
        layer = Image.fromarray((grid * 255).astype(np.uint8))
        smooth = layer.resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(smooth) / 255 * 0.5**octave
    return (total - total.min()) / (total.max() - total.min())


def mountains(width: int, height: int) -> Image.Image:
    """A hazy mountain range at dusk, with the grain of a photograph."""
    rows = np.linspace(0, 1, height)[:, None]
    sky = np.stack(
        [250 - 120 * (1 - rows), 170 + 30 * rows - 60 * (1 - rows), 120 + 90 * (1 - rows)], -1
    )
    picture = np.broadcast_to(sky, (height, width, 3)).copy()
    clouds = noise(width, height, 6)[..., None]
    picture += np.clip(clouds - 0.55, 0, 1) * [120, 90, 80]
    columns = np.arange(width)
    for layer in range(5):
        depth = layer / 4
        profile = noise(width, 4, 8 if layer else 6)[1]
        top = height * (0.35 + 0.13 * layer) - profile * height * 0.22
        mask = np.arange(height)[:, None] > top[columns]
        rock = noise(width, height, 8)[..., None] * 50
        tone = np.array([150, 120, 140]) * (1 - depth) + np.array([28, 44, 36]) * depth
        shade = tone + rock * (0.2 + 0.8 * depth) - 20
        picture[mask] = np.broadcast_to(shade, picture.shape)[mask]
    picture += RNG.normal(0, 3, picture.shape)
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def spinner(size: int, frames: int) -> list[Image.Image]:
    """A dial whose hand goes round."""
    pictures = []
    for frame in range(frames):
        picture = Image.new("RGB", (size, size), "#f6f8fa")
        draw = ImageDraw.Draw(picture)
        draw.ellipse((8, 8, size - 8, size - 8), outline="#57606a", width=4)
        end = 360 * frame / frames
        draw.pieslice((18, 18, size - 18, size - 18), -90, -90 + end, fill="#0969da")
        pictures.append(picture)
    return pictures


def small(folders: list[Path]) -> None:
    """Write the same photograph and the same icon into each folder."""
    photo = mountains(600, 400)
    icon = photo.crop((200, 120, 320, 240)).filter(ImageFilter.GaussianBlur(2)).convert("RGBA")
    mask = Image.new("L", icon.size, 0)
    ImageDraw.Draw(mask).ellipse((4, 4, 115, 115), 255)
    icon.putalpha(mask)
    for folder in folders:
        photo.save(folder / "mountains.jpg", quality=93)
        icon.save(folder / "icon.png")


def main(folder: Path) -> None:
    """Write every picture below `folder`."""
    images = folder / "img"
    images.mkdir(parents=True, exist_ok=True)
    photo = mountains(1400, 934)
    exif = Image.Exif()
    exif[0x010E] = "Mountains that never were"  # ImageDescription
    exif[0x0112] = 1  # Orientation
    photo.save(images / "mountains.jpg", quality=93, exif=exif)
    photo.resize((700, 467)).save(images / "mountains-small.webp", quality=92)
    photo.crop((300, 200, 900, 600)).save(images / "peak.avif", quality=85)
    lamp = photo.resize((360, 240)).filter(ImageFilter.GaussianBlur(2)).convert("RGBA")
    mask = Image.new("L", lamp.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 359, 239), 40, fill=255)
    lamp.putalpha(mask)
    lamp.save(images / "rounded.png")
    # A PNG by the name of a JPEG: ir-build goes by the bytes.
    lamp.convert("RGB").save(images / "mislabelled.jpg", format="PNG")
    first, *rest = spinner(240, 24)
    first.save(
        images / "spinner.gif",
        save_all=True,
        append_images=rest,
        duration=60,
        loop=0,
        optimize=False,
    )


if __name__ == "__main__":
    if sys.argv[1] == "--small":
        small([Path(name) for name in sys.argv[2:]])
    else:
        main(Path(sys.argv[1]))
