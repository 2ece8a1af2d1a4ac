"""The HTML report: one file that shows what was lost, asks for nothing, and obeys no name."""

import base64
import json
import os
import random
import re
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ir_build.advice import Finding, Kind
from ir_build.errors import Reason
from ir_build.formats import MediaType
from ir_build.options import Options
from ir_build.outcome import Compressed, Failed, Kept
from ir_build.report import Report
from ir_build.report.budget import Budgets
from ir_build.report.html import to_html
from ir_build.report.markdown import to_markdown
from ir_build.report.text import to_text
from ir_build.run import fingerprint
from ir_build.run.cache import Entry
from ir_build.run.discover import named
from ir_build.run.gallery import Gallery
from ir_build.run.plan import Job
from ir_build.sandbox.pool import Sandbox
from pictures import encoded, photo, rgba
from report import sites

EVIL = "</title><script>owned()</script>\"'>&lt;\x1b[1m\u202egnp.exe\n"


class Read(HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self._texts = [], []
        self.feed(text)

    @property
    def text(self):
        return "".join(self._texts)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self._texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder whose copies were optimised, with an HTML and a JSON report."""
    folder = tmp_path_factory.mktemp("run") / "site"
    sites.make(folder)
    sites.optimize(folder, ".", "--out", "../out", "--report", "../r.html", "--report", "../r.json")
    return folder.parent


def pictures(page):
    """Name and place, by the address, of each picture of a report."""
    found = []
    for image in Read(page).all("img"):
        kind, _, data = image["src"].partition(";base64,")
        assert kind in ("data:image/png", "data:image/webp")
        found.append((image["alt"], base64.b64decode(data)))
    return found


def totals(outcomes, **more):
    return Report(tuple(outcomes), "the built-in engine", 1.5, **more)


def compressed(name, **more):
    facts = {"media": MediaType.PNG, "before": 90_000, "size": 30_000, "lossy": True, "score": 84.0}
    return Compressed(name=name, **facts | more)


@pytest.mark.slow
def test_the_pictures_are_those_of_the_files_to_the_pixel(run):
    """Original and result at the place that is told, unscaled and without another loss."""
    compared = set()
    for alt, data in pictures((run / "r.html").read_text()):
        told = re.match(r"(Original|Result) of (images/\w+\.jpg), ", alt)
        if told is None:
            continue
        kind, name = told.groups()
        whole = rgba(((run / "site" if kind == "Original" else run / "out") / name).read_bytes())
        place = re.search(r"from (\d+), (\d+)", alt)
        left, top = map(int, place.groups()) if place else (0, 0)
        part = rgba(data)
        height, width = part.shape[:2]
        assert np.array_equal(part, whole[top : top + height, left : left + width]), alt
        compared.add((kind, name))
    assert {("Original", "images/small.jpg"), ("Result", "images/large.jpg")} <= compared


@pytest.mark.slow
def test_the_place_that_differs_most_is_shown(run):
    """Of a picture too large to be shown whole; no other place of the size differs more by a tenth."""
    before, after = (
        rgba((run / folder / "images/large.jpg").read_bytes()).astype(float)
        for folder in ("site", "out")
    )
    squares = ((before - after) ** 2).sum(axis=2)
    alt = next(alt for alt, _ in pictures((run / "r.html").read_text()) if "large.jpg" in alt)
    width, height = map(int, re.search(r"most: (\d+) x (\d+)", alt).groups())
    left, top = map(int, re.search(r"from (\d+), (\d+)", alt).groups())
    sums = np.pad(squares, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    windows = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width]
    windows += sums[:-height, :-width]
    assert windows[top, left] > 0.9 * windows.max()


@pytest.mark.slow
def test_animations_play_and_have_a_still(run):
    """All frames of both sides, and a single one for who wants no motion."""
    page = (run / "r.html").read_text()
    moving = [data for alt, data in pictures(page) if "moving.webp" in alt]
    assert len(moving) == 2
    for data in moving:
        with Image.open(BytesIO(data)) as image:
            assert image.n_frames == 3
    sources = Read(page).all("source")
    assert [one["media"] for one in sources] == ["(prefers-reduced-motion: reduce)"] * 2
    for one in sources:
        with Image.open(BytesIO(base64.b64decode(one["srcset"].partition(",")[2]))) as still:
            assert getattr(still, "n_frames", 1) == 1


@pytest.mark.slow
def test_pdfs_are_shown_by_their_first_page(run):
    """Original and result, in the shape of the page."""
    pages = [data for alt, data in pictures((run / "r.html").read_text()) if "paper.pdf" in alt]
    assert len(pages) == 2
    for data in pages:
        height, width = rgba(data).shape[:2]
        assert width / height == pytest.approx(576 / 720, abs=0.01)
        assert len(np.unique(rgba(data))) > 50


@pytest.mark.slow
def test_no_metadata_of_a_file_is_in_the_report(run):
    """Not even of originals: pictures are made anew from pixels."""
    assert sites.SECRET.encode() in (run / "site/images/small.jpg").read_bytes()
    for _, data in pictures((run / "r.html").read_text()):
        assert sites.SECRET.encode() not in data
        with Image.open(BytesIO(data)) as image:
            assert not image.getexif()


@pytest.mark.slow
def test_the_json_has_the_scores(run):
    """Of lossy pictures, to a tenth; null for what lost nothing, and no such field for what failed."""
    files = {one["name"]: one for one in json.loads((run / "r.json").read_text())["files"]}
    assert 79 < files["images/large.jpg"]["score"] < 100
    assert files["images/large.jpg"]["score"] == round(files["images/large.jpg"]["score"], 1)
    assert "score" not in files["broken.png"]
    assert f"{files['images/large.jpg']['score']:.1f}" in (run / "r.html").read_text()


@pytest.mark.slow
def test_the_same_files_give_the_same_report(run):
    """Byte for byte but for the times, with another number of workers and all answers from the cache."""
    sites.optimize(run / "site", ".", "--out", "../other", "--report", "../s.html", "--jobs", "3")
    first, second = (
        re.sub(
            r"in (\d+ min )?[\d.]+ s<|<p>Everything was compressed.*?</p>",
            "",
            (run / name).read_text().replace("cached", "compressed"),
        )
        for name in ("r.html", "s.html")
    )
    assert first == second


@pytest.mark.slow
def test_without_pictures_the_report_has_none(run):
    """`report_pictures: 0` is for sites that not everybody may see."""
    sites.optimize(
        run / "site", ".", "--out", "../none", "--report", "../n.html", "--report-pictures", "0"
    )
    page = (run / "n.html").read_text()
    assert pictures(page) == []
    assert "images/large.jpg" in page


@pytest.mark.slow
def test_a_report_without_room_for_copies_fails_no_build(run, monkeypatch):
    """Where no temporary folder can be made, the report is written without pictures."""
    monkeypatch.setattr("tempfile.tempdir", str(run / "is not there"))
    with Gallery(24) as gallery:
        gallery.offer(*offer(run, "a.png", 1))
        assert gallery.pictures([], None, files=1) == ()


def test_no_name_is_markup():
    """Names, messages, details and findings are text, whatever is in them."""
    report = totals(
        (
            compressed(EVIL, notes=(EVIL,)),
            Kept(name=EVIL, media=None, before=70, reason=Reason.WOULD_CHANGE, detail=EVIL),
            Failed(name=EVIL, media=None, before=90, code="corrupt-file", message=EVIL),
        ),
        findings=(Finding(Kind.FILM, EVIL, 900, EVIL),),
        warnings=(EVIL,),
        advice=(EVIL,),
    )
    page = to_html(report)
    read = Read(page)
    assert len(read.all("script")) == len(read.all("style")) == 1
    assert not read.all("img")
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert r"\x1b[1m\u202egnp.exe\n" in page
    assert not any(name.startswith("on") for _, one in read.elements for name in one)


def test_the_page_may_do_nothing_but_its_own():
    """Its policy allows its one style, its one script and pictures inside; no address leads outside."""
    page = to_html(totals([compressed("a.png")]))
    read = Read(page)
    policy = next(
        one["content"] for one in read.all("meta") if "content" in one and "src" in one["content"]
    )
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"https?://", re.sub(r"xmlns=\S+", "", page))
    assert not any("style" in one for _, one in read.elements)


def test_it_says_what_is_largest_what_looks_worst_and_what_is_next():
    """On top, so that nobody has to search."""
    kept = Kept(name="big.pdf", media=MediaType.PDF, before=500_000, reason=Reason.OVER_TIMEOUT)
    report = totals(
        [compressed("fine.png"), compressed("poor.png", score=71.2), kept],
        findings=(Finding(Kind.FILM, "cat.gif", 700_000, "12 s of film"),),
    )
    text = Read(to_html(report)).text
    top = text.split("What could not be worked on")[0]
    assert "Largest file leftbig.pdf 500 kB" in top
    assert "Worst-looking picturepoor.png score 71.2" in top
    assert "Animated GIFs that are films (1), 700 kB at stake" in top
    assert Kind.FILM.mend in text
    assert "Raise timeout, and it is tried again." in text


def test_budgets_come_first_and_an_interrupted_run_says_so():
    """Whoever opens the report of a failed build sees why it failed."""
    outcomes = (compressed("a.png"), compressed("b.png"))
    budgets = Budgets(max_total=1, max_file=10**9).judge(totals(outcomes), baseline=None)
    text = Read(to_html(totals(outcomes, budgets=budgets, interrupted=True))).text
    assert "max_total: exceeded" in text
    assert "max_file: kept" in text
    assert "1 budget is exceeded" in text.split("Budgets")[0]
    assert "The run was interrupted" in text


def test_an_empty_run_has_a_report():
    """It says that nothing was found."""
    assert "No images or PDFs found." in Read(to_html(totals([]))).text


@pytest.mark.parametrize("form", [to_html, to_markdown, to_text])
def test_a_site_without_pictures_has_budgets_warnings_and_findings(form):
    """Whoever reads why the build failed, or what is left to do, reads it there without a picture, too."""
    report = totals(
        [],
        budgets=Budgets(min_saved=1000).judge(totals([]), baseline=None),
        warnings=("the cache is full",),
        findings=(Finding(Kind.ORPHAN, "film.mp4", 9000, "no page names it"),),
    )
    told = form(report)
    for part in ("No images or PDFs found", "are asked for", "the cache is full", "film.mp4"):
        assert part.lower() in told.lower()


def test_what_to_do_next_names_the_file():
    """The card names the file that its remedy is for, one that is missing first."""
    broken = Failed(name="a.png", media=None, before=1, code="corrupt-file", message="no end")
    missing = Failed(name="b.png", media=None, before=1, code="not-written", message="no room")
    text = Read(to_html(totals([broken, missing]))).text
    assert "2 files could not be worked on. b.png: make room" in text


def test_ten_thousand_files_fit_into_three_megabytes():
    """With the room that their pictures have then; every file is in the table."""
    outcomes = [
        compressed(f"reference/how-to-{number % 97:02}/screenshot-of-a-dialog-{number:05}.png",
                   before=number * 99 + 999, size=number * 33 + 333)
        for number in range(10_000)
    ]  # fmt: skip
    page = to_html(totals(outcomes))
    assert len(page.encode()) + max(500_000, min(2_000_000, 2_900_000 - 180 * 10_000)) < 3_000_000
    assert page.count("<tr><th scope=row>reference/") == 10_000 + 10


@pytest.mark.slow
def test_the_map_shows_few_rectangles_that_are_as_large_as_files_weigh():
    """At most 300 of ten thousand files; areas are bytes, and nothing sticks out."""
    draw = random.Random(5)
    outcomes = [
        compressed(f"{draw.randrange(12)}/{draw.randrange(9)}/{number}.png",
                   before=10**9, size=int(draw.lognormvariate(9, 2)) + 1)
        for number in range(10_000)
    ]  # fmt: skip
    outcomes.append(compressed("huge.png", before=10**9, size=sum(one.size for one in outcomes)))
    rectangles = [one for one in Read(to_html(totals(outcomes))).all("rect") if "x" in one]
    assert 20 < len(rectangles) <= 300
    for one in rectangles:
        left, top, width, height = (float(one[name]) for name in ("x", "y", "width", "height"))
        assert left >= 0
        assert top >= 0
        assert left + width <= 1000.2
        assert top + height <= 420.2
    largest = max(rectangles, key=lambda one: float(one["width"]) * float(one["height"]))
    assert float(largest["width"]) * float(largest["height"]) == pytest.approx(210_000, rel=0.01)


def offer(folder, name, seed, *, score=85.0):
    """What the pipeline offers for a picture: noise, and the same with fewer levels."""
    pixels = photo((160, 120), grid=(4, 5), seed=seed, grey=12)
    path = folder / name
    path.write_bytes(encoded(pixels, "PNG"))
    result = encoded(pixels // 16 * 16 + 8, "PNG")
    digest = fingerprint.digest(path.read_bytes())
    job = Job(named(path, name), MediaType.PNG, digest, Options(), path.lstat())
    return (
        job,
        Entry("compressed", data=result, lossy=True, score=score),
        fingerprint.digest(result),
    )


@pytest.fixture(scope="module")
def offers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offers")
    found = [
        offer(folder, f"{number:02}.png", number, score=80.0 + number % 7) for number in range(16)
    ]
    # The same picture under another name.
    found.append(offer(folder, "00-again.png", 0, score=80.0))
    return found


@pytest.fixture
def sandbox():
    made = Sandbox(jobs=1, time_limit=60, memory_limit=2**30)
    yield made
    made.close()


def chosen(offers, sandbox, *, pictures, files=20):
    outcomes = [
        compressed(
            job.asset.name, before=job.state.st_size, size=len(entry.data), score=entry.score
        )
        for job, entry, _ in offers
    ]
    with Gallery(pictures) as gallery:
        for one in offers:
            gallery.offer(*one)
        return gallery.pictures(outcomes, sandbox, files=files)


@pytest.mark.slow
def test_which_pictures_are_shown_depends_on_no_order(offers, sandbox):
    """Half saved most, the others score lowest; each picture once, under the first of its names."""
    expected = chosen(offers, sandbox, pictures=6)
    for seed in range(2):
        mixed = random.Random(seed).sample(offers, len(offers))
        assert chosen(mixed, sandbox, pictures=6) == expected
    saved = {job.asset.name: job.state.st_size - len(entry.data) for job, entry, _ in offers}
    del saved["00.png"]
    by_saving = sorted(saved, key=lambda name: (-saved[name], name))[:3]
    assert [one.name for one in expected[:3]] == by_saving
    scores = {job.asset.name: entry.score for job, entry, _ in offers if job.asset.name in saved}
    rest = sorted((score, name) for name, score in scores.items() if name not in by_saving)
    assert [one.name for one in expected[3:]] == [name for _, name in rest[:3]]


@pytest.mark.slow
@pytest.mark.parametrize(("files", "most"), [(20, 2_000_000), (10_000, 1_100_000)])
def test_pictures_have_a_cap(offers, sandbox, files, most):
    """2 MB as they stand in the file, and less where the table is long."""
    found = chosen(offers, sandbox, pictures=24, files=files)
    assert len(found) >= 14
    size = sum(
        4 * -(-len(file) // 3) for one in found for view in one.views.views for file in view.files
    )
    assert 0.3 * most < size <= most


def test_copies_of_originals_do_not_stay(tmp_path, monkeypatch):
    """Whatever ends a run, the temporary folder is gone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with pytest.raises(KeyboardInterrupt), Gallery(24) as gallery:
        gallery.offer(*offer(tmp_path, "a.png", 1))
        assert len(list((tmp_path / "temporary").rglob("*.original"))) == 1
        raise KeyboardInterrupt
    assert os.listdir(tmp_path / "temporary") == []


def test_what_a_killed_run_has_left_goes_after_days(tmp_path, monkeypatch):
    """By the next run with pictures, and not before: a run may still be at work."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for age, there in ((2, True), (4, False)):
        left = tmp_path / "ir-build-pictures-left"
        left.mkdir(exist_ok=True)
        (left / "a.original").touch()
        stamp = left.stat().st_mtime - age * 24 * 3600
        os.utime(left, (stamp, stamp))
        with Gallery(24):
            assert left.exists() is there
