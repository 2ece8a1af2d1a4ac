"""One picture whose turning, mirroring, recolouring or flattening nobody could miss, as any file."""

import zlib
from functools import cache

import numpy as np
from PIL import Image

from pictures import encoded, exif_block, raw_png

WIDTH, HEIGHT = 88, 72
# What is done to the upright picture to get the one that is stored, by Exif orientation.
_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@cache
def upright(*, alpha):
    """Each corner of its own colour, strong and pale areas, a gradient, fine lines, some grain."""
    pixels = np.zeros((HEIGHT, WIDTH, 4))
    pixels[..., 0] = np.linspace(60, 220, WIDTH)
    pixels[..., 1] = np.linspace(200, 90, HEIGHT)[:, None]
    pixels[..., 2] = 120
    pixels[:24, :28, :3] = 190, 70, 75
    pixels[:24, -28:, :3] = 80, 160, 90
    pixels[-24:, :28, :3] = 80, 90, 180
    pixels[-24:, -28:, :3] = 245, 245, 245
    pixels[30:42, 34:54:3, :3] = 20, 20, 20
    pixels[..., :3] += np.random.default_rng(2).normal(0, 1.5, (HEIGHT, WIDTH, 1))
    pixels[..., 3] = 255
    if alpha:
        pixels[:, 32:56, 3] = np.linspace(0, 255, HEIGHT)[:, None]
        pixels[-12:, 60:76] = 255, 0, 255, 0
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return image if alpha else image.convert("RGB")


def stored(orientation, *, alpha):
    """The picture as it is stored under an Exif orientation."""
    image = upright(alpha=alpha)
    turn = _STORED.get(orientation)
    return image if turn is None else image.transpose(turn)


def notes(orientation):
    """An Exif block with an orientation, an author and a date."""
    return exif_block({0x0112: orientation, 0x013B: "nobody", 0x0132: "2020:02:02 20:20:20"})


def file(kind, orientation, profile, *, alpha=False, deep=False):
    """The picture as a file of Pillow's format `kind`; `deep` for a PNG of 16 bits a sample."""
    image = stored(orientation, alpha=alpha)
    if kind == "PNG":
        chunks = [(b"iCCP", b"p\0\0" + zlib.compress(profile))] if profile else []
        chunks.append((b"eXIf", notes(orientation).removeprefix(b"Exif\0\0")))
        samples = np.asarray(image)
        if deep:
            samples = samples.astype(np.uint16) * 257
        return raw_png(samples, 6 if alpha else 2, 16 if deep else 8, chunks)
    options = {
        "JPEG": {"quality": 95},
        "WEBP": {"quality": 98, "lossless": deep},
        "AVIF": {"quality": 90, "speed": 8},
    }[kind]
    if profile:
        options["icc_profile"] = profile
    return encoded(image, kind, exif=notes(orientation), **options)
