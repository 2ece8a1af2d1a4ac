"""The cache never lies: what it returns is what was stored, or nothing."""

import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ir_build.errors import CacheError
from ir_build.run import cache as cache_module
from ir_build.run.cache import Cache, Entry

SMALL = Entry("kept", code="not-smaller", detail="détail", notes=("a", "b"))
LARGE = Entry("compressed", data=os.urandom(100_000), lossy=True, notes=("stripped Exif",))


@pytest.fixture
def cache(tmp_path):
    opened = Cache(tmp_path / "cache", size_limit=10**8)
    yield opened
    opened.close()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.val") if path.is_file()]


@pytest.mark.parametrize("entry", [SMALL, LARGE])
def test_what_was_put_is_what_is_got(cache, entry):
    """An entry comes back whole, whether it lies in the database or in a file."""
    cache.put("key", entry)
    assert cache.get("key") == entry
    assert cache.get("other") is None


def damage_cut(data):
    return data[: len(data) // 2]


def damage_bit(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def damage_zeros(data):
    return bytes(len(data))


def damage_append(data):
    return data + b"x"


def damage_empty(_):
    return b""


def damage_pickle(_):
    return pickle.dumps(Evil())


class Evil:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self):
        return (os.mkdir, (str(Path("unpickled").resolve()),))


DAMAGES = [damage_cut, damage_bit, damage_zeros, damage_append, damage_empty, damage_pickle]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_a_miss(cache, damage):
    """However a file of the cache was damaged, its entry is gone, never wrong, and can be remade."""
    cache.put("key", LARGE)
    (file,) = files(cache.directory)
    file.write_bytes(damage(file.read_bytes()))
    assert cache.get("key") is None
    assert cache.trouble is None
    cache.put("key", LARGE)
    assert cache.get("key") == LARGE


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_row_is_a_miss(tmp_path, monkeypatch, damage):
    """A value in the database is checked like one in a file, and a pickle is never opened."""
    monkeypatch.chdir(tmp_path)
    cache = Cache(tmp_path / "cache", size_limit=10**8)
    cache.put("key", SMALL)
    with sqlite3.connect(tmp_path / "cache" / "results" / "cache.db") as database:
        ((value,),) = database.execute("SELECT value FROM Cache").fetchall()
        # 4 is diskcache's mode of a pickled value
        mode = 4 if damage is damage_pickle else 1
        database.execute("UPDATE Cache SET value = ?, mode = ?", (damage(value), mode))
    database.close()
    assert cache.get("key") is None
    assert not (tmp_path / "unpickled").exists()
    cache.close()


def test_a_damaged_database_is_put_aside(tmp_path, monkeypatch):
    """A database that is none any more costs its entries, not the build; the report says where it is,
    and it goes after some days."""
    folder = tmp_path / "cache"
    cache = Cache(folder, size_limit=10**8)
    cache.put("key", SMALL)
    cache.close()
    for file in (folder / "results").glob("cache.db*"):
        file.write_bytes(b"no database" * 1000)
    cache = Cache(folder, size_limit=10**8)
    assert cache.get("key") is None
    cache.put("key", SMALL)
    assert cache.get("key") == SMALL
    cache.close()
    (aside,) = folder.glob("damaged-*")
    assert aside.name in cache.replaced
    assert (aside / "cache.db").read_bytes().startswith(b"no database")
    Cache(folder, size_limit=10**8).close()
    assert aside.exists()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 4 * 24 * 3600)
    Cache(folder, size_limit=10**8).close()
    assert not aside.exists()


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_cache_that_somebody_holds_is_left_alone(tmp_path, monkeypatch, lock):
    """A writer that holds the lock for long makes another build do without the cache, whose entries
    are all there afterwards."""
    monkeypatch.setattr(cache_module, "_LOCK_SECONDS", 0.1)
    first = Cache(tmp_path / "cache", size_limit=10**8)
    first.put("small", SMALL)
    first.put("large", LARGE)
    first.close()
    holder = sqlite3.connect(tmp_path / "cache/results/cache.db", isolation_level=None)
    holder.execute(lock)
    second = Cache(tmp_path / "cache", size_limit=2 * 10**8)
    second.put("other", SMALL)
    assert second.get("other") is None
    assert "locked" in second.trouble
    second.close()
    holder.close()
    third = Cache(tmp_path / "cache", size_limit=10**8)
    assert third.get("small") == SMALL
    assert third.get("large") == LARGE
    assert (third.trouble, third.replaced) == (None, None)
    assert not list((tmp_path / "cache").glob("damaged-*"))
    third.close()


def test_an_old_entry_is_found_though_it_cannot_be_stored_again(tmp_path, monkeypatch):
    """What is in use is stored again once a day; while somebody holds the lock, it is found all the
    same, and only one call waits."""
    monkeypatch.setattr(cache_module, "_LOCK_SECONDS", 0.5)
    cache = Cache(tmp_path / "cache", size_limit=10**8)
    for name in ("a", "b", "c", "d", "e"):
        cache.put(name, SMALL)
    later = time.time() + 2 * 24 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    holder = sqlite3.connect(tmp_path / "cache/results/cache.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    assert [cache.get(name) for name in ("a", "b", "c", "d", "e")] == [SMALL] * 5
    assert time.monotonic() - started < 4 * 0.5
    assert cache.trouble is None
    holder.close()
    cache.close()


def test_a_folder_that_cannot_be_used_costs_nothing_but_time(tmp_path):
    """Without a folder to write to, everything misses and the trouble is named once."""
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "cache", size_limit=10**8)
    cache.put("key", SMALL)
    assert cache.get("key") is None
    assert "cache_dir" in cache.trouble
    with pytest.raises(CacheError):
        cache.info()
    cache.close()


def test_the_size_limit_holds_and_the_used_stay(tmp_path):
    """Eviction keeps the size under the limit; what was stored first goes first."""
    cache = Cache(tmp_path / "cache", size_limit=2_000_000)
    for number in range(60):
        cache.put(f"key{number}", Entry("compressed", data=os.urandom(100_000)))
    assert cache.info().size <= 2_300_000  # diskcache evicts after it has stored
    assert cache.get("key59") is not None
    assert cache.get("key0") is None
    cache.close()


def test_prune_removes_what_is_old_and_what_was_left_behind(cache):
    """A file without an entry, as a killed process leaves it, goes; an old entry goes on demand."""
    cache.put("key", LARGE)
    orphan = cache.directory / "results" / "ab" / "cd" / "orphan.val"
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"left by kill -9")
    assert cache.prune() == 0
    assert not orphan.exists()
    assert cache.get("key") == LARGE
    time.sleep(1.1)
    assert cache.prune(max_age=1) == 1
    assert cache.get("key") is None


def test_the_folder_says_what_it_is(cache):
    """Backup tools and git pass the folder over; nobody else may read it."""
    assert (cache.directory / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172")
    assert (cache.directory / ".gitignore").read_text() == "*\n"
    if os.name == "posix":
        assert cache.directory.stat().st_mode & 0o077 == 0


WRITER = textwrap.dedent("""
    import hashlib, os, sys
    from pathlib import Path
    from ir_build.run.cache import Cache, Entry
    cache = Cache(Path(sys.argv[1]), size_limit=30_000_000)
    number = 0
    while True:
        data = os.urandom(5_000 + number * 7919 % 60_000)
        key = hashlib.sha256(data).hexdigest()
        cache.put(key, Entry("compressed", data=data))
        got = cache.get(key)
        if got is not None and got.data != data:
            os._exit(9)
        print(key, flush=True)
        number += 1
""")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is what is tested")
def test_kill_9_at_any_moment_and_several_builds_at_once(tmp_path):
    """Writers that are killed leave nothing wrong behind, and do not disturb each other."""
    import hashlib

    keys: list[str] = []
    for pause in (0.1, 0.25, 0.4):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(tmp_path / "cache")],
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for writer in writers:
            keys += [writer.stdout.readline().strip()]  # it has begun, however busy the machine is
        time.sleep(pause)
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            printed, _ = writer.communicate()
            assert writer.returncode == -signal.SIGKILL  # and not 9: nothing wrong was read
            keys += printed.split()
    cache = Cache(tmp_path / "cache", size_limit=30_000_000)
    found = [(key, entry) for key in keys if len(key) == 64 and (entry := cache.get(key))]
    assert found
    assert all(hashlib.sha256(entry.data).hexdigest() == key for key, entry in found)
    cache.prune()
    assert cache.trouble is None
    cache.close()


def test_threads_share_one_cache(cache):
    """Many threads read and write at once without an error or a mix-up."""

    def work(number):
        entry = Entry("compressed", data=str(number).encode() * 5000)
        cache.put(f"key{number}", entry)
        return cache.get(f"key{number}") == entry

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(200)))
    assert cache.trouble is None
