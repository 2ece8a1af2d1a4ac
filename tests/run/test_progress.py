"""How far a run is, as it is told on terminals and in logs."""

import time
from types import SimpleNamespace

from ir_build.errors import Reason
from ir_build.formats import MediaType
from ir_build.outcome import Compressed, Kept
from ir_build.run import progress as progress_module
from ir_build.run.progress import Progress

FILE = {"name": "a", "media": MediaType.PNG}
MADE = Compressed(**FILE, before=3000, size=1000, lossy=False)
KNOWN = Kept(**FILE, before=6000, reason=Reason.NOT_SMALLER, from_cache=True)


class Stream:
    def __init__(self, *, terminal):
        self.terminal, self.text = terminal, ""

    def isatty(self):
        return self.terminal

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def followed(monkeypatch, *, terminal, seconds):
    """A short run; what is logged, and what is written to the stream."""
    monkeypatch.setattr(progress_module, "_IN_A_LOG", 0.1)
    monkeypatch.setattr(progress_module, "_ON_A_TERMINAL", 0.01)
    stream, lines = Stream(terminal=terminal), []
    log = SimpleNamespace(info=lambda message, *facts: lines.append(message % facts))
    progress = Progress(log, terminal=stream)
    progress.begin(files=3, size=12_000)
    progress.add(KNOWN)
    with progress:
        progress.add(MADE)
        time.sleep(seconds)
    return lines, stream.text


def test_a_log_gets_a_line_now_and_then(monkeypatch):
    """It says what is done, of how many, what was saved and what is left; never an escape code."""
    lines, text = followed(monkeypatch, terminal=False, seconds=0.25)
    assert 1 <= len(lines) <= 3
    assert lines[0] == "2 of 3 files, saved 2.0 kB, about 1.0 s left"
    assert "\x1b" not in "".join(lines)
    assert text == ""


def test_a_short_run_says_nothing_in_a_log(monkeypatch):
    """What is over before a line is due leaves none."""
    assert followed(monkeypatch, terminal=False, seconds=0) == ([], "")


def test_a_terminal_has_one_live_line_that_is_gone_in_the_end(monkeypatch):
    """It is written over again and again, and blanked; nothing goes to the log."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    lines, text = followed(monkeypatch, terminal=True, seconds=0.25)
    assert lines == []
    shown = text.split("\r")
    assert any(line.startswith("2 of 3 files, saved 2.0 kB") for line in shown)
    assert {len(line) for line in shown if line} == {59}
    assert shown[-2:] == [" " * 59, ""]
    assert "\n" not in text
    assert "\x1b" not in text


def test_what_came_from_the_cache_says_nothing_about_the_time_left(monkeypatch):
    """Before anything was compressed, nobody can tell how long the rest takes."""
    progress = Progress(SimpleNamespace(info=print), terminal=Stream(terminal=False))
    progress.begin(files=3, size=12_000)
    progress.add(KNOWN)
    assert progress.line() == "1 of 3 files, saved 0 B"


def test_when_all_files_are_done_no_time_is_promised():
    """Pages, pictures and reports are made after the files, and nobody can tell how long these take."""
    progress = Progress(SimpleNamespace(info=print), terminal=Stream(terminal=False))
    progress.begin(files=1, size=MADE.before)
    progress.add(MADE)
    assert progress.line() == "1 of 1 files, saved 2.0 kB"
