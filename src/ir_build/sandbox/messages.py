"""Messages between parent and worker: frames of JSON and bytes, over pipes."""

from __future__ import annotations

import json
from typing import BinaryIO

from .. import errors

# Bytes of the length of a header, before it.
_LENGTH_BYTES = 8
_ERRORS = {
    error.code: error
    for error in (errors.CorruptFile, errors.TooLarge, errors.Unreadable, errors.WorkerCrashed)
}


def send(stream: BinaryIO, header: dict[str, object], *blobs: bytes) -> None:
    """Write one frame: a JSON header and any number of byte strings."""
    head = json.dumps({**header, "sizes": [len(blob) for blob in blobs]}).encode()
    stream.write(len(head).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(head)
    stream.writelines(blobs)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, object], list[bytes]] | None:
    """Read one frame; None at the end of the stream. Raises EOFError when the stream ends inside a frame."""
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
    """Raise the error that the worker's answer `header` names, if it names one."""
    if reason := header.get("skipped"):
        raise errors.FileSkipped(errors.Reason(str(reason)), str(header["detail"]))
    if code := header.get("error"):
        raise _ERRORS.get(str(code), errors.InputError)(str(header["detail"]))
