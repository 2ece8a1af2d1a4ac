"""Small files that can be made smaller, made when they are needed."""

from io import BytesIO

import pikepdf
from PIL import Image, ImageDraw


def picture(size=(120, 90), suffix="png", seed=0, **options):
    """A picture with lines; a PNG is stored uncompressed unless told otherwise."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for number in range(0, size[0], 7):
        colour = ((number + seed) % 256, 80, 120)
        draw.line((number, 0, size[0] - number, size[1]), fill=colour, width=3)
    buffer = BytesIO()
    image.save(buffer, suffix, **({"compress_level": 0} if suffix == "png" else {}) | options)
    return buffer.getvalue()


def photo(**options):
    return picture(suffix="jpeg", quality=96, **options)


def drawing():
    lines = "\n".join(f"    <!-- {n} --><path d='M {n}.0 0.0 L {n}.0 9.0'/>" for n in range(40))
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 9'>\n{lines}\n</svg>\n".encode()
    )


def document():
    """A PDF of one page whose content is stored uncompressed."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page()
    page.Contents = pdf.make_stream(b"0 0 m 10 10 l S\n" * 2000)
    buffer = BytesIO()
    pdf.save(buffer, compress_streams=False)
    return buffer.getvalue()
