"""`ir-build` by its command line, in this process: its workers are processes, as they always are."""

import contextlib
import os

from click.testing import CliRunner

from hosts.hosts import BARE_ENVIRON
from ir_build.cli import main


def run(*arguments, cwd, code=0, **environ):
    """Run `ir-build` in the folder `cwd`, with a cache there; `.stdout` and `.stderr`."""
    own = {name: BARE_ENVIRON.get(name) for name in os.environ.keys() | BARE_ENVIRON.keys()}
    own |= {"IR_BUILD_CACHE_DIR": os.path.join(cwd, "cache")} | environ
    with contextlib.chdir(cwd):
        done = CliRunner(env=own).invoke(
            main, [*map(str, arguments)], prog_name="ir-build", catch_exceptions=False
        )
    assert done.exit_code == code, done.stderr + done.stdout
    return done
