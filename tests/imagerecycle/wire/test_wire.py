"""The wire format: what one side encodes the other decodes, and the tolerance of both."""

import contextlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir_build.errors import (
    ApiError,
    AuthenticationError,
    FileRejected,
    FileTooLarge,
    Forbidden,
    NotFound,
    QuotaExceeded,
    RequestError,
    ServiceUnavailable,
    TransportError,
)
from ir_build.imagerecycle.wire import (
    Account,
    Auth,
    Consumption,
    FileKind,
    Image,
    ImagePage,
    PageLink,
    SubAccount,
    SubAccountFields,
    UploadParams,
    Usage,
    coerce,
    errors,
    incoming,
    outgoing,
    responses,
)
from ir_build.options import Compression, Meta, Resize

SAMPLES = Path(__file__).parent / "samples"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
sizes = st.integers(0, 2**62)
limits = st.none() | st.integers(1, 2**62)
identifiers = st.integers(1, 2**62)
hexes = st.text("0123456789abcdef", min_size=1, max_size=64)
moments = st.integers(200_000_000, 4_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
days = st.dates(date(1971, 1, 1), date(2099, 12, 31))

account_fields = {
    "quota_used": sizes,
    "quota": limits,
    "file_max_size": limits,
    "period_start": st.none() | moments,
    "period_end": st.none() | moments,
}
accounts = st.builds(Account, **account_fields)
subs = st.builds(
    SubAccount,
    **account_fields,
    id=identifiers,
    title=texts,
    description=texts,
    key=hexes,
    secret=hexes,
)
images = st.builds(
    Image,
    id=identifiers,
    name=texts,
    width=sizes,
    height=sizes,
    size_before=sizes,
    size_after=sizes,
    uploaded=st.none() | moments,
    expires=st.none() | moments,
    origin_url=texts,
    optimized_url=texts.filter(bool),
)
links = st.builds(PageLink, texts, sizes, st.integers(1, 1000))
usages = st.builds(Usage, days, sizes, sizes, sizes)
params = st.builds(
    UploadParams,
    compression=st.sampled_from([Compression.LOSSY, Compression.LOSSLESS]),
    resize=st.none()
    | st.builds(Resize, st.integers(1, 10**6), st.none() | st.integers(1, 10**6))
    | st.builds(Resize, st.none(), st.integers(1, 10**6)),
    preserve_metas=st.frozensets(st.sampled_from(Meta)),
)


def ordered(found):
    return tuple(sorted(found, key=lambda usage: usage.date))


@given(accounts, subs, st.lists(subs, max_size=3))
def test_accounts_survive_the_way_there_and_back(account, sub, several):
    """What a server encodes of accounts a client decodes to the same."""
    assert responses.decode_account(responses.dump(responses.encode_account(account))) == account
    assert responses.decode_sub_account(responses.dump(responses.encode_sub_account(sub))) == sub
    body = responses.dump(responses.encode_sub_accounts(several))
    assert responses.decode_sub_accounts(body) == tuple(several)


@given(st.lists(images, max_size=3), sizes, st.none() | links, st.none() | links)
def test_images_survive_the_way_there_and_back(items, total, previous, following):
    """What a server encodes of images a client decodes to the same."""
    page = ImagePage(tuple(items), total, previous, following)
    assert responses.decode_image_page(responses.dump(responses.encode_image_page(page))) == page
    for image in items:
        assert responses.decode_image(responses.dump(responses.encode_image(image))) == image


@given(st.lists(usages, max_size=5).map(ordered), st.lists(usages, max_size=5).map(ordered))
def test_consumption_survives_the_way_there_and_back(by_day, by_month):
    """Both documented shapes are in the answer; each is decoded."""
    document = responses.encode_consumption(Consumption(by_day, by_month))
    assert responses.decode_consumption(responses.dump(document)) == Consumption(by_day, by_month)
    del document["consumption"]
    older = responses.decode_consumption(responses.dump(document))
    assert older.days == tuple(Usage(usage.date, usage.before) for usage in by_day)


@given(st.integers(400, 599), st.text(max_size=300))
def test_errors_survive_the_way_there_and_back(status, message):
    """Code and message of an error body arrive."""
    error = errors.decode(status, responses.dump(errors.encode(status, message)))
    sent = message.encode("utf-8", "backslashreplace").decode() or "no reason given"
    assert (error.status, error.err_code, error.err_message) == (status, status, sent[:300])


def fields_of(request):
    """The fields as they are after the journey, by query and by url-encoded body."""
    from urllib.parse import urlencode

    return incoming.fields(
        urlencode(request.query),
        "application/x-www-form-urlencoded",
        urlencode(request.form).encode(),
    )


@given(params, st.none() | texts.map(str.strip).filter(lambda url: url and url[0] not in "'\""))
def test_uploads_survive_the_way_there_and_back(wanted, url):
    """A server reads of an upload what the client meant, credentials included."""
    request = outgoing.signed(outgoing.upload(wanted, url=url), Auth("ab", "cd"))
    assert request.upload
    assert request.query == {}
    found = fields_of(request)
    assert incoming.upload(found) == incoming.UploadFields(wanted, url)
    assert incoming.auth(found) == Auth("ab", "cd")


plain = texts.filter(lambda text: text[:1] not in ("'", '"'))


@given(st.builds(SubAccountFields, st.none() | plain, st.none() | plain, st.none() | sizes))
def test_changes_of_sub_accounts_survive_the_way_there_and_back(wanted):
    """A server reads of a creation and of a change what the client meant."""
    for request in (outgoing.create_sub_account(wanted), outgoing.edit_sub_account(3, wanted)):
        signed = outgoing.signed(request, Auth("ab", "cd"))
        assert ("auth" in signed.query) == (request.method != "POST")
        assert incoming.sub_account(fields_of(signed)) == wanted


@given(sizes, st.integers(1, 100))
def test_pages_survive_the_way_there_and_back(offset, limit):
    """A server reads of a request for a page what the client meant."""
    assert incoming.page(fields_of(outgoing.list_images(offset, limit))) == (offset, limit)


@given(st.lists(identifiers, min_size=1, max_size=9, unique=True))
def test_ids_survive_the_way_there_and_back(several):
    """Ids in paths arrive, one or many."""
    path = outgoing.get_zip(FileKind.OPTIMIZED, several).path
    assert incoming.identifiers(path.rpartition("/")[2]) == tuple(several)
    assert incoming.identifier(str(several[0])) == several[0]


@given(
    st.binary(max_size=200)
    | texts.map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | texts,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "items",
                        "id",
                        "errCode",
                        "consumption",
                        "last_days",
                        "date",
                        "next",
                        "optimized_url",
                        "quota_allowed",
                        "resize",
                        "params",
                        "auth",
                    ]
                )
                | texts,
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_arrives_is_decoded_or_refused(body):
    """No bytes make a decoder raise anything but its own errors."""
    for decode in (
        responses.decode_account,
        responses.decode_consumption,
        responses.decode_image,
        responses.decode_image_page,
        responses.decode_sub_account,
        responses.decode_sub_accounts,
        responses.decode_success,
    ):
        with contextlib.suppress(TransportError, ApiError):
            decode(body)
    assert isinstance(errors.decode(500, body), ServiceUnavailable)
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        try:
            found = incoming.fields("", content_type, body)
            assert all(isinstance(value, str) for value in found.values())
            incoming.auth(found)
            incoming.page(found)
            incoming.sub_account(found)
            incoming.upload(found)
            incoming.upload({"params": body.decode("utf-8", "replace")})
        except RequestError:
            pass


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1796083200, datetime(2026, 12, 1, tzinfo=UTC)),
        ("1796083200", datetime(2026, 12, 1, tzinfo=UTC)),
        (1796083200123, datetime(2026, 12, 1, tzinfo=UTC)),
        (20261201, datetime(2026, 12, 1, tzinfo=UTC)),
        ("20261201", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01 00:00:00", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T01:00:00.5+01:00", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T00:00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ({"date": "2026-12-01 00:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
         datetime(2026, 12, 1, tzinfo=UTC)),
        ({"date": "2026-12-01 01:00:00.000000", "timezone_type": 3, "timezone": "Europe/Paris"},
         datetime(2026, 12, 1, tzinfo=UTC)),
        ({"$date": {"$numberLong": "1796083200000"}}, datetime(2026, 12, 1, tzinfo=UTC)),
        ({"sec": 1796083200, "usec": 0}, datetime(2026, 12, 1, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        (0, None),
        (-5, None),
        (10**40, None),
        (20261399, datetime(1970, 8, 23, 12, 9, 59, tzinfo=UTC)),
        ("soon", None),
        (None, None),
        (True, None),
        ([], None),
        (float("nan"), None),
    ],
)  # fmt: skip
def test_dates_in_all_their_forms(written, expected):
    """Seconds, milliseconds, compact, SQL and ISO text, wrapped or not: UTC to the second."""
    assert coerce.moment(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("2026-11", date(2026, 11, 1)), ("202611", date(2026, 11, 1)), (202611, date(2026, 11, 1)),
     ("2026-11-25", date(2026, 11, 25)), ("2026-13", None), ({}, None)],
)  # fmt: skip
def test_days_and_months(written, expected):
    """A month stands for its first day."""
    assert coerce.day(written) == expected


def sample(name):
    return json.loads((SAMPLES / name).read_text())


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.json")))
def test_recorded_exchanges(name):
    """Every recorded answer is decoded to what it means, in either generation."""
    recorded = sample(name)
    body = json.dumps(recorded["body"]).encode() if "body" in recorded else recorded["raw"].encode()
    if recorded["status"] >= 400:
        error = errors.decode(recorded["status"], body, upload=recorded["decode"] == "upload")
        assert type(error).__name__ == recorded["means"]["error"]
        assert error.err_message == recorded["means"]["message"]
        return
    decode = getattr(responses, f"decode_{recorded['decode']}")
    found = decode(body)
    means = recorded["means"]
    if isinstance(found, (tuple, ImagePage)):
        items = found if isinstance(found, tuple) else found.items
        assert len(items) == len(means["items"])
        if isinstance(found, ImagePage):
            assert found.total == means["total"]
            assert (found.next.offset if found.next else None) == means["next"]
    else:
        items, means = (found,), {"items": [means]}
    for item, meant in zip(items, means["items"], strict=True):
        assert {name: shown(getattr(item, name)) for name in meant} == meant


def shown(value):
    if isinstance(value, tuple):
        return [[str(one.date), one.before, one.after, one.files] for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.mark.parametrize(
    ("status", "upload", "kind"),
    [(401, False, AuthenticationError), (401, True, AuthenticationError), (403, True, QuotaExceeded),
     (403, False, Forbidden), (400, True, FileRejected), (400, False, ApiError),
     (404, False, NotFound), (413, True, FileTooLarge), (429, True, ServiceUnavailable),
     (503, False, ServiceUnavailable)],
)  # fmt: skip
def test_each_status_is_its_error(status, upload, kind):
    """A status says what is wrong; of an upload 400 and 403 say more."""
    assert type(errors.decode(status, b"<html>", upload=upload)) is kind


@pytest.mark.parametrize("code", ["errCode", "errcode", "ErrCode", "ERRCODE"])
def test_an_error_in_a_success_is_an_error(code):
    """Shipped servers answer 200 with an error body; its code counts."""
    body = json.dumps({code: "403", "errMessage": "Montly quota exceeded"}).encode()
    with pytest.raises(QuotaExceeded, match="Montly quota exceeded"):
        responses.decode_image(body, upload=True)


def test_no_success_has_an_error_code():
    """Shipped clients take any answer with `errCode` in it for an error."""
    image = Image(id=1, name="a", size_before=2, size_after=1, optimized_url="/x")
    sub = SubAccount(id=1, title="a", quota_used=0, quota=None, file_max_size=None)
    documents = [
        responses.encode_image(image),
        responses.encode_image_page(ImagePage((image,), 1)),
        responses.encode_sub_account(sub),
        responses.encode_sub_accounts([sub]),
        responses.encode_consumption(Consumption()),
        responses.encode_success(),
    ]
    assert not any("errcode" in json.dumps(document).lower() for document in documents)
    assert responses.encode_sub_account(sub)["quota_allowed"] == 0


CURL = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("query", "content_type", "body"),
    [
        ('auth={"key":"a1","secret":"b2"}', "", b""),
        ("auth=%7B%22key%22%3A%22a1%22%2C%22secret%22%3A%22b2%22%7D", "", b""),
        ("", CURL, b'auth={"key":"a1","secret":"b2"}'),
        ("", CURL, b'title="My new title"&auth={"key":"a1","secret":"b2"}'),
        ("", "application/json", b'{"auth": {"key": "a1", "secret": "b2"}}'),
        ("", "application/json", b'{"auth": "{\\"key\\": \\"a1\\", \\"secret\\": \\"b2\\"}"}'),
        ("", "application/json", b'{"key": "a1", "secret": "b2"}'),
        ("", CURL, b'{"auth": {"key": "a1", "secret": "b2"}}'),
        ('auth={"key":"x","secret":"y"}', CURL, b'auth={"key":"a1","secret":"b2"}'),
    ],
)
def test_credentials_wherever_they_are(query, content_type, body):
    """Query, url-encoded body (curl's -d), JSON body; the body wins."""
    assert incoming.auth(incoming.fields(query, content_type, body)) == Auth("a1", "b2")


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "x", '{"key":"a"}', '{"key":[],"secret":{}}']
)
def test_credentials_that_are_none(text):
    """What cannot be read is nobody, not an error."""
    assert incoming.auth({"auth": text}) is None


LOSSY = UploadParams()


@pytest.mark.parametrize(
    ("text", "expected", "url"),
    [
        ("", LOSSY, None),
        ("[]", LOSSY, None),
        ("{}", LOSSY, None),
        ("null", LOSSY, None),
        ('"{}"', LOSSY, None),
        ('{"compression_type":"lossless"}', UploadParams(compression=Compression.LOSSLESS), None),
        ('{"compression_type":"", "unknown": [1]}', LOSSY, None),
        ('{"resize":[]}', LOSSY, None),
        ('{"resize":{"width":"800","height":""}}', UploadParams(resize=Resize(800, None)), None),
        ('{"resize":{"width":0,"height":90}}', UploadParams(resize=Resize(None, 90)), None),
        ('{"preserve_metas":["icc","nose"]}', UploadParams(preserve_metas=frozenset({Meta.ICC})), None),
        ('{"preserve_metas":{"0":"icc"}}', UploadParams(preserve_metas=frozenset({Meta.ICC})), None),
        ('{"params":{"compression_type":"lossless"},"url":"http://a.example/b.png"}',
         UploadParams(compression=Compression.LOSSLESS), "http://a.example/b.png"),
        ('{"params":[],"url":"http://a.example/b.png"}', LOSSY, "http://a.example/b.png"),
        ('{"params":"{\\"compression_type\\":\\"lossless\\"}"}',
         UploadParams(compression=Compression.LOSSLESS), None),
    ],
)  # fmt: skip
def test_params_in_all_their_forms(text, expected, url):
    """Nothing, an empty list, unknown keys, and the older shape with the address inside."""
    assert incoming.upload({"params": text}) == incoming.UploadFields(expected, url)
    assert (
        incoming.upload({"params": text, "url": '"http://c.example/"'}).url == "http://c.example/"
    )


@pytest.mark.parametrize(
    "text",
    ["{", "7", '"x"', '[{"a": 1}]', '{"compression_type":"tiny"}', '{"resize":{"width":-1}}',
     '{"resize":{"width":"wide"}}', '{"resize":7}', "[" * 100_000],
)  # fmt: skip
def test_params_that_make_no_sense(text):
    """They are refused, with a message for the sender."""
    with pytest.raises(RequestError, match="params"):
        incoming.upload({"params": text})


def test_the_documented_sub_account_lines():
    """Quotation marks as curl's lines in the documentation send them; quotas under both names."""
    body = b'title="New subaccount"&description="This is my description"&quota="524288000"'
    expected = SubAccountFields("New subaccount", "This is my description", 524_288_000)
    assert incoming.sub_account(incoming.fields("", CURL, body)) == expected
    body = body.replace(b"quota", b"monthly_quota")
    assert incoming.sub_account(incoming.fields("", CURL, body)) == expected
    assert incoming.sub_account({"quota": "7", "monthly_quota": "7"}).quota == 7
    assert incoming.sub_account({}) == SubAccountFields()
    assert incoming.sub_account({"quota": "0"}).quota == 0
    assert incoming.sub_account({"title": '""quoted""'}).title == '"quoted"'
    for wrong in ({"quota": "7", "monthly_quota": "8"}, {"quota": "much"}, {"quota": "-1"}):
        with pytest.raises(RequestError, match="quota"):
            incoming.sub_account(wrong)


@pytest.mark.parametrize(
    ("found", "expected"),
    [({}, (0, 30)), ({"offset": "60", "limit": "5"}, (60, 5)), ({"offset": "-1"}, (0, 30)),
     ({"offset": "x", "limit": "0"}, (0, 30)), ({"limit": "9999"}, (0, 100)),
     ({"offset": str(2**70)}, (0, 30))],
)  # fmt: skip
def test_pages_that_make_no_sense_are_the_first(found, expected):
    """An invalid offset or limit is the default, and a limit has a cap."""
    assert incoming.page(found) == expected


@pytest.mark.parametrize("text", ["", "x", "-1", "1.0", "٣", "1" * 20, str(2**63), " 1", "1e3"])
def test_ids_that_are_none(text):
    """An id is made of ASCII digits and fits a database."""
    assert incoming.identifier(text) is None


def test_the_ids_of_a_zip():
    """Several, each once; one that is none spoils all."""
    assert incoming.identifiers("1230,1231,1230") == (1230, 1231)
    assert incoming.identifiers("1230,x") is None
    assert incoming.identifiers(",") is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("/var/www/img/a b.png", "a b.png"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ('"a.png"', "a.png"),
        ("../../etc/passwd", "passwd"),
        ("a/..", "file"),
        ("", "file"),
        ("a\r\nX-Evil: 1.png", "aX-Evil: 1.png"),
        ("\x1b]0;x\x07.png", "]0;x.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 300 + ".png", "x" * 196 + ".png"),
        ("x" * 300, "x" * 200),
        ("été.png", "été.png"),
    ],
)
def test_file_names_are_reduced_to_their_last_part(sent, kept):
    """Clients send whole paths; nothing of a name steers a folder, a header or a terminal."""
    assert incoming.base_name(sent) == kept


@given(texts)
def test_a_file_path_is_one_segment_whatever_the_name(name):
    """A name cannot add a folder or a query to its address."""
    path = outgoing.file_path(FileKind.OPTIMIZED, "0" * 32, name)
    assert path.isascii()
    assert path.count("/") == 4
    assert not set(path) & set("?# ")


def test_secrets_are_in_no_repr():
    """Neither credentials nor a sub-account's secret nor a signed request shows them."""
    auth = Auth("a1", "cafe")
    sub = SubAccount(id=1, title="a", quota_used=0, quota=1, file_max_size=1, secret="cafe")
    request = outgoing.signed(outgoing.list_images(), auth)
    assert "cafe" not in f"{auth}{sub}{request}{[auth]}"


def test_what_is_nowhere_to_be_compressed_is_refused():
    """There is no upload that is not to be compressed."""
    with pytest.raises(ValueError, match="lossy or lossless"):
        UploadParams(compression=Compression.NONE)
