"""The endpoints of images, over a socket."""

import requests

from .running import picture


def test_an_upload_comes_back_smaller_and_both_files_can_be_fetched(server):
    """201 with the documented image; its links give the original and what was made of it."""
    sent = picture()
    answer = server.upload(sent, "a b.png", params='{"compression_type":"lossless"}')
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    image = answer.json()
    assert (image["filename"], image["width"], image["height"]) == ("a b.png", 60, 40)
    assert image["size_before"] == len(sent) > image["size_after"] > 0
    original, optimized = (
        requests.get(image[f"{one}_url"], timeout=9) for one in ("origin", "optimized")
    )
    assert original.content == sent
    assert len(optimized.content) == image["size_after"]
    assert optimized.headers["content-type"] == "image/png"


def test_images_are_listed_shown_and_deleted(server):
    """What was uploaded is listed newest first, shown by id, and gone after its deletion."""
    first = server.upload(picture(colour="red")).json()
    second = server.upload(picture(colour="blue")).json()
    listed = server.get("/images").json()
    assert [item["id"] for item in listed["items"][:2]] == [second["id"], first["id"]]
    assert server.get(f"/images/{first['id']}").json() == first
    assert server.call("DELETE", f"/images/{first['id']}").status_code == 204
    assert server.get(f"/images/{first['id']}").status_code == 404
    assert requests.get(first["optimized_url"], timeout=9).status_code == 404
