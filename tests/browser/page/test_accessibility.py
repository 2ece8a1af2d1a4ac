"""Everybody can use it: axe-core's rules, contrast in both schemes, narrow windows, the keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser.schemes import SCHEMES
from pictures import flat

VIEWS = ("images", "usage", "accounts")


@pytest.fixture
def furnished(visit):
    """A window, signed in, with something to show in every view."""
    server = visit.server
    if not server.get("/images").json()["total"]:
        server.upload(flat(), "a-name-that-is-long-enough-to-need-a-second-line-on-a-phone.png")
        server.call("POST", "/accounts/sub", title="Docs", description="of all", quota=10**9)
    visit.sign_in()
    return visit


def violations(page, rules):
    found = Axe().run(page, options=rules).response["violations"]
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]


@pytest.mark.parametrize(("scheme", "rules"), SCHEMES)
def test_no_rule_of_axe_is_broken(furnished, scheme, rules):
    """Views, dialogs and the sign-in form have labels, roles and contrast, light and dark."""
    page = furnished.page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for view in VIEWS:
        furnished.open(f"#{view}")
        page.locator(f"#{view} li, #{view} .card").first.wait_for()
        assert violations(page, rules) == []
    for view, button in (
        ("images", "Compare"),
        ("images", "Delete all"),
        ("accounts", "New account"),
        ("accounts", "Show secret"),
    ):
        furnished.open(f"#{view}")
        page.get_by_role("button", name=button).first.click()
        page.get_by_role("dialog").wait_for()
        assert violations(page, rules) == []
        page.keyboard.press("Escape")
    furnished.button("Sign out").click()
    assert violations(page, rules) == []


def test_nothing_is_wider_than_a_small_phone(furnished):
    """At 360 pixels no view and no dialog scrolls sideways."""
    page = furnished.page
    page.set_viewport_size({"width": 360, "height": 640})
    too_wide = "[document.scrollingElement, ...document.querySelectorAll('dialog')].map((e) => e.scrollWidth - e.clientWidth)"
    for view in VIEWS:
        furnished.open(f"#{view}")
        page.locator(f"#{view} li, #{view} .card").first.wait_for()
        assert page.evaluate(too_wide) == [0]
    furnished.open("#images")
    page.get_by_role("button", name="Compare").first.click()
    page.get_by_role("dialog").wait_for()
    assert page.evaluate(too_wide) == [0, 0]


def test_signing_out_stands_on_the_first_line_of_a_phone(furnished):
    """At 360 pixels beside the name, whatever the quota has to say."""
    page = furnished.page
    page.set_viewport_size({"width": 360, "height": 640})
    furnished.open("#images")
    brand, out = (
        one.bounding_box() for one in (page.locator(".brand"), furnished.button("Sign out"))
    )
    assert abs((brand["y"] + brand["height"] / 2) - (out["y"] + out["height"] / 2)) < 4
    assert out["height"] < 45


def test_the_keyboard_reaches_everything_in_order(furnished):
    """Tab goes through the page as it reads, and a way past the navigation comes first."""
    page = furnished.page
    furnished.open("#images")
    page.locator("#images li").first.wait_for()
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    told = "(e) => (e.getAttribute('aria-label') || e.textContent || e.labels?.[0]?.textContent || e.id).trim()"
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate_handle("document.activeElement").evaluate(told))
    assert reached[:4] == ["Skip to the content", "Images", "Usage", "Accounts"]
    assert reached[4].startswith("Quota")
    assert reached[5] == "Sign out"
    assert reached[6].startswith("Lossy")
    assert reached[7] == "Size and metadata"
    assert reached[8].startswith("Drop images or PDFs here")


def test_progress_is_said_aloud(furnished):
    """A screen reader hears that work began and how it ended."""
    live = furnished.page.locator("[aria-live=polite]")
    furnished.choose(("a.png", flat(colour="pink")))
    expect(live).to_have_text("1 file to compress.", timeout=5000)
    expect(live).to_contain_text("1 file compressed")


def test_motion_is_reduced_where_that_is_wished(furnished):
    """Who asked the system for less motion gets no transitions."""
    moves = "[...document.querySelectorAll('*')].filter((e) => getComputedStyle(e).transitionDuration !== '0s').length"
    assert furnished.page.evaluate(moves) > 0
    furnished.page.emulate_media(reduced_motion="reduce")
    assert furnished.page.evaluate(moves) == 0
