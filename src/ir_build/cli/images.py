"""`ir-build images`: what the server keeps of what was sent."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ConfigError
from ..report.escape import printable
from ..report.numbers import share, size
from .remote import answer, confirm, connect, json_option, print_json, yes_option

if TYPE_CHECKING:
    from ..imagerecycle.wire import FileKind, Image

_identifiers = click.argument(
    "identifiers", metavar="ID...", nargs=-1, type=click.IntRange(min=1), required=True
)
_original = click.option("--original", is_flag=True, help="The files as they were sent.")
_force = click.option("--force", is_flag=True, help="Replace files that are there.")


@click.group()
def images() -> None:
    """Look at the images and PDFs that the server keeps, for a month each."""


@images.command("list")
@click.option("--limit", type=click.IntRange(min=1), metavar="NUMBER", help="The newest only.")
@json_option
def list_(limit: int | None, *, as_json: bool) -> None:
    """List them, newest first."""
    with connect() as client:
        found = itertools.islice(client.images(page_size=100), limit)
        if as_json:
            print_json(list(found))
            return
        for image in found:
            click.echo(_line(image))


@images.command()
@click.argument("identifier", metavar="ID", type=click.IntRange(min=1))
@json_option
def get(identifier: int, *, as_json: bool) -> None:
    """Show one."""
    with connect() as client:
        image = client.image(identifier)
    if as_json:
        print_json(image)
        return
    click.echo(_line(image))
    for name, link in (("optimised", image.optimized_url), ("original", image.origin_url)):
        click.echo(f"{name:>9}  {printable(link)}")


@images.command()
@click.argument("identifiers", metavar="[ID...]", nargs=-1, type=click.IntRange(min=1))
@click.option("--all", "everything", is_flag=True, help="All images of the account.")
@yes_option
@json_option
def delete(identifiers: tuple[int, ...], *, everything: bool, yes: bool, as_json: bool) -> None:
    """Delete images with their originals; nothing brings them back."""
    if everything == bool(identifiers):
        raise click.UsageError("give the ids of images, or --all")
    what = "all images of the account" if everything else f"{len(identifiers)} images"
    confirm(f"Delete {what}, originals too?", yes=yes)
    with connect() as client:
        if everything:
            client.delete_all_images(confirm=True)
        for identifier in identifiers:
            client.delete_image(identifier)
    deleted = {"deleted": "all" if everything else identifiers}
    answer(deleted, f"deleted {what}", as_json=as_json)


@images.command()
@_identifiers
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), default=Path(),
    help="The folder for the files; by default the current one.",
)  # fmt: skip
@_original
@_force
@json_option
def download(
    identifiers: tuple[int, ...], out: Path, *, original: bool, force: bool, as_json: bool
) -> None:
    """Download files, as ID-NAME."""
    written = []
    with connect() as client:
        for identifier in identifiers:
            image = client.image(identifier)
            path = out / f"{identifier}-{_safe(image.name)}"
            _refuse_to_replace(path, force=force)
            path.parent.mkdir(parents=True, exist_ok=True)
            client.download_to(image, path, kind=_kind(original=original))
            written.append(str(path))
            if not as_json:
                click.echo(printable(str(path)))
    if as_json:
        print_json({"files": written})


@images.command("zip")
@_identifiers
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="The zip file to write.",
)  # fmt: skip
@_original
@_force
@json_option
def zip_(
    identifiers: tuple[int, ...], out: Path, *, original: bool, force: bool, as_json: bool
) -> None:
    """Download files in one zip."""
    _refuse_to_replace(out, force=force)
    with connect() as client:
        client.zip_to(identifiers, out, kind=_kind(original=original))
    written = out.stat().st_size
    told = f"{printable(str(out))}  {size(written)}"
    answer({"file": str(out), "size": written}, told, as_json=as_json)


def _line(image: Image) -> str:
    saved = f"-{share(image.size_before - image.size_after, image.size_before)}"
    expires = f"{image.expires:%Y-%m-%d}" if image.expires else "-"
    return (
        f"{image.id:>8}  {size(image.size_before):>9} {size(image.size_after):>9} {saved:>8}  "
        f"until {expires:<10}  {printable(image.name)}"
    )


def _safe(name: str) -> str:
    """The server's name for a file, fit to be part of a name here."""
    from ..imagerecycle.wire.incoming import base_name  # noqa: PLC0415

    return re.sub(r'[:*?"<>|]', "_", base_name(name))


def _refuse_to_replace(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise ConfigError("the command line", str(path), "is there already; --force replaces it")


def _kind(*, original: bool) -> FileKind:
    from ..imagerecycle.wire import FileKind  # noqa: PLC0415

    return FileKind.ORIGINAL if original else FileKind.OPTIMIZED
