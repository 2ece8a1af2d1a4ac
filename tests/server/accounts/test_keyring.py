"""The server's own keys: replaced, lost, wrong."""

import re

import pytest
import requests
from click.testing import CliRunner

from ir_build.cli import main
from ir_build.errors import ConfigError
from ir_build.server.settings import load
from pictures import flat
from server.running import credentials, inside

OLD, NEW = "o" * 40, "n" * 40


def link(server, image):
    """The address of an image's original, at the server's present port."""
    return server.url + image["origin_url"].partition("/v1")[2]


def status(server, image):
    return requests.get(link(server, image), timeout=30).status_code


def command(folder, *arguments):
    """What `ir-build serve` prints for arguments with which it ends at once."""
    done = CliRunner().invoke(main, ["serve", "--data-dir", str(folder), *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_new_key_breaks_no_link_and_no_secret(tmp_path):
    """`--new-key`: what was made under the former key works until its line is removed, secrets
    after it too."""
    with inside(tmp_path, backend="none") as server:
        image = server.upload(flat()).json()
        sub = server.new_sub()
        key, secret = server.key, server.secret
    former = (tmp_path / "server.key").read_text()
    command(tmp_path, "--new-key")
    new, kept = (tmp_path / "server.key").read_text().splitlines(keepends=True)
    assert kept == former != new
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o600
    with inside(tmp_path, backend="none") as server:
        server.key, server.secret = key, secret
        assert status(server, image) == 200
        assert server.as_account(sub).get("/accounts/mine").status_code == 200
        again = server.get(f"/images/{image['id']}").json()
        assert again["origin_url"].split("/")[-2] != image["origin_url"].split("/")[-2]
        assert status(server, again) == 200
    (tmp_path / "server.key").write_text(new)
    with inside(tmp_path, backend="none") as server:
        server.key, server.secret = key, secret
        assert status(server, image) == 404
        assert status(server, again) == 200
        assert server.get("/accounts/sub").json()["items"][0]["api_secret"] == sub["api_secret"]
        assert server.as_account(sub).get("/accounts/mine").status_code == 200


def test_replicas_with_either_key_first_serve_each_others_accounts(tmp_path):
    """While replicas are restarted one by one, all of them know everybody and open every link."""
    before = {"secret_key": OLD, "accepted_secret_keys": NEW, "backend": "none"}
    after = {"secret_key": NEW, "accepted_secret_keys": OLD, "backend": "none"}
    with inside(tmp_path, **before) as one:
        image = one.upload(flat()).json()
        sub = one.new_sub()
        with inside(tmp_path, **after) as two:
            two.key, two.secret = one.key, one.secret
            late = two.upload(flat()).json()
            made = [sub, one.new_sub(), two.new_sub()]
            for server in (one, two):
                assert server.get("/accounts/mine").status_code == 200
                assert [status(server, each) for each in (image, late)] == [200, 200]
                for each in made:
                    assert server.as_account(each).get("/accounts/mine").status_code == 200
                shown = server.get("/accounts/sub").json()["items"]
                assert [each["api_secret"] for each in shown] == [e["api_secret"] for e in made]
            # The one that swept first today has the others' new accounts put under its key.
            two.service.accounts.seal_anew()
    with inside(tmp_path, backend="none", secret_key=NEW) as server:
        for each in made:
            assert server.as_account(each).get("/accounts/mine").status_code == 200


def test_another_key_opens_nothing(tmp_path):
    """A server with a wrong key does not start and says what to do; no secret is opened by it."""
    with inside(tmp_path, backend="none", secret_key=OLD) as server:
        image = server.upload(flat()).json()
        sub = server.new_sub()
        main_key = server.key
    with (
        pytest.raises(ConfigError, match="is not the key") as found,
        inside(tmp_path, backend="none", secret_key=NEW),
    ):
        pass
    assert OLD not in str(found.value)
    assert NEW not in str(found.value)
    # The key is lost: a new beginning under the new one, made by --reset-secret.
    (tmp_path / "server.key").write_text(NEW)
    _, secret = credentials(re.search(r"secret, in (.*)\n", command(tmp_path, "--reset-secret"))[1])
    with inside(tmp_path, backend="none") as server:
        server.key, server.secret = main_key, secret
        assert server.as_account(sub).get("/accounts/mine").status_code == 401
        assert status(server, image) == 404
        assert server.get("/accounts/sub").json()["items"][0]["api_secret"] == ""
        renewed = server.call("PUT", f"/accounts/sub/reset_secret/{sub['id']}").json()
        assert server.as_account(renewed).get("/accounts/mine").status_code == 200
        assert status(server, server.get(f"/images/{image['id']}").json()) == 200


def test_no_new_key_beside_a_configured_one(tmp_path):
    """Where the key is a setting, the command says where the new one belongs."""
    done = CliRunner().invoke(
        main,
        ["serve", "--new-key", "--data-dir", str(tmp_path)],
        env={"IR_BUILD_SERVER_SECRET_KEY": OLD},
    )
    assert done.exit_code == 2
    assert "accepted_secret_keys" in done.output
    assert not (tmp_path / "server.key").exists()


def test_a_secret_setting_is_in_no_error(tmp_path):
    """Also when it is of the wrong kind."""
    file = tmp_path / "server.toml"
    file.write_text(f'accepted_secret_keys = ["{OLD}", 3]')
    with pytest.raises(ConfigError, match="accepted_secret_keys") as found:
        load(file, {})
    assert OLD not in str(found.value)
    assert found.value.__cause__ is None
