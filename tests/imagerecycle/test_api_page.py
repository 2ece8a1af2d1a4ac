"""The examples of docs/api.md, as they stand, against `ir-build serve`."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ir_build import errors
from ir_build.cli import main
from ir_build.imagerecycle import Client, Credentials
from pictures import flat

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


@pytest.fixture
def project(environ, tmp_path):
    """The folder and the files that the page talks of."""
    (tmp_path / "docs" / "img").mkdir(parents=True)
    (tmp_path / "logo.png").write_bytes(flat((160, 80)))


@pytest.mark.parametrize("text", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_python_examples_run(project, text):
    """Every Python example runs as it stands."""
    subprocess.run([sys.executable, "-W", "error", "-c", text], check=True, timeout=60)


def test_commands_run(server, project):
    """Every command runs as it stands, but for the ids, which are those of this server."""
    with Client(Credentials(server.key, server.secret, server.url)) as client:
        ids = {"3012": str(client.upload("logo.png").id)}
        lines = [
            line
            for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
            for line in block.splitlines()
        ]
        assert len(lines) > 10
        for line in lines:
            words = [ids.get(word, word) for word in shlex.split(line, comments=True)]
            done = CliRunner().invoke(main, words[1:], catch_exceptions=False)
            assert done.exit_code == 0, line + done.output
            if "create" in words:
                ids["123"] = str(client.sub_accounts()[-1].id)


def test_the_table_of_errors_is_the_tree():
    """Every error that the client raises is on the page."""
    names = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert all(issubclass(getattr(errors, name), errors.IrBuildError) for name in names)

    def below(kind):
        return {kind} | {one for sub in kind.__subclasses__() for one in below(sub)}

    kinds = {one.__name__ for one in below(errors.BackendError)} - {"BackendError", "ApiError"}
    assert set(names) == kinds | {"Unreadable"}
