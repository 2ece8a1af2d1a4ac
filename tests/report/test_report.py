"""What a run did is told alike in every form, and names do no harm."""

import json
from dataclasses import replace

import pytest

from ir_build.advice import Finding, Kind
from ir_build.errors import Reason
from ir_build.formats import MediaType
from ir_build.outcome import Cached, Compressed, Failed, Kept
from ir_build.report import Report, escape, numbers
from ir_build.report.github import publish
from ir_build.report.json import to_json
from ir_build.report.markdown import to_markdown
from ir_build.report.text import failure_line, summary_line, to_text

OUTCOMES = (
    Compressed(name="a.jpg", media=MediaType.JPEG, before=1000, size=400, lossy=True, seconds=0.5),
    Cached(name="b.png", media=MediaType.PNG, before=2000, size=500, lossy=False, from_cache=True,
           notes=("is a PNG file named .jpg",)),
    Failed(name="c.gif", media=None, before=70, code="corrupt-file", message="no end"),
    Kept(name="d.png", media=MediaType.PNG, before=300, reason=Reason.UNSUPPORTED_VARIANT,
         detail="APNG with 3 frames"),
)  # fmt: skip
REPORT = Report(OUTCOMES, backend="the built-in engine", seconds=1.25, warnings=("cache full",))

FILE = {"name": "a.png", "media": MediaType.PNG, "before": 1000}
KNOWN = Kept(**FILE, reason=Reason.NOT_SMALLER, from_cache=True)
EVIL = "\x1b]0;title\x07 ::error::x | <b>*[a](b)*</b>\n@you www.x.org \u202egnp.exe"


def test_the_totals_add_up():
    """Before, after and saved are the sums over the files."""
    assert (REPORT.before, REPORT.after, REPORT.saved) == (3370, 1270, 2100)
    assert REPORT.counts == {"compressed": 1, "cached": 1, "failed": 1, "kept": 1}
    assert not REPORT.all_cached


def test_the_json_has_the_documented_schema():
    """Version 1: totals, and every file with its status, sizes and reason or error."""
    document = json.loads(to_json(REPORT))
    assert document["schema_version"] == 1
    assert document["totals"] == {
        "files": 4, "before": 3370, "after": 1270, "saved": 2100,
        "compressed": 1, "cached": 1, "kept": 1, "failed": 1,
    }  # fmt: skip
    assert sum(file["saved"] for file in document["files"]) == document["totals"]["saved"]
    assert [file["status"] for file in document["files"]] == [
        "compressed", "cached", "failed", "kept",
    ]  # fmt: skip
    assert document["files"][0]["lossy"] is True
    assert document["files"][2]["error"] == {"code": "corrupt-file", "message": "no end"}
    assert document["files"][3]["reason"]["code"] == "unsupported-variant"
    assert document["warnings"] == ["cache full"]


def test_the_text_has_a_line_for_every_file_and_a_summary():
    """Nothing is left out: kept and failed files have their reasons."""
    text = to_text(REPORT)
    assert "APNG with 3 frames" in text
    assert "FAILED, no end" in text
    assert "cached; is a PNG file named .jpg" in text
    assert "saved 2.1 kB (62.3 %): 2 of 4 files optimised, 1 from the cache, 1 failed" in text
    assert "cache full" in text


def test_findings_have_a_short_section():
    """JSON has all; text and Markdown have the first five with what mends them, and count the rest."""
    findings = tuple(
        Finding(Kind.FILM, f"{number}{EVIL}.gif", 900_000 - number, "12 frames")
        for number in range(7)
    )
    report = replace(REPORT, findings=findings)
    document = json.loads(to_json(report))
    assert [one["name"] for one in document["findings"]] == [one.name for one in findings]
    assert document["findings"][0] == {
        "kind": "film", "name": findings[0].name, "at_stake": 900_000, "text": "12 frames",
        "mend": Kind.FILM.mend,
    }  # fmt: skip
    for text in (to_text(report), to_markdown(report)):
        section = text.partition("What could still be done: 6.3 MB at stake")[2]
        assert section.count("12 frames") == 5
        assert section.count("ffmpeg") == 5
        assert "and 2 more" in section
        assert "\x1b" not in text
        assert "\n@you" not in text
    assert "What could still be done" not in to_text(REPORT)


def test_a_run_that_compressed_nothing_says_so():
    """The second run of an unchanged site shows that everything was cached."""
    report = Report((OUTCOMES[1],), "x", 0.1)
    assert "everything cached, nothing compressed" in summary_line(report)
    assert "Everything was cached" in to_markdown(report)
    assert summary_line(Report((), "x", 0)) == "no images or PDFs found"


@pytest.mark.parametrize(
    "outcomes",
    [
        [Kept(**FILE, reason=Reason.NOT_CACHED, from_cache=True)],
        [Kept(**FILE, reason=Reason.LINK, from_cache=True)],
        [Kept(**FILE, reason=Reason.COMPRESSION_NONE, from_cache=True)],
        [Failed(**FILE, code="corrupt-file", message="empty", from_cache=True)],
        [KNOWN, Kept(**FILE, reason=Reason.NOT_CACHED, from_cache=True)],
        [KNOWN, Failed(**FILE, code="worker-crashed", message="SIGSEGV")],
    ],
)
def test_everything_cached_is_said_only_when_it_was(outcomes):
    """Not when nothing was asked for, when answers are missing from the cache, or when a file failed."""
    report = Report(tuple(outcomes), "x", 0.1)
    assert "cached" not in summary_line(report)
    assert "was cached" not in to_markdown(report)
    assert "everything cached" in summary_line(Report((KNOWN,), "x", 0.1))


def test_what_is_missing_from_an_output_is_not_said_to_be_shipped():
    """A copy that could not be written is told apart from a file that was shipped as it was."""
    lost = Failed(**FILE, code="not-written", message="has no copy in the output: No space")
    report = Report((lost, *OUTCOMES), "x", 0.1, advice=("compress again",))
    assert report.missing == [lost]
    assert failure_line(lost) == "a.png: has no copy in the output: No space"
    text = to_markdown(report)
    missing, shipped = text.split("### Could not be worked on, shipped as they were")
    assert "### Missing from the output\n\n- a.png: has no copy" in missing.replace("\\", "")
    assert "no copy" not in shipped.split("<details>")[0]
    assert "> compress again" in text
    assert "compress again" in to_text(report)
    assert json.loads(to_json(report))["advice"] == ["compress again"]


def test_the_suffix_chooses_the_form(tmp_path):
    """A report file is JSON, Markdown or text as it is named."""
    for name, start in (("r.json", "{"), ("r.md", "## Images"), ("r.txt", "   1.0 kB")):
        REPORT.write(tmp_path / "deep" / name)
        assert (tmp_path / "deep" / name).read_text().startswith(start)


def evil_report():
    return Report(
        (
            Failed(name=EVIL, media=None, before=1, code="x", message="bad\n::error::y"),
            Compressed(name=EVIL + "2", media=MediaType.PNG, before=9, size=1, lossy=False),
        ),
        "x",
        0,
    )


def test_names_do_no_harm_on_a_terminal():
    """Control codes, line ends and bidirectional overrides of a name are shown, not obeyed."""
    for line in to_text(evil_report()).splitlines():
        assert line.isprintable()
        assert not line.startswith("::")
    assert r"\x1b]0;title\x07" in to_text(evil_report())
    assert r"\u202e" in to_text(evil_report())


def test_names_do_no_harm_in_markdown():
    """A name makes no table cell, no tag, no link, no mention and no command."""
    text = to_markdown(evil_report())
    for harm in ("<b>", "[a](b)", "@you", "www.x", "::error", "\x1b", "\u202e"):
        assert harm not in text
    row = next(line for line in text.splitlines() if "title" in line and line.startswith("|"))
    assert row.replace("\\|", "").count("|") == 6


def test_a_short_table_says_what_it_leaves_out():
    """With a limit, the files that saved most are shown."""
    text = to_markdown(REPORT, rows=1)
    assert "The 1 files that saved most" in text
    assert "| b.png" in text
    assert "| a.jpg" not in text


def test_github_gets_a_summary_and_annotations(tmp_path):
    """In a job, failures are annotated with everything escaped, and the summary is appended."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    lines = []
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    publish(evil_report(), write=lines.append, environ=environ)
    (line,) = lines
    assert line.startswith("::warning file=")
    assert "\n" not in line
    assert "%3A%3Aerror" in line.split("title=")[0]
    assert summary.read_text().startswith("before\n## Images and PDFs")


def test_github_is_told_of_ten_failures_at_most(tmp_path):
    """The service shows ten annotations of a kind; a summary that is full stays unchanged."""
    failed = tuple(
        Failed(name=f"{number}.png", media=None, before=1, code="x", message="y")
        for number in range(30)
    )
    lines = []
    summary = tmp_path / "summary.md"
    summary.write_text("x" * 900_000)
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    publish(Report(failed, "x", 0), write=lines.append, environ=environ)
    assert len(lines) == 10
    assert summary.stat().st_size == 900_000


def test_elsewhere_github_is_told_nothing(capsys):
    """Outside a job nothing is printed."""
    publish(REPORT, write=print, environ={})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (123_456, "123 kB"),
     (999_600, "1.0 MB"), (5 * 10**9, "5.0 GB"), (7 * 10**12, "7000 GB")],
)  # fmt: skip
def test_sizes_are_readable(count, text):
    """A size has two or three digits and a unit."""
    assert numbers.size(count) == text


def test_lone_surrogates_of_file_names_are_shown():
    """A name that is no text can be printed."""
    assert escape.printable("\udcff.png") == r"\udcff.png"
