"""Bytes, CPU seconds, looks and losses of `ir-build` and its peers on a folder of PDFs."""

from __future__ import annotations

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
import pypdfium2
import timing

from ir_build.quality import Reference

_DPI = 72
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
    scores: list[float] = field(default_factory=list)


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
        result = _ours(folder, sources, out, name.removeprefix("ir-build "))
    else:
        result = _theirs(sources, out, _peers(python)[name])
    _look(sources, out, result)
    return result


def _ours(folder: Path, sources: list[Path], out: Path, kind: str) -> _Result:
    report = out.with_suffix(".json")
    cost = timing.ir_build(
        "optimize", folder, "--out", out, "--compression-type", kind, "--jobs", 1, "--timeout", 1200,
        "--report", report, cache=out.with_suffix(".cache"),
    )  # fmt: skip
    told = json.loads(report.read_text())
    result = _Result(cost.cpu, failed=told["totals"]["failed"])
    for path in sources:
        result.sizes[path.name] = _size(out / path.name)
    for file in told["files"]:
        if file["status"] == "kept":
            result.kept[Path(file["name"]).name] = file["reason"]["code"]
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
        result.scores += _scores(path, made)


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
                "fields": len(root.AcroForm.get("/Fields", ())) if "/AcroForm" in root else 0,
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


def _scores(before: Path, after: Path) -> list[float]:
    """SSIMULACRA2 of a page in the middle."""
    scores = []
    try:
        one, other = pypdfium2.PdfDocument(before), pypdfium2.PdfDocument(after)
        for index in (len(one) // 2,):
            pages = [
                document[index].render(scale=_DPI / 72).to_pil().convert("RGB")
                for document in (one, other)
            ]
            if pages[0].size != pages[1].size:
                scores.append(-100.0)
            elif pages[0].tobytes() == pages[1].tobytes():
                scores.append(100.0)
            else:
                scores.append(Reference(np.asarray(pages[0])).score(np.asarray(pages[1])))
    except (pypdfium2.PdfiumError, IndexError):
        return []
    return scores


def _print(sources: list[Path], results: dict[str, _Result]) -> None:
    total = sum(map(_size, sources))
    ours = {kind: results[f"ir-build {kind}"].sizes for kind in ("lossless", "lossy")}
    print(f"{len(sources)} files, {total / 1e6:.1f} MB")
    print(
        "| | out/in | CPU s | failed | files larger than lossless / lossy | mean score | worst 5 % | lost in files |"
    )
    print("|-|-|-|-|-|-|-|-|")
    for name, result in results.items():
        won = [sum(result.sizes[one] > sizes[one] for one in sizes) for sizes in ours.values()]
        lost = ", ".join(f"{what} {count}" for what, count in sorted(result.lost.items()))
        scores = result.scores or [100.0]
        print(
            f"| {name} | {sum(result.sizes.values()) / total:.3f} | {result.cpu:.0f} "
            f"| {result.failed} | {won[0]} / {won[1]} | {np.mean(scores):.1f} "
            f"| {np.percentile(scores, 5):.1f} | {lost or '-'} |"
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
