"""What steps and numbers of the engine are worth: bytes and CPU without a step, or with other numbers."""

from __future__ import annotations

import ast
import time
from contextlib import ExitStack
from functools import wraps
from typing import TYPE_CHECKING, Any

import quality
from steps import STEPS, constant, place, put

from ir_build import engine
from ir_build.errors import FileSkipped, InputError
from ir_build.options import Compression, Effort, Options

if TYPE_CHECKING:
    from pathlib import Path

    from steps import Off

    from ir_build.formats import MediaType

    #: bytes and CPU seconds
    Result = tuple[int, float]


def measure(folder: Path, *, most: int | None, kind: str, effort: str) -> None:
    """Print for each format what its steps save on the first `most` files by name, None for all.

    A file counts as the smaller one of itself and the result. Savings are shares of the bytes that
    the files of the format have. CPU is that of the engine alone, without verification.
    """
    options = Options(compression_type=Compression(kind), effort=Effort(effort))
    print(f"{'':32}files  bytes without    saves  CPU s without")
    for media, paths in sorted(quality.by_type(folder).items()):
        files = [path.read_bytes() for path in paths[:most]]
        _compressed(files[0], media, options)  # imports take time, too
        given = sum(map(len, files))
        whole, came = _with_all(files, media, options)
        size = sum(one[0] for one in whole)
        _print(f"{media}", len(files), whole, given - size, given)
        for step, where, off in STEPS[media]:
            with put(where, off):
                # A file that does not come to a step comes out the same without it.
                without = [
                    _compressed(file, media, options) if number in came[step] else whole[number]
                    for number, file in enumerate(files)
                ]
            more = sum(one[0] for one in without) - size
            _print(f"  {step}", len(came[step]), without, more, given)


def sweep(folder: Path, where: str, values: list[str], *, most: int | None, effort: str) -> None:
    """Print what comes of the files with each of some `values`, as Python writes them, of a constant.

    `where` is `module:name` in `ir_build.engine`, in the module that uses it. A constant from which
    others are computed when its module is loaded cannot be measured so.
    """
    owner, name = place(where)
    options = Options(effort=Effort(effort))
    print(f"{where:32}files          bytes   saved          CPU s")
    for media, paths in sorted(quality.by_type(folder).items()):
        files = [path.read_bytes() for path in paths[:most]]
        _compressed(files[0], media, options)
        given = sum(map(len, files))
        for value in [getattr(owner, name), *map(ast.literal_eval, values)]:
            with put(where, constant(value)):
                results = [_compressed(file, media, options) for file in files]
            saved = given - sum(one[0] for one in results)
            _print(f"{media} {value}", len(files), results, saved, given)


def _print(name: str, files: int, results: list[Result], saved: int, given: int) -> None:
    size, cpu = sum(one[0] for one in results), sum(one[1] for one in results)
    print(f"{name:32}{files:5}{size:15}{saved / given:9.2%}{cpu:15.1f}", flush=True)


def _with_all(
    files: list[bytes], media: MediaType, options: Options
) -> tuple[list[Result], dict[str, set[int]]]:
    """What comes of each file with all steps, and which of the files come to each."""
    came: dict[str, set[int]] = {step: set() for step, *_ in STEPS[media]}
    results: list[Result] = []

    def watched(step: str) -> Off:
        def watch(function: Any) -> Any:
            if not callable(function):
                came[step].update(range(len(files)))
                return function

            @wraps(function)
            def called(*args: Any, **named: Any) -> Any:
                came[step].add(len(results))
                return function(*args, **named)

            return called

        return watch

    with ExitStack() as stack:
        for step, where, _ in STEPS[media]:
            stack.enter_context(put(where, watched(step)))
        for file in files:
            results.append(_compressed(file, media, options))  # noqa: PERF401  (steps count them)
    return results, came


def _compressed(file: bytes, media: MediaType, options: Options) -> Result:
    """Bytes and CPU seconds; a file that is refused stays as it is."""
    start = time.process_time()
    try:
        size = len(engine.compress(file, media, options).data)
    except (FileSkipped, InputError):
        size = len(file)
    return min(size, len(file)), time.process_time() - start
