"""The systemd unit in examples/server."""

import re
import shlex
import subprocess
import sysconfig
from pathlib import Path

import pytest
from click.testing import CliRunner

from ir_build.cli import main
from services.programs import program

SAMPLE = Path(__file__).parents[2] / "examples" / "server" / "ir-build.service"


@pytest.fixture
def unit(tmp_path):
    """The unit with the program of this environment."""
    text = SAMPLE.read_text()
    assert "/opt/ir-build/bin" in text
    path = tmp_path / "ir-build.service"
    path.write_text(text.replace("/opt/ir-build/bin", sysconfig.get_path("scripts")))
    return path


def test_systemd_understands_the_unit(unit):
    """Every line of it: systemd warns of what it does not know; and it gives away little."""
    analyze = program("systemd-analyze")
    done = subprocess.run(
        [analyze, "verify", "--man=no", unit], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    # Its scale is from 0 to 100; a service with nothing set is at 96.
    command = [analyze, "security", "--offline=true", "--threshold=20", "--no-pager"]
    subprocess.run([*command, unit], check=True, capture_output=True)


def test_its_command_is_one(unit, tmp_path):
    """The options of ExecStart are the command line's, with the file of settings in its place."""
    words = shlex.split(re.search("ExecStart=(.*)", unit.read_text())[1])
    assert Path(words[0]).exists()
    file = tmp_path / "server.toml"
    file.write_text('backend = "wrong"')
    given = [str(file) if word == "/etc/ir-build/server.toml" else word for word in words[1:]]
    done = CliRunner().invoke(main, given)
    # Read and refused for what stands in it, so the server does not start here.
    assert done.exit_code == 2
    assert "backend" in done.output
