"""The project's seed, a page about Claude Managed Agents, is run: its own code, against the emulator.

Nothing is changed in it but where the client connects (ANTHROPIC_BASE_URL and a key, from the environment), and:

* excerpts use names (`client`, `session`, `RUBRIC_TEXT`, `reviewer`) that the page leaves to its reader: they are
  given;
* the custom-tool excerpt leaves out `name` and `model`, which the API requires: they are added;
* the research preview's `callable_agents=[…]` is `multiagent={"type": "coordinator", "agents": […]}` in the SDK;
* `thread.agent_name` is `thread.agent.name` in the SDK.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hosted import hosted

from evalkit.emulator import Emulator

SEED = Path(__file__).parents[2].parent / "shared" / "seed-managed-agents.txt"
RUBRIC = "# DCF\n\n- [R1] Model. `costco-dcf.xlsx` is there.\n"


@pytest.fixture
def seed() -> str:
    if not SEED.is_file():
        pytest.skip("the seed is not beside this checkout")
    return SEED.read_text(encoding="utf-8")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator that the SDK finds by itself, whose agent answers messages and delivers the outcome's workbook."""
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "costco-dcf.xlsx").write_bytes(b"a workbook, as far as this grader looks\n")
    session: dict[str, Any] = {
        "match": {"description": ".*"},
        "deliver": {"files": "drafts"},
        "grader": {"judged": {"R1": "met"}},
    }
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(yaml.safe_dump({"format": "evalkit-scenario/1", "seed": 1, "sessions": [session]}))
    with hosted(monkeypatch, scenario) as server:
        yield server


def excerpt(seed: str, first: str, after: str) -> str:
    """The lines of the seed from the one that begins with `first` to the one before `after`."""
    return seed[seed.index(first) : seed.index(after, seed.index(first))]


def completed(code: str, **more: str) -> str:
    """A call of `agents.create` that the seed shows a part of, with what it leaves out."""
    given = ", ".join(f"{name}={value!r}" for name, value in more.items())
    return code.replace("agents.create(", f"agents.create({given}, ", 1)


def run(code: str, **names: Any) -> dict[str, Any]:
    """The names that the code leaves behind, and under `printed` what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "seed", "exec"), names)  # the seed's own code is what is tested
    return {**names, "printed": printed.getvalue()}


def quick_start(seed: str) -> dict[str, Any]:
    return run(excerpt(seed, "from anthropic import Anthropic", "Built-in Tools"))


def test_the_quick_start_runs_as_it_stands(seed: str, server: Emulator) -> None:
    left = quick_start(seed)

    assert left["printed"].endswith("\n\nDone.\n")
    assert left["agent"].model.id == "claude-sonnet-4-6"
    assert left["environment"].config.packages.pip == ["pandas", "numpy"]


def test_both_tool_configurations_are_taken_as_they_stand(seed: str, server: Emulator) -> None:
    client = quick_start(seed)["client"]
    shown = excerpt(seed, "# Disable specific tools", "Custom Tools")
    toolsets = [eval(part) for part in re.findall(r"^\{.*?^ \]\}$", shown, re.DOTALL | re.MULTILINE)]

    made = [client.beta.agents.create(name="x", model="claude-sonnet-4-6", tools=[tools]) for tools in toolsets]

    assert [tool.name for tool in made[0].tools[0].configs] == ["web_fetch", "web_search"]
    assert [tool.name for tool in made[1].tools[0].configs] == ["bash", "read"]
    assert made[1].tools[0].default_config.enabled is False


def test_the_custom_tool_is_taken_once_the_agent_has_name_and_model(seed: str, server: Emulator) -> None:
    code = completed(
        excerpt(seed, "agent = client.beta.agents.create(\n    tools=[", "Custom tool best practices"),
        name="Weather",
        model="claude-sonnet-4-6",
    )

    agent = run(code, client=quick_start(seed)["client"])["agent"]

    assert agent.tools[1].name == "get_weather"


def test_the_outcome_is_worked_on_graded_and_delivered(seed: str, server: Emulator) -> None:
    names = quick_start(seed)
    client, session = names["client"], names["session"]

    run(
        excerpt(seed, "client.beta.sessions.events.send(\n    session_id=session.id", "Rubric tips"),
        **names,
        RUBRIC_TEXT=RUBRIC,
    )

    with client.beta.sessions.events.stream(session.id) as stream:
        live = client.beta.sessions.retrieve(session.id).status == "running"
        for event in stream if live else ():
            if event.type == "session.status_idle":
                break
    (evaluation,) = client.beta.sessions.retrieve(session.id).outcome_evaluations
    delivered = client.beta.files.list(scope_id=session.id, betas=["managed-agents-2026-04-01"]).data
    assert evaluation.result == "satisfied"
    assert [file.filename for file in delivered] == ["costco-dcf.xlsx"]


def test_the_research_previews_roster_is_renamed_in_the_sdk_and_nothing_else(seed: str, server: Emulator) -> None:
    client = quick_start(seed)["client"]
    code = excerpt(seed, "orchestrator = client.beta.agents.create(", "Limitation: single delegation")
    reviewer, test_writer = (client.beta.agents.create(name=name, model="claude-sonnet-4-6") for name in ("r", "t"))
    names = {"client": client, "reviewer": reviewer, "test_writer": test_writer}
    with pytest.raises(TypeError, match="callable_agents"):
        run(code, **names)
    renamed = code.replace("callable_agents=[", 'multiagent={"type": "coordinator", "agents": [').replace(
        "    ],\n)", "    ]},\n)"
    )

    orchestrator = run(renamed, **names)["orchestrator"]

    assert [agent.id for agent in orchestrator.multiagent.agents] == [reviewer.id, test_writer.id]


def test_the_threads_are_listed_once_the_agents_name_is_read_where_the_sdk_has_it(seed: str, server: Emulator) -> None:
    names = quick_start(seed)
    code = excerpt(seed, "for thread in client.beta.sessions.threads.list(", "Architecture")

    shown = run(code.replace("thread.agent_name", "thread.agent.name"), **names)["printed"]

    assert shown == "[Coding Assistant] idle\n"
