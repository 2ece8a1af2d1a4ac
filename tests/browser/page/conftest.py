"""A headless Chromium on a running server, watched for errors and for calls to other hosts."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from server.running import Server


@dataclass
class Visit:
    """A browser window on a server."""

    page: Page
    server: Server
    complaints: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    @property
    def home(self):
        return self.server.url.removesuffix("/v1") + "/"

    def open(self, view=""):
        self.page.goto(self.home + view)

    def sign_in(self, server=None):
        server = server or self.server
        self.open()
        self.page.get_by_label("Key").fill(server.key)
        self.page.get_by_label("Secret").fill(server.secret)
        self.button("Sign in").click()
        self.page.get_by_role("heading", name="Images").wait_for()

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def choose(self, *files):
        """Pick files, given as (name, bytes), in the page's file input."""
        chosen = [{"name": n, "mimeType": "image/png", "buffer": data} for n, data in files]
        self.page.get_by_label("Drop images or PDFs here").set_input_files(chosen)

    def rows(self):
        return self.page.get_by_role("list", name="Images").get_by_role("listitem")

    def summary(self, text):
        """The line under the drop zone, once it says `text`."""
        return self.page.get_by_role("paragraph").filter(has_text=text)


@pytest.fixture
def visit(browser, server):
    """A fresh window, whose page must raise no error and ask nobody but the server."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, accept_downloads=True)
    context.set_default_timeout(20_000)
    page = context.new_page()
    found = Visit(page, server)
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("request", lambda request: found.requested.append(request.url))
    yield found
    context.close()
    # Chromium itself notes every HTTP error of the server; what the page makes of it is tested.
    unexpected = [text for text in found.complaints if "Failed to load resource" not in text]
    assert unexpected == []
    here = {url for url in found.requested if url.startswith(("blob:", "data:"))}
    hosts = {urlsplit(url).netloc for url in set(found.requested) - here}
    assert hosts <= {urlsplit(server.url).netloc}
    assert not [url for url in found.requested if server.secret in url]
