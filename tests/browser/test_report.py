"""The HTML report in a real browser: to be read by everybody, from a disk, asking for nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser.schemes import SCHEMES
from report import sites

SHARE = """(image) => {
    const right = parseFloat(image.style.clipPath.split(" ")[1] ?? 0);
    return Math.max(0, 1 - right / image.getBoundingClientRect().width);
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The report of a run over a folder of everything."""
    folder = tmp_path_factory.mktemp("report") / "site"
    sites.make(folder)
    sites.optimize(folder, ".", "--out", "../out", "--report", "../report.html")
    return folder.with_name("report.html")


@pytest.fixture
def visit(browser, file):
    """Opens the report; it must raise no complaint and ask for nothing but itself."""
    contexts, complaints, requested = [], [], []

    def run(width=1400, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requested.append(request.url))
        page.goto(file.as_uri())
        return page

    yield run
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url for url in requested if not url.startswith("data:")} == {file.as_uri()}


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "rules"), SCHEMES)
def test_no_rule_of_axe_is_broken(visit, scheme, rules):
    """Labels, roles, order and contrast, on a wide screen and on a small phone, enlarged pictures too."""
    page = visit(color_scheme=scheme)
    page.get_by_role("button", name="3x").first.click()
    for width in (1400, 360):
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page, options=rules).response["violations"]
        assert [
            (rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found
        ] == []


@pytest.mark.slow
def test_without_script_everything_can_be_read(visit):
    """Both pictures stand beside each other, and the table has every file."""
    page = visit(java_script_enabled=False)
    article = page.get_by_role("article").filter(has_text="images/small.jpg")
    for name in ("Original", "Result"):
        image = article.get_by_role("img", name=f"{name} of images/small.jpg")
        box = image.bounding_box()
        assert (box["width"], box["height"]) == (200, 150)
    table = page.get_by_role("table", name="7 files")
    expect(table.get_by_role("row")).to_have_count(8)
    expect(table.get_by_role("rowheader", name="broken.png")).to_be_visible()
    assert page.get_by_role("button").count() == 0
    assert page.get_by_role("searchbox").count() == 0


@pytest.mark.slow
def test_the_slider_works_by_keyboard_and_by_buttons(visit):
    """Arrow keys move the line; buttons show one side alone, enlarge threefold, and change the ground."""
    page = visit()
    article = page.get_by_role("article").filter(has_text="images/small.jpg")
    slider, images = article.get_by_role("slider"), article.locator(".pair img")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "51 % original")
    article.get_by_role("button", name="Original", exact=True).click()
    expect(slider).to_have_value("100")
    assert images.nth(1).evaluate(SHARE) == 1
    article.get_by_role("button", name="Result", exact=True).click()
    assert images.nth(1).evaluate(SHARE) == pytest.approx(0, abs=0.01)
    assert images.nth(0).bounding_box()["width"] == 200
    article.get_by_role("button", name="3x").click()
    for number in range(2):
        assert images.nth(number).bounding_box()["width"] == 600
        expect(images.nth(number)).to_have_css("image-rendering", "pixelated")
    expect(article.get_by_role("button", name="3x")).to_have_attribute("aria-pressed", "true")
    ground = article.locator(".pair")
    seen = {ground.evaluate("(e) => getComputedStyle(e).background")}
    for name in ("Light", "Dark"):
        article.get_by_role("button", name=name).click()
        seen.add(ground.evaluate("(e) => getComputedStyle(e).background"))
    assert len(seen) == 3


@pytest.mark.slow
def test_the_table_is_sorted_and_filtered(visit):
    """By the buttons in its head, which say the order, and by name, type and what became of files."""
    page = visit()
    table = page.get_by_role("table", name="7 files")
    names = table.get_by_role("rowheader")
    first = names.all_text_contents()
    sizes = [
        float(text.replace(",", ""))
        for text in table.locator("tbody td:nth-child(5)").all_text_contents()
        if text
    ]
    assert sizes == sorted(sizes, reverse=True)
    head = table.get_by_role("columnheader", name="Name")
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert table.locator("[aria-sort]").count() == 1
    by_name = names.all_text_contents()
    assert sorted(by_name) == sorted(first)
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert names.all_text_contents() == by_name[::-1]
    page.get_by_label("Find").fill("IMAGES/")
    expect(names).to_have_count(4)
    page.get_by_role("combobox", name="Type").select_option("jpeg")
    expect(names).to_have_count(2)
    expect(page.get_by_role("status")).to_have_text("2 of 7 files")
    page.get_by_label("Find").fill("")
    page.get_by_role("combobox", name="Type").select_option("")
    page.get_by_role("combobox", name="Became").select_option("failed")
    expect(names).to_have_text(["broken.png"])


@pytest.mark.slow
def test_a_hostile_name_is_text(visit):
    """It is read as it is written, runs nothing and makes no element."""
    page = visit()
    expect(page.get_by_role("rowheader", name=sites.HOSTILE).first).to_be_visible()
    assert page.locator("script").count() == 1
    assert page.locator("[onerror]").count() == 0


@pytest.mark.slow
def test_nothing_is_wider_than_a_small_phone(visit):
    """At 360 pixels the page does not scroll sideways, with pictures enlarged either."""
    page = visit(width=360)
    for button in page.get_by_role("button", name="3x").all():
        if button.is_visible():
            button.click()
    assert page.evaluate("document.scrollingElement.scrollWidth") == 360


@pytest.mark.slow
def test_animations_stand_still_where_that_is_wished(visit):
    """Who asked the system for less motion gets a single frame."""
    shown = "(images) => images.map((image) => image.currentSrc === image.src)"
    for wish, moves in (("no-preference", True), ("reduce", False)):
        page = visit(reduced_motion=wish)
        article = page.get_by_role("article").filter(has_text="images/moving.webp")
        assert article.locator(".pair img").evaluate_all(shown) == [moves, moves]


@pytest.mark.slow
def test_on_paper_both_pictures_are_seen(visit):
    """Printed, original and result stand beside each other, without anything to press."""
    page = visit()
    page.emulate_media(media="print")
    article = page.get_by_role("article").filter(has_text="images/small.jpg")
    boxes = [article.locator(".pair img").nth(number).bounding_box() for number in (1, 0)]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    expect(article.locator(".pair img").nth(1)).to_have_css("clip-path", "none")
    expect(page.get_by_role("slider").first).to_be_hidden()
    expect(page.get_by_role("table", name="7 files").get_by_role("row").last).to_be_visible()
