"""One picture whose turning, mirroring, recolouring or flattening nobody could miss, as any file."""

import zlib
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

from ir_build.engine.png.file import SIGNATURE, PngChunk

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


def exif(orientation):
    """An Exif block with an orientation, an author and a date."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x013B] = "nobody"
    block[0x0132] = "2020:02:02 20:20:20"
    return block.tobytes()


def file(kind, orientation, profile, *, alpha=False, deep=False):
    """The picture as a file of Pillow's format `kind`; `deep` for a PNG of 16 bits a sample."""
    image = stored(orientation, alpha=alpha)
    if kind == "PNG":
        chunks = [(b"iCCP", b"p\0\0" + zlib.compress(profile))] if profile else []
        chunks.append((b"eXIf", exif(orientation).removeprefix(b"Exif\0\0")))
        samples = np.asarray(image)
        if deep:
            samples = samples.astype(np.uint16) * 257
        return png(samples, 6 if alpha else 2, 16 if deep else 8, chunks)
    options = {
        "JPEG": {"quality": 95},
        "WEBP": {"quality": 98, "lossless": deep},
        "AVIF": {"quality": 90, "speed": 8},
    }[kind]
    if profile:
        options["icc_profile"] = profile
    buffer = BytesIO()
    image.save(buffer, kind, exif=exif(orientation), **options)
    return buffer.getvalue()


def png(samples, colour_type, depth, chunks=(), palette=None):
    """A PNG of height x width x bands samples, with no filter and hardly any compression."""
    height, width = samples.shape[:2]
    if depth == 16:
        rows = samples.astype(">u2").reshape(height, -1).view(np.uint8)
    elif depth == 8:
        rows = samples.astype(np.uint8).reshape(height, -1)
    else:
        bits = np.unpackbits(samples.astype(np.uint8).reshape(height, width, 1), axis=2)
        rows = np.packbits(bits[..., 8 - depth :].reshape(height, -1), axis=1)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    header = size + bytes((depth, colour_type, 0, 0, 0))
    parts = [(b"IHDR", header), *(one for one in chunks if one[0] != b"tRNS")]
    if palette is not None:
        parts.append((b"PLTE", palette.astype(np.uint8).tobytes()))
    parts += [one for one in chunks if one[0] == b"tRNS"]
    parts += [(b"IDAT", zlib.compress(lines, 1)), (b"IEND", b"")]
    return SIGNATURE + b"".join(PngChunk(*one).encode() for one in parts)
