"""The stat index saves reading and is never wrong about a content."""

import json
import os
import time

import pytest

from ir_build import atomic
from ir_build.errors import Reason
from ir_build.formats import MediaType
from ir_build.run import fingerprint
from ir_build.run.fingerprint import Known, StatIndex

KNOWN = Known(fingerprint.digest(b"one"), MediaType.PNG)


def age(path, seconds):
    """Make the file look as if it had been written some time ago."""
    stamp = time.time_ns() - int(seconds * 1e9)
    os.utime(path, ns=(stamp, stamp))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"one")
    return path


def later():
    """A reading that happened well after the file was last changed."""
    return time.time_ns() + 10**9


def test_an_unchanged_file_is_known_across_runs(tmp_path, file):
    """What was recorded is found again by the next run."""
    index = StatIndex(tmp_path / "index" / "i.json")
    known = Known(KNOWN.digest, MediaType.PNG, "context", Reason.SAVES_TOO_LITTLE, "0.3 %")
    index.record(str(file), file.lstat(), known, read_at=later())
    index.save()
    assert StatIndex(tmp_path / "index" / "i.json").lookup(str(file), file.lstat()) == known


@pytest.mark.parametrize("change", ["content", "time", "replaced"])
def test_a_changed_file_is_unknown(file, change):
    """Another size, time or inode makes the file one to read again."""
    index = StatIndex(None)
    index.record(str(file), file.lstat(), KNOWN, read_at=later())
    if change == "content":
        file.write_bytes(b"another")
    elif change == "time":
        os.utime(file, ns=(1, 1))
    else:
        other = file.with_name("b.png")
        other.write_bytes(b"two")
        os.replace(other, file)
    assert index.lookup(str(file), file.lstat()) is None


def test_a_racily_clean_file_is_read_again(file):
    """A file read in the tick in which it was written may change without its stamp changing."""
    index = StatIndex(None)
    index.record(str(file), file.lstat(), KNOWN, read_at=file.lstat().st_ctime_ns)
    assert index.lookup(str(file), file.lstat()) is None


def test_a_file_system_that_counts_in_seconds_gets_a_longer_tick(file):
    """A stamp of whole seconds is trusted only when the file was read seconds later."""
    second = 10**9
    stamp = (time.time_ns() // second - 5) * second
    os.utime(file, ns=(stamp, stamp))
    index = StatIndex(None)
    index.record(str(file), file.lstat(), KNOWN, read_at=file.lstat().st_ctime_ns + second)
    assert index.lookup(str(file), file.lstat()) is None
    index.record(str(file), file.lstat(), KNOWN, read_at=file.lstat().st_ctime_ns + 3 * second)
    assert index.lookup(str(file), file.lstat()) == KNOWN


def test_a_file_that_was_just_written_by_us_is_known_in_the_next_run(tmp_path, file):
    """What this process wrote needs no reading: it counts from when the index is saved."""
    state = atomic.replace(file, b"smaller", seen=file.lstat(), keep_times=False)
    index = StatIndex(tmp_path / "i.json")
    index.record(str(file), state, KNOWN, read_at=None)
    time.sleep(0.1)
    index.save()
    assert StatIndex(tmp_path / "i.json").lookup(str(file), file.lstat()) == KNOWN


SHAPES = ["", "{}", "[1]", '{"version":0,"entries":{}}', "\0\0", '{"version":1}']
SHAPES += ['{"version":1,"entries":[]}', '{"version":1,"entries":{"PATH":1}}']
SHAPES += ['{"version":1,"entries":{"PATH":[1,2]}}']


@pytest.mark.parametrize("stored", SHAPES)
def test_a_damaged_index_is_an_empty_one(tmp_path, file, stored):
    """A lost, damaged or older index costs reading, not a build."""
    (tmp_path / "i.json").write_text(stored.replace("PATH", str(file)))
    index = StatIndex(tmp_path / "i.json")
    assert index.lookup(str(file), file.lstat()) is None
    index.record(str(file), file.lstat(), KNOWN, read_at=later())
    index.save()
    assert StatIndex(tmp_path / "i.json").lookup(str(file), file.lstat()) == KNOWN


@pytest.mark.parametrize(
    ("place", "value"), [(4, "x"), (4, None), (6, "tga"), (8, "newer"), (8, 1)]
)
def test_an_entry_of_another_version_is_unknown(tmp_path, file, place, value):
    """A type, a reason or a time that this version does not know makes the file one to read again."""
    index = StatIndex(tmp_path / "i.json")
    index.record(str(file), file.lstat(), KNOWN, read_at=later())
    index.save()
    stored = json.loads((tmp_path / "i.json").read_text())
    stored["entries"][str(file)][place] = value
    (tmp_path / "i.json").write_text(json.dumps(stored))
    assert StatIndex(tmp_path / "i.json").lookup(str(file), file.lstat()) is None


def test_what_is_gone_is_forgotten(tmp_path, file):
    """The index of a folder whose files change their names does not grow; what this run did not look
    at stays."""
    index = StatIndex(tmp_path / "i.json")
    other = file.with_name("other.png")
    for path in (file, other, file.with_name("gone.png")):
        path.touch()
        index.record(str(path), path.lstat(), KNOWN, read_at=later())
    path.unlink()
    index.forget_missing([str(file)])
    index.save()
    stored = json.loads((tmp_path / "i.json").read_text())
    assert stored["entries"].keys() == {str(file), str(other)}


def test_a_name_that_is_no_text_is_remembered(tmp_path):
    """File names of arbitrary bytes survive the index."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")
    try:
        with open(path, "wb") as file:
            file.write(b"one")
    except OSError:
        pytest.skip("this file system takes text names only")
    index = StatIndex(tmp_path / "i.json")
    index.record(path, os.lstat(path), KNOWN, read_at=later())
    index.save()
    assert StatIndex(tmp_path / "i.json").lookup(path, os.lstat(path)) == KNOWN
