"""Bytes, CPU seconds, looks and losses of `ir-build` and its peers on a folder of PDFs.

Looks are judged by poppler, which the engine and its verification do not draw with.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pikepdf
import pypdf
import pypdf.errors
import pypdfium2
import timing
from PIL import Image

from ir_build.quality import Reference

_DPIS = (100, 200)
_PAGES_DRAWN = 3  # of a document: the first, the middle and the last
_WORKERS = 2
_PAGES_READ = 40
_SECONDS = 1200

_UNREADABLE = (
    pikepdf.PdfError, pikepdf.PasswordError, pypdfium2.PdfiumError, ValueError, TypeError, AttributeError,
)  # fmt: skip

_Line = Callable[[Path, Path], list[str]]


@dataclass
class _Result:
    """What a tool made of all files."""

    cpu: float = 0.0
    sizes: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    #: why files were skipped, by name; of `ir-build` only
    kept: dict[str, str] = field(default_factory=dict)
    #: documents that have less of something than before, by its name
    lost: dict[str, int] = field(default_factory=dict)
    scores: dict[int, list[float]] = field(default_factory=lambda: {dpi: [] for dpi in _DPIS})


def _ghostscript(preset: str) -> _Line:
    return lambda source, out: [
        "gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pdfwrite",
        f"-dPDFSETTINGS=/{preset}", f"-sOutputFile={out}", str(source),
    ]  # fmt: skip


def _ocrmypdf(python: Path, level: int) -> _Line:
    return lambda source, out: [
        str(python), "-m", "ocrmypdf.optimize", str(source), str(out), str(level),
    ]  # fmt: skip


_PIKEPDF = """
import sys, pikepdf
pikepdf.settings.set_flate_compression_level(9)
with pikepdf.open(sys.argv[1]) as pdf:
    pdf.remove_unreferenced_resources()
    pdf.save(sys.argv[2], object_stream_mode=pikepdf.ObjectStreamMode.generate,
             recompress_flate=True, compress_streams=True)
"""


_PYMUPDF = """
import sys, pymupdf
pdf = pymupdf.open(sys.argv[1])
if sys.argv[3:]:
    pdf.rewrite_images(dpi_threshold=160, dpi_target=150, quality=75)
    pdf.subset_fonts()
pdf.save(sys.argv[2], garbage=4, deflate=True, deflate_images=True, deflate_fonts=True, use_objstms=1,
         encryption=pymupdf.PDF_ENCRYPT_KEEP)
"""

# Those that promise to leave every page as it looks.
_LOSSLESS = frozenset({"pikepdf by hand", "qpdf", "mutool -gggg -z", "PyMuPDF", "ocrmypdf -O1"})


def _pymupdf(python: Path, *rewriting: str) -> _Line:
    return lambda source, out: [str(python), "-c", _PYMUPDF, str(source), str(out), *rewriting]


def _peers(python: Path) -> dict[str, _Line]:
    """The command lines of the tools that are installed."""
    peers: dict[str, _Line] = {
        "pikepdf by hand": lambda source, out: [
            sys.executable, "-c", _PIKEPDF, str(source), str(out),
        ],
        "qpdf": lambda source, out: [
            "qpdf", "--object-streams=generate", "--recompress-flate", "--compression-level=9",
            "--warning-exit-0", str(source), str(out),
        ],
        "mutool -gggg -z": lambda source, out: [
            "mutool", "clean", "-gggg", "-z", "-i", "-f", str(source), str(out),
        ],
        "Ghostscript /printer": _ghostscript("printer"),
        "Ghostscript /ebook": _ghostscript("ebook"),
    }  # fmt: skip
    tools = {"qpdf": "qpdf", "mutool -gggg -z": "mutool"}
    tools |= {name: "gs" for name in peers if name.startswith("Ghostscript")}
    found = {name: line for name, line in peers.items() if shutil.which(tools.get(name, "sh"))}
    if python.exists():
        found |= {f"ocrmypdf -O{level}": _ocrmypdf(python, level) for level in (1, 2, 3)}
        found |= {
            "PyMuPDF": _pymupdf(python),
            "PyMuPDF rewriting images": _pymupdf(python, "rewriting"),
        }
    return found


def measure(folder: Path, python: Path) -> None:
    """Print a table of what `ir-build` and its peers do to the PDFs of `folder`.

    `python` is that of an environment with ocrmypdf and PyMuPDF, which are no dependencies.
    """
    names = ["ir-build lossy", "ir-build lossless", *reversed(_peers(python))]
    with tempfile.TemporaryDirectory() as temporary, ProcessPoolExecutor(_WORKERS) as pool:
        jobs = [(name, folder, Path(temporary, str(at)), python) for at, name in enumerate(names)]
        results = dict(zip(names, pool.map(_measured, jobs), strict=True))
    _print(sorted(folder.glob("*.pdf")), results)


def _measured(job: tuple[str, Path, Path, Path]) -> _Result:
    name, folder, out, python = job
    sources = sorted(folder.glob("*.pdf"))
    if name.startswith("ir-build "):
        result = _ours(sources, out, name.removeprefix("ir-build "))
    else:
        result = _theirs(sources, out, _peers(python)[name])
    _look(sources, out, result)
    return result


def _ours(sources: list[Path], out: Path, kind: str) -> _Result:
    report = out.with_suffix(".json")
    out.mkdir()
    result = _Result()
    for path in sources:
        made = out / path.name
        shutil.copyfile(path, made)
        cost = timing.ir_build(
            "optimize", made, "--compression-type", kind, "--jobs", 1, "--timeout", _SECONDS,
            "--report", report, cache=out.with_suffix(".cache"),
        )  # fmt: skip
        told = json.loads(report.read_text())
        result.cpu += cost.cpu
        result.failed += told["totals"]["failed"]
        result.sizes[path.name] = _size(made)
        for file in told["files"]:
            if file["status"] == "kept":
                result.kept[path.name] = file["reason"]["code"]
    return result


def _theirs(sources: list[Path], out: Path, line: _Line) -> _Result:
    out.mkdir()
    result = _Result()
    for path in sources:
        made = out / path.name
        try:
            result.cpu += timing.command(["timeout", str(_SECONDS), *line(path, made)]).cpu
        except subprocess.CalledProcessError:
            result.failed += 1
            made.unlink(missing_ok=True)
        # Nobody ships what failed, or what grew.
        if not made.exists() or _size(made) >= _size(path):
            shutil.copyfile(path, made)
        result.sizes[path.name] = _size(made)
    return result


def _size(path: Path) -> int:
    return path.stat().st_size


def _look(sources: list[Path], out: Path, result: _Result) -> None:
    """Compare every changed file with its source."""
    for path in sources:
        made = out / path.name
        if made.read_bytes() == path.read_bytes():
            continue
        after = dict(_facts(made))
        if not made.read_bytes().startswith(path.read_bytes()):
            after.pop("signatures that are valid", None)  # what they sign has changed
        for name, count in _facts(path).items():
            if after.get(name, 0) < count:
                result.lost[name] = result.lost.get(name, 0) + 1
        for dpi in _DPIS:
            result.scores[dpi] += _scores(path, made, dpi)


@cache
def _facts(path: Path) -> dict[str, int]:
    """How many there are of what a reader may rely on."""
    try:
        with pikepdf.open(path) as pdf:
            root = pdf.Root
            with pdf.open_outline() as outline:
                entries = sum(1 for _ in _all(outline.root))
            notes = [note for page in pdf.pages for note in page.obj.get("/Annots", ())]
            metadata = root.get("/Metadata")
            xmp = metadata.read_bytes() if metadata is not None else b""
            return {
                "links": sum("/A" in note or "/Dest" in note for note in notes),
                "outline": entries,
                "tags": sum(
                    isinstance(one, pikepdf.Dictionary) and "/S" in one and "/P" in one
                    for one in pdf.objects
                )
                if "/StructTreeRoot" in root
                else 0,
                "fields that can be filled": _fillable(path),
                "attachments": len(pdf.attachments),
                "labels": int("/PageLabels" in root),
                "language": int("/Lang" in root),
                "PDF/A, PDF/UA": xmp.count(b"pdfaid:part") + xmp.count(b"pdfuaid:part"),
                "layers": len(root.OCProperties.get("/OCGs", ())) if "/OCProperties" in root else 0,
                "encryption": int(pdf.is_encrypted),
                "words": _words(path),
                "signatures that are valid": int(
                    any(
                        "/ByteRange" in one
                        for one in pdf.objects
                        if isinstance(one, pikepdf.Dictionary)
                    )
                ),
            }
    except _UNREADABLE:
        return {}


def _words(path: Path) -> int:
    with pypdfium2.PdfDocument(path) as pdf:
        return sum(
            len(pdf[index].get_textpage().get_text_range().split())
            for index in range(min(len(pdf), _PAGES_READ))
        )


def _all(items: list[pikepdf.OutlineItem]) -> Iterator[pikepdf.OutlineItem]:
    for item in items:
        yield item
        yield from _all(item.children)


# Filled by a program that made none of the files: each field gets a value of its own, is saved, and
# counts when it reads back as written and shows an appearance that holds the value alone.
_FILLED = "filled %d"


def _fillable(path: Path) -> int:
    """How many text fields take a value of their own, by pypdf."""
    try:
        writer = pypdf.PdfWriter(clone_from=path)
        fields = [
            note.get_object()
            for page in writer.pages
            for note in page.get("/Annots") or ()
            if note.get_object().get("/FT") == "/Tx" and "/T" in note.get_object()
        ]
        values = {str(field["/T"]): _FILLED % at for at, field in enumerate(fields)}
        for page in writer.pages:
            if "/Annots" in page:
                writer.update_page_form_field_values(page, values, auto_regenerate=False)
        out = io.BytesIO()
        writer.write(out)
        with pikepdf.open(out) as filled:
            return sum(
                _shows(note, values)
                for page in filled.pages
                for note in page.obj.get("/Annots", ())
                if note.get("/FT") == pikepdf.Name.Tx and "/T" in note
            )
    except (*_UNREADABLE, pypdf.errors.PyPdfError, KeyError, OSError):
        return 0


def _shows(note: pikepdf.Object, values: dict[str, str]) -> bool:
    value = values.get(str(note.T), "")
    shown = note.AP.N.read_bytes() if "/AP" in note else b""
    return str(note.get("/V", "")) == value and value.encode() in shown


def _scores(before: Path, after: Path, dpi: int) -> list[float]:
    """SSIMULACRA2 of some pages as poppler draws them."""
    try:
        with pikepdf.open(before) as pdf:
            last = len(pdf.pages)
    except _UNREADABLE:
        return []
    pages = sorted({1, last // 2 + 1, last})[:_PAGES_DRAWN]
    return [
        _score(one, other)
        for page in pages
        if (one := _drawn(before, page, dpi)) is not None
        and (other := _drawn(after, page, dpi)) is not None
    ]


def _score(before: Image.Image, after: Image.Image) -> float:
    if before.size != after.size:
        return -100.0
    if before.tobytes() == after.tobytes():
        return 100.0
    return Reference(np.asarray(before)).score(np.asarray(after))


def _drawn(path: Path, page: int, dpi: int) -> Image.Image | None:
    line = ["pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), str(path)]
    made = subprocess.run(line, capture_output=True, check=False, timeout=_SECONDS)
    try:
        return Image.open(io.BytesIO(made.stdout)).convert("RGB")
    except OSError:
        return None


def _print(sources: list[Path], results: dict[str, _Result]) -> None:
    total = sum(map(_size, sources))
    ours = {kind: results[f"ir-build {kind}"].sizes for kind in ("lossless", "lossy")}
    print(f"{len(sources)} files, {total / 1e6:.1f} MB")
    scored = "".join(f" mean at {dpi} dpi | worst 5 % |" for dpi in _DPIS)
    print(
        f"| | out/in | CPU s | failed | files larger than lossless / lossy |{scored} lost in files |"
    )
    print(f"|-|-|-|-|-|{'-|-|' * len(_DPIS)}-|")
    for name, result in results.items():
        won = [sum(result.sizes[one] > sizes[one] for one in sizes) for sizes in ours.values()]
        lost = ", ".join(f"{what} {count}" for what, count in sorted(result.lost.items()))
        scores = "".join(
            f" {np.mean(found):.1f} | {np.percentile(found, 5):.1f} |"
            for found in (one or [100.0] for one in result.scores.values())
        )
        print(
            f"| {name} | {sum(result.sizes.values()) / total:.3f} | {result.cpu:.0f} "
            f"| {result.failed} | {won[0]} / {won[1]} |{scores} {lost or '-'} |"
        )
    _print_smaller(sources, results)


def _print_smaller(sources: list[Path], results: dict[str, _Result]) -> None:
    """The files that some lossless peer makes smaller than lossless `ir-build`, and why."""
    ours = results["ir-build lossless"]
    peers = {name: result for name, result in results.items() if name in _LOSSLESS}
    smaller = []
    for path in sources:
        size, best = min((result.sizes[path.name], name) for name, result in peers.items())
        if size < ours.sizes[path.name]:
            why = ours.kept.get(path.name, "")
            smaller.append(f"- {path.name}: {ours.sizes[path.name]} {why}, {best} {size}")
    print(f"\na lossless peer is smaller on {len(smaller)} of {len(sources)} files:")
    print("\n".join(smaller))
