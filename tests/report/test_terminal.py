"""On a terminal the end of a run fits 80 columns and 20 lines, and names the one thing to do next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir_build.advice import Finding, Kind
from ir_build.errors import Reason
from ir_build.formats import MediaType
from ir_build.outcome import Compressed, Failed, Kept
from ir_build.report import Report, terminal
from ir_build.report import columns as columns_of
from ir_build.report.verdict import State, Verdict

WIDE = "图" * 60 + ".png"


def smaller(name, saved):
    return Compressed(name=name, media=MediaType.PNG, before=9000, size=9000 - saved, lossy=True)


def failed(name, code="corrupt-file"):
    return Failed(
        name=name, media=None, before=1, code=code, message="ends in the middle of a chunk"
    )


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("图片", 4), ("e\u0301", 1), ("ﾊ", 1), ("\uff21", 2), ("", 0)],
)
def test_wide_characters_take_two_columns_and_marks_none(text, columns):
    """As terminals count."""
    assert columns_of.width(text) == columns


@given(st.text(max_size=80), st.integers(10, 60))
def test_a_shortened_text_fits_and_keeps_its_ends(text, columns):
    """Nothing is taken out of what fits; else both ends stay, and dots say so."""
    short = columns_of.shortened(text, columns)
    if columns_of.width(text) <= columns:
        assert short == text
    else:
        assert columns_of.width(short) <= columns
        places = [place for place in range(len(short)) if short[place:].startswith("...")]
        ends = [(short[:place], short[place + 3 :]) for place in places]
        assert any(text.startswith(head) and text.endswith(tail) for head, tail in ends)


def test_the_end_of_a_name_survives():
    """The suffix and the last part tell files apart."""
    assert columns_of.shortened("docs/guide/images/screenshot-17.png", 20) == "docs/gui...ot-17.png"


@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=70
        ),
        max_size=9,
    )
)
def test_wrapped_lines_hold_all_words_and_fit(words):
    """Nothing is lost, however long or wide a word is."""
    lines = columns_of.wrapped(" ".join(words), 40)
    assert all(columns_of.width(line) <= 40 for line in lines)
    assert "".join("".join(lines).split()) == "".join(words)


def everything(report):
    columns = terminal.COLUMNS
    closing = terminal.closing_lines(report, columns)
    above = [*terminal.warning_lines(report, columns), *terminal.skipped_lines(report, columns)]
    rows = terminal.file_rows(report.optimised, columns, terminal.LINES - len(above) - len(closing))
    return [*above, *rows, *closing]


def test_the_worst_run_still_fits():
    """Long and wide names, many failures, warnings and advice: 80 columns, 20 lines, no name in full."""
    outcomes = [smaller(f"{n}{WIDE}", n) for n in range(90)] + [
        failed(f"x{n}{WIDE}") for n in range(30)
    ]
    outcomes += [
        Kept(name=f"y{n}{WIDE}", media=MediaType.PNG, before=9, reason=Reason.OVER_TIMEOUT, detail="120 s")
        for n in range(30)
    ]  # fmt: skip
    report = Report(tuple(outcomes), "x", 190, warnings=("w " * 99,) * 9, advice=("a" * 200,) * 9)
    lines = everything(report)
    assert len(lines) == 20
    assert max(map(columns_of.width, lines)) <= 80
    assert "warning: 28 more failed; -v names all files" in lines
    assert "more is told with -v" in lines


def test_files_that_saved_most_come_first():
    """The rest is counted, with what it saved."""
    report = Report(tuple(smaller(f"{n}.png", n * 10) for n in range(1, 31)), "x", 0)
    rows = [*terminal.file_rows(report.optimised, 80, 4)]
    assert [row.split()[-1] for row in rows[:3]] == ["30.png", "29.png", "28.png"]
    assert rows[3] == "and 27 files more that saved 3.8 kB; -v names all files"
    assert len([*terminal.file_rows(report.optimised[:4], 80, 4)]) == 4


FILM = Finding(Kind.FILM, "f.gif", 4000, "90 frames")
BREACH = Verdict(
    "max_file", State.EXCEEDED, 1, 2, "too large", ("b.png",), "b.png: set resize for it"
)


@pytest.mark.parametrize(
    ("outcomes", "more", "begins"),
    [
        (
            [failed("a.png"), failed("m.png", "not-written")],
            {"budgets": (BREACH,)},
            "m.png: make room",
        ),
        ([failed("a.png")], {"budgets": (BREACH,), "findings": (FILM,)}, "b.png: set resize"),
        ([failed("a.png")], {"findings": (FILM,)}, "a.png: replace it"),
        ([smaller("a.png", 1)], {"findings": (FILM,)}, f"f.gif: 90 frames; {Kind.FILM.mend}"),
    ],
)
def test_the_one_thing_to_do_next(outcomes, more, begins):
    """What is lost comes before what is too large, that before what failed, advice last."""
    assert terminal.next_step(Report(tuple(outcomes), "x", 0, **more)).startswith(begins)


def test_nothing_to_do_is_said_by_silence():
    """A run in which all is well ends with its totals."""
    report = Report((smaller("a.png", 1),), "x", 0)
    assert terminal.next_step(report) is None
    assert not any("next" in line for line in terminal.closing_lines(report, 80))
