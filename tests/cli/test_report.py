"""Reports on the command line: two are compared, budgets end a run with their code, interrupts too."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import run
from hosts.hosts import BARE_ENVIRON
from pictures import encoded, lined, lined_jpeg, lined_png


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A site that was built twice: a file was added, one removed, one renamed, one drawn anew."""
    folder = tmp_path_factory.mktemp("built")
    public = folder / "public"
    (public / "blog").mkdir(parents=True)
    for name, seed in (("gone.png", 1), ("blog/old.png", 2), ("changed.png", 3)):
        (public / name).write_bytes(lined_png(seed=seed))
    run("optimize", "public", "--out", "one", "--report", "old.json", "-q", cwd=folder)
    (public / "gone.png").unlink()
    (public / "blog/old.png").rename(public / "blog/new name.png")
    (public / "changed.png").write_bytes(lined_png((300, 300), seed=4))
    (public / "added.jpg").write_bytes(lined_jpeg(seed=5))
    run("optimize", "public", "--out", "two", "--report", "new.json", "-q", cwd=folder)
    return folder


@pytest.fixture
def site(built, tmp_path):
    """A copy of it, with the cache."""
    return Path(shutil.copytree(built, tmp_path / "site"))


def test_what_has_changed_since_the_last_report(site):
    """Each file is told by what has become of it; the first line has the whole site."""
    shown = run("report", "diff", "old.json", "new.json", cwd=site).stdout
    old, new = (json.loads((site / name).read_text()) for name in ("old.json", "new.json"))
    grown = new["totals"]["after"] - old["totals"]["after"]
    assert re.match(r"[\d.]+ k?B -> [\d.]+ k?B \(\+[\d.]+ k?B, ", shown.splitlines()[0])
    assert grown > 0
    for what in (
        r"new +\+\S+ k?B  public/added.jpg\n",
        r"gone +-\S+ k?B  public/gone.png\n",
        r"grown +\+\S+ k?B  public/changed.png  \(",
        r"renamed +public/blog/new name.png  \(.*was public/blog/old.png\)\n",
    ):
        assert re.search(what, shown)


def test_the_difference_comes_in_three_forms(site):
    """--format chooses, else the suffix of --out; the whole in one line is printed beside a file."""
    for name, start in (("d.txt", "5"), ("d.md", "**"), ("d.html", "<!DOCTYPE html>")):
        done = run("report", "diff", "old.json", "new.json", "--out", name, cwd=site)
        assert re.match(re.escape(start) if start != "5" else r"\d", (site / name).read_text())
        assert "1 renamed" in done.stderr
    shown = run("report", "diff", "old.json", "new.json", "--format", "markdown", cwd=site).stdout
    assert shown == (site / "d.md").read_text()
    hint = run("report", "diff", "old.json", "new.json", "--out", "d.pdf", cwd=site, code=2).stderr
    assert ".txt, .md, .html" in hint


def test_a_report_that_cannot_be_read_ends_with_code_2(site):
    """Foreign and missing files are named in one line, without a traceback."""
    (site / "foreign.json").write_text('{"name": "x"}')
    for name in ("foreign.json", "none.json", "."):
        done = run("report", "diff", name, "new.json", cwd=site, code=2)
        assert done.stdout == ""
        assert done.stderr.startswith(f"error: the report: {name}: ")
        assert done.stderr.count("\n") == 1


def test_growth_is_a_budget(site):
    """Over --max-growth, or the setting of that name, the comparison ends with code 4."""
    both = ("report", "diff", "old.json", "new.json")
    assert "max_growth: +" in run(*both, "--max-growth", "1%", cwd=site, code=4).stderr
    run(*both, "--max-growth", "900%", cwd=site, code=2)
    run(*both, "--max-growth", "1MB", cwd=site)
    (site / "pyproject.toml").write_text('[tool.ir-build]\nmax-growth = "100B"\n')
    assert "100 B are allowed" in run(*both, cwd=site, code=4).stderr


def test_a_run_is_measured_against_the_report_that_it_replaces(site):
    """`baseline` and `report` may be one file; until it is there, growth fails nothing and says so."""
    options = ("--baseline", "last.json", "--report", "last.json", "--max-growth", "5%")
    first = run("optimize", "public", "--out", "three", *options, cwd=site).stdout
    assert "max_growth: not judged: last.json is not there yet" in first.replace(f"{site}/", "")
    run("optimize", "public", "--out", "three", *options, cwd=site)
    (site / "public/more.jpg").write_bytes(lined_jpeg((400, 400), seed=9))
    run("optimize", "public", "--out", "three", *options, cwd=site, code=4)
    # The report of the run that failed is what the next one is measured against.
    run("optimize", "public", "--out", "three", *options, cwd=site)
    (site / "last.json").write_text("{")
    assert "is not JSON" in run("optimize", "public", *options, cwd=site, code=2).stderr


def test_a_report_that_cannot_be_written_hides_nothing(site):
    """The other reports are written, budgets are told, and the error says what is wrong and what to do."""
    (site / "folder.md").mkdir()
    reports = [f"--report={name}" for name in ("folder.md", "whole.txt")]
    done = run("optimize", "public", "--check", "--budget=total=10", *reports, cwd=site, code=2)
    assert "budgets.total: " in done.stderr
    assert "folder.md: cannot be written: " in done.stderr
    assert "name a file that this user may write" in done.stderr
    assert "budgets.total: " in (site / "whole.txt").read_text()


def test_a_check_says_what_it_cannot_judge(site):
    """With --check, too, a budget that nobody can judge is told in a line."""
    options = ("--check", "--budget", "none/**=1kB")
    shown = run("optimize", "public", *options, cwd=site, code=1).stdout
    assert 'budgets."none/**": not judged: no file matches it' in shown


def test_a_wrong_limit_of_growth_is_told_before_anything_is_written(site):
    """Nothing is compared and no file is made when the command line makes no sense."""
    options = ("--max-growth", "banana", "--out", "d.md")
    done = run("report", "diff", "old.json", "new.json", *options, cwd=site, code=2)
    assert done.stderr.count("\n") == 1
    assert not (site / "d.md").exists()


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("total=1kB", "budgets.total: "),
        ("per_file=100", "budgets.per_file: 3 files are over 100 B: public/"),
        ("blog/**=10", r'budgets."blog/**": '),
        ("public/*.jpg=10", 'budgets."public/*.jpg": '),
    ],
)
def test_every_budget_ends_a_run_with_its_code(site, budget, message):
    """The breach is named with the files and with what helps; all reports are written before."""
    reports = [
        part for suffix in ("json", "sarif", "xml", "md") for part in ("--report", f"r.{suffix}")
    ]
    done = run(
        "optimize", "public", "--out", "two", "--budget", budget, *reports, "-q", cwd=site, code=4
    )
    assert f"error: {message}" in done.stderr
    assert "; set resize for it, or " in done.stderr
    (judged,) = json.loads((site / "r.json").read_text())["budgets"]
    assert judged["state"] == "exceeded"
    assert '"over-budget"' in (site / "r.sarif").read_text()
    assert '<failure type="over-budget"' in (site / "r.xml").read_text()
    assert "budgets" in (site / "r.md").read_text()


def test_budgets_of_the_project_and_of_the_environment(site):
    """A table in pyproject.toml, pairs or JSON in the environment; a wrong key is named with its file."""
    (site / "pyproject.toml").write_text(
        '[tool.ir-build.budgets]\ntotal = "1kB"\n"blog/**" = "1MB"\n'
    )
    shown = run("optimize", "public", "--out", "two", cwd=site, code=4).stderr
    assert "budgets.total" in shown
    assert 'budgets."blog' not in shown
    for text in ("total=1MB,blog/**=10", '{"total": "1MB", "blog/**": 10}'):
        done = run("optimize", "public", "--out", "two", cwd=site, code=4, IR_BUILD_BUDGETS=text)
        assert 'budgets."blog/**"' in done.stderr
    (site / "pyproject.toml").write_text('[tool.ir-build.budgets]\ntotl = "1kB"\n')
    hint = run("optimize", "public", cwd=site, code=2).stderr
    assert "pyproject.toml: budgets: " in hint
    assert "did you mean total?" in hint


def test_contents_are_known_by_their_digests(site):
    """The report has SHA-256 of what was found and of what is shipped, read now or known from before."""
    import hashlib

    for _ in range(2):
        run("optimize", "public", "--out", "two", "--report", "r.json", "-q", cwd=site)
        for file in json.loads((site / "r.json").read_text())["files"]:
            found = site / file["name"]
            shipped = site / "two" / Path(file["name"]).relative_to("public")
            assert file["digest"] == hashlib.sha256(found.read_bytes()).hexdigest()
            assert file["shipped_digest"] == hashlib.sha256(shipped.read_bytes()).hexdigest()
    time.sleep(0.1)  # A file that is no older than a tick of the clock would be read again.
    run("optimize", "two", "-q", cwd=site)
    run("optimize", "two", "--report", "s.json", "-q", cwd=site)
    for file in json.loads((site / "s.json").read_text())["files"]:
        assert (file["status"], file["from_cache"]) == ("kept", True)
        assert file["digest"] == hashlib.sha256((site / file["name"]).read_bytes()).hexdigest()


def test_the_schema_is_printed(tmp_path):
    """`report schema` prints the file that the package has."""
    import reports

    shown = run("report", "schema", cwd=tmp_path).stdout
    assert json.loads(shown) == reports.SCHEMA


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are the means")
@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_writes_what_it_knows(tmp_path, with_signal):
    """The reports have the files that were done, in all forms, and say that they are not whole.

    The report that the next run is measured against stays as it is.
    """
    (tmp_path / "none").mkdir()
    run("optimize", "none", "--report", "last.json", "-q", cwd=tmp_path)
    last = (tmp_path / "last.json").read_text()
    folder = tmp_path / "img"
    folder.mkdir()
    before = {}
    for number in range(40):
        path = folder / f"{number:02}.png"
        path.write_bytes(encoded(lined((500 + number, 500), width=2), "png", compress_level=0))
        before[f"img/{path.name}"] = path.stat().st_size
    reports = [
        part
        for suffix in ("json", "md", "sarif", "xml", "txt")
        for part in ("--report", f"r.{suffix}")
    ]
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "ir_build",
            "optimize",
            "img",
            "--jobs",
            "1",
            "--budget",
            "total=1",
            "--max-growth",
            "1GB",
            "--baseline",
            "last.json",
            "--report",
            "last.json",
            *reports,
        ],
        cwd=tmp_path,
        env=BARE_ENVIRON | {"IR_BUILD_CACHE_DIR": str(tmp_path / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while all((tmp_path / name).stat().st_size == size for name, size in before.items()):
        time.sleep(0.01)
        assert process.poll() is None
    process.send_signal(with_signal)
    _, shown = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in shown
    assert "interrupted before all files were done" in shown
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["interrupted"] is True
    assert document["budgets"] == []
    done = {file["name"]: file["after"] for file in document["files"]}
    assert 0 < len(done) < 40
    assert {file["status"] for file in document["files"]} == {"compressed"}
    for name, size in before.items():
        assert (tmp_path / name).stat().st_size == done.get(name, size)
    assert "The run was interrupted" in (tmp_path / "r.md").read_text()
    assert "interrupted" in (tmp_path / "r.xml").read_text()
    assert (tmp_path / "last.json").read_text() == last


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ([], 0),
        (["--check"], 1),
        (["-v"], 0),
        ([f"--budget={'?' * number}*=1" for number in range(1, 7)], 4),
    ],
)
def test_on_a_terminal_the_summary_is_short_unless_asked(tmp_path, more, code):
    """80 columns and 20 lines, whatever files are called, and what to do next; -v has a line for each."""
    import fcntl
    import pty
    import struct
    import termios

    folder = tmp_path / ("图片" * 20)
    folder.mkdir()
    for number in range(30):
        (folder / f"{number}.png").write_bytes(lined_png((90, 60 + number), seed=number))
    (folder / "broken.png").write_bytes(lined_png()[:200])
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "ir_build", "optimize", folder.name, *more],
        cwd=tmp_path,
        env=BARE_ENVIRON
        | {"IR_BUILD_CACHE_DIR": str(tmp_path / "cache"), "TERM": "xterm", "NO_COLOR": "1"},
        stdout=child,
        stderr=child,
    )
    os.close(child)
    shown = b""
    while True:
        try:
            shown += os.read(parent, 65536)
        except OSError:
            break
    os.close(parent)
    assert process.wait(60) == code
    from ir_build.report.columns import width

    # A line of progress is written over by the next.
    shown_lines = shown.decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    lines = [line.rpartition("\r")[2] for line in shown_lines]
    if more == ["-v"]:
        assert sum(".png" in line for line in lines) >= 31
        return
    assert len(lines) <= 20
    assert max(map(width, lines)) <= 80
    saved = [line for line in lines if re.search(r"-\d+\.\d %  ", line)]
    assert len(saved) >= (10 if code != 4 else 1)
    assert sum(line.startswith("error: budgets.") for line in lines) == (6 if code == 4 else 0)
    if not more:
        last = " ".join(" ".join(lines[-3:]).split())
        assert re.search(r"next: .*broken\.png: replace it by a whole file, or exclude it$", last)
