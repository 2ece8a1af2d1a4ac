"""Every setting reaches the engine, or the run, from every entry point."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from ir_build import api, backends
from ir_build.candidate import Candidate
from ir_build.cli import main
from ir_build.formats import MediaType
from ir_build.options import Effort, Meta, Pages, Resize
from ir_build.settings import SETTINGS

PNG = b"\x89PNG\r\n\x1a\n" + bytes(300)

# Of every setting a value as YAML and TOML have it, the same as text, and what must come of it.
SAMPLES = {
    "compression_type": ({"png": "lossless", "default": "lossy"}, "png=lossless,lossy", "lossless"),
    "quality": (91, "91", 91.0),
    "resize": ({"width": 12, "height": 34}, "12x34", Resize(12, 34)),
    "preserve_metas": (["icc", "copyright"], "icc,copyright", frozenset({Meta.ICC, Meta.COPYRIGHT})),
    "min_saving": (7, "7%", 0.07),
    "effort": ("best", "best", Effort.BEST),
    "max_pixels": (12345, "12345", 12345),
    "pdf_dpi": (96, "96", 96),
    "include": (["*.png", "*.jpg"], "*.png,*.jpg", ("*.png", "*.jpg")),
    "exclude": (["x/**"], "x/**", ("x/**",)),
    "overrides": ([{"glob": "*.png", "quality": 66}], json.dumps([{"glob": "*.png", "quality": 66}]), 66.0),
    "pages": (True, "true", Pages()),
    "max_file_size": ("1MB", "1MB", 1_000_000),
    "jobs": (3, "3", 3),
    "timeout": (9, "9", 9.0),
    "memory_limit": ("1GiB", "1GiB", 2**30),
    "cache_dir": ("other cache", "other cache", "other cache"),
    "cache_size": ("3MB", "3MB", 3_000_000),
    "strict": (True, "true", True),
    "max_total": ("3MB", "3MB", 3_000_000),
    "max_file": ("2MB", "2MB", 2_000_000),
    "min_saved": ("0%", "0%", 0.0),
    "budgets": ({"total": "3MB", "b/**": "2MB"}, "total=3MB,b/**=2MB", {"total": 3_000_000, "b/**": 2_000_000}),
    "max_growth": ("5%", "5%", 0.05),
    "baseline": ("old.json", "old.json", "old.json"),
    "backend": ("local", "local", "local"),
    "fallback": ("local", "local", "local"),
    "concurrency": (5, "5", 5),
    "max_quota_per_build": ("2MB", "2MB", 2_000_000),
    "report": (["r.md"], "r.md", ("r.md",)),
    "report_pictures": (6, "6", 6),
}  # fmt: skip


class Recorder:
    """A backend that notes what it is asked for."""

    name = "a recorder"
    identity = "recorder"
    remote = False

    def __init__(self):
        self.options = []

    def compress(self, data, media, options, name):
        self.options.append(options)
        return Candidate(data, lossy=False)

    def delivered(self, source, result):
        pass

    def warnings(self):
        return []

    def close(self):
        pass


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Run in a folder with one picture, and record the configuration and the options."""
    for name in list(os.environ):
        if name.startswith("IR_BUILD_"):
            monkeypatch.delenv(name)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.png").write_bytes(PNG)
    (tmp_path / "docs" / "index.md").write_text("# x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ir_build.config.default_cache_dir", lambda: tmp_path / "cache")
    recorder = Recorder()
    monkeypatch.setattr(backends, "choose", lambda *_args, **_kwargs: recorder)
    opened = api.Session.__init__

    def open_and_note(self, config, **more):
        opened(self, config, **more)
        recorder.config = config

    monkeypatch.setattr(api.Session, "__init__", open_and_note)
    return recorder


def command_line_flags(name, value, text):
    flag = f"--{name.replace('_', '-')}"
    if value is True:
        return [flag]
    if name in ("include", "exclude", "report"):
        return [part for one in value for part in (flag, one)]
    if name == "budgets":
        return [part for key, size in value.items() for part in ("--budget", f"{key}={size}")]
    return [flag, text]


def command_line(name, value, text, folder):
    flags = command_line_flags(name, value, text)
    done = CliRunner().invoke(main, ["optimize", "docs", *flags], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def pyproject(name, value, text, folder):
    literal = "true" if value is True else json.dumps(value).replace('": ', '" = ')
    (folder / "pyproject.toml").write_text(
        f"[tool.ir-build]\n{name.replace('_', '-')} = {literal}\n"
    )
    api.optimize("docs")


def environment(name, value, text, folder):
    os.environ[f"IR_BUILD_{name.upper()}"] = text
    try:
        api.optimize("docs")
    finally:
        del os.environ[f"IR_BUILD_{name.upper()}"]


def python(name, value, text, folder):
    api.optimize("docs", **{name: value})


def mkdocs(settings, folder):
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    options = json.dumps(settings)
    (folder / "mkdocs.yml").write_text(f"site_name: x\nplugins:\n  - ir-build: {options}\n")
    build(load_config(str(folder / "mkdocs.yml")))


def sphinx(settings, folder):
    from sphinx.application import Sphinx

    (folder / "extra").mkdir(exist_ok=True)
    (folder / "source").mkdir(exist_ok=True)
    (folder / "docs" / "a.png").rename(folder / "extra" / "a.png")
    (folder / "source" / "index.rst").write_text("x\n=\n")
    (folder / "conf.py").write_text(
        "extensions = ['sphinx_ir_build']\nhtml_extra_path = ['extra']\nhtml_theme = 'epub'\n"
        + "".join(f"ir_build_{name} = {value!r}\n" for name, value in settings.items())
    )
    out = folder / "out"
    app = Sphinx(folder / "source", folder, out, out / ".doctrees", "html", status=None)
    app.build()
    assert app.statuscode == 0


def pelican(settings, folder):
    from pelican import Pelican
    from pelican.settings import read_settings

    (folder / "conf.py").write_text(
        "PATH = 'docs'\nTIMEZONE = 'UTC'\nSTATIC_PATHS = ['']\nPLUGINS = ['ir_build']\n"
        "PAGE_PATHS = ARTICLE_PATHS = []\nTHEME_STATIC_PATHS = []\n"
        + "".join(f"IR_BUILD_{name.upper()} = {value!r}\n" for name, value in settings.items())
    )
    Pelican(read_settings(str(folder / "conf.py"))).run()


def hook(name, value, text, folder):
    flags = command_line_flags(name, value, text)
    done = CliRunner().invoke(main, ["hook", *flags, "docs/a.png"], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_every_setting_has_a_sample():
    """The samples cover the table."""
    assert SAMPLES.keys() == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("entry_point", [command_line, pyproject, environment, python, hook])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_setting_arrives_from_every_entry_point(recorded, tmp_path, entry_point, name):
    """What changes bytes is in the options the backend gets, the rest in the configuration."""
    value, text, _ = SAMPLES[name]
    entry_point(name, value, text, tmp_path)
    check(name, recorded, tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("host", [mkdocs, sphinx, pelican])
@pytest.mark.parametrize("overridden", [False, True])
def test_every_setting_arrives_from_every_host(recorded, tmp_path, host, overridden):
    """All in one build, but for `overrides`, which hides another."""
    names = [name for name in SAMPLES if (name == "overrides") is overridden]
    host({name: SAMPLES[name][0] for name in names}, tmp_path)
    for name in names:
        check(name, recorded, tmp_path)


def check(name, recorded, folder):
    """That a setting has arrived as its sample wants."""
    expected = SAMPLES[name][2]
    config = recorded.config
    setting = next(setting for setting in SETTINGS if setting.name == name)
    if setting.per_file:
        (options,) = {*recorded.options[:1]}
        assert getattr(options, name) == expected
    elif name == "overrides":
        assert recorded.options[0].quality == expected
        assert config.options_for("b.gif", MediaType.GIF, default="lossy").quality == 80
    elif name in ("cache_dir", "baseline", "report"):
        got = getattr(config, name)
        paths = got if isinstance(got, tuple) else (got,)
        assert [path.relative_to(folder) for path in paths] == [
            Path(one) for one in ((expected,) if isinstance(expected, str) else expected)
        ]
    else:
        assert getattr(config, name) == expected


@pytest.mark.parametrize(("former", "now"), [("conclude", "finish_run"), ("tell", "log_report")])
def test_a_former_name_works_and_says_what_it_is_called_now(former, now):
    """An adapter that was written for the version before still runs."""
    with pytest.warns(DeprecationWarning, match=f"{former} is called {now}"):
        assert getattr(api, former) is getattr(api, now)
