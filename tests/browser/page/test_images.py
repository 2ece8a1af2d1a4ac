"""Uploading, looking at, fetching and deleting images."""

import io
import re
import zipfile

import pytest
import requests
from PIL import Image, ImageDraw
from playwright.sync_api import expect

import documents
from browser.capture import screenshot
from pictures import encoded, flat

TOO_MANY = {"errCode": 429, "errMessage": "Too many at once"}
COPYRIGHT = 0x8298  #: a tag of Exif
DROP = """(files) => {
    const transfer = new DataTransfer();
    for (const [name, bytes] of files)
        transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
    for (const type of ["dragenter", "dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def colourful():
    """A picture with many colours, which lossy compression changes."""
    image = Image.effect_noise((120, 90), 60).convert("RGB")
    ImageDraw.Draw(image).ellipse((10, 10, 110, 80), fill="orange")
    return encoded(image, "png", compress_level=0)


def delete_all(visit):
    visit.server.call("DELETE", "/images/all")


@pytest.fixture
def inside(visit):
    """A window, signed in, on an account without images."""
    delete_all(visit)
    visit.sign_in()
    return visit


def test_chosen_files_are_compressed_and_a_broken_one_is_named(inside):
    """Images and PDFs become rows with their savings; what the server refuses stays, with why."""
    inside.page.get_by_text("Nothing here yet").wait_for()
    inside.choose(("a.png", flat()), ("b.pdf", documents.drawn()), ("broken.png", b"not a picture"))
    inside.summary("2 files compressed").wait_for()
    names = inside.rows().locator(".name").all_text_contents()
    assert sorted(names) == ["a.png", "b.pdf"]
    row = inside.rows().filter(has_text="a.png")
    expect(row).to_contain_text("60 \N{MULTIPLICATION SIGN} 40")
    expect(row.locator(".saved")).to_have_text("\N{MINUS SIGN}99 %")
    expect(inside.button("Compare b.pdf")).to_be_visible()
    expect(inside.page.get_by_text("can be compressed")).to_be_visible()
    assert inside.button("Try broken.png again").count() == 0
    inside.button("Dismiss broken.png").click()
    expect(inside.page.get_by_text("broken.png")).to_have_count(0)
    listed = inside.server.get("/images").json()["items"]
    assert sorted(image["filename"] for image in listed) == ["a.png", "b.pdf"]


def test_files_may_be_dropped_anywhere(inside):
    """Several files dropped on the page at once are all compressed."""
    files = [(f"{colour}.png", list(flat(colour=colour))) for colour in ("red", "green", "blue")]
    inside.page.evaluate(DROP, files)
    inside.summary("3 files compressed").wait_for()
    expect(inside.rows()).to_have_count(3)


def test_dropped_folders_are_walked(inside, tmp_path):
    """Every image in them, however deep; what is no image by its name is passed over."""
    folder = tmp_path / "site"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "one.png").write_bytes(flat(colour="red"))
    (folder / "deep" / "deeper" / "two.PNG").write_bytes(flat(colour="blue"))
    (folder / "deep" / "notes.txt").write_text("not a picture")
    box = inside.page.locator("#drop").bounding_box()
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    session = inside.page.context.new_cdp_session(inside.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"type": kind, "x": box["x"] + 9, "y": box["y"] + 9, "data": data}
        session.send("Input.dispatchDragEvent", place)
    inside.summary("2 files compressed").wait_for()
    assert sorted(inside.rows().locator(".name").all_text_contents()) == ["one.png", "two.PNG"]


def test_a_picture_can_be_pasted(inside):
    """As a screenshot comes from the clipboard."""
    paste = """(bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
        document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
    }"""
    inside.page.evaluate(paste, list(flat()))
    inside.summary("1 file compressed").wait_for()


def test_size_and_metadata_can_be_chosen(inside):
    """What is filled in reaches the server: the picture is that small, and its copyright is kept."""
    exif = Image.Exif()
    exif[COPYRIGHT] = "Docs"
    image = encoded(Image.effect_noise((200, 100), 60), "jpeg", exif=exif)
    inside.choose(("plain.jpg", image))
    inside.summary("1 file compressed").wait_for()
    inside.page.get_by_text("Size and metadata").click()
    inside.page.get_by_label("Largest width").fill("50")
    inside.page.get_by_label("Copyright").check()
    inside.choose(("small.jpg", image))
    expect(inside.rows()).to_have_count(2)
    expect(inside.rows().first).to_contain_text("50 \N{MULTIPLICATION SIGN} 25")
    kept = {
        one["filename"]: Image.open(
            io.BytesIO(requests.get(one["optimized_url"], timeout=30).content)
        ).getexif()
        for one in inside.server.get("/images").json()["items"]
    }
    assert COPYRIGHT not in kept["plain.jpg"]
    assert kept["small.jpg"][COPYRIGHT] == "Docs"


def test_a_url_is_fetched_where_the_server_allows_it(visit, launch):
    """The field is there only then, and what is wrong with an address is said."""
    visit.sign_in()
    assert not visit.page.get_by_label("Address of an image").is_visible()
    server = launch(url_uploads="listed", url_allow="127.0.0.1:9")
    visit.server = server
    visit.requested.clear()
    visit.sign_in()
    visit.page.get_by_label("Address of an image").fill("http://127.0.0.1:9/a.png")
    visit.button("Fetch").click()
    visit.page.get_by_text("cannot be fetched").wait_for()
    visit.requested.clear()


def test_leaving_with_uploads_under_way_asks(inside):
    """Closing the page and signing out would lose them; without any nobody is asked."""
    asked = []
    inside.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    inside.page.reload()
    inside.page.get_by_role("heading", name="Images").wait_for()
    assert asked == []
    inside.page.route("**/v1/images", lambda route: None)  # is never answered
    inside.choose(("slow.png", flat()))
    inside.page.get_by_text("sending").wait_for()
    inside.button("Sign out").click()
    inside.button("Cancel").click()
    inside.page.reload()
    inside.page.get_by_role("heading", name="Images").wait_for()
    assert asked == ["beforeunload"]


@pytest.fixture(scope="module")
def many(server):
    """The server for an account with 31 pictures."""
    account = server.as_account(server.new_sub())
    for number in range(31):
        account.upload(flat((20 + number, 20)), f"picture-{number}.png")
    return account


def test_images_can_be_found_sorted_and_filtered(visit, many):
    """Among all of them, not only those of a page; what is deleted then is what was found."""
    many.upload(documents.drawn(), "paper.pdf")
    visit.sign_in(many)
    names = visit.rows().locator(".name")
    search = visit.page.get_by_label("Search by name")
    search.fill("PICTURE-1")
    expect(visit.rows()).to_have_count(11)
    visit.page.get_by_label("Order").select_option("By name")
    expect(names.first).to_have_text("picture-1.png")
    expect(names.nth(1)).to_have_text("picture-10.png")
    search.fill("")
    visit.page.get_by_label("Show").select_option("PDFs")
    expect(names).to_have_text(["paper.pdf"])
    search.fill("nothing")
    visit.page.get_by_text("No image is like that").wait_for()
    search.fill("paper")
    visit.button("Delete all").click()
    visit.button("Delete 1 image").click()
    visit.page.get_by_text("No image is like that").wait_for()
    assert many.get("/images").json()["total"] == 31


def test_the_next_row_has_the_focus_after_a_deletion(inside):
    """Who deletes by keyboard goes on where they were; after the last row, at the one before it."""
    for name in ("c.png", "b.png", "a.png"):
        inside.server.upload(flat(), name)
    inside.page.reload()
    for name, following in (("b.png", "Delete c.png"), ("c.png", "Delete a.png")):
        inside.button(f"Delete {name}").click()
        inside.button("Delete").click()
        expect(inside.button(following)).to_be_focused()


@pytest.mark.parametrize(("colour", "value"), [("white", 255), ("black", 0)])
def test_a_thumbnail_is_whole_and_seen(inside, colour, value):
    """A wide logo, white or black on nothing: no part is cut off, and it stands out on any page."""
    image = Image.new("RGBA", (300, 60))
    ImageDraw.Draw(image).rectangle((0, 0, 299, 59), outline=colour, width=20)
    inside.server.upload(encoded(image, "png"), "logo.png")
    inside.page.reload()
    thumb = inside.page.locator(".thumb")
    thumb.wait_for()
    expect(thumb).to_have_js_property("complete", value=True)
    for scheme in ("light", "dark"):
        inside.page.emulate_media(color_scheme=scheme)
        seen = Image.open(io.BytesIO(screenshot(thumb))).convert("L")
        middle = [seen.getpixel((at, seen.height // 2)) for at in range(seen.width)]
        logo = [at for at, level in enumerate(middle) if abs(level - value) < 9]
        assert min(logo) <= 2
        assert max(logo) >= seen.width - 3
        around = [seen.getpixel((at, seen.height // 6)) for at in range(8, seen.width - 8)]
        assert min(abs(one - value) for one in around) > 90


def test_lossless_keeps_every_pixel(inside):
    """What is chosen above the drop zone is what the server is asked for."""
    sent = colourful()
    inside.page.get_by_label("Lossless").check()
    inside.choose(("drawing.png", sent))
    inside.summary("1 file compressed").wait_for()
    with inside.page.expect_download() as download:
        inside.page.get_by_role("link", name="Download drawing.png").click()
    with Image.open(io.BytesIO(sent)) as before, Image.open(download.value.path()) as after:
        assert before.convert("RGB").tobytes() == after.convert("RGB").tobytes()
    assert download.value.suggested_filename == "drawing.png"


def test_before_and_after_can_be_compared_with_the_keyboard_and_the_pointer(inside):
    """The line moves by arrow keys and by dragging, and shows the original on its left only."""
    inside.server.upload(flat((400, 300)), "wide.png")
    inside.page.reload()
    inside.button("Compare wide.png").click()
    dialog = inside.page.get_by_role("dialog", name="wide.png")
    slider = dialog.get_by_role("slider")
    expect(slider).to_be_focused()
    inside.page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "51 % original")
    inside.page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0 % original")
    shown = "(image) => image.getBoundingClientRect().width - parseFloat(image.style.clipPath.split(' ')[1])"
    original = dialog.locator(".pair img").nth(1)
    assert original.evaluate(shown) <= 0
    stage = dialog.locator(".stage").bounding_box()
    middle = stage["y"] + stage["height"] / 2
    inside.page.mouse.move(stage["x"] + 5, middle)
    inside.page.mouse.down()
    inside.page.mouse.move(stage["x"] + stage["width"] / 2, middle)
    inside.page.mouse.up()
    expect(slider).to_have_attribute("aria-valuetext", "50 % original")
    assert original.evaluate(shown) == pytest.approx(200, abs=4)
    inside.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(inside.button("Compare wide.png")).to_be_focused()


def test_pdfs_are_compared_by_their_first_page(inside):
    """Original and result are drawn by the server, one over the other; what it cannot draw is told."""
    inside.server.upload(documents.drawn(), "paper.pdf")
    inside.page.reload()
    inside.button("Compare paper.pdf").click()
    dialog = inside.page.get_by_role("dialog", name="paper.pdf")
    expect(dialog.get_by_role("img", name="First page of paper.pdf")).to_be_visible()
    pages = dialog.locator(".pair img")
    expect(pages).to_have_count(2)
    for number in range(2):
        expect(pages.nth(number)).to_have_js_property("complete", value=True)
        expect(pages.nth(number)).to_have_attribute("src", re.compile("^blob:"))
    # The shape of the page, US Letter.
    assert pages.nth(0).evaluate(
        "(page) => page.naturalWidth / page.naturalHeight"
    ) == pytest.approx(612 / 792, abs=0.01)
    stage = dialog.locator(".stage").bounding_box()
    assert stage["height"] > 200
    inside.page.route("**/first-page/**", lambda route: route.fulfill(status=429, json=TOO_MANY))
    inside.page.keyboard.press("Escape")
    inside.button("Compare paper.pdf").click()
    expect(dialog.get_by_role("alert")).to_have_text("Too many at once")


def test_nothing_is_deleted_without_a_yes(inside):
    """Cancel keeps the image, Delete removes it here and on the server."""
    image = inside.server.upload(flat(), "gone.png").json()
    inside.page.reload()
    inside.button("Delete gone.png").click()
    expect(inside.button("Cancel")).to_be_focused()
    inside.button("Cancel").click()
    assert inside.server.get(f"/images/{image['id']}").status_code == 200
    inside.button("Delete gone.png").click()
    inside.button("Delete").click()
    inside.page.get_by_text("Nothing here yet").wait_for()
    assert inside.server.get(f"/images/{image['id']}").status_code == 404


def test_all_or_what_is_selected_comes_as_a_zip(inside):
    """The zip holds the results, of every image or of those selected."""
    results = {}
    for colour in ("red", "green", "blue"):
        image = inside.server.upload(flat(colour=colour), f"{colour}.png").json()
        results[f"{colour}.png"] = image["size_after"]
    inside.page.reload()

    def zipped(button):
        with inside.page.expect_download() as download:
            inside.button(button).click()
        with zipfile.ZipFile(download.value.path()) as archive:
            return {entry.filename: entry.file_size for entry in archive.infolist()}

    assert zipped("Download all as zip") == results
    inside.page.get_by_label("Select green.png").check()
    assert zipped("Download selected as zip") == {"green.png": results["green.png"]}
    inside.button("Delete selected").click()
    inside.button("Delete 1 image").click()
    expect(inside.rows()).to_have_count(2)


def test_a_long_list_comes_in_pages(visit, many):
    """Thirty images a page, the newest first, and both ways to turn over."""
    visit.sign_in(many)
    expect(visit.rows()).to_have_count(30)
    expect(visit.rows().first).to_contain_text("picture-30.png")
    expect(visit.button("Newer")).to_be_disabled()
    visit.button("Older").click()
    expect(visit.rows()).to_have_count(1)
    expect(visit.rows()).to_contain_text("picture-0.png")
    expect(visit.button("Older")).to_be_disabled()
    visit.button("Newer").click()
    expect(visit.rows()).to_have_count(30)


def test_a_file_name_is_text(inside):
    """Markup in a file name is shown, not run."""
    name = "<img src=x onerror=document.title='owned'>.png"
    inside.choose((name, flat()))
    inside.summary("1 file compressed").wait_for()
    expect(inside.rows().locator(".name")).to_have_text(name)
    inside.button(f"Delete {name}").click()
    expect(inside.page.get_by_role("dialog")).to_contain_text(name)
    inside.button("Cancel").click()
    inside.button(f"Compare {name}").click()
    expect(inside.page.get_by_role("dialog").get_by_role("heading")).to_have_text(name)
    assert "owned" not in inside.page.title()
    assert inside.page.locator("img[onerror]").count() == 0


def test_a_spent_quota_stops_the_rest(visit):
    """After "quota exceeded" the files that wait are not sent, and every one is accounted for."""
    size = len(flat())
    sub = visit.server.call("POST", "/accounts/sub", title="small", quota=size + 10).json()
    visit.sign_in(visit.server.as_account(sub))
    visit.choose(*[(f"{i}.png", flat(colour=(i, 0, 0))) for i in range(6)])
    visit.summary("1 file compressed").wait_for()
    expect(visit.summary("5 files failed")).to_be_visible()
    refused = visit.page.get_by_text("quota exceeded")
    unsent = visit.page.get_by_text("Not sent: the quota is used up.")
    assert refused.count() + unsent.count() == 5
    assert unsent.count() >= 3


def test_a_page_of_another_site_shows_a_picture_by_its_link(browser, server):
    """`<img>` with a download link, on a page that is not the server's."""
    link = server.upload(flat()).json()["optimized_url"]
    context = browser.new_context()
    page = context.new_page()
    page.set_content(f'<img src="{link}" alt="">')
    page.wait_for_function("document.images[0].complete")
    assert page.evaluate("document.images[0].naturalWidth") == 60
    context.close()
