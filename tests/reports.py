"""The schema of the JSON report, to which every report that a test writes is held."""

import contextlib
import copy
import json
import os
from importlib.resources import files
from pathlib import Path

from jsonschema import Draft202012Validator

SCHEMA = json.loads(files("ir_build.report").joinpath("schema/report-1.json").read_text("utf-8"))
#: how a report of ours begins, and what a test has written by hand does not
_HEAD = b'{\n  "schema_version"'


def _strict(schema):
    """The schema with no room for fields that it does not name: readers may meet newer ones, we not."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(one) for key, one in schema.items()}
    if "properties" in schema and schema.get("type") == "object":
        strict.setdefault("additionalProperties", False)
    return strict


Draft202012Validator.check_schema(SCHEMA)
_VALIDATOR = Draft202012Validator(_strict(copy.deepcopy(SCHEMA)))


def check(document):
    """That `document` keeps to the schema, and has no field that the schema does not know."""
    _VALIDATOR.validate(document)


def check_all(folder):
    """That all reports below `folder` do."""
    # Some tests make folders that are deeper than pathlib and os.walk can go.
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for one in entries:
                if one.is_dir(follow_symlinks=False):
                    waiting.append(one.path)
                elif one.name.endswith(".json") and one.is_file(follow_symlinks=False):
                    _check_file(Path(one.path))


def _check_file(path):
    with path.open("rb") as file:
        ours = file.read(len(_HEAD)) == _HEAD
    if ours:
        check(json.loads(path.read_bytes()))
