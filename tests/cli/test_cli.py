"""The command line, run as a user runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from commands import run
from hosts.hosts import BARE_ENVIRON, contents
from pictures import encoded, lined
from services.process import KILL
from services.programs import program

SIZE = (200, 100)
posix = pytest.mark.skipif(os.name != "posix", reason="links and pipes are the means")


def png(size=SIZE, blur=0):
    image = lined(size, width=2).filter(ImageFilter.GaussianBlur(blur))
    return encoded(image, "png", compress_level=0)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "img" / "deep er").mkdir(parents=True)
    (tmp_path / "img" / "a.png").write_bytes(png(blur=1))
    (tmp_path / "img" / "deep er" / "ü.jpg").write_bytes(
        encoded(lined(SIZE, width=2), "jpeg", quality=95)
    )
    (tmp_path / "img" / "broken.png").write_bytes(encoded(lined(SIZE, width=2), "png")[:300])
    (tmp_path / "img" / "mislabelled.jpg").write_bytes(png((90, 90)))
    (tmp_path / "img" / "scan.tiff").write_bytes(encoded(lined(SIZE, width=2), "tiff"))
    return tmp_path


def pixels(data):
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGBA").tobytes()


def test_in_place_is_lossless_and_the_second_run_does_nothing(folder):
    """Originals lose no pixel, a broken file stays, and nothing is left for a second run."""
    before = contents(folder / "img")
    out = run("optimize", "img", cwd=folder).stdout
    after = contents(folder / "img")
    assert before.keys() == after.keys()
    changed = {path.name for path in before if before[path] != after[path]}
    assert changed == {"a.png", "mislabelled.jpg", "ü.jpg"}
    for path in before:
        if path.name in changed:
            assert pixels(after[path]) == pixels(before[path])
    assert "is a PNG file named .jpg" in out
    assert "3 of 4 files optimised, 1 failed" in out
    again = run("optimize", "img", cwd=folder)
    assert "everything cached, nothing compressed" in again.stdout
    assert contents(folder / "img") == after


@pytest.mark.slow
def test_another_machine_with_an_empty_cache_changes_nothing_either(folder):
    """Twice is once without the cache too."""
    for kind in ("lossless", "lossy"):
        run("optimize", "img", "--compression-type", kind, cwd=folder)
        after = contents(folder / "img")
        run("optimize", "img", "--compression-type", kind, "--cache-dir", "other", cwd=folder)
        assert contents(folder / "img") == after
        run("cache", "clear", "--cache-dir", "other", cwd=folder)


def test_out_makes_copies_and_leaves_the_originals(folder):
    """With --out the copies are complete, and lossy by default."""
    before = contents(folder / "img")
    run("optimize", "img", "--out", "small", "--report", "r.json", cwd=folder)
    assert contents(folder / "img") == before
    names = {path.relative_to(folder / "small").as_posix() for path in contents(folder / "small")}
    assert names == {"a.png", "broken.png", "mislabelled.jpg", "deep er/ü.jpg", "scan.tiff"}
    assert (folder / "small/broken.png").read_bytes() == (folder / "img/broken.png").read_bytes()
    files = json.loads((folder / "r.json").read_text())["files"]
    assert "img/a.png" in [file["name"] for file in files if file.get("lossy")]


@pytest.fixture
def site(tmp_path):
    """A site with pictures and everything else that there may be."""
    site = tmp_path / "public"
    (site / "img").mkdir(parents=True)
    (site / "empty").mkdir()
    (site / "img" / "a.png").write_bytes(png(blur=1))
    (site / "img" / "b.png").write_bytes(png((90, 90), blur=1))
    (site / "index.html").write_text("<img src=img/a.png>")
    (site / ".nojekyll").touch()
    (site / "node_modules").mkdir()
    (site / "node_modules" / "x.js").write_text("1")
    (site / "data.bin").write_bytes(os.urandom(200_000))
    (site / "data.bin").chmod(0o640)
    (site / ".git").mkdir()
    (site / ".git" / "config").write_text("a secret")
    (site / ".git-cache").mkdir()
    (site / ".git-cache" / "CACHEDIR.TAG").touch()
    return site


def below(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@posix
def test_out_is_a_whole_site(site):
    """Other files, links and folders come along; a link leads to where it led, or to the copy."""
    folder = site.parent
    (folder / "else.txt").write_text("x")
    (site / "img" / "latest.png").symlink_to("a.png")
    (site / "img" / "all").symlink_to("../img")
    (site / "away.txt").symlink_to("../else.txt")
    os.mkfifo(site / "pipe")
    out = folder / "copies" / "small"
    for _ in range(2):
        run("optimize", "public", "--exclude", "b.png", "--out", out, cwd=folder)
        expected = {name for name in below(site) if not name.startswith(".git")} - {"pipe"}
        assert below(out) == expected
        assert os.readlink(out / "img" / "latest.png") == "a.png"
        assert (out / "img" / "all" / "a.png").stat().st_size < len(png(blur=1))
        assert (out / "img" / "b.png").read_bytes() == png((90, 90), blur=1)
        assert (out / "away.txt").read_text() == "x"
        for name in ("index.html", "data.bin", "img/b.png"):
            ours, theirs = (out / name).stat(), (site / name).stat()
            assert (ours.st_mode, ours.st_mtime_ns) == (theirs.st_mode, theirs.st_mtime_ns)
            assert ours.st_nlink == 1  # no hard link: who changes one must not change the other


@pytest.mark.slow
def test_out_with_assets_only(site):
    """With --only-assets nothing but images and PDFs is copied."""
    run("optimize", "public", "--out", "small", "--only-assets", cwd=site.parent)
    assert below(site.parent / "small") == {"img", "img/a.png", "img/b.png"}
    run("optimize", "public", "--only-assets", cwd=site.parent, code=2)


@pytest.mark.slow
@pytest.mark.parametrize("only_assets", [[], ["--only-assets"]])
def test_a_copy_that_is_missing_is_an_error(site, only_assets):
    """A disk that takes no more ends in exit code 6 and the names of what is missing."""
    (site / "img" / "large.png").write_bytes(lined_noise())
    (site / "page.html").write_bytes(bytes(200_000))
    command = f"ulimit -f 100; exec {sys.executable} -m ir_build optimize public --out small"
    done = subprocess.run(
        [program("bash"), "-c", " ".join([command, "--report r.json", *only_assets])],
        cwd=site.parent,
        env=BARE_ENVIRON | {"IR_BUILD_CACHE_DIR": str(site.parent / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    lost = {"public/img/large.png"} | (
        set() if only_assets else {"public/data.bin", "public/page.html"}
    )
    assert done.returncode == 6, done.stderr
    assert f"error: {len(lost)} file{'s'[: len(lost) - 1]} missing from the output" in done.stderr
    files = json.loads((site.parent / "r.json").read_text())["files"]
    assert {one["name"] for one in files if one["status"] == "failed"} == lost
    for name in lost:
        assert f"{name}: has no copy in the output: File too large\n" in done.stderr
    # Nothing half, and the rest is done.
    assert not {path.name for path in (site.parent / "small").rglob("*.tmp")}
    assert (site.parent / "small/img/a.png").stat().st_size < len(png(blur=1))


def lined_noise():
    """A picture that stays over 100 kB."""
    return encoded(Image.effect_noise((600, 600), 80), "png")


@pytest.mark.slow
def test_copies_of_files_that_are_gone_are_named(site):
    """What has no source any more is named in one line, but removed by nobody; reports are no copies."""
    arguments = ("optimize", "public", "--out", "small", "--report", "small/r.json")
    assert "without a source" not in run(*arguments, cwd=site.parent).stdout
    (site / "img" / "a.png").unlink()
    (site / "index.html").unlink()
    out = run(*arguments, cwd=site.parent).stdout
    assert "2 files in small without a source, such as img/a.png: remove" in out.replace(
        "index.html", "img/a.png"
    )
    assert (site.parent / "small/img/a.png").exists()
    out = run(*arguments, "--only-assets", cwd=site.parent).stdout
    assert "1 file in small without a source, such as img/a.png: remove" in out


def test_what_others_have_made_of_a_file_is_named_when_it_is_stale(tmp_path):
    """Precompressed siblings, integrity attributes and precache manifests, in a line each, once."""
    site = tmp_path / "site"
    (site / "img").mkdir(parents=True)
    (site / "img" / "a b.png").write_bytes(png(blur=1))
    (site / "img" / "a b.png.gz").write_bytes(b"x")
    (site / "img" / "a b.png.br").write_bytes(b"x")
    (site / "other.css.gz").write_bytes(b"x")
    digest = 'integrity="sha256-x"'
    (site / "index.html").write_text(f"<p><IMG {digest}\n src='img/a%20b.png?v=1'>")
    (site / "fine.html").write_text(f'<script {digest} src="x.js"></script><img src="img/a b.png">')
    (site / "sw.js").write_text('precacheAndRoute([{url:"img/a%20b.png",revision:"x"}])')
    (site / "main.js").write_text('import "img/a b.png"')
    told = run("optimize", "site", "--report", "r.json", cwd=tmp_path).stdout
    assert "2 files, such as site/img/a b.png.br, have older content" in told
    assert "site/index.html has integrity attributes of files that were replaced" in told
    assert "site/sw.js has digests of files that were replaced" in told
    assert len(json.loads((tmp_path / "r.json").read_text())["advice"]) == 3
    again = run("optimize", "site", "--report", "r.json", cwd=tmp_path).stdout
    assert "replaced" not in again
    assert "older" not in again


@pytest.mark.slow
def test_two_builds_in_one_folder_are_not_each_others_faults(tmp_path):
    """What another build has optimised in the meantime is no failure, and comes out the same."""
    folder = tmp_path / "img"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.png").write_bytes(png((120 + number, 90), blur=1))
    builds = [
        subprocess.Popen(
            [sys.executable, "-m", "ir_build", "optimize", "img", "--strict"],
            cwd=tmp_path,
            env=BARE_ENVIRON | {"IR_BUILD_CACHE_DIR": str(tmp_path / f"cache{number}")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    told = [build.communicate(timeout=120) for build in builds]
    assert [build.returncode for build in builds] == [0, 0, 0], told
    assert not any("warning" in errors for _, errors in told)
    for number in range(12):
        data = (folder / f"{number}.png").read_bytes()
        assert pixels(data) == pixels(png((120 + number, 90), blur=1))


@pytest.mark.slow
def test_a_dry_run_compresses_nothing_and_knows_the_cache(folder):
    """The plan says what would be done; after a run with --check it knows the savings."""
    before = contents(folder)
    plan = run("optimize", "img", "--dry-run", cwd=folder).stdout
    assert "4 files" in plan
    assert "4 to compress, 0 in the cache" in plan
    assert {
        path: data for path, data in contents(folder).items() if "cache" not in path.parts
    } == before
    run("optimize", "img", "--check", cwd=folder, code=1)
    plan = run("optimize", "img", "--dry-run", cwd=folder).stdout
    assert "0 to compress, 3 in the cache" in plan


@pytest.mark.slow
def test_check_changes_nothing_and_fails_while_something_can_be_saved(folder):
    """For CI: exit code 1 and a list, then 0 when the files have been optimised."""
    before = contents(folder / "img")
    out = run("optimize", "img", "--check", cwd=folder, code=1).stdout
    assert contents(folder / "img") == before
    assert "img/a.png" in out
    assert "3 files could be smaller" in out
    run("optimize", "img", cwd=folder)
    assert "nothing to save" in run("optimize", "img", "--check", cwd=folder).stdout


def test_strict_fails_on_a_broken_file_but_does_the_others(folder):
    """Exit code 3, and the warning names the file and what became of it."""
    done = run("optimize", "img", "--strict", cwd=folder, code=3)
    assert re.search(r"warning: img/broken.png: .*; shipped as it was", done.stderr)
    assert "3 of 4 files optimised" in done.stdout


@pytest.mark.slow
def test_quiet_and_verbose(folder):
    """Quiet prints warnings only; verbose has a line for the kept ones too."""
    done = run("optimize", "img", "-q", cwd=folder)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "already optimised" in run("optimize", "img", "-v", cwd=folder).stdout


@pytest.mark.slow
def test_no_escape_codes_and_no_bar_in_a_log(folder):
    """Where the output is no terminal there is neither a colour nor a progress bar."""
    done = run("optimize", "img", cwd=folder)
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}])
def test_a_terminal_has_a_live_line_and_colours_unless_refused(folder, environ):
    """On a terminal progress is shown in one line, which is gone in the end; NO_COLOR is obeyed."""
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ir_build", "optimize", "img"],
        cwd=folder,
        env=BARE_ENVIRON | {"IR_BUILD_CACHE_DIR": str(folder / "cache"), "TERM": "xterm"} | environ,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    shown = b""
    while True:
        try:
            chunk = os.read(parent, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    assert process.wait(60) == 0
    os.close(parent)
    assert b"\r0 of 4 files, saved 0 B" in shown
    assert re.search(rb"\r +\r", shown)
    assert (b"\x1b[33m" in shown) is (not environ)


def test_reports_are_written_by_suffix(folder):
    """Several reports of one run, in the forms their names ask for."""
    run(
        "optimize", "img", "--report", "r.json", "--report", "r.md", "--report", "r.txt", cwd=folder
    )
    document = json.loads((folder / "r.json").read_text())
    assert document["totals"]["files"] == 4
    assert [file["name"] for file in document["files"]] == sorted(
        file["name"] for file in document["files"]
    )
    assert (folder / "r.md").read_text().startswith("## Images and PDFs")
    assert "FAILED" in (folder / "r.txt").read_text()


@pytest.mark.slow
def test_globs_are_taken_from_the_folder_and_from_here(folder):
    """A pattern may start at the folder that was given or at the current one."""
    for pattern in ("/a.png", "/img/a.png"):
        out = run("optimize", "img", "--include", pattern, "--dry-run", cwd=folder).stdout
        assert out.startswith("compress")
        assert "1 file," in out
    out = run(
        "optimize", "img", "--exclude", "*.png", "--exclude", "deep er/", "--dry-run", cwd=folder
    )
    assert "1 file," in out.stdout


WRONG = [
    (["optimize"], "Missing argument"),
    (["optimize", "missing.png"], "missing.png"),
    (["optimize", "img", "--quality", "great"], "the command line: quality"),
    (["optimize", "img", "--report", "r.csv"], ".html, .json, .md, .txt"),
    (["optimize", "img", "--out", "img"], "choose a folder outside"),
    (["optimize", "img", "--out", "img/small"], "choose a folder outside"),
    (["optimize", "img", "img/deep er", "--out", "x", "--dry-run", "--check"], "--dry-run"),
    (["cache", "prune", "--max-size", "big"], "is not a size"),
]


@pytest.mark.parametrize(("arguments", "hint"), WRONG)
def test_wrong_usage_is_exit_code_2_with_a_hint(folder, arguments, hint):
    """What is wrong is said, without a traceback, and nothing is written."""
    before = contents(folder / "img")
    done = run(*arguments, cwd=folder, code=2)
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(folder / "img") == before


def test_a_misspelt_variable_is_mentioned(folder):
    """A variable that looks like a setting and is none is a warning, not an error."""
    done = run("optimize", "img", "--dry-run", cwd=folder, IR_BUILD_QUALTY="3")
    assert "IR_BUILD_QUALTY" in done.stderr


@pytest.mark.slow
def test_the_cache_can_be_looked_into_and_emptied(folder):
    """info, prune and clear say what there is and what they removed."""
    run("optimize", "img", "--check", cwd=folder, code=1)
    assert re.search(r"entries  [1-9]", run("cache", "info", cwd=folder).stdout)
    assert "removed 0 entries" in run("cache", "prune", cwd=folder).stdout
    assert re.search(r"removed [1-9]", run("cache", "prune", "--max-size", "0", cwd=folder).stdout)
    run("optimize", "img", "--check", cwd=folder, code=1)
    run("cache", "clear", cwd=folder)
    assert "entries  0" in run("cache", "info", cwd=folder).stdout


def test_doctor_says_what_is_there_and_no_secret(folder):
    """Codecs with versions, formats that work, and of credentials only that they are set."""
    done = run("doctor", cwd=folder, IR_BUILD_API_KEY="ab" * 16, IR_BUILD_API_SECRET="canary")
    for line in (r"pillow +\d", r"pdf +ok", r"jpeg +ok", r"IR_BUILD_API_SECRET +set"):
        assert re.search(line, done.stdout), line
    assert "canary" not in done.stdout + done.stderr
    assert "ab" * 16 not in done.stdout + done.stderr


def obey_permissions():
    """Give up root's right to write anywhere (capabilities 1 and 2, by PR_CAPBSET_DROP)."""
    import ctypes

    if os.geteuid() == 0:
        for capability in (1, 2):
            assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="permissions are Linux's")
def test_a_read_only_folder_is_reported(folder):
    """Where nothing can be written, the files are reported and stay."""
    before = contents(folder / "img")
    (folder / "img").chmod(0o500)
    done = subprocess.run(
        [sys.executable, "-m", "ir_build", "optimize", "img/a.png"],
        cwd=folder,
        env=BARE_ENVIRON | {"IR_BUILD_CACHE_DIR": str(folder / "cache")},
        preexec_fn=obey_permissions,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (folder / "img").chmod(0o700)
    assert "warning: img/a.png: Permission denied; shipped as it was" in done.stderr
    assert contents(folder / "img") == before


def test_unusual_names_are_worked_on_and_shown_safely(tmp_path):
    """Spaces, quotes, line ends, dashes and control codes in names are only names."""
    names = [
        "-rf.png",
        "a b.png",
        "'$(touch x)'.png",
        "line\nend.png",
        "\x1b]0;x\x07.png",
        "%s.png",
    ]
    for name in names:
        (tmp_path / name).write_bytes(png())
    done = run("optimize", ".", "-v", cwd=tmp_path)
    assert "6 of 6 files optimised" in done.stdout
    assert "\x1b" not in done.stdout
    assert sorted(path.name for path in tmp_path.glob("*.png")) == sorted(names)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are the means")
@pytest.mark.parametrize("with_signal", [signal.SIGINT, KILL])
def test_an_interrupted_run_leaves_whole_files(tmp_path, with_signal):
    """Stopped at any moment, every file is the old one or the new one."""
    originals = {}
    for number in range(12):
        path = tmp_path / "img" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png((600 + number, 500)))
        originals[path] = pixels(path.read_bytes())
    for pause in (0.1, 0.5, 1.0):
        cache = tmp_path / f"cache-{pause}"
        process = subprocess.Popen(
            [sys.executable, "-m", "ir_build", "optimize", "img"],
            cwd=tmp_path,
            env=BARE_ENVIRON | {"IR_BUILD_CACHE_DIR": str(cache)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        # An interrupt before that would be Python's own to answer, not ours.
        while not cache.exists():
            time.sleep(0.01)
        time.sleep(pause)
        process.send_signal(with_signal)
        _, shown = process.communicate(timeout=30)
        assert b"Traceback" not in shown
        assert {path: pixels(path.read_bytes()) for path in originals} == originals
    out = run("optimize", "img", cwd=tmp_path).stdout
    assert "12 files" in out
    assert {path: pixels(path.read_bytes()) for path in originals} == originals


def test_the_job_summary_is_written_by_itself(folder):
    """In GitHub Actions the summary page and the annotations need no option."""
    done = run(
        "optimize", "img", "-q", cwd=folder,
        GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
    )  # fmt: skip
    assert "::warning file=img/broken.png,title=ir-build::" in done.stdout
    assert "Saved" in (folder / "summary.md").read_text()


def test_a_build_script_without_a_main_guard_runs_once(tmp_path):
    """The workers do not import the caller's script again."""
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "build.py").write_text(
        "import ir_build\n"
        "print('started')\n"
        "print(ir_build.optimize('a.png', cache_dir='cache').saved > 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "build.py"],
        cwd=tmp_path, env=BARE_ENVIRON, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "started\nTrue\n"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["optimize", "hook", "restore"])
@pytest.mark.parametrize("name", ["-h.png", "--exclude=*.png", "--check"])
def test_no_name_of_a_file_is_an_option(tmp_path, command, name):
    """A name that begins with a hyphen is an error that says what to do; after `--` it is a name."""
    (tmp_path / name).write_bytes(png(blur=1))
    told = run(command, "x.png", name, cwd=tmp_path, code=2).stderr
    assert f"{name}: is a file that is there" in told
    assert f"./{name}" in told
    # A file called `--` ends no options.
    (tmp_path / "--").touch()
    assert "is a file that is there" in run(command, name, "--", cwd=tmp_path, code=2).stderr
    if command != "restore":  # which needs a server
        (tmp_path / "--").unlink()
        run(command, "--", name, cwd=tmp_path, code=int(command == "hook"))
        assert (tmp_path / name).stat().st_size < len(png(blur=1))


def test_a_file_named_twice_counts_once(tmp_path):
    """However it is spelled: by way of another folder, absolutely, or as part of a folder."""
    (tmp_path / "img" / "sub").mkdir(parents=True)
    (tmp_path / "img" / "a.png").write_bytes(png(blur=1))
    names = ["img/a.png", "img/sub/../a.png", tmp_path / "img" / "a.png", "img", "./img/sub/.."]
    out = run("optimize", *names, "--strict", cwd=tmp_path).stdout
    assert "1 of 1 file optimised" in out


def test_leftovers_are_swept_but_not_by_a_check(tmp_path):
    """What a killed run left days ago goes, beside named files too; a check or a plan removes nothing."""
    (tmp_path / "a.png").write_bytes(png(blur=1))
    left = tmp_path / ".ir-build-0123.tmp"
    left.write_bytes(b"half a picture")
    os.utime(left, (1, 1))
    run("optimize", ".", "a.png", "--check", cwd=tmp_path, code=1)
    run("optimize", ".", "a.png", "--dry-run", cwd=tmp_path)
    run("hook", "--check", "--", "a.png", cwd=tmp_path, code=1)
    assert left.exists()
    run("optimize", "a.png", cwd=tmp_path)
    assert not left.exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the worker in /proc")
def test_what_a_worker_printed_before_it_crashed_is_told(tmp_path):
    """With -v as it comes, and in the report beside the failure."""
    (tmp_path / "a.png").write_bytes(png((2000, 2000), blur=2))
    process = subprocess.Popen(
        [sys.executable, "-m", "ir_build", "optimize", "a.png", "-v", "--report", "r.json"],
        cwd=tmp_path,
        env=BARE_ENVIRON | {"IR_BUILD_CACHE_DIR": str(tmp_path / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    threads = Path(f"/proc/{process.pid}/task")
    while not (found := "".join(one.read_text() for one in threads.glob("*/children")).split()):
        time.sleep(0.01)
    # The worker has to have begun: by then it has taken some CPU time, in hundredths of a second.
    while (
        sum(map(int, Path(f"/proc/{found[0]}/stat").read_text().split(") ")[1].split()[11:13])) < 30
    ):
        time.sleep(0.01)
    os.kill(int(found[0]), signal.SIGSEGV)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "worker: Fatal Python error: Segmentation fault" in errors
    assert "    Fatal Python error: Segmentation fault" in out
    (file,) = json.loads((tmp_path / "r.json").read_text())["files"]
    assert file["error"]["code"] == "worker-crashed"
    assert "Segmentation fault" in file["error"]["output"]
