"""Budgets are judged alike however they are set, and a breach says what is too much and what helps."""

import json
from collections import Counter

import pytest

from ir_build.advice import Finding, Kind
from ir_build.errors import ConfigError, Reason
from ir_build.formats import MediaType
from ir_build.outcome import Compressed, Failed, Kept
from ir_build.pages.loads import Loads
from ir_build.report import Report
from ir_build.report.budget import Budgets
from ir_build.report.mend import what_mends
from ir_build.report.pages import PagesReport
from ir_build.report.verdict import State

PHOTO = Compressed(name="blog/a.jpg", media=MediaType.JPEG, before=9000, size=5000, lossy=True)
PLAN = Kept(name="blog/b.png", media=MediaType.PNG, before=2000, reason=Reason.NOT_SMALLER)
LOGO = Compressed(name="logo.svg", media=MediaType.SVG, before=400, size=100, lossy=False)
REPORT = Report((PHOTO, PLAN, LOGO), "the built-in engine", 1.0)


def judged(report=REPORT, folders=(), baseline=None, **set_):
    return Budgets(**set_).judge(report, baseline=baseline, folders=folders)


def the(verdicts):
    (verdict,) = verdicts
    return verdict


@pytest.mark.parametrize(
    ("key", "used"),
    [("total", 7100), ("per_file", 5000), ("blog/**", 7000), ("*.svg", 100), ("blog/*.png", 2000)],
)
def test_a_budget_holds_up_to_its_limit(key, used):
    """Exactly as much as is allowed is kept to, a byte more is not; globs count what they match."""
    assert the(judged(by_key={key: used})).state is State.KEPT
    over = the(judged(by_key={key: used - 1}))
    assert (over.state, over.used, over.limit) == (State.EXCEEDED, used, used - 1)


def test_the_older_settings_are_the_same_budgets():
    """`max_total` and `max_file` find what `total` and `per_file` find, under their own names."""
    for former, key in (("max_total", "total"), ("max_file", "per_file")):
        one, other = the(judged(**{former: 99})), the(judged(by_key={key: 99}))
        assert str(one).removeprefix(former) == str(other).removeprefix(f"budgets.{key}")


def test_a_breach_names_the_largest_files_and_what_mends_the_first():
    """Five are named, the largest first, how many more there are, and why the first is as it is."""
    many = tuple(
        Kept(name=f"{n}.png", media=MediaType.PNG, before=100 + n, reason=Reason.NEEDS_REPAIR)
        for n in range(8)
    )
    told = str(the(judged(Report(many, "x", 0), max_file=100)))
    assert told.startswith("max_file: 7 files are over 100 B: 7.png (107 B), 6.png (106 B), ")
    assert "3.png (103 B) and 2 more; 7.png: kept, readers have to repair it" in told
    assert told.endswith("save it again with the program that made it")


def test_what_mends_a_file_depends_on_what_became_of_it():
    """Every reason and error has its own remedy; what a finding says comes first."""

    def kept(reason):
        return Kept(name="a.png", media=MediaType.PNG, before=1, reason=reason)

    assert "max_file_size" in what_mends(kept(Reason.OVER_MAX_FILE_SIZE))
    assert "git lfs pull" in what_mends(kept(Reason.LFS_POINTER))
    assert "resize" in what_mends(kept(Reason.NOT_SMALLER))
    assert "quality" in what_mends(PHOTO)
    assert "resize" not in what_mends(LOGO)
    assert "compression_type to lossy" in what_mends(LOGO)
    failed = Failed(name="a", media=None, before=1, code="corrupt-file", message="no end")
    assert "whole file" in what_mends(failed)
    film = Finding(Kind.FILM, PHOTO.name, 4000, "90 frames")
    assert what_mends(PHOTO, [film]) == f"90 frames: {Kind.FILM.mend}"
    assert "quality" in what_mends(LOGO, [film]) or "lossy" in what_mends(LOGO, [film])


def test_globs_may_begin_at_the_folder_that_was_asked_for():
    """`optimize public` reports public/blog/a.png; `blog/**` means it, and so does public/blog/**."""
    report = Report(
        (Kept(name="public/blog/a.png", media=MediaType.PNG, before=9, reason=Reason.NOT_SMALLER),),
        "x", 0,
    )  # fmt: skip
    for glob in ("blog/**", "public/blog/**"):
        assert the(judged(report, ["public/"], by_key={glob: 8})).state is State.EXCEEDED
    assert the(judged(report, by_key={"blog/**": 8})).state is State.UNKNOWN


def test_what_cannot_be_judged_fails_nothing_and_says_why():
    """A glob without files, pages that nobody looks at, and a baseline that is not there yet."""
    for key, hint in (("nothing/**", "no file matches"), ("per_page", "pages: true")):
        verdict = the(judged(by_key={key: 1}))
        assert verdict.state is State.UNKNOWN
        assert hint in verdict.text
    assert "names no report" in the(judged(max_growth=1)).text


def test_pages_have_a_budget_for_what_they_load():
    """The largest page is named with its bytes on a desktop."""

    pages = PagesReport(pages=3)
    for page, after in (("a.html", 300), ("b.html", 500), ("c.html", 200)):
        pages.by_page[page] = Loads(Counter(desktop=9999), Counter(desktop=after, phone=1))
    report = Report((PHOTO,), "x", 0, pages=pages)
    assert the(judged(report, by_key={"per_page": 500})).state is State.KEPT
    over = the(judged(report, by_key={"per_page": 250}))
    assert over.files == ("b.html", "a.html")
    assert "2 pages load more than 250 B of pictures: b.html (500 B), a.html (300 B)" in over.text


def test_growth_is_measured_against_an_older_report(tmp_path):
    """As bytes or a share; what has grown most is named. The report is read before it is replaced."""
    old = tmp_path / "old.json"
    Report((PLAN, LOGO), "x", 0).write(old)
    for allowed, state in (
        (5000, State.KEPT),
        (4999, State.EXCEEDED),
        (2.4, State.KEPT),
        (0.05, State.EXCEEDED),
    ):
        budgets = Budgets(max_growth=allowed, baseline=old)
        verdict = the(budgets.judge(REPORT, baseline=budgets.read_baseline()))
        assert verdict.state is state
    assert "+5.0 kB, +238.1 %" in verdict.text
    assert "5 % are allowed: new blog/a.jpg (+5.0 kB)" in verdict.text
    absent = Budgets(max_growth=1, baseline=tmp_path / "absent.json")
    assert absent.read_baseline() is None
    assert "absent.json is not there yet" in the(absent.judge(REPORT, baseline=None)).text


def test_growth_since_an_interrupted_run_is_not_judged(tmp_path):
    """Files that are missing from the older report would count as new."""
    old = tmp_path / "old.json"
    Report((PLAN,), "x", 0, interrupted=True).write(old)
    with pytest.raises(ConfigError, match=r"old\.json.*interrupted"):
        Budgets(max_growth=1, baseline=old).read_baseline()


def test_verdicts_are_in_the_json(tmp_path):
    """Programs find the limit, what was used, and the names as they are."""
    verdicts = judged(by_key={"blog/**": 10})
    Report((PHOTO,), "x", 0, budgets=verdicts).write(tmp_path / "r.json")
    (budget,) = json.loads((tmp_path / "r.json").read_text())["budgets"]
    assert budget["name"] == 'budgets."blog/**"'
    assert (budget["state"], budget["limit"], budget["used"]) == ("exceeded", 10, 7000)
    assert budget["files"] == ["blog/a.jpg", "blog/b.png"]
