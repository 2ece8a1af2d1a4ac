"""Encode requests: those with fields of their own, and the credentials of all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from . import DEFAULT_LIMIT, Auth, FileKind, SubAccountFields, UploadParams


@dataclass(frozen=True, slots=True)
class Request:
    """A request without the file of an upload, which is read when it is sent."""

    method: str
    path: str  #: below the API's address, escaped
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: fields of the body: url-encoded, or of `multipart/form-data` for an upload
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: whether it is a `POST /images`: its body is `multipart/form-data`
    upload: bool = False


def signed(request: Request, auth: Auth) -> Request:
    """The request with `auth` in it: in the form of a POST, else in the query."""
    fields = {"auth": encode_auth(auth)}
    if request.method == "POST":
        return replace(request, form={**fields, **request.form})
    return replace(request, query={**fields, **request.query})


def encode_auth(auth: Auth) -> str:
    """The value of the field `auth`."""
    return json.dumps({"key": auth.key, "secret": auth.secret})


def encode_params(params: UploadParams) -> str:
    """The value of the field `params`."""
    found: dict[str, Any] = {"compression_type": params.compression.value}
    if params.resize is not None:
        box = {"width": params.resize.width, "height": params.resize.height}
        found["resize"] = {side: pixels for side, pixels in box.items() if pixels}
    if params.preserve_metas:
        found["preserve_metas"] = sorted(params.preserve_metas)
    return json.dumps(found)


def create_sub_account(fields: SubAccountFields) -> Request:
    return Request("POST", "/accounts/sub", form=_sub_account_form(fields))


def edit_sub_account(identifier: int, fields: SubAccountFields) -> Request:
    return Request("PUT", f"/accounts/sub/{identifier}", form=_sub_account_form(fields))


def list_images(offset: int = 0, limit: int = DEFAULT_LIMIT) -> Request:
    return Request("GET", "/images", query={"offset": str(offset), "limit": str(limit)})


def upload(params: UploadParams, *, url: str | None = None) -> Request:
    """An upload: of the file at `url`, else of a file that goes into the field `file`."""
    fields = {"params": encode_params(params)}
    if url is not None:
        fields["url"] = url
    return Request("POST", "/images", form=fields, upload=True)


def get_zip(kind: FileKind, identifiers: Iterable[int]) -> Request:
    return Request("GET", f"/images/zip/{kind.value}/{','.join(map(str, identifiers))}")


def file_path(kind: FileKind, token: str, name: str) -> str:
    """The path of a file below the API's address. No credentials are needed to fetch it."""
    return f"/images/{kind.value}/{token}/{quote(name, safe='')}"


def _sub_account_form(fields: SubAccountFields) -> dict[str, str]:
    form = {}
    if fields.title is not None:
        form["title"] = fields.title
    if fields.description is not None:
        form["description"] = fields.description
    if fields.quota is not None:
        # The documentation uses both names.
        form["quota"] = form["monthly_quota"] = str(fields.quota)
    return form
