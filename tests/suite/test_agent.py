from pathlib import Path

import pytest
from loan_project import change, write_project

from evalkit.errors import SuiteError
from evalkit.suite.agent import with_model
from evalkit.suite.load import load_suite
from evalkit.suite.model import Backend, DeployedAgent, Variant

S = "suites/loans.yaml"
A = "suites/loans/agent.yaml"
RATE = {"type": "custom", "name": "rate", "description": "Looks up a rate.", "input_schema": {"type": "object"}}


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
        "tools": [{"type": "agent_toolset_20260401"}, RATE],
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
        RATE,
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


def test_another_model_keeps_the_agent_hash_and_what_else_the_file_says_of_the_model(root: Path) -> None:
    change(root, S, "{system_file: loans/v2.md}", "{model: {id: slow, effort: low}}")
    base, effortful = variants(root)

    changed = with_model(effortful, "fast")

    assert (changed.model, changed.agent_body["model"]) == ("fast", {"id": "fast", "effort": "low"})
    assert with_model(base, "fast").agent_body["model"] == "fast"
    assert changed.agent_hash == effortful.agent_hash


def deployed(root: Path, agent: str) -> Variant:
    """The second variant of the suite on a deployed agent, with `agent` as its changes."""
    change(root, S, "agent: loans/agent.yaml", "agent: {id: agent_01, version: 3}")
    change(root, S, "{system_file: loans/v2.md}", agent)
    return load_suite(root / S, backend=Backend.ANTHROPIC).variants[1]


def test_a_deployed_agent_has_no_body_but_what_its_sessions_override(root: Path) -> None:
    variant = deployed(root, "{system_file: loans/v2.md, model: fast, tools: null, skills: null}")

    assert variant.deployed == DeployedAgent(id="agent_01", version=3)
    assert variant.model == "fast"
    assert variant.agent_body == {
        "model": "fast",
        "tools": [],
        "skills": [],
        "system": "You are a careful analyst.\n",
    }


def test_a_variant_of_a_deployed_agent_may_be_another_version(root: Path) -> None:
    variant = deployed(root, "{version: 4}")

    assert (variant.deployed, variant.agent_body) == (DeployedAgent(id="agent_01", version=4), {})


def test_the_model_of_a_deployed_agent_is_not_known_before_the_provider_says_it(root: Path) -> None:
    assert deployed(root, "{system: null}").model is None
    assert load_suite(root / S, backend=Backend.ANTHROPIC).variants[1].agent_body == {"system": None}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            "{name: x}",
            "'name' of a deployed agent; sessions change model, system, tools, mcp_servers, skills or version",
        ),
        ("{model: null}", "model: nothing, and every session has one; name a model, or remove the key"),
        (
            "{model: {id: fast, effort: low}}",
            "effort of a deployed agent's other model, which the platform ignores; remove it",
        ),
    ],
)
def test_what_a_session_cannot_change_of_a_deployed_agent_is_refused(changes: str, problem: str, root: Path) -> None:
    with pytest.raises(SuiteError) as caught:
        deployed(root, changes)

    assert [found.message for found in caught.value.problems] == [problem]


@pytest.mark.parametrize("change_to", ["{version: 4}", "{system: x}", "{tools: []}"])
def test_another_version_or_override_is_another_agent_hash(change_to: str, root: Path) -> None:
    changed = deployed(root, change_to)

    assert changed.agent_hash != load_suite(root / S, backend=Backend.ANTHROPIC).variants[0].agent_hash


def test_the_research_previews_roster_is_sent_in_todays_words_and_noted(root: Path) -> None:
    roster = "callable_agents: [{type: agent, id: agent_02, version: 1}]"
    change(root, A, "tools:", f"{roster}\ntools:")

    suite = load_suite(root / S)

    agents = [{"type": "agent", "id": "agent_02", "version": 1}]
    assert suite.variants[0].agent_body["multiagent"] == {"type": "coordinator", "agents": agents}
    assert "callable_agents" not in suite.variants[0].agent_body
    (notice,) = suite.notices
    assert (notice.file.endswith(A), notice.line) == (True, 4)
    assert "multiagent" in notice.message


def test_a_model_without_a_price_is_noted_where_it_is_written_and_not_refused(root: Path) -> None:
    change(root, S, "{system_file: loans/v2.md}", "{model: {id: claude-opus-55}}")

    (notice,) = load_suite(root / S).notices

    assert notice.file.endswith(S)
    assert "{model: {id: claude-opus-55}}" in (root / S).read_text().splitlines()[notice.line - 1]
    assert "no price for model 'claude-opus-55'" in notice.message
    assert notice.message.endswith("did you mean 'claude-opus-5-5'?")


def test_a_roster_is_part_of_the_agent_hash_and_can_be_removed_by_a_variant(root: Path) -> None:
    change(root, A, "tools:", "multiagent: {type: coordinator, agents: [{type: self}]}\ntools:")
    change(root, S, "{system_file: loans/v2.md}", "{multiagent: null}")

    base, alone = variants(root)

    assert base.agent_hash != alone.agent_hash
    assert "multiagent" not in alone.agent_body
