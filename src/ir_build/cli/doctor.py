"""`ir-build doctor`: what is there, and whether it works on this machine."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import click

from .. import __version__, engine
from ..config import Config, load, project_sources
from ..errors import CacheError, CorruptFile, FileSkipped, InputError
from ..exit_codes import ExitCode
from ..formats import COMPRESSIBLE
from ..imagerecycle import credentials
from ..options import Options
from ..report.numbers import size
from ..run.cache import Cache
from ..sandbox.pool import Sandbox


@click.command()
def doctor() -> None:
    """Say which codecs, versions and credentials are there, and whether they work."""
    here = Path.cwd()
    config = load(folder=here)
    _line("ir-build", __version__)
    _line("python", f"{platform.python_version()} ({sys.executable})")
    _line("system", f"{platform.system()} {platform.machine()}, {config.jobs} processors to use")
    sources = project_sources(here)
    _line("settings", sources[0].where if sources else "none in a pyproject.toml")
    _cache(config)
    _credentials()
    click.echo("\ncodecs")
    for name, version in engine.codec_versions().items():
        _line(f"  {name}", version or "MISSING")
    click.echo("\nformats")
    if not _formats(config):
        click.echo(
            "\nfiles of a format that does not work are left as they are; `pip install "
            "--force-reinstall ir-build` installs all that there is for this system",
            err=True,
        )
        sys.exit(ExitCode.CHANGES)


def _line(name: str, text: str) -> None:
    click.echo(f"{name:<32}{text}")


def _cache(config: Config) -> None:
    cache = Cache(config.cache_dir, size_limit=config.cache_size)
    try:
        info = cache.info()
        text = f"{cache.directory}, {info.entries} entries, {size(info.size)}"
    except CacheError as error:
        text = str(error)
    finally:
        cache.close()
    _line("cache", text)


def _credentials() -> None:
    for name in ("IR_BUILD_API_KEY", "IR_BUILD_API_SECRET"):
        _line(name, "set" if os.environ.get(name) else "not set")
    _line("IR_BUILD_API_URL", os.environ.get("IR_BUILD_API_URL") or "not set")
    kept = credentials.file(os.environ)
    _line("login", str(kept) if kept.exists() else "none")


def _formats(config: Config) -> bool:
    """Have a worker load every codec. It must call an empty file broken, and say nothing else."""
    well = True
    sandbox = Sandbox(jobs=1, time_limit=config.timeout, memory_limit=config.memory_limit)
    for media in COMPRESSIBLE:
        try:
            sandbox.compress(b"", media, Options())
        except CorruptFile:
            _line(f"  {media}", "ok")
        except (InputError, FileSkipped) as error:
            well = False
            _line(f"  {media}", f"DOES NOT WORK: {error}")
    sandbox.close()
    return well
