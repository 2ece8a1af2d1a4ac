"""PDFs for the tests, and what a reader makes of them that shares no code with the engine."""

from functools import cache
from io import BytesIO

import numpy as np
import pikepdf
import pypdfium2
from pikepdf import Dictionary, Name


def saved(document, **options):
    """The document as a file, packed badly unless told otherwise; the same bytes every time."""
    buffer = BytesIO()
    document.save(buffer, **({"static_id": True, "compress_streams": False} | options))
    return buffer.getvalue()


def saved_as_stored(document):
    """The same, its streams as they were put in."""
    return saved(document, stream_decode_level=pikepdf.StreamDecodeLevel.none)


@cache
def opened(data):
    """Kept open: an object does not outlive its document."""
    return pikepdf.open(BytesIO(data))


def drawn():
    """A file of one page whose content is stored uncompressed."""
    document = pikepdf.new()
    page = document.add_blank_page()
    page.Contents = document.make_stream(b"0 0 m 10 10 l S\n" * 2000)
    return saved(document)


def with_image(data, *, page_size, content, filters=None, parms=None, **entries):
    """A page whose `content` shows one image, I; the image's dictionary is `entries`."""
    document = pikepdf.new()
    page = document.add_blank_page(page_size=page_size)
    image = document.make_stream(data, Type=Name.XObject, Subtype=Name.Image, **entries)
    if filters is not None:
        image.write(data, filter=filters, decode_parms=parms)
    page.Resources = Dictionary(XObject=Dictionary(I=image))
    page.Contents = document.make_stream(content)
    return document


def image_of(data):
    """The image of a file that was made by `with_image`."""
    return opened(data).pages[0].Resources.XObject.I


def rendered(data, scale=1):
    """Of every page its size, its picture and its words."""
    document = pypdfium2.PdfDocument(data)
    found = []
    for page in document:
        words = page.get_textpage()
        picture = page.render(scale=scale).to_numpy().tobytes()
        found.append((page.get_size(), picture, words.get_text_range()))
        words.close()
        page.close()
    document.close()
    return found


def first_page(data, scale=1):
    """The pixels of the first page, with what its notes and forms show."""
    document = pypdfium2.PdfDocument(data)
    document.init_forms()
    pixels = np.asarray(document[0].render(scale=scale).to_pil().convert("RGB"))
    document.close()
    return pixels


def font_file(builder, metrics):
    """The file of a font whose glyphs a fontTools builder has; `metrics` are their widths and sides."""
    builder.setupHorizontalMetrics(metrics)
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Sample", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    out = BytesIO()
    builder.save(out)
    return out.getvalue()
