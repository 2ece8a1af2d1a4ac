"""`ir-build advise`, run as a user runs it."""

import json
import os

import pytest

import commands
from advice.sites import SIZED, Site, film, jpeg, page

EVIL = "\x1b]0;title\x07\u202egnp.gif"


def run(*arguments, cwd, code=0):
    """What `ir-build advise` prints."""
    done = commands.run("advise", *arguments, cwd=cwd, code=code)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """The folder with a built site, `public`, that has many things to do."""
    root = tmp_path_factory.mktemp("site")
    site = Site(root / "public")
    site.write("film.gif", film(frames=30)).write("wide.jpg", jpeg(1800, 400, quality=85))
    body = f"<img src=film.gif {SIZED}><img src=wide.jpg width=300 height=66>"
    for number in range(30):
        site.write(
            f"a folder with a long name/page number {number}.html", page("<img src=../wide.jpg>")
        )
        site.write(f"unused/picture-{number}.jpg", b"x" * 5000)
    site.write("index.html", page(body))
    return root


@pytest.mark.slow
def test_a_screen_of_advice(public):
    """At most 20 lines of 80 columns, the most bytes first, and at the end what is worth doing next."""
    lines = run("public", cwd=public).splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines)) <= 80
    assert lines[0].endswith("findings")
    film_at, orphans_at = (
        next(number for number, line in enumerate(lines) if title in line)
        for title in (
            "Animated GIFs that are films (1)",
            "Files that nothing in the site names (30)",
        )
    )
    assert 0 < film_at < orphans_at
    assert lines[-2].startswith("Next: Animated GIFs that are films")
    assert "ffmpeg" in "".join(lines[-2:])


@pytest.mark.slow
def test_all_of_it(public):
    """With --all every finding has its line and its whole name, and each kind what mends it."""
    told = run("public", "--all", cwd=public)
    assert all(f"unused/picture-{number}.jpg: " in told for number in range(30))
    assert "delete them if nobody links to them from elsewhere" in told
    assert "more are listed" not in told


@pytest.mark.slow
def test_json_and_globs(public):
    """JSON has every finding with kind, name, bytes, words and what mends it; globs leave files out."""
    document = json.loads(run("public", "--json", "--exclude", "unused/**", cwd=public))
    assert document["schema_version"] == 1
    first = document["findings"][0]
    assert first.keys() == {"kind", "name", "at_stake", "text", "mend"}
    assert first["kind"] == document["next"]["kind"] == "film"
    assert 0 < first["at_stake"] <= document["at_stake"]
    assert {one["name"] for one in document["findings"]} == {"film.gif", "wide.jpg"}


@pytest.mark.slow
def test_exit_codes(public, tmp_path):
    """0 whatever is found; 1 with --strict, if there is something; 2 where there is no site."""
    assert "at stake" in run("public", "--strict", cwd=public, code=1)
    Site(tmp_path / "public").write("index.html", page("<p>text"))
    assert "nothing to do" in run("public", "--strict", cwd=tmp_path)
    (tmp_path / "empty").mkdir()
    assert "give the folder of a built site" in run("empty", cwd=tmp_path, code=2)
    assert "does not exist" in run("missing", cwd=tmp_path, code=2)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="names of other systems")
def test_names_do_no_harm(tmp_path):
    """A name cannot move the cursor, set a title or turn the line around."""
    Site(tmp_path / "public").write(EVIL, b"x" * 200_000).write("index.html", page("<p>text"))
    for options in ([], ["--all"]):
        told = run("public", *options, cwd=tmp_path)
        assert "\x1b" not in told
        assert "\u202e" not in told
        assert "\\x1b]0;title\\x07\\u202egnp.gif" in told


@pytest.mark.slow
def test_a_report_in_the_folder_is_no_page(tmp_path):
    """An HTML report that lies in the site names every file, and hides no orphan all the same."""
    site = Site(tmp_path / "public").write("index.html", page(f"<img src=film.gif {SIZED}>"))
    site.write("film.gif", film()).write("unused.jpg", jpeg(600, 400))
    commands.run("optimize", "public", "--report", "public/report.html", cwd=tmp_path)
    assert "Files that nothing in the site names (1)" in run("public", cwd=tmp_path)
