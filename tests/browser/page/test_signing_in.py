"""Signing in and out, as a visitor does."""


def test_a_wrong_secret_is_refused_and_kept_nowhere(visit):
    """Who gives a wrong secret is told so and stays outside; nothing is stored in the browser."""
    visit.open()
    visit.page.get_by_label("Key").fill(visit.server.key)
    visit.page.get_by_label("Secret").fill("0" * 64)
    visit.button("Sign in").click()
    visit.page.get_by_role("alert").filter(
        has_text="No account has this key and secret."
    ).wait_for()
    assert visit.page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert not visit.page.get_by_role("heading", name="Images").is_visible()


def test_credentials_last_until_signing_out_and_are_in_no_address(visit):
    """A reload stays signed in; signing out forgets; no address ever held the secret."""
    visit.sign_in()
    visit.page.reload()
    visit.page.get_by_role("heading", name="Images").wait_for()
    visit.button("Sign out").click()
    visit.page.get_by_label("Secret").wait_for()
    assert (
        visit.page.evaluate("sessionStorage.length + localStorage.length + document.cookie.length")
        == 0
    )
    visit.page.reload()
    visit.page.get_by_label("Secret").wait_for()
    assert not [url for url in visit.requested if "auth" in url]


def test_a_secret_that_dies_signs_out(visit):
    """When the account is deleted meanwhile, the next action leads back to the sign-in form."""
    sub = visit.server.call("POST", "/accounts/sub", title="short-lived").json()
    visit.sign_in(visit.server.as_account(sub))
    visit.server.call("DELETE", f"/accounts/sub/{sub['id']}")
    visit.page.get_by_role("link", name="Usage").click()
    visit.page.get_by_role("alert").filter(has_text="no longer accepts").wait_for()
    assert visit.page.evaluate("sessionStorage.length") == 0


def test_what_the_page_may_do_is_limited_by_the_browser(visit):
    """Even code that got into the page could load nothing from elsewhere and run nothing inline."""
    visit.open()
    blocked = visit.page.evaluate(
        """async () => {
            const seen = new Set();
            addEventListener("securitypolicyviolation", (event) => seen.add(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.owned = true";
            document.body.append(script);
            await fetch("http://127.0.0.1:9/").catch(() => {});
            await new Promise((resolve) => setTimeout(resolve, 100));
            return [window.owned ?? false, ...[...seen].sort()];
        }"""
    )
    assert blocked == [False, "connect-src", "script-src-elem"]
    # The browser says on its console that it refused, as it was meant to.
    assert all(
        "Content Security Policy" in text or "Fetch API" in text for text in visit.complaints
    )
    visit.complaints.clear()


def test_an_unreachable_server_is_said_to_be_so(visit, launch):
    """When the server is gone, the page says that it doesn't answer instead of doing nothing."""
    server = launch()
    visit.server = server
    visit.sign_in()
    server.stop()
    visit.page.get_by_role("link", name="Usage").click()
    visit.page.get_by_role("alert").filter(has_text="does not answer").wait_for()
    visit.requested.clear()
