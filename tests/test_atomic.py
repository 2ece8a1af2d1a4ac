"""A file is the old one or the new one, whatever happens."""

import filecmp
import os
import stat
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from ir_build import atomic
from ir_build.errors import Unreadable

posix = pytest.mark.skipif(os.name != "posix", reason="pipes and modes are the means")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"old")
    path.chmod(0o640)
    os.utime(path, (1_000_000, 1_000_000))
    return path


def test_mode_and_times_are_kept(file):
    """The new file has the old one's mode, and its times where the host expects them."""
    atomic.replace(file, b"new", seen=file.lstat(), keep_times=True)
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert file.stat().st_mtime == 1_000_000


def test_times_are_new_in_place(file):
    """A source that was changed looks changed to make, to backups and to git."""
    atomic.replace(file, b"new", seen=file.lstat(), keep_times=False)
    assert file.stat().st_mtime > time.time() - 60


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_crash_at_any_step_leaves_the_old_file_and_nothing_else(file, monkeypatch, step):
    """When writing fails, whenever, the old file is there and no temporary one."""

    def fail(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(Unreadable, match="disk full"):
        atomic.replace(file, b"new", seen=file.lstat(), keep_times=True)
    assert file.read_bytes() == b"old"
    assert os.listdir(file.parent) == [file.name]


def test_a_file_that_changed_meanwhile_is_not_overwritten(file):
    """What somebody else wrote after we read the file is not overwritten."""
    seen = file.lstat()
    file.write_bytes(b"newer")
    with pytest.raises(Unreadable, match="changed"):
        atomic.replace(file, b"new", seen=seen, keep_times=True)
    assert file.read_bytes() == b"newer"


def test_what_an_editor_saves_while_we_write_is_kept(file, monkeypatch):
    """The file is looked at again right before the rename, after the disk has taken the new one."""
    flush = os.fsync

    def slow(descriptor):
        file.write_bytes(b"the designer's new logo")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    with pytest.raises(Unreadable, match="changed"):
        atomic.replace(file, b"new", seen=file.lstat(), keep_times=False)
    assert file.read_bytes() == b"the designer's new logo"
    assert os.listdir(file.parent) == [file.name]


@posix
def test_extended_attributes_and_all_bits_of_the_mode_are_kept(file, tmp_path):
    """What other programs have noted about a file, and its setgid bit, are the new one's, in place
    and in copies."""
    file.chmod(0o2664)
    try:
        os.setxattr(file, "user.note", b"of the designer")
    except (AttributeError, OSError):
        pytest.skip("no extended attributes here")
    atomic.replace(file, b"new", seen=file.lstat(), keep_times=False)
    copy = tmp_path / "copies" / "a.png"
    atomic.create(copy, b"newer", like=file.lstat(), source=file)
    for path in (file, copy):
        assert os.getxattr(path, "user.note") == b"of the designer"
        assert stat.S_IMODE(path.stat().st_mode) == 0o2664


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_owner_and_group_stay_where_folders_give_files_their_own(file):
    """In a folder with the setgid bit new files have the folder's group; a replaced one keeps its own."""
    os.chown(file.parent, -1, 4321)
    file.parent.chmod(0o2775)
    for owner, group in ((0, 0), (1234, 0), (1234, 5678)):
        os.chown(file, owner, group)
        file.chmod(0o2664)
        atomic.replace(file, b"new", seen=file.lstat(), keep_times=False)
        state = file.stat()
        assert (state.st_uid, state.st_gid) == (owner, group)
        assert stat.S_IMODE(state.st_mode) == 0o2664


def test_the_umask_counts_and_is_never_changed(tmp_path, monkeypatch):
    """New files are what the umask allows; no other thread's files are made under another umask."""
    before = os.umask(0o027)
    with monkeypatch.context() as patch:
        patch.delattr(os, "umask")
        atomic.write_text(tmp_path / "report.md", "x")
        with atomic.writing(tmp_path / "image.png") as image:
            image.write(b"x")
        atomic.write_private(tmp_path / "key", "x")
    os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"report.md": 0o640, "image.png": 0o640, "key": 0o600}


def test_a_link_swapped_in_is_not_written_through(file, tmp_path):
    """A link put in the file's place between reading and writing does not lead us elsewhere."""
    seen = file.lstat()
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    file.unlink()
    file.symlink_to(outside)
    with pytest.raises(Unreadable):
        atomic.replace(file, b"new", seen=seen, keep_times=True)
    assert outside.read_bytes() == b"mine"


def test_a_hard_link_is_not_written_through(file, tmp_path):
    """The other name of a file keeps the old content."""
    other = tmp_path / "other.png"
    os.link(file, other)
    atomic.replace(file, b"new", seen=file.lstat(), keep_times=True)
    assert other.read_bytes() == b"old"


@posix
def test_only_regular_files_are_read(tmp_path):
    """A pipe does not hang the build, a link is not followed."""
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link.png").symlink_to(tmp_path / "file")
    for name in ("pipe.png", "link.png", "missing.png"):
        with pytest.raises(Unreadable):
            atomic.read(tmp_path / name)


def test_stale_temporary_files_are_removed_and_fresh_ones_are_not(tmp_path):
    """What a killed process left behind goes; what a running one writes stays."""
    stale, fresh = tmp_path / ".ir-build-old.tmp", tmp_path / ".ir-build-new.tmp"
    for file in (stale, fresh):
        file.write_bytes(b"x")
    os.utime(stale, (1, 1))
    for file in (stale, fresh):
        assert atomic.is_temporary(file.name)
        atomic.remove_stale(file)
    assert os.listdir(tmp_path) == [fresh.name]


@posix
def test_a_file_that_is_written_piece_by_piece_appears_whole(tmp_path):
    """`writing` leaves the old file until the block ends, keeps its mode, and is undone by an error."""
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with pytest.raises(ZeroDivisionError), atomic.writing(path) as file:
        file.write(b"half of the new")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    with atomic.writing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]
    for place in (tmp_path, tmp_path / "missing" / "b.png"):
        with pytest.raises(Unreadable), atomic.writing(place):
            pass


def test_of_many_that_create_a_file_one_does(tmp_path):
    """Nobody finds it empty or in part, and all find the same."""
    path = tmp_path / "key"

    def create(number):
        made = atomic.create_private(path, f"{number}" * 1000)
        return made, path.read_text()

    with ThreadPoolExecutor(16) as threads:
        done = list(threads.map(create, range(10)))
    assert sorted(made for made, _ in done) == [False] * 9 + [True]
    assert {text for _, text in done} == {path.read_text()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_a_large_file_is_copied_in_little_memory(tmp_path):
    """However large it is; the copy has its mode and times, and is no hard link."""
    source, copy = tmp_path / "large", tmp_path / "deep" / "copy"
    source.write_bytes(os.urandom(2**20) * 64)
    source.chmod(0o640)
    os.utime(source, (1_000_000, 1_000_000))
    tracemalloc.start()
    atomic.copy(source, copy)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 2**20
    assert filecmp.cmp(source, copy, shallow=False)
    ours, theirs = copy.stat(), source.stat()
    assert (ours.st_mode, ours.st_mtime) == (theirs.st_mode, theirs.st_mtime)
    assert (ours.st_nlink, theirs.st_nlink) == (1, 1)


def test_copying_works_where_the_kernel_does_not_help(tmp_path, monkeypatch):
    """Between two file systems, for example, or on another system than Linux."""

    def refuse(*_):
        raise OSError("Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    (tmp_path / "a").write_bytes(b"content")
    atomic.copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"content"
