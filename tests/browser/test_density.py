"""A picture is shown as large as before, on pages and on paper: its density is part of its look."""

import base64
import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pictures import raw_png

WIDTH, HEIGHT = 160, 100
KINDS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif"}
#: density, unit (2: inch, 3: centimetre), the size that is written beside it, orientation
EXIFS = {
    "doubled": ((144, 1), 2, (80, 50), 1),
    "turned": ((144, 1), 2, (80, 50), 6),
    "odd": ((300, 1), 2, (38, 24), 1),
    "uneven": ((216000, 1001), 2, (53, 33), 1),
    "plain": ((72, 1), 2, (160, 100), 1),
    "edited": ((144, 1), 2, (320, 200), 1),
    "metric": ((5669, 100), 3, (80, 50), 1),
}
#: of the other kinds, which browsers size by their pixels alone
FEW = ("doubled", "turned", "odd")
SIZE = """
    address => new Promise(done => {
        const picture = new Image();
        picture.onload = () => done([picture.naturalWidth, picture.naturalHeight]);
        picture.onerror = () => done(null);
        picture.src = address;
    })
"""


def exif(density, unit, size, orientation):
    block = Image.Exif()
    block[0x0112], block[0x0128] = orientation, unit
    block[0x011A] = block[0x011B] = density[0] / density[1]
    details = block.get_ifd(0x8769)
    details[0xA002], details[0xA003] = size
    block[0x013B] = "somebody whose name is there to be stripped"
    return block.tobytes()


def picture():
    down, across = np.mgrid[:HEIGHT, :WIDTH]
    grain = np.random.default_rng(3).normal(0, 6, (HEIGHT, WIDTH))
    levels = np.stack([across * 1.4, down * 2, across * 0.4 + down], -1) + grain[..., None]
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def names(kind):
    return tuple(EXIFS) if kind == "JPEG" else FEW


def files():
    """Files by kind and what their Exif says."""
    found = {}
    for kind in KINDS:
        for name in names(kind):
            fields = EXIFS[name]
            buffer = BytesIO()
            options = {"JPEG": {"quality": 97}, "WEBP": {"quality": 99}, "AVIF": {"quality": 97}}
            picture().save(buffer, kind, exif=exif(*fields), **options.get(kind, {}))
            found[kind, name] = buffer.getvalue()
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("density")
    for run in ("in place", "in"):
        (folder / run).mkdir()
        for (kind, name), data in files().items():
            (folder / run / f"{name}.{KINDS[kind]}").write_bytes(data)
    for run, *settings in (
        ("in place",),
        ("lossless", "--compression-type", "lossless"),
        ("lossy", "--compression-type", "lossy"),
        ("resized", "--resize", "120x", "--include", "*.jpg"),
    ):
        command = [sys.executable, "-m", "ir_build", "optimize", "--jobs", "1", *settings]
        command += ["--effort", "fast", "--cache-dir", str(folder / "cache")]
        command += ["--strict", "--min-saving", "0"]
        out = [str(folder / run)] if run == "in place" else [str(folder / "in"), "--out"]
        out += [] if run == "in place" else [str(folder / run)]
        subprocess.run(command + out, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def shown(browser, folder):
    page = browser.new_page()

    def size(run, kind, name):
        data = (folder / run / f"{name}.{KINDS[kind]}").read_bytes()
        address = f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"
        return tuple(page.evaluate(SIZE, address))

    yield size
    page.close()


def test_the_browser_sizes_a_jpeg_by_its_density(shown):
    """So that something would be noticed if it went."""
    assert shown("in", "JPEG", "doubled") == (80, 50)
    assert shown("in", "JPEG", "turned") == (50, 80)
    assert shown("in", "JPEG", "odd") == (38, 24)
    assert shown("in", "JPEG", "uneven") == (53, 33)
    assert {shown("in", "JPEG", name) for name in ("plain", "edited", "metric")} == {(160, 100)}


@pytest.mark.parametrize("run", ["in place", "lossless", "lossy"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_shown_as_large_as_before(folder, shown, kind, run):
    """In place and in copies, with loss and without, whatever else of its Exif went."""
    for name in names(kind):
        assert shown(run, kind, name) == shown("in", kind, name), name
    assert any(
        b"somebody" not in (folder / run / f"{name}.{KINDS[kind]}").read_bytes()
        for name in names(kind)
    )


@pytest.mark.parametrize("name", EXIFS)
def test_a_resized_jpeg_is_shown_smaller_by_what_it_lost(shown, name):
    """120 of 160 pixels: three quarters of the size it was shown at, turned or not."""
    before, after = shown("in", "JPEG", name), shown("resized", "JPEG", name)
    # Turned it is 100 wide, which fits.
    scale = 1 if name == "turned" else 120 / 160
    assert after == tuple(max(1, round(side * scale)) for side in before)


def paper(data):
    """What LaTeX and office programs size a picture by: pHYs or JFIF, and Exif."""
    with Image.open(BytesIO(data)) as image:
        block = Image.Exif()
        block.load(image.info.get("exif", b""))
        tags = tuple(block.get(tag) for tag in (0x011A, 0x011B, 0x0128))
        return image.info.get("dpi"), image.info.get("jfif_density"), tags


@pytest.fixture
def printed(tmp_path):
    """A screenshot and two photos that say how many pixels go into an inch."""
    phys = (b"pHYs", (5669).to_bytes(4, "big") * 2 + b"\1")
    (tmp_path / "screenshot.png").write_bytes(raw_png(np.asarray(picture()), 2, 8, [phys]))
    picture().save(tmp_path / "photo.jpg", quality=97, dpi=(300, 300), comment=b"x" * 999)
    fields = ((300, 1), 2, (160, 100), 1)
    picture().save(tmp_path / "camera.jpg", quality=97, exif=exif(*fields))
    return tmp_path


@pytest.mark.parametrize("command", ["optimize", "hook"])
@pytest.mark.parametrize("compression", ["lossless", "lossy"])
def test_a_file_changed_in_place_keeps_its_density(printed, command, compression):
    """A screenshot of 144 pixels an inch must not become twice as large on paper."""
    before = {file.name: file.read_bytes() for file in printed.iterdir()}
    line = [sys.executable, "-m", "ir_build", command, "--cache-dir", str(printed / "cache")]
    line += [
        "--effort",
        "fast",
        "--compression-type",
        compression,
        *(str(printed / name) for name in before),
    ]
    assert subprocess.run(line, capture_output=True, check=False).returncode == (command == "hook")
    for name, data in before.items():
        now = (printed / name).read_bytes()
        assert len(now) < len(data)
        assert paper(now) == paper(data), name


def test_copies_keep_it_when_asked(printed, tmp_path):
    """`preserve_metas` names it; without that copies of a PNG are for the web, where nobody asks."""
    screenshot = printed / "screenshot.png"
    for out, settings in (("web", ()), ("paper", ("--preserve-metas", "density"))):
        line = [sys.executable, "-m", "ir_build", "optimize", str(screenshot), *settings]
        line += ["--cache-dir", str(printed / "cache"), "--out", str(tmp_path / out)]
        line += ["--effort", "fast"]
        subprocess.run(line, check=True, capture_output=True)
    assert paper((tmp_path / "web/screenshot.png").read_bytes())[0] is None
    kept = (tmp_path / "paper/screenshot.png").read_bytes()
    assert paper(kept) == paper(screenshot.read_bytes())
