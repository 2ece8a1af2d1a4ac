"""`density` on the wire: only to servers that may know it."""

from types import SimpleNamespace

import pytest

from ir_build.backends.api import ApiBackend
from ir_build.formats import MediaType
from ir_build.imagerecycle.credentials import DEFAULT_URL
from ir_build.imagerecycle.wire import incoming
from ir_build.options import Meta, Options


class Sent(Exception):
    """What was about to be sent."""


def upload(data, *, name, params):
    raise Sent(params)


@pytest.mark.parametrize(("url", "sent"), [(DEFAULT_URL, False), ("https://own.example/v1", True)])
def test_imagerecycle_is_not_asked_for_what_it_does_not_document(url, sent):
    """Its list of metadata has no density; a server of ours takes the name."""
    account = SimpleNamespace(file_max_size=None, quota_left=None)
    client = SimpleNamespace(url=url, origin=url, upload=upload, account=lambda: account)
    backend = ApiBackend(client, concurrency=1, budget=None, manifest=None)
    options = Options(preserve_metas=frozenset({Meta.DENSITY, Meta.COPYRIGHT}))
    with pytest.raises(Sent) as told:
        backend.compress(b"data", MediaType.PNG, options, "a.png")
    metas = told.value.args[0].preserve_metas
    assert metas == {Meta.COPYRIGHT} | ({Meta.DENSITY} if sent else set())


def test_a_server_takes_it():
    """As one of the names in `preserve_metas`."""
    found = incoming.upload({"params": '{"preserve_metas": ["density", "icc"]}'})
    assert found.params.preserve_metas == {Meta.DENSITY, Meta.ICC}
