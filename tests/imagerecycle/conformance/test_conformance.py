"""`ir-build conformance`, pointed at a server that keeps every promise and at one that doesn't."""

import json

import pytest
from click.testing import CliRunner

from ir_build.cli import main
from ir_build.imagerecycle import Client, Credentials, conformance

KEY, SECRET = "5a" * 16, "canary" + "7f" * 13


@pytest.mark.slow
def test_our_server_keeps_every_promise(server, tmp_path):
    """All checks hold, nothing they made is left, and the file with the key is enough."""
    key = tmp_path / "key.toml"
    key.write_text(f'key = "{server.key}"\nsecret = "{server.secret}"\n')
    key.chmod(0o600)
    environ = {"IR_BUILD_API_KEY": None, "IR_BUILD_API_SECRET": None}
    words = ["conformance", server.url, "--key", str(key), "--json"]
    done = CliRunner(env=environ).invoke(main, words)
    document = json.loads(done.output)
    assert [one for one in document["checks"] if one["status"] != "holds"] == []
    assert document["totals"] == {"holds": len(conformance.CHECKS), "fails": 0, "skipped": 0}
    assert done.exit_code == 0
    with Client(Credentials(server.key, server.secret, server.url)) as client:
        assert list(client.images()) == []
        assert client.sub_accounts() == ()


def test_a_server_that_keeps_some_is_told_which(peer):
    """Every check ends in a line, whatever the server answers, and no secret is in it."""
    environ = {"IR_BUILD_API_KEY": KEY, "IR_BUILD_API_SECRET": SECRET}
    done = CliRunner(env=environ).invoke(main, ["conformance", peer.url])
    assert done.exit_code == 5
    lines = done.output.splitlines()
    assert len(lines) == len(conformance.CHECKS) + 1
    assert "fails    401 without credentials" in done.output
    assert "fails    GET /accounts/mine tells quota and limits" in done.output
    assert KEY not in done.output
    assert SECRET not in done.output


def test_a_server_that_is_not_there():
    """A failure to connect is the failure of each check, without the address of the request."""
    results = list(conformance.run(Credentials(KEY, SECRET, "http://127.0.0.1:9/v1")))
    assert {result.status for result in results} == {"fails"}
    assert SECRET not in repr(results)


def test_the_key_is_never_on_the_command_line(tmp_path):
    """What looks like a key there is refused, and the message does not repeat a secret."""
    environ = {"IR_BUILD_API_KEY": None, "IR_BUILD_API_SECRET": None}
    words = ["conformance", "http://127.0.0.1:9/v1", "--key", str(tmp_path / "none")]
    done = CliRunner(env=environ).invoke(main, words)
    assert done.exit_code == 2
    assert "never given on the command line" in done.output
    done = CliRunner(env=environ).invoke(main, ["conformance", "http://a.example/v1"])
    assert "https" in done.output
