"""Where the package of a codec does not load, files of its formats stay, and the rest is done."""

import json
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import ImageFilter

from documents import drawn
from hosts.hosts import BARE_ENVIRON
from pictures import animated, encoded, lined, lined_svg

SOFT = lined((120, 90)).filter(ImageFilter.GaussianBlur(1))
FILES = {
    "a.jpeg": encoded(SOFT, "jpeg", quality=98),
    "a.png": encoded(SOFT, "png", compress_level=0),
    "a.gif": animated([SOFT, SOFT, lined((120, 90), seed=3)], "gif"),
    "a.webp": encoded(SOFT, "webp", quality=98),
    "a.avif": encoded(SOFT, "avif", quality=98),
    "a.svg": lined_svg(),
    "a.pdf": drawn(),
}
#: by the name of a module that does not load: what to install, and the formats that stay
NEEDED = {
    "oxipng": ("oxipng-pybind", {"png", "pdf"}),
    "pyjpegli": ("pyjpegli", {"jpeg", "pdf"}),
    "mozjpeg_lossless_optimization": ("mozjpeg-lossless-optimization", {"jpeg", "pdf"}),
    "deflate": ("deflate", {"png", "pdf"}),
    "pikepdf": ("pikepdf", {"pdf"}),
    "pypdfium2": ("pypdfium2", {"pdf"}),
    "fontTools": ("fonttools", {"pdf"}),
    "pyvips": ("pyvips pyvips-binary", {"jpeg", "png", "svg", "pdf"}),
    "numpy": ("numpy", {"jpeg", "png", "gif", "webp", "avif", "pdf"}),
    "PIL": ("pillow", {"jpeg", "png", "gif", "webp", "avif", "pdf"}),
}
FAULTS = {
    "no wheel": "raise ModuleNotFoundError(f'No module named {__name__!r}', name=__name__)",
    "of another libc": "raise ImportError('libc.musl.so.1: cannot open shared object file')",
    "no library": "raise OSError('cannot load library')",
}


class Machine:
    """An environment in which some packages do not load."""

    def __init__(self, folder):
        self.folder = folder
        environment = folder / "environment"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        (self.python,) = [*environment.glob("bin/python"), *environment.glob("Scripts/python.exe")]
        (self.packages,) = environment.rglob("site-packages")
        real = [path for path in site.getsitepackages() if Path(path).name == "site-packages"]
        lines = ["import site", *(f"site.addsitedir({path!r})" for path in real)]
        (self.packages / "real.pth").write_text("; ".join(lines), encoding="utf-8")

    def block(self, module, fault):
        (self.packages / f"{module}.py").write_text(FAULTS[fault], encoding="utf-8")

    def unblock(self, module):
        (self.packages / f"{module}.py").unlink()
        shutil.rmtree(self.packages / "__pycache__", ignore_errors=True)

    def run(self, *arguments, code=0):
        done = subprocess.run(
            [self.python, "-m", "ir_build", *arguments],
            cwd=self.folder,
            env=BARE_ENVIRON | {"IR_BUILD_CACHE_DIR": str(self.folder / "cache")},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stderr + done.stdout
        return done

    def build(self):
        """What is printed, and the lines of the report by format."""
        done = self.run("optimize", "img", "--out", "out", "--report", "report.json")
        report = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        return done.stdout, {one["type"]: one for one in report["files"]}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return Machine(tmp_path_factory.mktemp("machine"))


@pytest.fixture
def machine(shared, tmp_path):
    """The environment, in which all packages load again after the test, and a folder to work in."""
    (tmp_path / "img").mkdir()
    for name, data in FILES.items():
        (tmp_path / "img" / name).write_bytes(data)
    shared.folder = tmp_path
    yield shared
    for path in shared.packages.glob("*.py"):
        shared.unblock(path.stem)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "fault"),
    [*((module, "of another libc") for module in NEEDED), ("pyvips", "no library"), ("oxipng", "no wheel")],
)  # fmt: skip
def test_only_the_formats_that_need_it_stay_and_are_told(machine, module, fault):
    """They are shipped as they were, with what to install; all others are made smaller."""
    package, needing = NEEDED[module]
    machine.block(module, fault)
    printed, lines = machine.build()
    assert len(lines) == len(FILES)
    for media, line in lines.items():
        shipped = (machine.folder / "out" / f"a.{media}").read_bytes()
        if media in needing:
            assert shipped == FILES[f"a.{media}"]
            assert line["reason"]["code"] == "missing-package"
            assert f"--only-binary :all: {package}`" in line["reason"]["detail"]
        else:
            assert len(shipped) < len(FILES[f"a.{media}"]), line
    assert f"{len(needing)} file" in printed
    assert printed.count(f"--only-binary :all: {package}`") == 1


@pytest.mark.slow
def test_what_is_installed_later_is_used(machine):
    """Nothing is remembered of a package that did not load."""
    machine.block("oxipng", "of another libc")
    machine.build()
    machine.unblock("oxipng")
    _, lines = machine.build()
    assert lines["png"]["status"] == "compressed"


@pytest.mark.slow
def test_doctor_names_it(machine):
    """A line for each format that stays, with what to install; the others are fine."""
    machine.block("pyjpegli", "no wheel")
    printed = machine.run("doctor", code=1).stdout
    lines = {line.split()[0]: line for line in printed.partition("\nformats\n")[2].splitlines()}
    assert {name for name, line in lines.items() if "pip install" in line} == {"jpeg", "pdf"}
    assert all("pyjpegli" in lines[name] for name in ("jpeg", "pdf"))
    assert lines["png"].endswith("ok")
