"""The endpoints of accounts, over a socket, on SQLite and a folder and on PostgreSQL and S3."""

import json
from datetime import UTC, datetime

import pytest
import requests

from pictures import flat
from server.running import inside

ACCOUNT = {
    "quota_start",
    "quota_end",
    "quota_current",
    "quota_allowed",
    "file_max_size",
    "quota_file_max_size",
}
SUB = ACCOUNT | {"id", "title", "description", "api_key", "api_secret"}


def test_the_account_shows_its_period_its_use_and_its_limits(server):
    """All numbers are integers; the period is a month around now."""
    for path in ("/accounts/mine", "/accounts/mine/"):
        answer = server.get(path)
        assert answer.status_code == 200
        account = answer.json()
        assert account.keys() == ACCOUNT
        assert {type(value) for value in account.values()} == {int}
        now = datetime.now(UTC).timestamp()
        assert account["quota_start"] <= now + 1 < account["quota_end"]
        assert 28 <= (account["quota_end"] - account["quota_start"]) / 86400 <= 31
        assert account["file_max_size"] == account["quota_file_max_size"] == 50_000_000


def test_auth_is_taken_from_wherever_clients_put_it(server):
    """Query, form, multipart and JSON, on any method; the body wins over the query."""
    url, auth = f"{server.url}/accounts/mine", server.auth()
    wrong = json.dumps({"key": server.key, "secret": "0" * 64})
    curl = {"Content-Type": "application/x-www-form-urlencoded"}
    both = {"key": server.key, "secret": server.secret}
    for request in (
        {"params": {"auth": auth}},
        {"data": {"auth": auth}},
        {"data": f"auth={auth}", "headers": curl},
        {"files": {"auth": (None, auth)}},
        {"json": {"auth": both}},
        {"json": {"auth": auth}},
        {"params": {"auth": wrong}, "data": {"auth": auth}},
    ):
        assert requests.get(url, timeout=30, **request).status_code == 200, request
    assert requests.get(url, {"auth": auth}, data={"auth": wrong}, timeout=30).status_code == 401


@pytest.mark.parametrize(
    "auth",
    [None, "", "{}", "[]", "x", '{"key":"a"}', '{"key":1,"secret":2}', '{"key":null,"secret":[]}'],
)
def test_who_is_not_known_is_told_nothing(server, auth):
    """No, unreadable and wrong credentials: 401 everywhere, in the same words."""
    fields = {} if auth is None else {"auth": auth}
    for method, path in (
        ("GET", "/accounts/mine"),
        ("GET", "/accounts/mine/consumption"),
        ("GET", "/accounts/sub"),
        ("GET", "/accounts/sub/1"),
        ("POST", "/accounts/sub"),
        ("PUT", "/accounts/sub/1"),
        ("DELETE", "/accounts/sub/1"),
        ("PUT", "/accounts/sub/reset_secret/1"),
        ("POST", "/accounts/sub/reset_quota/1"),
        ("GET", "/images"),
        ("GET", "/images/1"),
        ("POST", "/images"),
        ("DELETE", "/images/1"),
        ("DELETE", "/images"),
        ("DELETE", "/images/all"),
        ("GET", "/images/zip/optimized/1"),
    ):
        answer = requests.request(method, server.url + path, data=fields, timeout=30)
        assert (answer.status_code, answer.json()["errCode"]) == (401, 401), path
        assert answer.json()["errMessage"] == "Authentication failed: unknown key or wrong secret"


def test_a_sub_account_lives(server):
    """Made, listed, changed, given a new secret, emptied and deleted, in documented shapes."""
    made = server.call(
        "POST", "/accounts/sub", title="Docs", description="of a team", quota="5000000"
    )
    assert made.status_code == 201
    sub = made.json()
    assert sub.keys() == SUB
    assert (sub["title"], sub["description"], sub["quota_allowed"]) == (
        "Docs",
        "of a team",
        5000000,
    )
    path = f"/accounts/sub/{sub['id']}"
    assert server.get(path).json() == sub
    assert sub in server.get("/accounts/sub/").json()["items"]
    assert server.get("/accounts/sub").json()["total"] == len(
        server.get("/accounts/sub").json()["items"]
    )
    changed = server.call("PUT", path, title="New").json()
    assert changed == {**sub, "title": "New"}
    assert server.call("PUT", path, monthly_quota=0).json()["quota_allowed"] <= 0

    theirs = server.as_account(sub)
    image = theirs.upload(flat()).json()
    assert server.get(path).json()["quota_current"] == len(flat())
    assert (
        server.call("POST", f"/accounts/sub/reset_quota/{sub['id']}").json()["quota_current"] == 0
    )

    renewed = server.call("PUT", f"/accounts/sub/reset_secret/{sub['id']}").json()
    assert renewed["api_key"] == sub["api_key"]
    assert theirs.get("/accounts/mine").status_code == 401
    assert server.as_account(renewed).get("/accounts/mine").status_code == 200

    deleted = server.call("DELETE", path)
    assert (deleted.status_code, deleted.json()) == (200, {"Success": True})
    assert server.as_account(renewed).get("/accounts/mine").status_code == 401
    assert requests.get(image["optimized_url"], timeout=30).status_code == 404
    for method, end in (("GET", ""), ("PUT", ""), ("DELETE", "")):
        assert server.call(method, path + end).status_code == 404


def test_quotas_of_a_sub_account_are_checked(server):
    """Quotation marks are stripped, two that differ and what is no number are refused."""
    for fields, quota in (
        ({"quota": '"524288000"'}, 524288000),
        ({"monthly_quota": "7"}, 7),
        ({"quota": "7", "monthly_quota": "7"}, 7),
        ({"quota": ""}, 0),
        ({}, 0),
    ):
        made = server.call("POST", "/accounts/sub", title='"Quoted title"', **fields)
        assert (made.status_code, made.json()["quota_allowed"]) == (201, quota), fields
        assert made.json()["title"] == "Quoted title"
    for fields in (
        {"quota": "x"},
        {"quota": "-1"},
        {"quota": 1, "monthly_quota": 2},
        {"quota": 10**30},
    ):
        assert server.call("POST", "/accounts/sub", **fields).status_code == 400, fields
    assert server.call("POST", "/accounts/sub", title="x" * 501).status_code == 400


def test_a_sub_account_has_no_sub_accounts(server):
    """403 for everything below /accounts/sub, its own id included."""
    sub = server.new_sub()
    theirs = server.as_account(sub)
    for method, path in (
        ("GET", "/accounts/sub"),
        ("POST", "/accounts/sub"),
        ("GET", f"/accounts/sub/{sub['id']}"),
        ("PUT", f"/accounts/sub/reset_quota/{sub['id']}"),
        ("DELETE", f"/accounts/sub/{sub['id']}"),
    ):
        assert theirs.call(method, path).status_code == 403, path
    assert server.get(f"/accounts/sub/{sub['id']}").status_code == 200


def test_the_main_account_is_no_sub_account(server):
    """Its id is found below /accounts/sub by nobody, so it cannot be deleted or reset."""
    for method, path in (
        ("GET", "/accounts/sub/1"),
        ("DELETE", "/accounts/sub/1"),
        ("PUT", "/accounts/sub/reset_secret/1"),
        ("GET", "/accounts/sub/x"),
        ("GET", "/accounts/sub/99999999999999999999"),
    ):
        assert server.call(method, path).status_code == 404


def test_consumption_counts_files_and_bytes_in_both_documented_shapes(server):
    """30 days and the months; a sub-account's uploads count for it and for its parent."""
    sub = server.as_account(server.new_sub())
    before = server.get("/accounts/mine/consumption").json()
    image = sub.upload(flat()).json()
    today = datetime.now(UTC).date()
    for account, then in ((sub, None), (server, before)):
        found = account.get("/accounts/mine/consumption/").json()
        days, months = found["consumption"]["last_days"], found["consumption"]["last_months"]
        assert len(days) == len(found["consumptions"]) == 30
        for list_ in (days, months):
            last = dict(list_[-1])
            if then is not None:
                old = then["consumption"]["last_days" if list_ is days else "last_months"][-1]
                last = {name: last[name] - old[name] for name in last if name != "date"}
            assert last["files_count"] == 1
            assert last["total_size_before"] == image["size_before"]
            assert last["total_size_after"] == image["size_after"]
        assert days[-1]["date"] == today.isoformat()
        assert months[-1]["date"] == today.replace(day=1).isoformat()
        assert found["consumptions"][-1] == {
            "date": int(f"{today:%Y%m%d}"),
            "consumption": days[-1]["total_size_before"],
        }


def test_sub_accounts_have_a_largest_number(tmp_path, monkeypatch):
    """The list of them is one answer, so there is an end to it; removing one makes room."""
    monkeypatch.setattr("ir_build.server.accounts.accounts._MOST_SUBS", 2)
    with inside(tmp_path, backend="none") as server:
        made = [server.new_sub() for _ in range(2)]
        answer = server.call("POST", "/accounts/sub", title="One more")
        assert (answer.status_code, answer.json()["errCode"]) == (400, 400)
        assert "2 sub-accounts" in answer.json()["errMessage"]
        server.call("DELETE", f"/accounts/sub/{made[0]['id']}")
        assert server.call("POST", "/accounts/sub", title="One more").status_code == 201
