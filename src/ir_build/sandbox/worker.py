"""The worker process: runs codecs and checks on hostile input, under limits, and nothing else.

It reads requests from its standard input and answers on its standard output, in frames (see `messages`).
Before each answer it says that it has begun. Its environment is minimal: a hostile file that controls a codec
finds no secret.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from .. import engine, verify
from ..candidate import Candidate
from ..codec_packages import load
from ..errors import FileSkipped, InputError, OverMemoryLimit, Unreadable, WorkerCrashed
from ..formats import MediaType
from ..marker import finished, is_marked
from ..options import Options
from ..variant import Variant, Wanted
from .drawing import first_page
from .limits import hard
from .messages import receive, send

# How a result is opened. The worker must not write to a file that another program has put there.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    requests, answers = _take_pipes()
    faulthandler.enable()  # for the report it prints where a codec crashed
    _limit_memory(int(sys.argv[2]))
    while (request := receive(requests)) is not None:
        header, blobs = request
        send(answers, {"begun": True})
        began = time.process_time()
        _forget_peak()
        try:
            with _limited(float(sys.argv[1])):
                answer, result = _serve(header, blobs)
        except FileSkipped as left:
            answer, result = {"skipped": left.reason, "detail": left.detail}, []
        except InputError as error:
            answer, result = {"error": error.code, "detail": error.message}, []
        except MemoryError:
            answer, result = {"error": OverMemoryLimit.code, "detail": ""}, []
        except Exception as error:  # noqa: BLE001  (one file's trouble must stay that file's)
            traceback.print_exc()
            message = f"unexpected {type(error).__name__}: {error}"
            answer, result = {"error": WorkerCrashed.code, "detail": message}, []
        del blobs, request
        took = {"seconds": time.process_time() - began, "memory": _peak()}
        send(answers, answer | took, *result)


def _serve(header: dict[str, object], blobs: list[bytes]) -> tuple[dict[str, object], list[bytes]]:
    # The worker reads large files itself. So they are not in the memory of the parent.
    blobs += [_read(Path(path)) for path in cast("list[str]", header.get("files", []))]
    if header["task"] == "draw":
        return {}, [first_page(blobs[0])]
    media = MediaType(str(header["media"]))
    if header["task"] == "views":
        return _views(blobs[0], blobs[1], media, header)
    options = Options.from_json(str(header["options"]))
    if header["task"] == "measure":
        picture = load("ir_build.verify.decoded").Picture(blobs[0], media, options.max_pixels)
        return {"size": [*picture.shown_size, picture.size[0]]}, []
    if header["task"] == "facts":
        return {
            "facts": load("ir_build.sandbox.facts")
            .facts(blobs[0], media, options.max_pixels)
            .to_json()
        }, []
    if header["task"] == "compress file":
        return _compress_file(blobs[0], media, options, Path(str(header["into"])))
    if header["task"] == "compress":
        candidate = engine.compress(blobs[0], media, options)
        told = {
            "lossy": candidate.lossy,
            "notes": candidate.notes,
            "parts": sorted(candidate.parts),
        }
        return told, [candidate.data]
    if header["task"] == "variants":
        wanted = Wanted.from_json(str(header["wanted"]))
        variants = engine.make_variants(blobs[0], media, options, wanted, blobs[-1])
        return {"variants": [one.to_json() for one in variants]}, [one.data for one in variants]
    if header["task"] == "verify variant":
        variant = Variant.from_json(str(header["variant"]), blobs[-1])
        verdict = verify.verify_variant(blobs[0], variant, media, options, blobs[-2])
        return {"ok": verdict.ok, "detail": verdict.detail}, []
    candidate = Candidate(blobs[1], lossy=bool(header["lossy"]))
    verdict = verify.verify(blobs[0], candidate, media, options)
    return {"ok": verdict.ok, "detail": verdict.detail, "score": verdict.score}, []


def _views(
    original: bytes, result: bytes, media: MediaType, header: dict[str, object]
) -> tuple[dict[str, object], list[bytes]]:
    room, most = int(str(header["room"])), int(str(header["max_pixels"]))
    found = load("ir_build.sandbox.views").views(
        original, result, media, room=room, max_pixels=most
    )
    told = [[*one.box, one.still is not None] for one in found.views]
    files = [file for one in found.views for file in one.files]
    return {"size": found.size, "views": told}, files


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error


def _compress_file(
    data: bytes, media: MediaType, options: Options, into: Path
) -> tuple[dict[str, object], list[bytes]]:
    if options.resize is None and is_marked(data, media):
        return {"size": 0}, []
    result = finished(engine.compress(data, media, options), media)
    if len(result.data) >= len(data):
        return {"size": 0}, []
    try:
        with os.fdopen(os.open(into, _NEW, 0o600), "wb") as file:
            file.write(result.data)
    except OSError as error:
        raise Unreadable(f"cannot be written: {error.strerror}") from error
    return {"size": len(result.data), "lossy": result.lossy}, []


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    # The pipes get other numbers. A library that prints must not write into an answer, and none may read a request.
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return requests, answers


def _limit_memory(limit: int) -> None:
    """Have the system limit the memory of this process by `hard(limit)`, in bytes. Only Linux has such a limit."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415  (not on Windows)

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # RLIMIT_DATA counts what the process allocates, but not the libraries that it maps.
        limit = hard(limit)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """End the process by SIGPROF when the block takes more CPU seconds. Windows has no such signal."""
    if sys.platform != "win32":
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # a parent's own handling is inherited
        signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_PROF, 0)


def _forget_peak() -> None:
    with contextlib.suppress(OSError):  # Linux only
        _CLEAR.write_bytes(b"5")


def _peak() -> int:
    """The most bytes of memory since `_forget_peak`, without libraries. It is 0 on systems other than Linux."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    kilobytes = {
        name: int(rest.split()[0])
        for name, _, rest in (line.partition(":") for line in lines)
        if name in ("VmHWM", "RssFile")
    }
    return max(0, kilobytes.get("VmHWM", 0) - kilobytes.get("RssFile", 0)) * 1024
