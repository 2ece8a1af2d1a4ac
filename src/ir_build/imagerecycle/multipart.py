"""The body of an upload, `multipart/form-data`, made while it is sent."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from ..errors import Unreadable

if TYPE_CHECKING:
    #: what can be uploaded: a path, a file's bytes, or a file open for reading
    Upload = str | os.PathLike[str] | bytes | BinaryIO

_IN_MEMORY = 1024 * 1024


class SourceFault(Exception):
    """Carries an `Unreadable` out of the libraries, which blame every OSError on the connection."""

    def __init__(self, error: Unreadable) -> None:
        super().__init__()
        self.error = error


@dataclass(slots=True)
class FilePart:
    """A file to upload, from the position that `file` had when it was given."""

    name: str
    file: BinaryIO
    start: int
    size: int  #: bytes
    #: whether `file` was opened here
    owned: bool

    @classmethod
    def of(cls, source: Upload, name: str | None) -> Self:
        """The part of `source`. `name` is by default the file's own. Raises `Unreadable`."""
        try:
            return cls._of(source, name)
        except Unreadable:
            raise
        except OSError as error:
            raise Unreadable.of(error, _path(source)) from error

    @classmethod
    def _of(cls, source: Upload, name: str | None) -> Self:
        owned = True
        if isinstance(source, bytes):
            file: BinaryIO = BytesIO(source)
        elif isinstance(source, (str, os.PathLike)):
            path = Path(source)
            if not path.is_file():
                words = "not a regular file" if path.exists() else "no such file"
                raise Unreadable(words, path=path)
            name = name or path.name
            file = path.open("rb")
        elif source.seekable():
            file, owned = source, False
        else:  # a pipe can be read once, and a second try needs it again
            file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # type: ignore[assignment]  # noqa: SIM115
            shutil.copyfileobj(source, file)
            file.seek(0)
        start = file.tell()
        size = file.seek(0, os.SEEK_END) - start
        if name is None:
            name = os.path.basename(_path(source) or "file")  # noqa: PTH119
        return cls(name, file, start, size, owned)

    def close(self) -> None:
        """Close the file if it was opened here."""
        if self.owned:
            self.file.close()


def _path(source: Upload) -> str | None:
    """A path, or the path of an open file that has one."""
    given = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
    return os.fspath(given) if isinstance(given, (str, os.PathLike)) else None


class MultipartBody:
    """What `requests` sends: it asks for the length, then reads."""

    def __init__(self, fields: Mapping[str, str], part: FilePart | None) -> None:
        """The text `fields`, then the file. The body can be read once."""
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        head = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            .encode("utf-8", "replace")
            for name, value in fields.items()
        )  # fmt: skip
        end = f"--{boundary}--\r\n".encode()
        self._left = 0
        self._file = None
        if part is not None:
            head += (
                f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
                f'filename="{_escaped(part.name)}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n"
            ).encode("utf-8", "replace")
            end = b"\r\n" + end
            self._file, self._left = part.file, part.size
            self._file.seek(part.start)
        self._head, self._end = BytesIO(head), BytesIO(end)
        self._length = len(head) + self._left + len(end)

    def __len__(self) -> int:
        return self._length

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`; none at the end. Raises `SourceFault`."""
        if size < 0:
            size = self._length
        found = self._head.read(size)
        if not found and self._left and self._file is not None:
            found = self._from_file(min(size, self._left))
        return found or self._end.read(size)

    def _from_file(self, size: int) -> bytes:
        assert self._file is not None
        try:
            found = self._file.read(size)
        except OSError as error:
            raise SourceFault(Unreadable.of(error, _path(self._file))) from error
        if not found:
            words = "changed while it was being sent"
            raise SourceFault(Unreadable(words, path=_path(self._file)))
        self._left -= len(found)
        return found


def _escaped(name: str) -> str:
    # As browsers do: https://html.spec.whatwg.org/#multipart-form-data
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
