"""Whose agent runs, who answers it, and with which rubric: through the official SDK against the emulator."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import anthropic
import pytest
import yaml
from tiny_suite import RUBRIC, TOOLSET, write_suite

from evalkit.claude.client import Target, open_client
from evalkit.cli import main
from evalkit.emulator import Emulator
from evalkit.errors import MeasurementError
from evalkit.runner.suite import run_suite
from evalkit.settings import load_settings
from evalkit.store.history import load_events, load_run
from evalkit.suite.load import load_suite
from evalkit.suite.model import Backend
from evalkit.suite.plan import plan_trials
from evalkit.trial.model import End, TrialRecord
from evalkit.trial.wire import NO_ANSWER

_ValueT = TypeVar("_ValueT")


@dataclass(frozen=True)
class Stage:
    """A running server and a suite that will run against it."""

    server: Emulator
    suite: Path

    @property
    def target(self) -> Target:
        return Target(base_url=self.server.base_url, api_key=None)

    def ask(self, question: Callable[[anthropic.AsyncAnthropic], Awaitable[_ValueT]]) -> _ValueT:
        async def answer() -> _ValueT:
            async with open_client(self.target, strict=True) as client:
                return await question(client)

        return asyncio.run(answer())

    def run(self, backend: Backend | None = None) -> tuple[TrialRecord, Path]:
        """The suite's one trial and its run's folder."""
        suite = load_suite(self.suite, backend=backend)
        plans = plan_trials(suite, version="0", commit=None, scenario_hash="s")
        settings = load_settings(suite.root, reports=suite.root / "reports")
        folder = asyncio.run(run_suite(suite, plans, settings, self.target))
        (trial,) = load_run(folder).trials
        return trial, folder

    def requests(self) -> list[str]:
        return [f"{seen.method} {seen.path.split('?')[0]}" for seen in self.server.requests]


def events_of(folder: Path, trial: TrialRecord, kind: str) -> list[Mapping[str, Any]]:
    return [raw for raw in load_events(folder, trial.spec.key, trial.attempt) if raw["type"] == kind]


def staged(path: Path) -> Emulator:
    return Emulator(path.parent / "tiny" / "scenario.yaml")


async def deploy(client: anthropic.AsyncAnthropic) -> tuple[str, str]:
    """The ids of an agent with two versions, and of an environment."""
    tools: Any = [TOOLSET]
    agent = await client.beta.agents.create(name="theirs", model="claude-haiku-4-5", system="one", tools=tools)
    await client.beta.agents.update(agent.id, system="two", version=1)
    environment = await client.beta.environments.create(name="theirs", config={"type": "cloud"})
    return agent.id, environment.id


def test_a_deployed_agent_and_environment_are_used_and_provably_not_written_to(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    with staged(path) as server:
        stage = Stage(server, path)
        agent_id, environment_id = stage.ask(deploy)
        before = len(server.requests)
        path.write_text(
            path.read_text()
            .replace("agent: tiny/agent.yaml", f"agent: {{id: {agent_id}, version: 1}}")
            .replace("environment: tiny/environment.yaml", f"environment: {{id: {environment_id}}}")
        )

        trial, _ = stage.run(Backend.ANTHROPIC)

        written = [line for line in stage.requests()[before:] if not line.startswith("GET")]
        session = stage.ask(lambda client: client.beta.sessions.retrieve(str(trial.session.id)))
    assert (trial.ok, trial.session.agent_id, trial.session.agent_version) == (True, agent_id, 1)
    assert trial.session.environment_id == environment_id
    assert session.agent.system == "one"
    assert [line for line in written if "/agents" in line or "/environments" in line] == []
    assert len([line for line in written if line == "POST /v1/sessions"]) == 1


def test_a_variant_of_a_deployed_agent_overrides_prompt_model_and_tools_in_its_session_alone(tmp_path: Path) -> None:
    tools = [{**TOOLSET, "configs": [{"name": "web_fetch", "enabled": False}]}]
    changes = {"system": "three", "model": "claude-sonnet-5-5", "tools": tools}
    path = write_suite(tmp_path, suite={"variants": [{"name": "v3", "agent": changes}]})
    with staged(path) as server:
        stage = Stage(server, path)
        agent_id, _ = stage.ask(deploy)
        path.write_text(path.read_text().replace("agent: tiny/agent.yaml", f"agent: {{id: {agent_id}, version: 2}}"))

        trial, _ = stage.run(Backend.ANTHROPIC)

        session = stage.ask(lambda client: client.beta.sessions.retrieve(str(trial.session.id)))
        agent = stage.ask(lambda client: client.beta.agents.retrieve(agent_id))
    assert (session.agent.system, session.agent.model.id, trial.spec.model) == (
        "three",
        "claude-sonnet-5-5",
        "claude-sonnet-5-5",
    )
    assert (agent.version, agent.system, agent.model.id) == (2, "two", "claude-haiku-4-5")


def test_the_model_of_a_deployed_agent_is_read_from_it_so_that_the_trial_has_a_price(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    with staged(path) as server:
        stage = Stage(server, path)
        agent_id, _ = stage.ask(deploy)
        path.write_text(path.read_text().replace("agent: tiny/agent.yaml", f"agent: {{id: {agent_id}, version: 2}}"))
        trial, _ = stage.run(Backend.ANTHROPIC)

    assert trial.spec.model == "claude-haiku-4-5"
    assert trial.cost.computed_usd is not None


def test_a_deployed_agent_that_is_not_there_costs_no_session(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    path.write_text(path.read_text().replace("agent: tiny/agent.yaml", "agent: {id: agent_01nobody, version: 2}"))
    with staged(path) as server, pytest.raises(MeasurementError, match="set up variant 'base': the API answered 404"):
        Stage(server, path).run(Backend.ANTHROPIC)

    assert [seen.path for seen in server.requests if "sessions" in seen.path] == []


def test_an_archived_agent_is_refused_before_a_session_is_made(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    with staged(path) as server:
        stage = Stage(server, path)
        agent_id, _ = stage.ask(deploy)
        stage.ask(lambda client: client.beta.agents.archive(agent_id))
        path.write_text(path.read_text().replace("agent: tiny/agent.yaml", f"agent: {{id: {agent_id}, version: 2}}"))

        with pytest.raises(MeasurementError, match="is archived and takes no sessions"):
            stage.run(Backend.ANTHROPIC)


def test_a_rubric_at_the_provider_comes_into_the_record_from_the_sessions_echo(tmp_path: Path) -> None:
    path = write_suite(tmp_path)
    with staged(path) as server:
        stage = Stage(server, path)
        upload = stage.ask(lambda client: client.beta.files.upload(file=("rubric.md", RUBRIC.encode())))
        suite = yaml.safe_load(path.read_text())
        suite["tasks"][0]["rubric"] = {"file_id": upload.id}
        path.write_text(yaml.safe_dump(suite, sort_keys=False))

        trial, folder = stage.run(Backend.ANTHROPIC)

    assert trial.spec.rubric_text == RUBRIC
    assert [criterion.id for criterion in trial.spec.criteria] == ["R1", "R2"]
    assert trial.spec.hashes.rubric is not None
    assert set(trial.iterations[-1].criteria) == {"R1", "R2"}
    assert len(events_of(folder, trial, "user.define_outcome")) == 1


def test_vaults_are_passed_on_to_the_session(tmp_path: Path) -> None:
    path = write_suite(tmp_path, suite={"session": {"vault_ids": ["vlt_01abc"]}})
    with staged(path) as server:
        stage = Stage(server, path)
        trial, _ = stage.run()
        session = stage.ask(lambda client: client.beta.sessions.retrieve(str(trial.session.id)))

    assert session.vault_ids == ["vlt_01abc"]


LOOKUP = {"type": "custom", "name": "lookup", "description": "Looks up.", "input_schema": {"type": "object"}}
ASKING = {"type": "agent_toolset_20260401", "default_config": {"permission_policy": {"type": "always_ask"}}}


def with_tools(path: Path, *tools: Mapping[str, Any]) -> None:
    agent = path.parent / "tiny" / "agent.yaml"
    agent.write_text(f"name: writer\nmodel: claude-haiku-4-5\ntools: {list(tools)!r}\n")


def test_a_custom_tool_is_answered_by_the_suites_function(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        session={"calls": [{"custom": "lookup", "input": {"code": "EUR"}}]},
        suite={"tools": {"lookup": "tiny/tools.py:lookup"}},
    )
    with_tools(path, TOOLSET, LOOKUP)
    body = "def lookup(given, call):\n    return f\"{given['code']} for {call.task} in {call.session}\"\n"
    (path.parent / "tiny" / "tools.py").write_text(body)
    with staged(path) as server:
        trial, folder = Stage(server, path).run()

    (sent,) = events_of(folder, trial, "user.custom_tool_result")
    assert sent["content"] == [{"type": "text", "text": f"EUR for report in {trial.session.id}"}]
    assert (sent["is_error"], trial.unanswered, trial.ok) == (False, (), True)
    assert trial.time_s.waiting_on_us is not None
    assert trial.time_s.waiting_on_us > 0


@pytest.mark.parametrize(("answer", "ok"), [("allow", True), ("deny", False)])
def test_a_request_for_permission_is_answered_by_the_suites_rule(tmp_path: Path, answer: str, ok: bool) -> None:
    path = write_suite(tmp_path, suite={"permissions": [{"tool": "*", "answer": answer}]})
    with_tools(path, ASKING)
    with staged(path) as server:
        trial, folder = Stage(server, path).run()

    answers = {raw["result"] for raw in events_of(folder, trial, "user.tool_confirmation")}
    assert (answers, trial.ok, trial.end) == ({answer}, ok, End.VERDICT)
    assert trial.unanswered == ()


def test_a_call_that_no_rule_is_about_is_denied_and_named(tmp_path: Path) -> None:
    rule = {"tool": "*", "matches": {"file_path": "^/nowhere"}, "answer": "allow"}
    path = write_suite(tmp_path, suite={"permissions": [rule]})
    with_tools(path, ASKING)
    with staged(path) as server:
        trial, _ = Stage(server, path).run()

    assert trial.unanswered
    assert {item.answer for item in trial.unanswered} == {f"{NO_ANSWER} for that request; go on without it"}


def test_a_call_that_the_platform_judges_itself_is_not_answered_by_us(tmp_path: Path) -> None:
    path = write_suite(tmp_path, suite={"permissions": [{"tool": "*", "answer": "deny"}]})
    with_tools(path, {**ASKING, "default_config": {"permission_policy": {"type": "auto"}}})
    with staged(path) as server:
        trial, folder = Stage(server, path).run()

    assert events_of(folder, trial, "user.tool_confirmation") == []
    assert trial.ok is True


def test_fixtures_recorded_from_a_run_answer_the_same_suite_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = [{"custom": "lookup", "input": {"code": code}} for code in ("EUR", "XXX", "EUR")]
    path = write_suite(tmp_path, session={"calls": calls}, suite={"tools": {"lookup": "tiny/tools.py:lookup"}})
    with_tools(path, TOOLSET, LOOKUP)
    (path.parent / "tiny" / "tools.py").write_text("def lookup(given, call):\n    return {'EUR': 'x'}[given['code']]\n")
    with staged(path) as server:
        first, folder = Stage(server, path).run()
    main.run(["suite", "fixtures", folder.name, "--reports", str(folder.parent)])
    (path.parent / "tiny" / "lookup.json").write_text(capsys.readouterr().out)
    path.write_text(path.read_text().replace("lookup: tiny/tools.py:lookup", "lookup: {fixtures: tiny/lookup.json}"))

    with staged(path) as server:
        again, other = Stage(server, path).run()

    def answers(folder: Path, trial: TrialRecord) -> list[tuple[Any, bool]]:
        return [(raw["content"], raw["is_error"]) for raw in events_of(folder, trial, "user.custom_tool_result")]

    assert answers(other, again) == answers(folder, first)
    assert len(answers(other, again)) == 3
    assert again.spec.key != first.spec.key


def test_a_run_without_custom_tools_has_no_fixtures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_suite(tmp_path)
    with staged(path) as server:
        _, folder = Stage(server, path).run()

    assert main.run(["suite", "fixtures", folder.name, "--reports", str(folder.parent)]) == 2
    assert "no custom tool was answered" in capsys.readouterr().err
