"""What the server says about itself, and what the documentation says about it."""

import re
import runpy
import tomllib
from dataclasses import fields
from pathlib import Path

import requests

from documents import drawn
from ir_build.server.settings import Settings, load
from pictures import flat

ROOT = Path(__file__).parents[3]


def resolve(document, schema):
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def check(document, schema, value, where=""):
    """A value has exactly the fields and types that its schema says."""
    schema = resolve(document, schema)
    if "oneOf" in schema:
        schema = {"type": "null"} if value is None else resolve(document, schema["oneOf"][0])
    kinds = {"integer": int, "string": str, "number": (int, float), "boolean": bool}
    kinds |= {"object": dict, "array": list, "null": type(None)}
    assert isinstance(value, kinds[schema["type"]]), (where, value)
    if isinstance(value, dict):
        assert value.keys() == schema["properties"].keys(), where
        for name, one in value.items():
            check(document, schema["properties"][name], one, f"{where}/{name}")
    for one in value if isinstance(value, list) else ():
        check(document, schema["items"], one, f"{where}[]")


def test_every_answer_has_the_described_shape(plain):
    """Each call of the OpenAPI document, made: a described status, and a body of its schema."""
    document = requests.get(plain.url.removesuffix("/v1") + "/openapi.json", timeout=30).json()
    assert document["servers"] == [{"url": plain.url}]
    image = plain.upload(drawn(), "a.pdf").json()
    sub = plain.new_sub()
    token = image["optimized_url"].split("/")[-2]
    order = sorted(
        (method == "delete", path, method)
        for path, methods in document["paths"].items()
        for method in methods
    )
    for _, path, method in order:
        number = sub["id"] if "sub" in path else image["id"]
        values = {"id": number, "ids": number, "type": "optimized", "token": token, "name": "a.png"}
        if (method, path) == ("post", "/images"):
            answer = plain.upload(flat(colour="red"))
        else:
            answer = plain.call(method.upper(), path.format(**values))
        described = document["paths"][path][method]["responses"]
        assert str(answer.status_code) in described, (method, path)
        # The images are gone by the time each is deleted alone.
        assert answer.ok or (method == "delete" and answer.status_code == 404), (method, path)
        content = described[str(answer.status_code)].get("content", {})
        if "application/json" in content:
            check(document, content["application/json"]["schema"], answer.json(), path)
        wrong = requests.request(method, plain.url + path.format(**values), timeout=30)
        if document["paths"][path][method].get("security") != []:
            assert wrong.status_code == 401
            check(document, described["401"]["content"]["application/json"]["schema"], wrong.json())


def test_the_documentation_lists_every_call(plain):
    """The page of the server has a row for each call; /docs leads to the description it is made from."""
    base = plain.url.removesuffix("/v1")
    answer = requests.get(f"{base}/docs", timeout=30)
    assert answer.url == f"{base}/openapi.json"
    hook = runpy.run_path(str(ROOT / "docs" / "hooks.py"))["on_page_markdown"]
    page = hook((ROOT / "docs" / "server.md").read_text())
    for path, methods in answer.json()["paths"].items():
        for method, call in methods.items():
            assert f"| `{method.upper()} {path}` | {call['summary']} |" in page


def test_the_settings_page_is_made_from_the_settings():
    """Every setting is on the page, with its help; the example is valid."""
    hook = runpy.run_path(str(ROOT / "docs" / "hooks.py"))["on_page_markdown"]
    text = (ROOT / "docs" / "server.md").read_text()
    page = hook(text)
    for setting in fields(Settings):
        assert f"| `{setting.name}` |" in page
        assert setting.metadata["help"] in page
    example = re.search(r'```toml title="server.toml"\n(.*?)```', text, re.DOTALL)[1]
    file = ROOT / "examples" / "server" / "server.toml"
    for given in (tomllib.loads(example), tomllib.loads(file.read_text())):
        load(None, {}, given)
    names = set(re.findall(r"IR_BUILD_SERVER_([A-Z0-9_]+)\b", text))
    assert {name.lower() for name in names} <= {setting.name for setting in fields(Settings)}


def test_every_test_of_the_threat_model_is_there():
    """A threat whose test was renamed or removed is noticed."""
    text = (ROOT / "docs" / "threat-model.md").read_text()
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", text)
    assert len(named) > 40
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(), (file, test)
    for row in re.findall(r"^\| (?!threat|-)(.*)\|$", text, re.MULTILINE):
        assert "`" in row.rpartition("|")[2] or row.rstrip().endswith("the same"), row
