"""Odd HTML: nothing but our insertions changes, in bytes and in what a browser reads."""

import pytest

from pages.odd_html import CONSTRUCTS, PICTURE, faults, optimised, with_pictures
from services.browser import chromium

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages():
    return [text.replace("@", PICTURE).encode() for text in CONSTRUCTS]


@pytest.fixture(scope="module")
def results(pages):
    return optimised(pages)


def test_chromium_reads_the_rest_of_odd_pages_as_before(pages, results):
    """Our insertions taken out, bytes are those of before, and so is the tree that a browser builds."""
    with chromium() as browser:
        found = faults(browser, pages, results[0])
    assert not {CONSTRUCTS[number]: why for number, why in found.items()}


def test_every_picture_that_chromium_finds_is_edited_or_its_page_left(pages, results):
    """A page with a picture that a browser shows is edited, or left for a reason that is told."""
    after, left = results
    same = {n for n, pair in enumerate(zip(pages, after, strict=True)) if pair[0] == pair[1]}
    assert set(left) <= same
    assert all(left.values())
    with chromium() as browser:
        found = with_pictures(browser, pages)
    assert not [CONSTRUCTS[n] for n in found & same - set(left)]


def test_a_second_run_changes_no_odd_page(results):
    """What came out once comes out again."""
    after, _ = results
    assert optimised(after)[0] == after
