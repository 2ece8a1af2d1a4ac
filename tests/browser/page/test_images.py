"""Uploading, looking at, fetching and deleting images."""

import io
import zipfile

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

import documents
from pictures import encoded, flat

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
    assert inside.button("Compare b.pdf").count() == 0
    expect(inside.page.get_by_text("can be compressed")).to_be_visible()
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


def test_a_long_list_comes_in_pages(inside):
    """Thirty images a page, the newest first, and both ways to turn over."""
    for number in range(31):
        inside.server.upload(flat(), f"{number}.png")
    inside.page.reload()
    expect(inside.rows()).to_have_count(30)
    expect(inside.rows().first).to_contain_text("30.png")
    expect(inside.button("Newer")).to_be_disabled()
    inside.button("Older").click()
    expect(inside.rows()).to_have_count(1)
    expect(inside.rows()).to_contain_text("0.png")
    expect(inside.button("Older")).to_be_disabled()
    inside.button("Newer").click()
    expect(inside.rows()).to_have_count(30)


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
