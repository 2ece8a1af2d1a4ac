"""Two replicas on one PostgreSQL and one S3-compatible store."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from pictures import flat
from server.running import start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def replicas(_scaled, tmp_path_factory):
    settings = {**_scaled(), "secret_key": "the same on every replica, 32 or more"}
    folder = tmp_path_factory.mktemp("replicas")
    with ThreadPoolExecutor(2) as threads:
        pair = list(
            threads.map(lambda name: start(folder / name, folder / f"{name}.log", **settings), "ab")
        )
    known = next(server for server in pair if server.key)
    for server in pair:
        server.key, server.secret = known.key, known.secret
    yield pair
    for server in pair:
        server.stop()


def test_two_replicas_share_everything_but_memory(replicas):
    """What one has taken the other shows, hands out and deletes."""
    one, two = replicas
    image = one.upload(flat()).json()
    assert two.get(f"/images/{image['id']}").json()["size_after"] == image["size_after"]
    path = image["origin_url"].removeprefix(one.url)
    assert requests.get(two.url + path, timeout=30).content == flat()
    assert two.call("DELETE", f"/images/{image['id']}").status_code == 204
    assert requests.get(image["origin_url"], timeout=30).status_code == 404


def test_a_secret_that_one_replica_resets_is_dead_on_the_other(replicas):
    """Nothing about accounts is remembered in a process."""
    one, two = replicas
    made = one.new_sub()
    assert two.as_account(made).get("/accounts/mine").status_code == 200
    renewed = one.call("PUT", f"/accounts/sub/reset_secret/{made['id']}").json()
    assert two.as_account(made).get("/accounts/mine").status_code == 401
    assert two.as_account(renewed).get("/accounts/mine").status_code == 200
