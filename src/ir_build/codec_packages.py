"""Load modules that need the packages of codecs. Some systems have no wheels of some of them."""

from __future__ import annotations

import traceback
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from .errors import FileSkipped, Reason

#: what to install, by the name under which it is imported
_INSTALLED_AS = {
    "PIL": "pillow",
    "deflate": "deflate",
    "fontTools": "fonttools",
    "mozjpeg_lossless_optimization": "mozjpeg-lossless-optimization",
    "numpy": "numpy",
    "oxipng": "oxipng-pybind",
    "pikepdf": "pikepdf",
    "pyjpegli": "pyjpegli",
    "pylibjxl": "pylibjxl",
    "pypdfium2": "pypdfium2",
    "pyvips": "pyvips pyvips-binary",
}


def load(name: str) -> ModuleType:
    """The module `name`.

    Raises `FileSkipped` when the package of a codec, which it is or needs, does not load.
    """
    try:
        return import_module(name)
    except (ImportError, OSError) as error:  # an OSError when a shared library is missing
        package = _INSTALLED_AS.get(_imported(error))
        if package is None:
            raise
        raise FileSkipped(Reason.MISSING_PACKAGE, _advice(package, error)) from error


def is_installed(module: str) -> bool:
    """Whether a package is there that not every system has."""
    return find_spec(module) is not None


def _imported(error: ImportError | OSError) -> str:
    """The module that our code wanted: the first one that is not ours, or the one not found."""
    modules = [
        frame.f_globals.get("__name__", "").partition(".")[0]
        for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    theirs = [name for name in modules if name not in (__package__, "importlib")]
    return theirs[0] if theirs else (getattr(error, "name", None) or "").partition(".")[0]


def _advice(package: str, error: ImportError | OSError) -> str:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return (
        f"{reason}; type `pip install --only-binary :all: {package}`; where there is none for this "
        "system, `Systems` in the README says which have all"
    )
