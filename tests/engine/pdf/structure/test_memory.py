"""The memory that a large PDF takes while it is written."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from documents import saved

MB = 1024 * 1024
COMPRESS = """
import sys
from pathlib import Path
from ir_build.engine.pdf import codec as pdf
from ir_build.options import Compression, Options

def memory(kind):
    status = Path("/proc/self/status").read_text()
    return int(status.split(kind + ":")[1].split()[0]) * 1024

for path in sys.argv[1:]:
    data = Path(path).read_bytes()
    result = pdf.compress(data, Options(compression_type=Compression.LOSSLESS)).data
    print(len(data), len(result), memory("VmHWM"))
"""


def with_attachments(count):
    """A document with so many attachments of a MB that do not deflate."""
    rng = np.random.default_rng(count)
    made = pikepdf.new()
    made.add_blank_page()
    parts = [
        made.make_stream(rng.bytes(MB), Type=Name.EmbeddedFile, Filter=Array([]))
        for _ in range(count)
    ]
    made.Root.PieceInfos = Array([made.make_indirect(Dictionary(EF=one)) for one in parts])
    return saved(made)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="tells the memory of a process in its own way")
def test_a_large_document_is_held_some_times_only(tmp_path: Path):
    """What goes in, what comes out, and half as much again: not a copy for each step."""
    paths = [tmp_path / "small.pdf", tmp_path / "large.pdf"]
    for path, count in zip(paths, (1, 80), strict=True):
        path.write_bytes(with_attachments(count))
    done = subprocess.run(
        [sys.executable, "-c", COMPRESS, *map(str, paths)],
        check=True,
        capture_output=True,
        text=True,
    )
    (_, _, before), (size, result, peak) = (
        map(int, line.split()) for line in done.stdout.splitlines()
    )
    assert result > 0.9 * size
    assert peak - before < 3.2 * size
