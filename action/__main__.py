"""The steps of the action, each a module here: `python -I action STEP`.

Isolated mode keeps Python from importing modules of the checked-out repository.
"""

from __future__ import annotations

import sys
from importlib import import_module

STEPS = ("places", "install", "run", "commit", "comment")

if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036  (the input may name any Python)
        sys.exit("::error title=ir-build::needs Python 3.11 or newer; the input `python` names one")
    import_module(STEPS[STEPS.index(sys.argv[1])]).main()
