import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from tiny_suite import write_suite

from evalkit.suite.json_schema import _READERS, SCHEMA_FILE, schema_text
from evalkit.suite.schema import Draft

PROJECT = Path(__file__).parents[2]
SUITES = sorted((PROJECT / "suites").glob("*.yaml"))
FORMATS = PROJECT.parent / "shared" / "design" / "formats.md"


def problems(suite: object) -> list[jsonschema.ValidationError]:
    return list(jsonschema.Draft202012Validator(json.loads(schema_text())).iter_errors(suite))


def tiny(folder: Path, **changes: Any) -> dict[str, Any]:
    suite = yaml.safe_load(write_suite(folder).read_text(encoding="utf-8"))
    suite["tasks"][0] |= changes.pop("task", {})
    return {**suite, **changes}


def test_the_schema_beside_the_shipped_suites_is_the_one_the_code_makes() -> None:
    """`evalkit suite schema > suites/suite.schema.json` writes it again."""
    assert (PROJECT / "suites" / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_shipped_suite_fits_and_tells_its_editor_where_the_schema_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert problems(yaml.safe_load(text)) == []
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")


def test_the_example_of_the_format_page_fits_but_for_keys_of_later_versions() -> None:
    if not FORMATS.is_file():
        pytest.skip("the page of formats is not beside this checkout")
    example = re.search(r"## 2\. suite\.yaml\n\n```yaml\n(.*?)```", FORMATS.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    later = {key for draft in drafts() for key in draft.LATER}

    found = problems(yaml.safe_load(example[1]))

    assert {problem.validator for problem in found} <= {"additionalProperties"}
    assert {word for problem in found for word in re.findall(r"'(\w+)'", problem.message)} <= later


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "evalkit-suite/2"},
        {"backend": "moon"},
        {"tasks": []},
        {"name": "Not An Id"},
        {"colour": "blue"},
        {"agent": {"id": "agent_01"}},
        {"defaults": {"max_iterations": 21}},
        {"defaults": {"timeout": "soon"}},
        {"defaults": {"budget_usd": 0}},
        {"task": {"deliverables": ["a/b.csv"]}},
        {"task": {"rubric": {"file": "a.md", "text": "b"}}},
        {"task": {"checks": [{"id": "x"}]}},
        {"task": {"always": ["any_file.whatever"]}},
    ],
    ids=str,
)
def test_what_the_loader_refuses_by_shape_the_schema_refuses(changes: dict[str, Any], tmp_path: Path) -> None:
    assert problems(tiny(tmp_path)) == []
    assert problems(tiny(tmp_path / "changed", **changes)) != []


@pytest.mark.parametrize("key", ["format", "name", "agent", "environment", "tasks"])
def test_a_required_key_may_be_neither_missing_nor_null(key: str, tmp_path: Path) -> None:
    suite = tiny(tmp_path)

    assert problems({**suite, key: None}) != []
    assert problems({name: value for name, value in suite.items() if name != key}) != []


def test_every_key_that_is_ours_is_explained_to_an_editor() -> None:
    schema = json.loads(schema_text())
    ours = {name: draft for name, draft in schema["$defs"].items() if name not in {"LimitsDraft", "VariantAgentDraft"}}
    ours["SuiteDraft"] = schema

    silent = [
        f"{name}.{key}"
        for name, draft in ours.items()
        for key, value in draft["properties"].items()
        if "description" not in value
    ]

    assert silent == []


def test_every_shape_is_of_a_reader_that_some_draft_uses() -> None:
    """The other way round a missing one breaks the schema itself."""
    source = (PROJECT / "evalkit" / "suite" / "schema.py").read_text(encoding="utf-8")

    assert [name for name in _READERS if name not in source] == []


def drafts(kind: type[Draft] = Draft) -> Iterator[type[Draft]]:
    yield kind
    for below in kind.__subclasses__():
        yield from drafts(below)
