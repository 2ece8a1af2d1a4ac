"""The same input, options and versions give the same bytes, however the work is spread."""

import ast
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import ir_build
from ir_build import engine
from pictures import encoded, enlarged, grained


def shades(seed):
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return grained(enlarged(coarse, (90, 70)), random, colour=5)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two files of each raster format, one of AVIF, which takes longest."""
    folder = tmp_path_factory.mktemp("site")
    formats = {"jpeg": {"quality": 95}, "png": {}, "webp": {"quality": 95}, "gif": {}, "avif": {}}
    for kind, options in formats.items():
        for seed in range(1 if kind == "avif" else 2):
            data = encoded(shades(seed), kind, **options)
            (folder / f"{seed}.{kind}").write_bytes(data)
    return folder


def made(site, out, jobs):
    ir_build.optimize(site, out=out, jobs=jobs, cache_dir=str(out.with_suffix(".cache")))
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


@pytest.mark.slow
def test_the_same_bytes_with_any_number_of_workers_and_on_every_run(site, tmp_path):
    """One, four and two workers, each with an empty cache, make the same files."""
    runs = [made(site, tmp_path / f"out{n}", jobs) for n, jobs in enumerate((1, 4, 2))]
    assert len(runs[0]) == 9
    assert any(data != (site / name).read_bytes() for name, data in runs[0].items())
    for other in runs[1:]:
        assert other == runs[0]


def test_what_makes_the_bytes_is_in_the_cache_key():
    """Every distribution that the engine's codecs import has its version in the identity."""
    identity = engine.identity()
    root = Path(engine.__file__).parent
    imported = {
        name
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    packages = {name.split(".")[0] for name in imported} - sys.stdlib_module_names - {""}
    distributions = metadata.packages_distributions()
    assert "numpy" in packages
    for package in packages:
        for name in distributions.get(package, [package]):
            assert f"{name.lower()}={metadata.version(name)}" in identity


def test_versions_are_those_that_the_packages_give_themselves():
    """The quick way to the versions agrees with Python's own, and falls back to it."""
    versions = engine.codec_versions()
    assert versions == {name: metadata.version(name) for name in versions}
    assert engine._version("no-such-distribution") is None
