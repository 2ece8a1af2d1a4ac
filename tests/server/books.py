"""Uploads under fire, and whether what was accepted is there and was charged exactly once."""

import hashlib
import io
import os
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import requests
from PIL import Image

from pictures import encoded


def small_picture():
    """A picture unlike any other, of always the same size, that has something to save."""
    colours = [os.urandom(3) for _ in range(3)]
    image = Image.frombytes("RGB", (24, 18), b"".join(random.choices(colours, k=24 * 18)))
    return encoded(image, "png", compress_level=0)


#: bytes of every `small_picture`
SIZE = len(small_picture())


@dataclass
class Load:
    """Threads that upload to the given servers in turn until they are told to stop."""

    servers: list
    threads: int = 4
    #: what was sent and what was answered, for every 201
    accepted: list[tuple[str, dict]] = field(default_factory=list)
    statuses: Counter = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)

    def __enter__(self):
        self._running = [threading.Thread(target=self._run) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self.join()

    def join(self):
        """Wait until every thread has been told that the quota is spent."""
        for thread in self._running:
            thread.join()

    def wait_for(self, count, seconds=60):
        """Wait until so many uploads were accepted."""
        deadline = time.monotonic() + seconds
        while len(self.accepted) < count:
            assert time.monotonic() < deadline, self.statuses
            time.sleep(0.01)

    def _run(self):
        turn = random.randrange(len(self.servers))
        while not self._stop.is_set():
            data = small_picture()
            turn += 1
            try:
                answer = self.servers[turn % len(self.servers)].upload(data)
            except requests.RequestException:
                self.statuses["no answer"] += 1
                time.sleep(0.05)
                continue
            self.statuses[answer.status_code] += 1
            if answer.status_code == 201:
                self.accepted.append((hashlib.sha256(data).hexdigest(), answer.json()))
            elif answer.status_code == 403:
                return


def check_books(server, accepted, *, every=True):
    """Every accepted image is there, and what is there was charged once; how many that are.

    Without `every` the files of images that are not in `accepted` are left unread.
    """
    listed = images(server)
    assert len(listed) == server.get("/images").json()["total"]
    for digest, told in accepted:
        image = listed[told["id"]]
        assert without_links(image) == without_links(told)
        assert hashlib.sha256(fetched(server, image["origin_url"])).hexdigest() == digest
    for image in listed.values() if every else ():
        # Also those whose answer was lost: both files are whole.
        assert len(fetched(server, image["origin_url"])) == image["size_before"]
        result = fetched(server, image["optimized_url"])
        assert len(result) == image["size_after"]
        Image.open(io.BytesIO(result)).verify()
    assert server.used() == sum(image["size_before"] for image in listed.values())
    days = server.get("/accounts/mine/consumption").json()["consumption"]["last_days"]
    assert sum(day["files_count"] for day in days) == len(listed)
    return len(listed)


def images(server):
    """All images of an account, by their ids."""
    found, offset = {}, 0
    while page := server.get("/images", offset=offset, limit=100).json()["items"]:
        found |= {image["id"]: image for image in page}
        offset += len(page)
    return found


def fetched(server, link):
    """A file by its link; the server may have another address since."""
    answer = requests.get(server.url + link.partition("/v1")[2], timeout=30)
    assert answer.status_code == 200, link
    return answer.content


def without_links(image):
    return {name: value for name, value in image.items() if not name.endswith("_url")}
