from collections.abc import Mapping
from contextlib import suppress

import pytest
from deliverables import check_files
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.read_json import parse_json
from evalkit.checks.result import Json, Status

REFUSED = {
    '{"a": 1, "a": 2}': "the key 'a' occurs twice in one object",
    "[NaN]": "NaN, which is not JSON",
    "[-Infinity]": "-Infinity, which is not JSON",
    "{} {}": "Extra data in column 4",
    "\ufeff{}": "a byte order mark at the beginning",
    "[" * 100_000: "nested too deeply to read",
    "9" * 5_000: "a number of 5000 characters",
    "1e999999": "the number '1e999999', beyond any quantity",
    "{'a': 1}": "Expecting property name enclosed in double quotes in column 2",
    "": "Expecting value in column 1",
    "[1,]": "Expecting value in column 4",
}

PASSING: list[tuple[str, Mapping[str, Json]]] = [
    ('{"id": 1, "name": "x"}', {"types": {"id": "integer", "name": "string"}}),
    ('{"id": 1, "name": "x"}', {"types": {"id": "number"}}),
    ('{"a": null, "b": [1], "c": {}, "d": true, "e": 1.5}', {"types": {"a": "null", "b": "array", "c": "object"}}),
    ('{"d": true, "e": 1.5, "f": "?"}', {"types": {"d": "boolean", "e": "number", "f": "any"}, "exact": True}),
    ('{"rows": [{"id": 1}, {"id": 2}]}', {"types": {"id": "integer"}, "path": "/rows"}),
]

FAILING: list[tuple[str, Mapping[str, Json], str, str, str | None]] = [
    ('{"id": "1"}', {"types": {"id": "integer"}}, "string", "'id': integer", "/id"),
    ('{"id": 1.0}', {"types": {"id": "integer"}}, "number", "'id': integer", "/id"),
    ('{"id": true}', {"types": {"id": "number"}}, "boolean", "'id': number", "/id"),
    ('{"ID": 1}', {"types": {"id": "any"}}, "no key 'id'; 'ID' differs only by case", "'id': any", "/id"),
    ("{}", {"types": {"id": "any"}}, "no key 'id'; there is none", "'id': any", "/id"),
    ('{"id": 1, "x": 2}', {"types": {"id": "any"}, "exact": True}, "also 'x'", "only 'id'", None),
    ('[{"id": 1}, {}, {}]', {"types": {"id": "any"}}, "no key 'id'; there is none, and 1 more", "'id'", "/1/id"),
    ('{"rows": [1]}', {"types": {"id": "any"}, "path": "/rows"}, "integer", "object", "/rows/0"),
    ('{"rows": []}', {"types": {"id": "any"}, "path": "/rows"}, "an empty array", "objects", "/rows"),
    ("{}", {"types": {"id": "any"}, "path": "/rows"}, "nothing at '/rows'", "a value at '/rows'", None),
    ('"text"', {"types": {"id": "any"}}, "string", "object", None),
]


@pytest.mark.parametrize("text", REFUSED)
def test_json_that_not_everyone_reads_alike_fails(text: str) -> None:
    result = check_files("json_document.well_formed", {"a.json": text}, {"file": "a.json"})

    assert result.status is Status.FAILED
    assert result.found == REFUSED[text]


@pytest.mark.parametrize("text", ['{"a": [1, 2.5e3, null, true, "é\\u0000"]}', "[]", '"x"', "0", "[" * 500 + "]" * 500])
def test_strict_json_passes(text: str) -> None:
    result = check_files("json_document.well_formed", {"a.json": text}, {"file": "a.json"})

    assert result.status is Status.PASSED


@pytest.mark.parametrize(("text", "parameters"), PASSING)
def test_objects_with_their_keys_pass(text: str, parameters: Mapping[str, Json]) -> None:
    result = check_files("json_document.keys", {"a.json": text}, {"file": "a.json", **parameters})

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(("text", "parameters", "found", "wanted", "pointer"), FAILING)
def test_objects_without_their_keys_fail_at_the_key(
    text: str, parameters: Mapping[str, Json], found: str, wanted: str, pointer: str | None
) -> None:
    result = check_files("json_document.keys", {"a.json": text}, {"file": "a.json", **parameters})

    assert result.status is Status.FAILED, result
    assert found in (result.found or "")
    assert wanted in (result.wanted or "")
    assert result.at is not None
    assert result.at.cell == pointer


@given(st.binary(max_size=40) | st.text(st.sampled_from('[]{}:,"\\u1eE-+.0ntfN \n'), max_size=30).map(str.encode))
def test_any_bytes_are_a_document_or_a_bad_deliverable(content: bytes) -> None:
    with suppress(BadDeliverableError):
        parse_json(content, "a.json")
