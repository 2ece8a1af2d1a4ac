"""`ir-build cache`: look into the cache and keep it small."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from ..config import load
from ..report.numbers import share, size
from ..run.cache import Cache
from .arguments import given, size_value

_cache_dir = click.option(
    "--cache-dir", metavar="DIR", default=None, help="The cache, if it is not the configured one."
)


@click.group()
def cache() -> None:
    """Look into the cache and keep it small."""


def _open(cache_dir: str | None, size_limit: int | None = None) -> contextlib.closing[Cache]:
    config = load(folder=Path.cwd(), last=given({"cache_dir": cache_dir}))
    limit = config.cache_size if size_limit is None else size_limit
    return contextlib.closing(Cache(config.cache_dir, size_limit=limit))


@cache.command()
@_cache_dir
def info(cache_dir: str | None) -> None:
    """Say where the cache is and how full."""
    with _open(cache_dir) as opened:
        found, limit = opened.info(), opened.size_limit
    click.echo(f"folder   {opened.directory}")
    click.echo(f"entries  {found.entries}")
    click.echo(f"size     {size(found.size)} of {size(limit)} ({share(found.size, limit)})")


@cache.command()
@click.option(
    "--max-size", metavar="SIZE", callback=size_value, help="Shrink it to this size, such as 500MB."
)
@click.option(
    "--max-age", metavar="DAYS", type=float, help="Remove what no run has used for so many days."
)
@_cache_dir
def prune(max_size: int | None, max_age: float | None, cache_dir: str | None) -> None:
    """Remove what exceeds the size limit, and what is old."""
    with _open(cache_dir, max_size) as opened:
        before = opened.info().size
        removed = opened.prune(max_age=None if max_age is None else max_age * 24 * 3600)
        after = opened.info().size
    click.echo(f"removed {removed} entries: {size(before)} -> {size(after)}")


@cache.command()
@_cache_dir
def clear(cache_dir: str | None) -> None:
    """Remove everything from the cache."""
    with _open(cache_dir) as opened:
        removed = opened.clear()
    click.echo(f"removed {removed} entries")
