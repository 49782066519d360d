from pathlib import Path

import pytest
from loan_project import change, write_project

from evalkit.suite.load import load_suite
from evalkit.suite.model import Variant

S = "suites/loans.yaml"
A = "suites/loans/agent.yaml"


@pytest.fixture(name="root")
def root_of_a_project(tmp_path: Path) -> Path:
    write_project(tmp_path)
    return tmp_path


def variants(root: Path) -> tuple[Variant, ...]:
    return load_suite(root / S).variants


def test_the_body_is_the_create_body_with_the_prompt_read_in(root: Path) -> None:
    assert variants(root)[0].agent_body == {
        "name": "analyst",
        "model": "claude-sonnet-5-5",
        "tools": [{"type": "agent_toolset_20260401"}],
        "system": "You are an analyst.\n",
    }


def test_numbers_and_unknown_tool_settings_are_passed_on_as_they_are(root: Path) -> None:
    tool = "{type: custom, name: rate, input_schema: {type: object, minimum: 0.5, required: [a], nested: {deep: null}}}"
    change(root, A, "{type: agent_toolset_20260401}", tool)

    assert variants(root)[0].agent_body["tools"] == [
        {
            "type": "custom",
            "name": "rate",
            "input_schema": {"type": "object", "minimum": 0.5, "required": ["a"], "nested": {"deep": None}},
        },
    ]


def test_a_field_of_a_variant_replaces_the_agents_field_whole(root: Path) -> None:
    change(root, S, "{system_file: loans/v2.md}", "{tools: [{type: x}], model: {id: other, effort: low}}")

    base, changed = variants(root)

    assert changed.agent_body["tools"] == [{"type": "x"}]
    assert changed.agent_body["system"] == base.agent_body["system"]
    assert (base.model, changed.model) == ("claude-sonnet-5-5", "other")


def test_a_null_in_a_variant_removes_the_field(root: Path) -> None:
    change(root, S, "{system_file: loans/v2.md}", "{system: null}")

    assert "system" not in variants(root)[1].agent_body


def test_the_agent_hash_is_of_everything_but_name_metadata_and_model(root: Path) -> None:
    change(root, S, "{system_file: loans/v2.md}", "{name: x, metadata: {a: b}, model: m}")

    base, changed = variants(root)

    assert base.agent_hash == changed.agent_hash


def test_another_prompt_is_another_agent_hash(root: Path) -> None:
    base, changed = variants(root)

    assert base.agent_hash != changed.agent_hash


def test_the_environment_hash_is_of_everything_but_name_and_metadata(root: Path) -> None:
    before = load_suite(root / S).environment.sha256
    change(root, "suites/loans/environment.yaml", "name: box", "name: crate\nmetadata: {a: b}")
    renamed = load_suite(root / S).environment.sha256
    change(root, "suites/loans/environment.yaml", "cloud", "self_hosted")
    changed = load_suite(root / S).environment.sha256

    assert before == renamed != changed
