"""What PDFium does not draw as it is meant. A comparison of drawn pages says nothing about pictures there.

Other programs, such as Poppler, MuPDF, Ghostscript or printers, draw each of these. ISO 32000-1 describes them
in 8.6.5, 8.6.7, 10 and 11.4.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageCms

from ..errors import CorruptFile

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALIBRATED = ("/CalRGB", "/CalGray", "/Lab")
_DEFAULTS = ("/DefaultGray", "/DefaultRGB", "/DefaultCMYK")
# These change colours on their way to paper. The names with a 2 may have the value "as usual".
_TRANSFER = ("/TR", "/BG", "/UCR", "/HT")
_TRANSFER_OR_DEFAULT = ("/TR2", "/BG2", "/UCR2")
# Flags of annotations (ISO 32000-1, 12.5.3). The first two hide them on screens, and the last one prints them.
_HIDDEN, _PRINTED = 2 | 32, 4
# A profile counts as sRGB if it moves no colour by more levels than this. Not fitted: it is twice what `colour`
# allows for profiles called sRGB. A profile of another gamut moves colours much further.
_NEARLY = 8


def calibrated(space: object) -> Iterator[str]:
    """The calibrated colour space of a picture or of its palette, in words; nothing if it has none."""
    if isinstance(space, Array) and len(space) > 1:
        if space[0] in (Name.Indexed, Name.I):
            yield from calibrated(space[1])
        elif str(space[0]) in _CALIBRATED:
            yield f"{str(space[0])[1:]} colours"


def unseen_resources(spaces: object) -> Iterator[str]:
    """The colour spaces that replace those of the device, in words. PDFium ignores them."""
    if not isinstance(spaces, Dictionary):
        return
    for key in _DEFAULTS:
        if key in spaces and not _like_srgb(spaces.get(key)):
            yield f"a {key}"


def unseen_state(state: object) -> Iterator[str]:
    """The overprint, transfer functions, black generation and halftones of a graphics state, in words."""
    if not isinstance(state, Dictionary):
        return
    if any(str(state.get(key)) == "True" for key in ("/OP", "/op")):
        yield "overprint"
    if any(state.get(key, Name.Identity) not in (Name.Identity, Name.Default) for key in _TRANSFER):
        yield "a transfer function, black generation or halftone"
    elif any(state.get(key, Name.Default) != Name.Default for key in _TRANSFER_OR_DEFAULT):
        yield "a transfer function or black generation"


def unseen_mask(mask: Dictionary) -> Iterator[str]:
    """The function of a soft mask, in words; nothing if it has none. Not every program applies it."""
    if mask.get("/TR", Name.Identity) != Name.Identity:
        yield "a soft mask with a function"


def unseen_group(group: object) -> Iterator[str]:
    """The knockout of a transparency group, in words; nothing if it has none."""
    if isinstance(group, Dictionary) and str(group.get("/K")) == "True":
        yield "a knockout group"


def laid_open(data: bytes) -> bytes | None:
    """The PDF `data` with all hidden layers and notes shown; None if it has none. Raises `CorruptFile`."""
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            return _laid_open(pdf)
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError) as error:
        raise CorruptFile("has layers or notes that cannot be read") from error


def _laid_open(pdf: pikepdf.Pdf) -> bytes | None:
    hidden = "/OCProperties" in pdf.Root
    if hidden:
        del pdf.Root["/OCProperties"]
    for page in pdf.pages:
        notes = page.obj.get("/Annots")
        for note in notes if isinstance(notes, Array) else ():
            if isinstance(note, Dictionary) and int(note.get("/F", 0)) & _HIDDEN:
                note.F, hidden = _PRINTED, True
    if not hidden:
        return None
    out = io.BytesIO()
    pdf.save(out, static_id=True)
    return out.getvalue()


def _like_srgb(space: object) -> bool:
    """Whether colours in `space` look about like plain grey or RGB."""
    if isinstance(space, Name):
        return True
    if not isinstance(space, Array) or len(space) < 2 or not isinstance(space[1], Stream):
        return False
    steps = np.arange(0, 256, 51).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    colours = Image.fromarray(cube)
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(space[1].read_bytes()))
        shown = ImageCms.profileToProfile(colours, profile, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError, pikepdf.PdfError):
        return False
    difference = np.asarray(shown, np.int16) - cube
    return bool(np.abs(difference).max() <= _NEARLY)
