"""Accounts, credentials, consumption and sub-accounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .probe import FORM, Broken, Probe, expect, multipart

_LIMITS = ("quota_start", "quota_end", "quota_current", "quota_allowed")


def _is_account(found: Mapping[str, Any]) -> None:
    for name in _LIMITS:
        expect(type(found.get(name)) is int, f"{name} is not a whole number")
    expect(found["quota_start"] < found["quota_end"], "the period ends before it starts")
    expect(
        type(found.get("file_max_size")) is int
        and found["file_max_size"] == found.get("quota_file_max_size"),
        "file_max_size and quota_file_max_size are not the same number",
    )


def _is_sub_account(found: Mapping[str, Any]) -> None:
    _is_account(found)
    expect(type(found.get("id")) is int, "id is not a whole number")
    for name in ("title", "description", "api_key", "api_secret"):
        expect(isinstance(found.get(name), str), f"{name} is not a text")


def account(probe: Probe) -> None:
    """GET /accounts/mine tells quota and limits, under both names."""
    _is_account(probe.call("GET", "/accounts/mine").document())


def slash(probe: Probe) -> None:
    """A slash at the end makes no difference, and no redirect."""
    for path in ("/accounts/mine/", "/images/", "/accounts/mine/consumption/"):
        probe.call("GET", path).document()


def curl(probe: Probe) -> None:
    """Credentials in the body of a GET, un-escaped, as the documentation's curl lines send them."""
    probe.curl("GET", "/accounts/mine").document()


def json_body(probe: Probe) -> None:
    """Credentials in a JSON body."""
    auth = {"key": probe.auth.key, "secret": probe.auth.secret}
    for value in (auth, json.dumps(auth)):
        body = json.dumps({"auth": value}).encode()
        reply = probe.send("GET", "/accounts/mine", body=body, content_type="application/json")
        reply.document()


def body_wins(probe: Probe) -> None:
    """Where body and query both have credentials, the body's count."""
    wrong = {"auth": json.dumps({"key": probe.auth.key, "secret": "0" * 32})}
    body = f"auth={probe.signature['auth']}".encode()
    probe.send("GET", "/accounts/mine", query=wrong, body=body, content_type=FORM).document()


def refused(probe: Probe) -> None:
    """401 without credentials, with a wrong secret, an unknown key and with ones that are no JSON."""
    wrong = {"key": probe.auth.key, "secret": "0" * 32}
    unknown = {"key": "0" * 32, "secret": probe.auth.secret}
    probe.send("GET", "/accounts/mine").refused(401)
    for value in (json.dumps(wrong), json.dumps(unknown), "{}", "x", "[]"):
        probe.send("GET", "/accounts/mine", query={"auth": value}).refused(401)


def consumption(probe: Probe) -> None:
    """GET /accounts/mine/consumption has both documented shapes."""
    found = probe.call("GET", "/accounts/mine/consumption").document()
    newer, older = found.get("consumption"), found.get("consumptions")
    if not isinstance(newer, dict) or not isinstance(older, list):
        raise Broken("consumption or consumptions is missing")
    days, months = newer.get("last_days"), newer.get("last_months")
    if not isinstance(days, list) or not isinstance(months, list):
        raise Broken("last_days or last_months is missing")
    expect(len(days) == 30, f"{len(days)} days instead of 30")
    names = {"date", "total_size_before", "total_size_after", "files_count"}
    expect(all(names <= one.keys() for one in days + months), "a field of a day is missing")
    expect(all({"date", "consumption"} <= one.keys() for one in older), "a field is missing")


def sub_create(probe: Probe) -> None:
    """POST /accounts/sub as documented, quotation marks and all, under both names of the quota."""
    for name in ("quota", "monthly_quota"):
        fields = ('title="New subaccount"', 'description="Of mine"', f'{name}="524288000"')
        made = probe.curl("POST", "/accounts/sub", *fields).document(201)
        probe.call("DELETE", f"/accounts/sub/{made.get('id')}").document()
        _is_sub_account(made)
        expect(made["title"] == "New subaccount", "the quotation marks were not taken off")
        expect(made["quota_allowed"] == 524288000, "the quota is not what was asked for")


def sub_quotas(probe: Probe) -> None:
    """Two quotas that differ are 400, two that don't are fine, none is no limit."""
    probe.sub_account()
    probe.call("POST", "/accounts/sub", title="x", quota="1", monthly_quota="2").refused(400)
    made = probe.sub_account(quota="7000000", monthly_quota="7000000")
    expect(made["quota_allowed"] == 7000000, "the quota is not what was asked for")


def sub_read(probe: Probe) -> None:
    """GET /accounts/sub and /accounts/sub/:id show a sub-account and its secret."""
    made = probe.sub_account(description="d")
    listed = probe.call("GET", "/accounts/sub").document()
    expect(listed.get("total") == len(listed.get("items", ())), "total does not count the items")
    expect(made in listed["items"], "the list does not show it as it was made")
    found = probe.call("GET", f"/accounts/sub/{made['id']}").document()
    expect(found == made, "it is not shown as it was made")
    probe.call("GET", "/accounts/sub/999999999999").refused(404)
    probe.call("GET", "/accounts/sub/x1").refused(404)


def sub_edit(probe: Probe) -> None:
    """PUT /accounts/sub/:id changes what is given and nothing else, also by curl."""
    made = probe.sub_account(description="d", quota="5000000")
    path = f"/accounts/sub/{made['id']}"
    changed = probe.curl("PUT", path, 'title="My new title"').document()
    expect(changed["title"] == "My new title", "the title was not changed")
    changed = probe.call("PUT", path, quota="6000000").document()
    expect(
        (changed["title"], changed["description"], changed["quota_allowed"])
        == ("My new title", "d", 6000000),
        "something else was changed",
    )


def sub_secret(probe: Probe) -> None:
    """PUT and POST reset_secret give a new secret; the old one is dead at once."""
    made = probe.sub_account()
    for method in ("PUT", "POST"):
        probe.as_account(made).call("GET", "/accounts/mine").document()
        path = f"/accounts/sub/reset_secret/{made['id']}"
        renewed = probe.call(method, path).document()
        expect(renewed["api_secret"] != made["api_secret"], "the secret is the same")
        probe.as_account(made).call("GET", "/accounts/mine").refused(401)
        made = renewed


def sub_quota(probe: Probe) -> None:
    """What a sub-account uses counts for it and its parent; reset_quota forgets its own."""
    made = probe.sub_account()
    below = probe.as_account(made)
    before = probe.call("GET", "/accounts/mine").document()["quota_current"]
    image = below.image()
    after = probe.call("GET", "/accounts/mine").document()["quota_current"]
    expect(after - before == image["size_before"], "the parent was not charged the bytes sent")
    used = below.call("GET", "/accounts/mine").document()["quota_current"]
    expect(used == image["size_before"], "the sub-account was not charged the bytes sent")
    for method in ("PUT", "POST"):
        reset = probe.call(method, f"/accounts/sub/reset_quota/{made['id']}").document()
        expect(reset["quota_current"] == 0, "quota_current is not 0")


def sub_limit(probe: Probe) -> None:
    """An upload over the quota is 403 and costs nothing."""
    below = probe.as_account(probe.sub_account(quota="1000"))
    body, content_type = multipart(below.signature, probe.picture())
    below.upload(body, content_type).refused(403)
    used = below.call("GET", "/accounts/mine").document()["quota_current"]
    expect(used == 0, "it was charged")


def sub_below(probe: Probe) -> None:
    """A sub-account has no sub-accounts: 403."""
    below = probe.as_account(probe.sub_account())
    below.call("GET", "/accounts/sub").refused(403)


def sub_delete(probe: Probe) -> None:
    """DELETE /accounts/sub/:id answers {"Success": true}; then it is 404 and its key is dead."""
    made = probe.sub_account()
    path = f"/accounts/sub/{made['id']}"
    found = probe.call("DELETE", path).document()
    expect(found == {"Success": True}, "another answer")
    probe.call("GET", path).refused(404)
    probe.call("DELETE", path).refused(404)
    probe.as_account(made).call("GET", "/accounts/mine").refused(401)


CHECKS = (
    account, slash, curl, json_body, body_wins, refused, consumption, sub_create, sub_quotas,
    sub_read, sub_edit, sub_secret, sub_quota, sub_limit, sub_below, sub_delete,
)  # fmt: skip
