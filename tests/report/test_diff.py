"""Two reports are compared by names and by contents, and reports of others are refused in a sentence."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir_build.errors import ConfigError, Reason
from ir_build.formats import MediaType
from ir_build.outcome import Compressed, Kept
from ir_build.report import Report, stored
from ir_build.report.diff import diff
from ir_build.report.diff_forms import to_html, to_markdown, to_text

EVIL = "\x1b]0;t\x07|<script>alert(1)</script>\n@you \u202e'\"&.png"


def file(name, size, content="", shipped=None):
    """A file whose contents are told by a letter; `shipped` is what became of it."""
    known = {"name": name, "media": MediaType.PNG, "digest": content * 64}
    if shipped is None:
        return Kept(before=size, reason=Reason.NOT_SMALLER, **known)
    return Compressed(before=2 * size, size=size, lossy=True, shipped_digest=shipped * 64, **known)


def between(old, new, **more):
    """The difference of two runs with these files."""
    reports = [Report(tuple(files), "x", 0, **more) for files in (old, new)]
    return diff(*map(stored.of, reports))


def told(found):
    return [(str(one.kind), one.name, one.growth) for one in found.changes]


def test_what_has_become_of_files():
    """New, gone, grown and shrunk, what differs most first; files that are equal are left out."""
    found = between(
        [file("a", 100, "a"), file("b", 100, "b"), file("c", 100, "c"), file("d", 50, "d")],
        [file("a", 100, "a"), file("b", 300, "e"), file("c", 70, "f"), file("n", 10, "1")],
    )
    assert told(found) == [
        ("grown", "b", 200),
        ("gone", "d", -50),
        ("shrunk", "c", -30),
        ("new", "n", 10),
    ]
    assert (found.before, found.after) == (350, 480)


def test_a_file_under_another_name_is_renamed():
    """Its content tells, as it was shipped, or as it was found where the settings have changed."""
    found = between(
        [file("old.png", 100, "a", "b"), file("x/other.png", 100, "c", "d")],
        [file("new.png", 100, "b"), file("y/other.png", 90, "c", "e")],
    )
    assert told(found) == [("renamed", "y/other.png", -10), ("renamed", "new.png", 0)]
    assert [one.remark for one in found.changes] == ["was x/other.png", "was old.png"]


def test_of_equal_files_each_is_renamed_once():
    """Two copies of which one moves: one is renamed, and a third copy is new."""
    found = between(
        [file("a", 10, "a"), file("b", 10, "a")],
        [file("a", 10, "a"), file("c", 10, "a"), file("d", 10, "a")],
    )
    assert sorted(told(found)) == [("new", "d", 10), ("renamed", "c", 0)]
    (new,) = (one for one in found.changes if one.kind == "new")
    assert new.remark == "a copy of a"


def test_unknown_contents_are_no_reason_to_take_files_for_equal():
    """Reports of earlier versions have no digests: then only names count."""
    assert told(between([file("a", 10)], [file("b", 10)])) == [("gone", "a", -10), ("new", "b", 10)]


def test_a_grown_file_of_the_same_original_says_so():
    """Then it is a setting, or the engine, that has changed."""
    (change,) = between([file("a", 10, "a", "b")], [file("a", 12, "a", "c")]).changes
    assert change.remark == "same original"


@given(st.randoms(use_true_random=False))
def test_growth_adds_up(rnd: random.Random):
    """Whatever has changed, the changes add up to the difference of the whole."""

    def some():
        names = rnd.sample("abcdefgh", rnd.randint(0, 8))
        return [
            file(name, rnd.randint(1, 9), rnd.choice("0123"), rnd.choice("4567")) for name in names
        ]

    found = between(some(), some())
    assert sum(one.growth for one in found.changes) == found.after - found.before


def pages(**loads):
    """A report's part on pages, as JSON has it."""
    return {
        "loads": {"desktop": {"before": 9, "after": sum(loads.values())}},
        "by_page": [
            {"page": page, "phone": [9, after], "desktop": [9, after]}
            for page, after in loads.items()
        ],
    }


def written(path, **fields):
    path.write_text(json.dumps({"schema_version": 1, "files": []} | fields))
    return path


def test_pages_are_compared_where_both_reports_have_them(tmp_path):
    """The page whose loads differ most comes first; the sum of all is told."""
    old = written(tmp_path / "old.json", pages=pages(a=100, b=100, c=100))
    new = written(tmp_path / "new.json", pages=pages(a=150, b=100, c=300, d=5))
    found = diff(stored.read(old), stored.read(new))
    assert [(one.page, one.before, one.after) for one in found.pages] == [
        ("c", 100, 300),
        ("a", 100, 150),
    ]
    assert "all pages load on a desktop: 300 B -> 555 B (+255 B, +85.0 %)" in to_text(found)
    alone = diff(stored.read(old), stored.read(written(tmp_path / "none.json")))
    assert not alone.pages


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"\xff\xfe{}", "is not JSON"),
        (b"[]", "no report of ir-build"),
        (b'{"version": "2.1.0"}', "no report of ir-build"),
        (b'{"schema_version": 2, "files": []}', "schema version 2, this ir-build reads 1"),
        (b'{"schema_version": "\\u001b", "files": []}', "schema version '\\x1b'"),
        (b'{"schema_version": 1}', "has no files"),
        (b'{"schema_version": 1, "files": {}}', "the document.files"),
        (b'{"schema_version": 1, "files": [], "budgets": [1]}', "budgets[0].state"),
        (b'{"schema_version": 1, "files": [{"name": "a"}]}', "files[0].after"),
        (b'{"schema_version": 1, "files": [{"name": "a", "after": true}]}', "files[0].after"),
        (b'{"schema_version": 1, "files": [{"name": "a", "after": -1}]}', "files[0].after"),
        (
            b'{"schema_version": 1, "files": [{"name": "a", "after": 1%s}]}' % (b"0" * 400),
            "files[0].after",
        ),
        (b'{"schema_version": 1, "files": [{"name": 1, "after": 1}]}', "files[0].name"),
        (b'{"schema_version": 1, "files": ["a"]}', "files[0].name"),
        (b'{"schema_version": 1, "files": [{"name": "a", "after": 1, "digest": "x"}]}', "SHA-256"),
        (b'{"schema_version": 1, "files": [], "pages": []}', "the document.pages"),
        (b'{"schema_version": 1, "files": [], "pages": {"by_page": [{}]}}', "pages.by_page[0].page"),
        (b'{"schema_version": 1, "files": [], "pages": {"by_page": [{"page": "a", "phone": [1]}]}}', "phone"),
        (b'{"schema_version": 1, "files": [], "pages": {"loads": {"x": 1}}}', "pages.loads.x.after"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused_in_one_sentence(tmp_path, content, hint):
    """Broken, foreign and newer files are named with what is wrong."""
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        stored.read(tmp_path / "r.json")
    assert "r.json" in str(caught.value)
    assert hint in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_report_that_is_not_there_is_named(tmp_path):
    """The system says why it cannot be read."""
    with pytest.raises(ConfigError, match=r"no\.json: cannot be read: No such file"):
        stored.read(tmp_path / "no.json")


def test_an_interrupted_run_is_mentioned():
    """Files that are missing from it are no news."""
    assert "interrupted" in to_text(between([file("a", 1)], [], interrupted=True))


def test_equal_reports_have_not_changed():
    """The one line says so, and there is no table."""
    found = between([file("a", 100, "a")], [file("a", 100, "a")])
    assert to_text(found) == "100 B -> 100 B (±0 B, ±0.0 %): no file has changed\n"
    assert "|" not in to_markdown(found)
    assert "<table" not in to_html(found)


@pytest.mark.parametrize("form", [to_text, to_markdown, to_html])
def test_rows_limit_what_is_listed(form):
    """Those that differ most are listed, and how many are not."""
    found = between([], [file(f"{n}.png", n + 1) for n in range(9)])
    shown = form(found, rows=2)
    assert "and 7 more" in shown
    assert "8.png" in shown
    assert "6.png" not in shown
    assert "0.png" in form(found)


def test_names_do_no_harm():
    """On a terminal, in Markdown and in HTML a name is text and nothing else."""
    found = between([file(EVIL, 1, "a")], [file(EVIL + "2", 1, "a"), file(EVIL + "3", 5, "a")])
    assert all(line.isprintable() for line in to_text(found).splitlines())
    for harm in ("<script", "@you", "\x1b", "\u202e"):
        assert harm not in to_markdown(found)
    page = to_html(found)
    assert "<script" not in page
    assert "\u202e" not in page
    assert page.count("<tr ") == 3
    rows = [line for line in to_markdown(found).splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {7}
