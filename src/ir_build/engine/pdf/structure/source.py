"""Opens a PDF to optimise it. The document is sound, neither signed nor encrypted, and within limits."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import pikepdf

from ....errors import CorruptFile, FileSkipped, Reason, TooLarge

# Not fitted: limits of work and memory. A document or a stream beyond them stays as it is.
MAX_OBJECTS = 500_000
#: decoded bytes of one stream
MAX_DECODED = 128 * 1024 * 1024

# What qpdf says about faults of common writers that all readers take in the same way. Object 0 is free in every
# document. So a reference to it is null (ISO 32000-1, 7.3.10 and 7.5.4).
_HARMLESS = re.compile(
    r"a common error handled correctly by qpdf|treating bad indirect reference \(0 0 R\) as null"
)
# What qpdf says if it repairs how objects are found or where they end, and nothing inside of them.
_STRUCTURAL = re.compile(
    r"file is damaged|xref not found|can't find startxref|startxref was more than"
    r"|Attempting to reconstruct cross-reference table|invalid xref entry|expected \d+ \d+ obj"
    r"|expected endstream|attempting to recover stream length|recovered stream length"
    r"|expected endobj|trailer dictionary lacks /Size|reported number of objects"
    r"|Resources is missing or invalid"  # A page without resources gets empty ones.
    r"|not found in file after regenerating cross reference table"
    r"|dictionary has duplicated key /Type;"  # Older versions of Skia write it twice.
)
_PDFA = re.compile(rb"pdfaid:part(?:\s*=\s*[\"']|\s*>\s*)(\d)")
_PDFUA = re.compile(rb"pdfuaid:part")
_PDFX = re.compile(rb"GTS_PDFX(?:Version|Conformance)[\s\"'=>(]{1,9}PDF/X-([1-9])")
_SIGNED = re.compile(rb"/ByteRange[ \[]|/DocMDP\b|/C2PA_Manifest\b")


class NeedsRepair(Exception):
    """A document that readers have to repair, each in its own way. The text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class PdfFile:
    """An open document, and what it claims to be."""

    pdf: pikepdf.Pdf
    linearized: bool
    #: whether it claims to be PDF/A-1 or PDF/X up to 3; these have no object streams, and XMP without a filter
    classic: bool
    #: whether it claims to conform to PDF/A, PDF/UA or PDF/X
    conforming: bool


def read(data: bytes, *, repair: bool = False) -> PdfFile:
    """Open the PDF `data`, and read each of its objects once. `repair` lets qpdf mend its structure.

    Raises `CorruptFile`, `TooLarge` and `NeedsRepair`. Raises `FileSkipped` for signed and encrypted documents.
    """
    pdf = _open(data, repair=repair)
    if pdf.is_encrypted or "/Encrypt" in pdf.trailer:
        raise FileSkipped(Reason.ENCRYPTED, "an encrypted PDF")
    _survey(pdf, repair=repair)
    if "/AdditionalStreams" in pdf.trailer:
        raise FileSkipped(
            Reason.UNSUPPORTED_VARIANT, "a hybrid PDF with its source document inside"
        )
    # This walks through the page tree. So its faults are found before any work is done.
    try:
        pages = len(pdf.pages)
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError) as error:
        raise NeedsRepair(f"the page tree cannot be read: {_plain(error)}") from error
    if not pages:
        raise CorruptFile("has no pages")
    _refuse_repaired(pdf, repair=repair)
    claims = _claims(pdf)
    part = _PDFA.search(claims)
    pdfx = _PDFX.search(claims)
    return PdfFile(
        pdf,
        linearized=pdf.is_linearized,
        classic=(pdfx is not None and pdfx[1] in b"123") or (part is not None and part[1] == b"1"),
        conforming=bool(part or pdfx) or _PDFUA.search(claims) is not None,
    )


def _open(data: bytes, *, repair: bool) -> pikepdf.Pdf:
    # qpdf has one set of limits for the process. They are always set to the same values.
    pikepdf.settings.set_qpdf_limits(
        doc_max_warnings=100,
        flate_max_memory=MAX_DECODED,
        png_max_memory=MAX_DECODED,
        tiff_max_memory=MAX_DECODED,
        run_length_max_memory=MAX_DECODED,
        dct_max_memory=MAX_DECODED,
    )
    try:
        return pikepdf.open(
            io.BytesIO(data),
            attempt_recovery=repair,
            suppress_warnings=True,
            inherit_page_attributes=False,
            conversion_mode="explicit",
        )
    except pikepdf.PasswordError as error:
        raise FileSkipped(Reason.ENCRYPTED, "asks for a password") from error
    except (pikepdf.PdfError, RuntimeError, ValueError) as error:
        if "encryption" in str(
            error
        ):  # It uses certificates, or is of a kind that qpdf does not know.
            raise FileSkipped(Reason.ENCRYPTED, _plain(error)) from error
        raise NeedsRepair(_plain(error)) from error


def _survey(pdf: pikepdf.Pdf, *, repair: bool) -> None:
    """Read every object. This makes qpdf report what it had to repair."""
    if len(pdf.objects) > MAX_OBJECTS:
        raise TooLarge(f"{len(pdf.objects)} objects, more than the limit of {MAX_OBJECTS}")
    try:
        for one in pdf.objects:
            if one is None:
                continue  # type: ignore[unreachable]  # pikepdf's stubs forget the null object
            here = one.stream_dict if isinstance(one, pikepdf.Stream) else one
            if _SIGNED.search(here.unparse(resolved=True)):
                raise FileSkipped(Reason.SIGNED, "a signed or certified PDF")
        if "/Perms" in pdf.Root:
            raise FileSkipped(Reason.SIGNED, "a PDF with granted usage rights")
    except (pikepdf.PdfError, RuntimeError, ValueError, AttributeError) as error:
        raise NeedsRepair(f"an object cannot be read: {_plain(error)}") from error
    _refuse_repaired(pdf, repair=repair)


def _refuse_repaired(pdf: pikepdf.Pdf, *, repair: bool) -> None:
    for warning in map(_plain, pdf.get_warnings()):
        if not (_HARMLESS.search(warning) or (repair and _STRUCTURAL.search(warning))):
            raise NeedsRepair(warning)


def _claims(pdf: pikepdf.Pdf) -> bytes:
    """The XMP packet and the Info dictionary, in which a document says what it conforms to."""
    info = pdf.trailer.get("/Info")
    text = info.unparse(resolved=True) if isinstance(info, pikepdf.Dictionary) else b""
    metadata = pdf.Root.get("/Metadata")
    if isinstance(metadata, pikepdf.Stream):
        try:
            text += metadata.read_bytes()
        except (pikepdf.PdfError, RuntimeError) as error:
            raise CorruptFile(f"its XMP cannot be read: {_plain(error)}") from error
    return text


def _plain(error: object) -> str:
    """A message of qpdf without the name that it gives to the file."""
    return re.sub(r"^<?_io\.BytesIO[^>]*>?:? ?|^.*?BytesIO object[^>]*>:? ?", "", str(error))[:200]
