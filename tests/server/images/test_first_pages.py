"""The first pages of PDFs are drawn for who compares them, at little cost whatever the file."""

import threading
import time
from io import BytesIO

import pikepdf
import pytest
from PIL import Image, ImageChops

from documents import drawn, saved
from pictures import flat


def page(content, size=(600, 800)):
    """A PDF of one page."""
    document = pikepdf.new()
    document.add_blank_page(page_size=size).Contents = document.make_stream(content)
    return saved(document)


def slow(number=0):
    """A small PDF that takes long to draw: one page, covered again and again."""
    cover = b"/P gs 0.%d g 0 0 600 800 re f\n" % (number + 1)
    document = pikepdf.new()
    only = document.add_blank_page(page_size=(600, 800))
    only.Contents = document.make_stream(cover * 100_000)
    state = pikepdf.Dictionary(ca=0.5, BM=pikepdf.Name.Luminosity)
    only.Resources = pikepdf.Dictionary(ExtGState=pikepdf.Dictionary(P=state))
    return saved(document, compress_streams=True)


def first_page(server, image, kind="original"):
    return server.get(f"/images/first-page/{kind}/{image['id']}")


def picture(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return Image.open(BytesIO(answer.content)).convert("RGB")


@pytest.mark.slow
def test_original_and_result_are_drawn(launch):
    """Each by itself, at the page's shape, for the account whose PDF it is and for nobody else."""
    server = launch()
    image = server.upload(drawn(), "a.pdf").json()
    assert image["size_after"] < image["size_before"]
    both = [picture(first_page(server, image, kind)) for kind in ("original", "optimized")]
    assert both[0].size == both[1].size
    assert max(band[1] for band in ImageChops.difference(*both).getextrema()) < 16
    assert both[0].convert("L").getextrema()[0] < 255
    other = server.as_account(server.new_sub())
    assert first_page(other, image).status_code == 404
    assert server.call("GET", "/images/first-page/nothing/1").status_code == 404
    assert server.get("/images/first-page/original/x").status_code == 404


@pytest.mark.slow
def test_what_is_no_pdf_or_cannot_be_drawn_is_refused(plain):
    """With 400 and the reason."""
    image = plain.upload(flat()).json()
    assert "Only a PDF" in first_page(plain, image).json()["errMessage"]
    broken = plain.upload(b"%PDF-1.7\nnothing", "b.pdf").json()
    answer = first_page(plain, broken)
    assert answer.status_code == 400
    assert "cannot be drawn: does not open" in answer.json()["errMessage"]


@pytest.mark.slow
@pytest.mark.parametrize("size", [(14_400, 14_400), (14_400, 20), (3, 3)])
def test_a_drawing_has_about_a_megapixel_at_most(plain, size):
    """However large the page."""
    image = plain.upload(page(b"0 0 50 50 re f", size), "a.pdf").json()
    width, height = picture(first_page(plain, image)).size
    assert width * height <= 1.1 * 2**20  # each side is rounded up
    assert width / height == pytest.approx(size[0] / size[1], rel=0.1)


@pytest.mark.slow
def test_a_page_that_takes_too_long_costs_its_time_once(launch):
    """It is stopped, and its fault is remembered; the next file is drawn."""
    server = launch(backend="none", time_limit=1)
    image = server.upload(slow(), "slow.pdf").json()
    first, second = first_page(server, image), first_page(server, image)
    assert first.status_code == second.status_code == 400
    assert "stopped after 1 s" in first.json()["errMessage"]
    assert second.elapsed < first.elapsed / 5
    picture(first_page(server, server.upload(drawn(), "a.pdf").json()))


@pytest.mark.slow
def test_an_account_has_one_drawing_at_a_time(launch):
    """A second one is told to come again; another account waits for its turn, and has it."""
    server = launch(backend="none", time_limit=4)
    images = [server.upload(slow(number), f"{number}.pdf").json() for number in range(2)]
    other = server.as_account(server.new_sub())
    theirs = other.upload(drawn(), "theirs.pdf").json()
    thread = threading.Thread(target=first_page, args=(server, images[0]))
    thread.start()
    time.sleep(0.5)
    refused = first_page(server, images[1])
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    picture(first_page(other, theirs))
    thread.join()
