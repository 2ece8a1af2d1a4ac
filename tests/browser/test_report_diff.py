"""The page of what has changed is read by everybody, on every screen, and loads nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser.schemes import SCHEMES
from ir_build.errors import Reason
from ir_build.formats import MediaType
from ir_build.outcome import Kept
from ir_build.report import Report, stored
from ir_build.report.diff import diff
from ir_build.report.diff_forms import to_html

pytestmark = pytest.mark.slow
EVIL = "<script>document.title='x'</script><img src=x onerror=\"document.title='x'\">\u202e.png"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The page of two reports, with a hostile name and a very long one."""
    names = ["a.png", EVIL, "long" * 90 + ".png"]
    outcomes = [
        Kept(name=name, media=MediaType.PNG, before=5000, reason=Reason.NOT_SMALLER)
        for name in names
    ]
    reports = [stored.of(Report(tuple(some), "x", 0)) for some in (outcomes[:1], outcomes[1:])]
    path = tmp_path_factory.mktemp("page") / "changes.html"
    path.write_text(to_html(diff(*reports)), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize(("scheme", "rules"), SCHEMES)
def test_the_page_of_changes(browser, path, width, scheme, rules):
    """No rule of axe is broken, nothing is wider than the screen, no name is obeyed, nothing is fetched."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(path.as_uri())
    assert page.title() == "Images and PDFs: what has changed"
    assert page.locator("img, script").count() == 0
    assert page.get_by_role("row").count() == 4
    assert page.get_by_role("rowheader").count() == 3
    assert page.evaluate("document.scrollingElement.scrollWidth") == width
    assert asked == [path.as_uri()]
    assert complaints == []
    found = Axe().run(page, options=rules).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    page.close()
