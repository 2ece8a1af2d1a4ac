"""Pictures for the tests, made when they are needed: as images of Pillow, as pixels, as files."""

import zlib
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageSequence

from ir_build.engine.png.file import SIGNATURE, PngChunk


def encoded(image, kind, **options):
    """An image, or its pixels, as a file of Pillow's format `kind`."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def animated(frames, kind, **options):
    """The frames as one file, which is a still where there is only one."""
    first, *others = frames
    return encoded(first, kind, save_all=bool(others), append_images=others, **options)


def raw_png(samples, colour_type, depth, chunks=(), palette=None):
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


def exif_block(tags):
    """An Exif block of these tags of the main directory."""
    block = Image.Exif()
    block.update(tags)
    return block.tobytes()


def opened(data):
    """The image of a file, decoded."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def rgba(data):
    """The pixels that a still shows."""
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA"))


def frames_shown(data):
    """Every frame as Pillow shows it, and for how long."""
    with Image.open(BytesIO(data)) as image:
        return [
            (frame.convert("RGBA").tobytes(), frame.info.get("duration"))
            for frame in ImageSequence.Iterator(image)
        ]


def flat(size=(60, 40), colour="teal", kind="png"):
    """A file of one colour that has something to save."""
    options = {"compress_level": 0} if kind == "png" else {}
    return encoded(Image.new("RGB", size, colour), kind, **options)


def lined(size, *, seed=0, width=3):
    """Coloured lines on white."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for number in range(0, size[0], 7):
        colour = ((number + seed) % 256, 80, 120)
        draw.line((number, 0, size[0] - number, size[1]), fill=colour, width=width)
    return image


def lined_png(size=(120, 90), *, seed=0):
    """Lines as a PNG that is stored uncompressed."""
    return encoded(lined(size, seed=seed), "png", compress_level=0)


def lined_jpeg(size=(120, 90), *, seed=0):
    """Lines as a fine JPEG."""
    return encoded(lined(size, seed=seed), "jpeg", quality=96)


def lined_svg():
    """Lines as an SVG with much that nobody sees."""
    lines = "\n".join(f"    <!-- {n} --><path d='M {n}.0 0.0 L {n}.0 9.0'/>" for n in range(40))
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 9'>\n{lines}\n</svg>\n".encode()
    )


def enlarged(coarse, size):
    """Few pixels, enlarged to soft shades; as pixels."""
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def grained(pixels, random, *, grey=0, colour=0):
    """The pixels with grain: the same one in all channels, and one in each."""
    grain = 0
    if grey:
        grain = random.normal(0, grey, (*pixels.shape[:2], 1))
    if colour:
        grain = grain + random.normal(0, colour, pixels.shape)
    return np.clip(pixels + grain, 0, 255).astype(np.uint8)


def photo(size, *, grid, seed, grey=0, colour=0):
    """Soft shapes and grain, as a camera sees them; `grid` says how many shapes, as rows, columns.

    `seed` may be a generator that the test goes on drawing from.
    """
    random = np.random.default_rng(seed)
    coarse = (random.random((*grid, 3)) * 255).astype(np.uint8)
    return grained(enlarged(coarse, size), random, grey=grey, colour=colour)


def gradients(size, mode="RGB"):
    """Smooth colours with some grain, transparent in one corner."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    grain = np.random.default_rng(1).integers(0, 24, (height, width))
    planes = [x * 255 // width, y * 255 // height, (x + y) % 64 * 3 + grain]
    if mode == "L":
        return Image.fromarray(planes[2].astype(np.uint8))
    if mode == "RGBA":
        planes.append(np.where(x + y < 40, 0, 255 - y))
    return Image.fromarray(np.stack(planes, -1).astype(np.uint8))


def slopes(size=(72, 64), mode="RGBA"):
    """Smooth colours without any grain, transparent towards one side."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    planes = [x * 255 // width, y * 255 // height, (x + y) % 256, 255 - x * 3]
    return Image.fromarray(np.stack(planes[: len(mode)], -1).astype(np.uint8))


def coloured_page(kind, size=(420, 300)):
    """A page of grey text with what has a colour, and where that is.

    `kind`: "link" for text, "borders" for lines of a pixel, "asterisks" or "dots".
    """
    page = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(page)
    for row in range(11):
        draw.text((16, 12 + 24 * row), "what a page of documentation says", (60, 60, 66))
    plain = np.asarray(page).copy()
    for row in range(11):
        top = 12 + 24 * row
        if kind == "link":
            draw.text((240, top), "see the manual of it", (11, 118, 190))
        elif kind == "borders":
            draw.rectangle((240, top, 380, top + 15), outline=(0, 120, 215))
        elif kind == "asterisks":
            draw.text((240, top), "*", (220, 20, 30))
        else:
            draw.ellipse((240, top, 246, top + 6), fill=((20, 170, 80), (225, 40, 30))[row % 2])
    return page, (np.asarray(page) != plain).any(-1)
