"""What Sphinx makes for paper keeps the density of pictures: LaTeX sizes them by it."""

import subprocess
import sys
from io import BytesIO

import pytest
from PIL import Image

CONF = """
project = "Test"
extensions = ["sphinx_ir_build"]
html_theme = "basic"
ir_build_builders = ["html", "latex"]
"""


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "conf.py").write_text(CONF)
    (folder / "index.rst").write_text("Home\n====\n\n.. image:: retina.png\n")
    image = Image.effect_noise((200, 120), 30).convert("RGB")
    image.save(folder / "retina.png", compress_level=0, dpi=(144, 144))
    return folder


def density(data):
    with Image.open(BytesIO(data)) as image:
        return image.info.get("dpi")


@pytest.mark.parametrize(("builder", "kept"), [("latex", True), ("html", False)])
def test_latex_keeps_it_and_pages_need_it_not(source, tmp_path, builder, kept):
    """A screenshot for a screen of twice the density is as large in print as before."""
    out = tmp_path / builder
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-q", str(source), str(out)]
    environ = {"IR_BUILD_CACHE_DIR": str(tmp_path / "cache"), "PATH": "/usr/bin:/bin"}
    environ["IR_BUILD_EFFORT"] = "fast"
    subprocess.run(command, check=True, env=environ)
    (shipped,) = out.rglob("retina.png")
    before = (source / "retina.png").read_bytes()
    assert len(shipped.read_bytes()) < len(before)
    assert density(shipped.read_bytes()) == (density(before) if kept else None)
