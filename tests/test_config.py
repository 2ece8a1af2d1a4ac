"""Every setting can be read from everywhere, and a wrong one is named."""

from pathlib import Path

import pytest

from ir_build import config, values
from ir_build.config import Source, load
from ir_build.errors import ConfigError
from ir_build.formats import MediaType
from ir_build.options import Compression, Meta, Options, Pages, Part, Resize
from ir_build.settings import SETTINGS


def options(loaded, name="a.png", media=MediaType.PNG):
    return loaded.options_for(name, media, default=Compression.LOSSY)


def read(tmp_path, environ=None, **settings):
    source = Source("test", settings, tmp_path)
    return load(folder=tmp_path, environ=environ or {}, last=source)


def test_the_defaults_are_those_of_options(tmp_path):
    """Without any setting, a file gets the defaults of `Options` and the entry point's compression."""
    assert options(read(tmp_path)) == Options()
    lossless = read(tmp_path).options_for("a.png", MediaType.PNG, default=Compression.LOSSLESS)
    assert lossless.compression_type is Compression.LOSSLESS


def test_the_later_source_wins(tmp_path):
    """pyproject.toml, then the host, then the environment, then the command line."""
    (tmp_path / "pyproject.toml").write_text(
        "[tool.ir-build]\nquality = 50\nmin-saving = 7\njobs = 3"
    )
    host = Source("mkdocs.yml", {"quality": 60, "effort": "fast"}, tmp_path)
    environ = {"IR_BUILD_QUALITY": "70", "IR_BUILD_MIN_SAVING": ""}
    loaded = load(host, folder=tmp_path, environ=environ)
    assert options(loaded).quality == 70
    assert options(loaded).min_saving == 0.07
    assert options(loaded).effort == "fast"
    assert loaded.jobs == 3
    last = Source("the command line", {"quality": "80"}, tmp_path)
    assert options(load(host, folder=tmp_path, environ=environ, last=last)).quality == 80


def test_settings_per_format(tmp_path):
    """One value for all, or per format with a default, as text and as a mapping."""
    for written in (
        "lossless,jpeg=lossy,pdf=none",
        {"default": "lossless", "jpeg": "lossy", "pdf": "none"},
    ):
        loaded = read(tmp_path, compression_type=written)
        assert options(loaded, media=MediaType.JPEG).compression_type == "lossy"
        assert options(loaded, media=MediaType.PDF).compression_type == "none"
        assert options(loaded, media=MediaType.PNG).compression_type == "lossless"
    loaded = read(tmp_path, compression_type="jpeg=lossless")
    assert options(loaded, media=MediaType.GIF).compression_type == "lossy"
    assert options(read(tmp_path, quality={"jpeg": 70}), media=MediaType.PNG).quality == 80


def test_overrides_by_glob(tmp_path):
    """The last override that matches wins, and only for what it sets."""
    loaded = read(
        tmp_path,
        quality=75,
        overrides=[
            {"glob": "shots/**", "compression_type": "lossless", "effort": "best"},
            {"glob": ["*.jpg", "!keep.jpg"], "quality": 90},
            {"glob": "shots/raw/**", "compression_type": "none"},
        ],
    )
    assert options(loaded, "shots/a.png").compression_type == "lossless"
    assert options(loaded, "shots/a.png").quality == 75
    assert options(loaded, "shots/raw/a.png").compression_type == "none"
    assert options(loaded, "shots/raw/a.png").effort == "best"
    assert options(loaded, "x/b.jpg").quality == 90
    assert options(loaded, "x/keep.jpg").quality == 75


def test_relative_paths_belong_to_where_they_were_written(tmp_path, monkeypatch):
    """A relative cache folder is relative to the file that names it, not to the current folder."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.ir-build]\ncache-dir = ".cache"\nreport = "r.md"'
    )
    below = tmp_path / "deep" / "er"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    loaded = load(folder=below, environ={})
    assert loaded.cache_dir == tmp_path / ".cache"
    assert loaded.report == (tmp_path / "r.md",)


WRONG = [
    ("compression_type", "smaller", "lossy, lossless, none"),
    ("compression_type", {"jpg": "lossy"}, "jpeg, png"),
    ("quality", 101, "30 to 100"),
    ("quality", "great", "visually-lossless"),
    ("quality", True, "30 to 100"),
    ("resize", "big", "1600x1200"),
    ("resize", {"width": -1}, "whole number"),
    ("resize", "x", "width or a height"),
    ("preserve_metas", "gps", "location"),
    ("min_saving", "lots", "percentage"),
    ("effort", 11, "fast, default, best"),
    ("max_pixels", 0, "whole number"),
    ("pdf_dpi", 5, "pixels an inch"),
    ("pdf_dpi", 99.5, "whole number"),
    ("include", 3, "list of texts"),
    ("overrides", "{", "JSON"),
    ("overrides", [{"quality": 3}], "glob"),
    ("overrides", [{"glob": "*", "jobs": 3}], "per file"),
    ("overrides", [{"glob": "*", "quality": 3}], "30 to 100"),
    ("overrides", [{"globs": "*", "quality": 80}], "did you mean glob?"),
    ("overrides", [{"glob": "*", "qualty": 80}], "did you mean quality?"),
    ("overrides", [{"glob": "*", 1: 80}], "there is no such option"),
    ("api_key", "x", "ir-build account login"),
    ("api_secret", "x", "IR_BUILD_API_SECRET"),
    ("pages", "all", "neither true nor false"),
    ("pages", "{", "JSON"),
    ("pages", {"format": ["webp"]}, "did you mean formats?"),
    ("pages", {"formats": ["bmp"]}, "formats: 'bmp' is not one of avif, webp, jxl"),
    ("pages", {"content_width": 3}, "content_width"),
    ("pages", {"site_url": "example.org"}, "https://"),
    ("pages", {"still": "perhaps"}, "still"),
    ("max_file_size", "huge", "20MB"),
    ("jobs", 1.5, "whole number"),
    ("timeout", "soon", "seconds"),
    ("memory_limit", -1, "size"),
    ("cache_dir", 3, "text"),
    ("strict", "perhaps", "true nor false"),
    ("max_total", "much", "not a size"),
    ("max_file", -1, "not a size"),
    ("min_saved", "half", "neither a size such as 500kB nor a percentage"),
    ("budgets", {"totl": "1MB"}, "did you mean total?"),
    ("budgets", {"per-flie": "1MB"}, "did you mean per_file?"),
    ("budgets", {"images": "1MB"}, "for a folder write images/**"),
    ("budgets", {"blog/**": "much"}, "blog/**: 'much' is not a size"),
    ("budgets", "total", "KEY=SIZE"),
    ("budgets", "{", "JSON"),
    ("budgets", 3, "list of texts"),
    ("max_growth", "half", "neither a size such as 500kB nor a percentage"),
    ("baseline", 3, "text"),
    ("backend", "cloud", "auto, local, api"),
    ("fallback", "other", "none, local"),
    ("concurrency", 0, "whole number"),
    ("max_quota_per_build", "much", "20MB"),
    ("report", "r.csv", ".html, .json, .md, .txt"),
    ("report_pictures", "-1", "a whole number from 0"),
]


@pytest.mark.parametrize(("name", "value", "hint"), WRONG)
def test_a_wrong_value_is_named_with_its_place_and_what_was_expected(tmp_path, name, value, hint):
    """The message holds the source, the option and what would be right."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, **{name: value})
    assert caught.value.where == "test"
    assert caught.value.key.startswith(name)
    assert hint in caught.value.reason


def test_every_setting_has_a_wrong_value_above():
    """The list of wrong values covers the table, but for what takes any list of texts."""
    credentials = {"api_key", "api_secret"}
    assert {name for name, *_ in WRONG} - credentials | {"exclude", "cache_size"} == {
        one.name for one in SETTINGS
    }


def test_a_misspelt_option_gets_a_suggestion(tmp_path):
    """An unknown option names the nearest known one."""
    with pytest.raises(ConfigError, match="did you mean quality"):
        read(tmp_path, qualty=3)


def test_a_pyproject_that_is_no_toml_is_named(tmp_path):
    """A file that cannot be read is named."""
    (tmp_path / "pyproject.toml").write_text("[tool")
    with pytest.raises(ConfigError, match=r"pyproject\.toml"):
        load(folder=tmp_path, environ={})


def test_misspelt_variables_are_found():
    """A variable with our prefix that is no setting is most likely a mistake."""
    environ = {
        "IR_BUILD_QUALTY": "3",
        "IR_BUILD_QUALITY": "80",
        "IR_BUILD_API_KEY": "x",
        "PATH": "",
    }
    assert config.unknown_variables(environ) == ["IR_BUILD_QUALTY"]


@pytest.mark.parametrize(
    ("written", "value"),
    [("500kB", 500_000), ("2MB", 2_000_000), ("1GiB", 2**30), ("1.5 k", 1500), ("7", 7), (9, 9)],
)
def test_sizes(written, value):
    """Sizes are written as people write them."""
    assert values.size(written) == value


@pytest.mark.parametrize(
    "written",
    [
        {"total": "20MB", "per-file": 500_000, "a=b,c/*.png": "2MB"},
        '{"total": "20MB", "per_file": "500kB", "a=b,c/*.png": "2MB"}',
        ["total=20MB", "per_file=500kB", "a=b,c/*.png=2MB"],
    ],
)
def test_budgets_are_a_mapping_json_or_pairs(written):
    """A glob may hold a comma or an equals sign, where it stands by itself."""
    read = {"total": 20_000_000, "per_file": 500_000, "a=b,c/*.png": 2_000_000}
    assert values.budgets(written) == read
    assert values.budgets("total=1MB, b/**=7") == {"total": 1_000_000, "b/**": 7}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1600x1200", Resize(1600, 1200)),
        ("1600x", Resize(1600, None)),
        ("x900", Resize(None, 900)),
        ({"width": 10}, Resize(10, None)),
        ("none", None),
    ],
)
def test_boxes(written, value):
    """A box may leave one side out."""
    assert values.resize(written) == value


def test_a_picture_is_fitted_never_enlarged():
    """The aspect is kept, and a picture that fits already stays."""
    assert Resize(100, 100).fit(400, 200) == (100, 50)
    assert Resize(100, None).fit(50, 500) == (50, 500)
    assert Resize(None, 10).fit(10_000, 1) == (10_000, 1)
    assert Resize(10, 10).fit(10_000, 3) == (10, 1)


def test_options_survive_the_way_to_a_worker():
    """The text of options holds all of them, and differs when one differs."""
    changed = {
        "compression_type": Compression.LOSSLESS,
        "quality": 90.0,
        "resize": Resize(1, 2),
        "preserve_metas": frozenset({Meta.ICC, Meta.COPYRIGHT}),
        "min_saving": 0.5,
        "effort": values.effort("best"),
        "max_pixels": 7,
        "pdf_dpi": None,
        "kept_parts": frozenset({Part.FONTS, Part.PICTURES}),
    }
    assert changed.keys() == set(Options.__slots__)
    texts = {Options().to_json()}
    for name, value in changed.items():
        one = Options(**{name: value})
        assert Options.from_json(one.to_json()) == one
        texts.add(one.to_json())
    assert len(texts) == len(changed) + 1


def test_the_default_cache_is_the_user_s(tmp_path):
    """Without a setting, all projects share one cache."""
    assert read(tmp_path).cache_dir == config.default_cache_dir()
    assert isinstance(config.default_cache_dir(), Path)


def test_pages_are_all_of_it_or_a_mapping(tmp_path):
    """`true`, a mapping in a file, and JSON in the environment; false is nothing."""
    for written, wanted in (
        (True, Pages()),
        ("on", Pages()),
        (False, None),
        ({"formats": ["webp"], "content_width": 700}, Pages(formats=("webp",), content_width=700)),
        ('{"sizes": false, "still": true}', Pages(sizes=False, still=True)),
        ({"formats": []}, Pages(formats=())),
    ):
        config = load(Source("f", {"pages": written}, tmp_path), folder=tmp_path, environ={})
        assert config.pages == wanted
