"""Usage, and the management of sub-accounts."""

import pytest
from playwright.sync_api import expect

from pictures import flat


@pytest.fixture
def inside(visit):
    """A window, signed in as the main account, which has no sub-accounts."""
    for sub in visit.server.get("/accounts/sub").json()["items"]:
        visit.server.call("DELETE", f"/accounts/sub/{sub['id']}")
    visit.sign_in()
    return visit


def subs(visit):
    return visit.server.get("/accounts/sub").json()["items"]


def test_an_account_is_made_and_its_secret_shown_on_demand_only(inside):
    """A new account's credentials work; later its secret is in the page only when asked for."""
    inside.page.get_by_role("link", name="Accounts").click()
    inside.button("New account").click()
    inside.page.get_by_label("Title").fill("Docs <b>team</b>")
    inside.page.get_by_label("Limit a month").fill("1.5")
    inside.button("Create").click()
    dialog = inside.page.get_by_role("dialog", name="Account created")
    key, secret = (
        dialog.get_by_label(name, exact=True).input_value() for name in ("Key", "Secret")
    )
    [sub] = subs(inside)
    assert (sub["title"], sub["quota_allowed"]) == ("Docs <b>team</b>", 1_500_000_000)
    assert (sub["api_key"], sub["api_secret"]) == (key, secret)
    inside.page.keyboard.press("Escape")
    expect(inside.page.get_by_role("dialog")).to_have_count(0)
    expect(inside.page.get_by_role("heading", name="Docs <b>team</b>")).to_be_visible()
    assert secret not in inside.page.content()
    inside.page.get_by_role("button", name="Show secret").click()
    shown = inside.page.get_by_role("dialog").get_by_label("Secret", exact=True)
    assert shown.input_value() == secret
    inside.page.keyboard.press("Escape")
    expect(inside.page.get_by_role("dialog")).to_have_count(0)


def test_an_account_is_edited_reset_and_deleted(inside):
    """Title and limit change, the old secret dies, usage starts anew, and at last it is gone."""
    server = inside.server
    old = server.call("POST", "/accounts/sub", title="old", quota=5_000_000).json()
    server.as_account(old).upload(flat())
    inside.page.get_by_role("link", name="Accounts").click()
    inside.button("Edit: old").click()
    expect(inside.page.get_by_label("Limit a month")).to_have_value("5")
    inside.page.get_by_label("Title").fill("new")
    inside.page.get_by_label("Limit a month").fill("")
    inside.button("Save").click()
    inside.page.get_by_role("heading", name="new").wait_for()
    [sub] = subs(inside)
    assert (sub["title"], sub["quota_allowed"] <= 0) == ("new", True)
    assert sub["quota_current"] > 0
    inside.button("Reset usage: new").click()
    inside.button("Reset usage").click()
    accounts = inside.page.get_by_role("list", name="Accounts")
    expect(accounts.get_by_text("0 bytes used, no limit")).to_be_visible()
    assert subs(inside)[0]["quota_current"] == 0
    inside.button("New secret: new").click()
    inside.button("New secret").click()
    inside.page.get_by_role("dialog", name="New secret").get_by_label(
        "Secret", exact=True
    ).wait_for()
    assert server.as_account(old).get("/accounts/mine").status_code == 401
    inside.page.keyboard.press("Escape")
    inside.button("Delete: new").click()
    inside.button("Delete").click()
    inside.page.get_by_text("No accounts besides yours.").wait_for()
    assert subs(inside) == []


def test_a_sub_account_sees_no_accounts(inside):
    """A sub-account has no view of accounts, not by its address either."""
    sub = inside.server.call("POST", "/accounts/sub", title="sub").json()
    inside.button("Sign out").click()
    inside.sign_in(inside.server.as_account(sub))
    assert not inside.page.get_by_role("link", name="Accounts").is_visible()
    inside.open("#accounts")
    inside.page.reload()
    expect(inside.page.get_by_role("heading", name="Images")).to_be_visible()
    expect(inside.page.get_by_role("heading", name="Accounts")).not_to_be_visible()


def test_usage_shows_the_quota_and_what_was_saved(inside):
    """The quota in numbers, and what went in and came out as a chart and as a table."""
    server = inside.server
    sub = server.call("POST", "/accounts/sub", title="used", quota=100_000).json()
    image = server.as_account(sub).upload(flat((100, 80))).json()
    before = image["size_before"]
    inside.button("Sign out").click()
    inside.sign_in(server.as_account(sub))
    inside.page.get_by_role("link", name="Usage").click()
    share = before * 100 // 100_000
    expect(inside.page.get_by_text(f"of 100 kB used ({share} %)")).to_be_visible()
    chart = inside.page.get_by_role("img", name="Last 30 days")
    expect(chart).to_have_accessible_name(
        f"Last 30 days: {round(before / 1000)} kB in, {image['size_after']} bytes out, 99 % saved"
    )
    bars = chart.locator("rect.before, rect.after").evaluate_all(
        "(all) => all.filter((bar) => bar.height.baseVal.value > 0).length"
    )
    assert bars == 2
    inside.page.get_by_text("As a table").first.click()
    expect(inside.page.get_by_role("table", name="Last 30 days").get_by_role("row")).to_have_count(
        2
    )
