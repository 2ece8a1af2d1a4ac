"""The worker process: runs codecs and checks on hostile input, under limits, and nothing else.

It reads requests from its standard input and answers on its standard output, in frames of our own
(see `sandbox`). It is started with a minimal environment, so that a hijacked codec finds no secret.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import BinaryIO, cast

from .. import engine, verify
from ..candidate import Candidate
from ..errors import CorruptFile, InputError, LeftAlone, Reason, TooLarge, Unreadable, WorkerCrashed
from ..formats import MediaType
from ..marker import is_marked, mark
from ..options import Options

_LENGTH_BYTES = 8
# Never what somebody else has put in its place.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

_ERRORS = {error.code: error for error in (CorruptFile, TooLarge, Unreadable, WorkerCrashed)}


def send(stream: BinaryIO, header: dict[str, object], *blobs: bytes) -> None:
    """Write one frame: a JSON header and any number of byte strings."""
    head = json.dumps({**header, "sizes": [len(blob) for blob in blobs]}).encode()
    stream.write(len(head).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(head)
    stream.writelines(blobs)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, object], list[bytes]] | None:
    """Read one frame, None at the end of the stream. Raises EOFError inside a frame."""
    length = stream.read(_LENGTH_BYTES)
    if not length:
        return None
    header = json.loads(_exactly(stream, int.from_bytes(length, "big")))
    return header, [_exactly(stream, size) for size in header["sizes"]]


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def raise_error(header: dict[str, object]) -> None:
    """In the parent: raise what the worker answered instead of a result, if it did."""
    if reason := header.get("left_alone"):
        raise LeftAlone(Reason(str(reason)), str(header["detail"]))
    if code := header.get("error"):
        raise _ERRORS.get(str(code), InputError)(str(header["detail"]))


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    requests, answers = _take_pipes()
    _limit_memory(int(sys.argv[1]))
    while (request := receive(requests)) is not None:
        header, blobs = request
        try:
            answer, result = _serve(header, blobs)
        except LeftAlone as left:
            answer, result = {"left_alone": left.reason, "detail": left.detail}, []
        except InputError as error:
            answer, result = {"error": error.code, "detail": error.message}, []
        except MemoryError:
            message = "needs more memory than the worker may use (memory_limit)"
            answer, result = {"error": WorkerCrashed.code, "detail": message}, []
        except Exception as error:  # noqa: BLE001  (one file's trouble must stay that file's)
            message = f"unexpected {type(error).__name__}: {error}"
            answer, result = {"error": WorkerCrashed.code, "detail": message}, []
        del blobs, request
        send(answers, answer, *result)


def _serve(header: dict[str, object], blobs: list[bytes]) -> tuple[dict[str, object], list[bytes]]:
    media = MediaType(str(header["media"]))
    options = Options.from_json(str(header["options"]))
    # Large files do not go through the parent's memory.
    blobs += [_read(Path(path)) for path in cast("list[str]", header.get("files", []))]
    if header["task"] == "compress file":
        return _compress_file(blobs[0], media, options, Path(str(header["into"])))
    if header["task"] == "compress":
        candidate = engine.compress(blobs[0], media, options)
        return {"lossy": candidate.lossy, "notes": candidate.notes}, [candidate.data]
    candidate = Candidate(blobs[1], lossy=bool(header["lossy"]))
    verdict = verify.verify(blobs[0], candidate, media, options)
    return {"ok": verdict.ok, "detail": verdict.detail}, []


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
    candidate = engine.compress(data, media, options)
    result = mark(candidate.data, media) if candidate.lossy else candidate.data
    if len(result) >= len(data):
        return {"size": 0}, []
    try:
        with os.fdopen(os.open(into, _NEW, 0o600), "wb") as file:
            file.write(result)
    except OSError as error:
        raise Unreadable(f"cannot be written: {error.strerror}") from error
    return {"size": len(result), "lossy": candidate.lossy}, []


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    # A library that prints must not write into an answer, and one that reads finds nothing.
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return requests, answers


def _limit_memory(limit: int) -> None:
    """Let the process use `limit` bytes more than it does now, where the system can say so."""
    try:
        import resource  # noqa: PLC0415  (not on Windows)
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Counts what the process allocates, not the libraries it maps.
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    main()
