"""What programs read: JSON keeps to its schema, SARIF and JUnit to what those who show them ask for."""

import json
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from jsonschema import ValidationError

import reports
from ir_build.advice import Finding, Kind
from ir_build.errors import Reason
from ir_build.formats import MediaType
from ir_build.outcome import Cached, Compressed, Failed, Kept
from ir_build.report import Report
from ir_build.report.json import to_json
from ir_build.report.junit import to_junit
from ir_build.report.pages import PagesReport
from ir_build.report.sarif import to_sarif
from ir_build.report.verdict import State, Verdict

EVIL = "a b/\x1b]0;t\x07<&\"'>\u202e图\udcff\ufffe#?%.png"
PNG = {"media": MediaType.PNG, "before": 100}
OVER = Verdict(
    "max_file", State.EXCEEDED, 50, 100, "2 files are over 50 B", (EVIL, "b.png"), "resize"
)
OUTCOMES = (
    Compressed(name="a.png", size=60, lossy=True, digest="0" * 64, shipped_digest="1" * 64, score=81.5,
               seconds=0.25, **PNG),
    Cached(name="b.png", size=60, lossy=False, from_cache=True, notes=("stripped Exif",), **PNG),
    Failed(name=EVIL, code="corrupt-file", message="no\x1bend", output="line 1\nline 2", media=None,
           before=3),
    Failed(name="gone.png", code="not-written", message="No space left", **PNG),
    *(Kept(name=f"{reason}.png", reason=reason, detail="seen", **PNG) for reason in Reason),
)  # fmt: skip
REPORT = Report(
    OUTCOMES, "the built-in engine", 1.25, warnings=("cache full",), advice=("compress again",),
    pages=PagesReport(pages=2, left={"index.html": "no HTML"}),
    findings=(Finding(Kind.FILM, "a.gif", 4000, "90 frames"),),
    budgets=(OVER, Verdict("budgets.total", State.KEPT, 999, 9), Verdict("max_growth", State.UNKNOWN, 0, None, "no")),
)  # fmt: skip
EMPTY = Report((), "x", 0)


@pytest.mark.parametrize("report", [REPORT, EMPTY, Report(OUTCOMES[:1], "x", 0, interrupted=True)])
def test_every_outcome_keeps_to_the_schema(report):
    """All statuses and reasons, pages, budgets: valid, and with no field that the schema lacks."""
    reports.check(json.loads(to_json(report)))


@pytest.mark.parametrize(
    "harm",
    [
        lambda one: one.pop("totals"),
        lambda one: one["files"][0].pop("shipped_digest"),
        lambda one: one["files"][0].update(status="smaller"),
        lambda one: one["files"][0].update(after=-1),
        lambda one: one["files"][0].update(digest="x"),
        lambda one: one.update(schema_version=2),
    ],
)
def test_the_schema_refuses_what_is_no_report(harm):
    """A field that is missing or of another kind is found."""
    document = json.loads(to_json(REPORT))
    harm(document)
    with pytest.raises(ValidationError):
        reports.check(document)


def run_of(report):
    document = json.loads(to_sarif(report))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    return run


def test_sarif_has_a_result_for_all_that_is_wrong():
    """The worst come first; each has a rule, a level, a message, a place and a fingerprint."""
    run = run_of(REPORT)
    rules = run["tool"]["driver"]["rules"]
    told = [(one["ruleId"], one["level"]) for one in run["results"]]
    assert told == [
        ("missing", "error"), ("over-budget", "error"), ("over-budget", "error"),
        ("failed", "warning"), ("film", "note"),
    ]  # fmt: skip
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["message"]["text"].isprintable()
        (location,) = one["locations"]
        assert location["physicalLocation"]["region"] == {"startLine": 1}
    prints = [one["partialFingerprints"]["irBuild/v1"] for one in run["results"]]
    assert len(set(prints)) == len(prints)
    assert not run_of(EMPTY)["results"]


def test_a_place_in_sarif_is_an_address_of_the_file():
    """Names are encoded, so that every one leads back to its file; absolute ones are file addresses."""
    places = [
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for one in run_of(REPORT)["results"]
    ]
    assert EVIL in [unquote(place, errors="surrogateescape") for place in places]
    assert all(place.isascii() and " " not in place and "#" not in place for place in places)
    absolute = Report((Failed(name="/x/ü.png", code="x", message="y", **PNG),), "x", 0)
    (result,) = run_of(absolute)["results"]
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == "file:///x/%C3%BC.png"


def test_a_fault_keeps_its_fingerprint_when_its_numbers_change():
    """So that code scanning does not open it anew in every run."""

    def prints(verdict):
        report = Report((), "x", 0, budgets=(verdict,))
        return [one["partialFingerprints"] for one in run_of(report)["results"]]

    now = Verdict("max_file", State.EXCEEDED, 50, 200, "1 file is over 50 B", (EVIL, "b.png"))
    assert prints(OVER) == prints(now)


def test_sarif_stays_within_what_github_takes():
    """25,000 results at most; the rest is counted in a notification."""
    failed = tuple(Failed(name=f"{n}.png", code="x", message="y", **PNG) for n in range(25_010))
    run = run_of(Report(failed, "x", 0))
    assert len(run["results"]) == 25_000
    (invocation,) = run["invocations"]
    assert (
        invocation["toolExecutionNotifications"][0]["message"]["text"] == "10 results are left out"
    )


def test_sarif_says_that_a_run_was_interrupted():
    """Its results are those of the files that were done."""
    (invocation,) = run_of(Report(OUTCOMES, "x", 0, interrupted=True))["invocations"]
    assert invocation["executionSuccessful"] is False


def test_junit_has_a_case_for_every_file_and_budget():
    """Failed files and breached budgets are failures; what met a limit or was not judged is skipped."""
    suites = ET.fromstring(to_junit(REPORT).encode())
    files, budgets = suites
    assert files.get("tests") == str(len(OUTCOMES)) == str(len(files))
    assert (files.get("failures"), files.get("errors"), files.get("skipped")) == ("2", "0", "2")
    failed = [case for case in files if case.find("failure") is not None]
    assert failed[1].get("name") == "gone.png"
    assert failed[0].find("failure").get("type") == "corrupt-file"
    assert "line 1\nline 2" in failed[0].find("failure").text
    skipped = [case.get("name") for case in files if case.find("skipped") is not None]
    assert skipped == ["over-timeout.png", "over-memory-limit.png"]
    assert (budgets.get("tests"), budgets.get("failures"), budgets.get("skipped")) == (
        "3",
        "1",
        "1",
    )
    assert "b.png" in budgets[0].find("failure").text


def test_no_name_makes_the_xml_invalid():
    """Control characters and what is no character are written as words."""
    text = to_junit(REPORT)
    names = [case.get("name") for case in ET.fromstring(text.encode())[0]]
    assert r"a b/\x1b]0;t\x07<&" in names[2]
    assert r"\udcff\ufffe" in names[2]


def test_junit_counts_an_interrupted_run_as_an_error():
    """A part of the files must not pass for all of them."""
    (suite,) = ET.fromstring(to_junit(Report(OUTCOMES[:1], "x", 0, interrupted=True)).encode())
    assert (suite.get("tests"), suite.get("errors")) == ("2", "1")
