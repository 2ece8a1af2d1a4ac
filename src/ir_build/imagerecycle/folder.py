"""All images and PDFs of a folder, several at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..errors import OF_THE_ACCOUNT, BackendError, Unreadable
from ..formats import SUFFIXES
from .upload_job import UploadJob

if TYPE_CHECKING:
    from .wire import Image


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file: there is an image or an error."""

    path: Path  #: of the source
    image: Image | None = None
    error: BackendError | Unreadable | None = None


def compress_folder(
    upload: Callable[[Path], Image],
    fetch: Callable[[Image, BinaryIO], None],
    folder: Path,
    out: Path,
    *,
    concurrency: int,
    progress: Callable[[int, int], object] | None,
) -> list[FileResult]:
    """See `Client.compress_folder`."""
    paths = list(_files(folder))
    stopped = threading.Event()
    results: dict[Path, FileResult] = {}

    def compress(path: Path) -> FileResult:
        if stopped.is_set():
            error = BackendError("not sent, since the account can send no more")
            error.file = path.name
            return FileResult(path, error=error)
        target = out / path.relative_to(folder)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            return FileResult(path, UploadJob(partial(upload, path), fetch).to_file(target))
        except BackendError as failure:
            if isinstance(failure, OF_THE_ACCOUNT):
                stopped.set()
            return FileResult(path, error=failure)
        except Unreadable as failure:
            return FileResult(path, error=failure)
        except OSError as failure:
            return FileResult(path, error=Unreadable.of(failure, target))

    with ThreadPoolExecutor(concurrency) as threads:
        for future in as_completed([threads.submit(compress, path) for path in paths]):
            result = future.result()
            results[result.path] = result
            if progress is not None:
                progress(len(results), len(paths))
    return [results[path] for path in paths]


def _files(folder: Path) -> Iterator[Path]:
    """The files with suffixes that can be compressed, in order; links are not followed."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix.lower() in SUFFIXES and not path.is_symlink():
                yield path
