"""Where key and secret come from, how they are kept, and that they are never shown."""

import os
import sys

import keyring
import keyring.backend
import pytest

from ir_build.errors import ConfigError
from ir_build.imagerecycle import credentials
from ir_build.imagerecycle.credentials import Credentials
from services.peer import KEY, SECRET

OURS = Credentials(KEY, SECRET, "https://api.example.org/v1")


@pytest.mark.parametrize(
    ("environ", "hint"),
    [
        ({"IR_BUILD_API_KEY": KEY}, "IR_BUILD_API_SECRET: is not set"),
        ({"IR_BUILD_API_SECRET": SECRET}, "IR_BUILD_API_KEY: is not set"),
        ({"IR_BUILD_API_URL": "http://a.example/v1"}, "https"),
        ({"IR_BUILD_API_URL": "https://u:p@a.example/v1"}, "login"),
        ({"IR_BUILD_API_URL": "https://"}, "address"),
        ({"IR_BUILD_API_URL": "https://[/v1"}, "https"),
        ({"IR_BUILD_API_URL": "ftp://a.example"}, "https"),
    ],
)
def test_half_or_unsafe_credentials_are_refused_without_being_shown(environ, hint):
    """The message says what is missing, never what is there."""
    if "IR_BUILD_API_URL" in environ:
        environ = {"IR_BUILD_API_KEY": KEY, "IR_BUILD_API_SECRET": SECRET, **environ}
    with pytest.raises(ConfigError, match=hint) as caught:
        credentials.from_environment(environ)
    for secret in (KEY, SECRET):
        assert secret not in str(caught.value) + repr(caught.value)
        assert secret not in repr(OURS)


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "deep" / "credentials.toml"


def test_they_are_kept_for_this_user_only(kept):
    """Without a keyring they are in a file of mode 0600, and come back as they were."""
    odd = Credentials('k"\\ey', "s\x7fé\n", "http://127.0.0.1:8089/v1")
    for one in (OURS, odd):
        assert credentials.save(one, kept) == str(kept)
        assert kept.stat().st_mode & 0o777 == 0o600
        assert credentials.from_file(kept) == one
    assert credentials.forget(kept)
    assert not credentials.forget(kept)
    assert credentials.from_file(kept) is None


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o666, 0o610])
def test_a_file_that_others_can_read_is_refused(kept, mode):
    """With the line to type."""
    credentials.save(OURS, kept)
    kept.chmod(mode)
    with pytest.raises(ConfigError, match=f"chmod 600 '{kept}'") as caught:
        credentials.from_file(kept)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (f"key = {SECRET}", "not TOML"),
        (f'secret = "{SECRET}"', "key: is missing"),
        (f'key = "{KEY}"', "secret: is missing"),
        (f'key = "{KEY}"\nsecret = 7', "secret: is missing"),
        (
            f'key = "{KEY}"\nsecret = "{SECRET}"\nserver = "x"',
            "key, keyring, plain_http, secret, url only",
        ),
        (f'key = "{KEY}"\nsecret = "{SECRET}"\nurl = "http://a.example/"', "https"),
        (f'key = "{KEY}"\nkeyring = true', "keyring"),
    ],
)
def test_a_damaged_file_is_named_and_not_quoted(kept, text, hint):
    """The message says what is wrong with it, never what is in it."""
    kept.parent.mkdir()
    kept.write_text(text)
    kept.chmod(0o600)
    with pytest.raises(ConfigError, match=hint) as caught:
        credentials.from_file(kept)
    assert str(kept) in str(caught.value)
    assert SECRET not in str(caught.value)


def test_plain_http_is_for_named_hosts_only(kept):
    """A secret goes in clear where the environment, or the user's own file, says so: nowhere else."""
    environ = {
        "IR_BUILD_API_KEY": "a",
        "IR_BUILD_API_SECRET": "b",
        "IR_BUILD_API_URL": "http://Images.lan:8089/v1",
        "IR_BUILD_API_PLAIN_HTTP": "10.0.0.5, images.lan",
    }
    found = credentials.find(environ)
    assert found.url == "http://Images.lan:8089/v1"
    for other in ("http://images.lan.evil.example/v1", "http://other.lan/v1", "ftp://images.lan/"):
        with pytest.raises(ConfigError, match="IR_BUILD_API_PLAIN_HTTP"):
            credentials.find(environ | {"IR_BUILD_API_URL": other})
    with pytest.raises(ConfigError, match="http"):
        credentials.find(environ | {"IR_BUILD_API_PLAIN_HTTP": ""})
    credentials.save(found, kept)
    assert credentials.from_file(kept) == found
    kept.write_text(kept.read_text().replace("plain_http = true\n", ""))
    with pytest.raises(ConfigError, match="https"):
        credentials.from_file(kept)


def test_the_environment_goes_first(kept):
    """And each brings its own server along."""
    credentials.save(OURS, kept)
    environ = {"IR_BUILD_CREDENTIALS": str(kept)}
    assert credentials.find(environ) == OURS
    environ |= {"IR_BUILD_API_KEY": "a", "IR_BUILD_API_SECRET": "b"}
    assert credentials.find(environ) == Credentials("a", "b", credentials.DEFAULT_URL)


class Memory(keyring.backend.KeyringBackend):
    """A keyring like any other, that remembers nothing afterwards."""

    priority = 0  # chosen by nobody but the test that wants it

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError
        del self.kept[service, username]


def test_a_keyring_keeps_the_secret(kept):
    """Where there is one the file holds the key and the address only."""
    before = keyring.get_keyring()
    memory = Memory()
    memory.priority = 5
    keyring.set_keyring(memory)
    try:
        assert "keyring" in credentials.save(OURS, kept)
        assert SECRET not in kept.read_text()
        assert credentials.from_file(kept) == OURS
        memory.kept.clear()
        with pytest.raises(ConfigError, match="account login"):
            credentials.from_file(kept)
        assert credentials.forget(kept)
    finally:
        keyring.set_keyring(before)


def test_without_the_package_there_is_no_keyring(kept, monkeypatch):
    """It is optional: what is not installed keeps nothing."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert credentials.save(OURS, kept) == str(kept)
    assert credentials.from_file(kept) == OURS


def test_a_project_does_not_choose_where_the_secret_goes(tmp_path, monkeypatch):
    """No setting of a project's file is an address or a credential."""
    from ir_build.config import load

    for name in ("api_url", "url", "server", "api_key", "api_secret"):
        (tmp_path / "pyproject.toml").write_text(
            f'[tool.ir-build]\n{name} = "https://evil.example"'
        )
        with pytest.raises(ConfigError, match=r"no such option|credentials belong into"):
            load(folder=tmp_path, environ={})
