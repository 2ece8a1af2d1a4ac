"""Backup and restore, by the commands that docs/server.md prints."""

import re
import subprocess
import time
from pathlib import Path

import pytest
import requests

from pictures import flat
from server.books import Load, fetched
from server.running import inside
from services.postgres import tool
from services.programs import program

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs" / "server.md"


def run_block(title, places):
    """Run a block of commands of the page, its places replaced."""
    text = re.search(rf'```bash title="{title}"\n(.*?)```', PAGE.read_text(), re.DOTALL)[1]
    for place, path in places.items():
        assert place in text
        text = text.replace(place, str(path))
    subprocess.run([program("bash"), "-euc", text], check=True)


def test_a_running_server_is_brought_back_elsewhere(launch, tmp_path):
    """Copied amid uploads and started in another place: every image of the copied database with its
    files, account, secret, charge and limit is there, links that were handed out work, it goes on
    taking uploads, and what was made after the copy is not opened by its links."""
    for name in ("rsync", "sqlite3"):
        program(name)
    server = launch(tmp_path / "first", sweep_interval=0.5)
    sub = server.new_sub(quota=10**9)
    team = server.as_account(sub)
    own = server.upload(flat((30, 30), "navy")).json()
    places = {"/var/lib/ir-build": tmp_path / "first", "/backup": tmp_path / "backup"}
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "backup").mkdir()
    with Load([team]) as load:
        load.wait_for(10)
        deleted = load.accepted.pop(0)[1]
        assert team.call("DELETE", f"/images/{deleted['id']}").status_code == 204
        before = list(load.accepted)
        run_block("backup", {**places, "/elsewhere": tmp_path / "elsewhere"})
        load.wait_for(len(load.accepted) + 5)
    late = max((image for _, image in load.accepted), key=lambda image: image["id"])
    server.stop()
    stopped = time.time()

    places["/var/lib/ir-build"] = tmp_path / "second" / "data"
    run_block("restore", {**places, "/elsewhere": tmp_path / "elsewhere"})
    again = launch(tmp_path / "second" / "data", sweep_interval=0.5)
    assert again.key == ""
    again.key, again.secret = server.key, server.secret
    shown = again.get("/accounts/sub").json()["items"][0]
    for name in ("api_key", "api_secret", "title", "quota_allowed"):
        assert shown[name] == sub[name]
    team = again.as_account(sub)
    listed = {image["id"] for image in team.get("/images", limit=100).json()["items"]}
    assert deleted["id"] not in listed
    assert late["id"] not in listed
    kept = [one for one in load.accepted if one[1]["id"] in listed]
    assert kept[: len(before)] == before
    for _, image in kept:
        for kind in ("origin_url", "optimized_url"):
            assert fetched(again, image[kind])
    assert team.used() == sum(image["size_before"] for _, image in [*kept, (0, deleted)])
    assert fetched(again, own["origin_url"]) == flat((30, 30), "navy")
    assert again.used() == team.used() + own["size_before"]

    # Numbers are given out again, links are not: they hold the second in which an image was made.
    time.sleep(max(0, 1.05 - (time.time() - stopped)))
    with Load([team]) as load:
        load.wait_for(late["id"] - max(listed) + 5)
    assert late["id"] in {image["id"] for _, image in load.accepted}
    answer = requests.get(again.url + late["origin_url"].partition("/v1")[2], timeout=30)
    assert answer.status_code == 404


def test_a_dump_of_postgresql_is_enough_beside_the_bucket(postgres_url, tmp_path, request):
    """`pg_dump` of a running server, read into an empty database: accounts and images work."""
    scaled = request.getfixturevalue("_scaled")()
    settings = {**scaled, "secret_key": "k" * 40, "backend": "none"}
    with inside(tmp_path / "first", **settings) as server:
        image = server.upload(flat()).json()
        sub = server.new_sub(quota=1000)
        dump = subprocess.run(
            [tool("pg_dump"), settings["database"].replace("+psycopg", "")],
            check=True,
            capture_output=True,
        ).stdout
    command = [tool("psql"), "--quiet", "--set=ON_ERROR_STOP=1"]
    address = postgres_url.replace("+psycopg", "")
    subprocess.run([*command, address], input=dump, check=True, stdout=subprocess.DEVNULL)
    with inside(tmp_path / "second", **{**settings, "database": postgres_url}) as again:
        again.key, again.secret = server.key, server.secret
        assert fetched(again, image["origin_url"]) == flat()
        assert again.used() == len(flat())
        team = again.as_account(sub)
        assert team.get("/accounts/mine").json()["quota_allowed"] == 1000
        assert team.upload(flat((40, 40))).status_code == 403
