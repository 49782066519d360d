"""An agent that gives work to others: their requests answered, their events kept, their cost told apart."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_suite import TOOLSET, write_suite

from evalkit.claude.client import Target, open_client
from evalkit.emulator import Emulator
from evalkit.runner.suite import run_suite
from evalkit.settings import load_settings
from evalkit.store.history import load_events, load_run
from evalkit.suite.load import load_suite
from evalkit.suite.model import Backend
from evalkit.suite.plan import plan_trials
from evalkit.trial.cost import session_cost
from evalkit.trial.fold import fold
from evalkit.trial.model import TrialRecord
from evalkit.trial.prices import price_table
from evalkit.trial.wire import parse_event

LOOKUP: Any = {"type": "custom", "name": "lookup", "description": "Looks up.", "input_schema": {"type": "object"}}
ASKING: Any = {**TOOLSET, "configs": [{"name": "bash", "permission_policy": {"type": "always_ask"}}]}
SESSION = {
    "threads": [
        {
            "agent": "reader",
            "task": "Look the rate up.",
            "calls": [{"custom": "lookup", "input": {"code": "EUR"}}, {"tool": "bash", "input": {"command": "ls"}}],
            "report": "It is 1.08.",
        },
        {"agent": "reader", "task": "Look again.", "report": "Still."},
    ]
}


def run_team(folder: Path, model: str = "claude-haiku-4-5") -> tuple[TrialRecord, Path]:
    """The one trial of a writer with a reader on `model` on its roster, and its run's folder."""
    path = write_suite(
        folder,
        session=SESSION,
        suite={
            "tools": {"lookup": "tiny/tools.py:lookup"},
            "permissions": [{"tool": "bash", "answer": "deny", "message": "not here"}],
        },
    )
    (path.parent / "tiny" / "tools.py").write_text("def lookup(given, call):\n    return '1.08'\n")
    with Emulator(path.parent / "tiny" / "scenario.yaml") as server:
        target = Target(base_url=server.base_url, api_key=None)

        async def act() -> Path:
            async with open_client(target, strict=True) as client:
                tools: Any = [ASKING, LOOKUP]
                reader = await client.beta.agents.create(name="reader", model=model, tools=tools)
            roster = {"type": "coordinator", "agents": [{"type": "agent", "id": reader.id, "version": 1}]}
            agent = {"name": "writer", "model": "claude-sonnet-5-5", "tools": [TOOLSET], "multiagent": roster}
            (path.parent / "tiny" / "agent.yaml").write_text(yaml.safe_dump(agent))
            suite = load_suite(path, backend=Backend.ANTHROPIC)
            plans = plan_trials(suite, version="0", commit=None, scenario_hash="s")
            settings = load_settings(suite.root, reports=folder / "reports")
            return await run_suite(suite, plans, settings, target)

        run = asyncio.run(act())
    (trial,) = load_run(run).trials
    return trial, run


@pytest.fixture(name="team", scope="module")
def one_team(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrialRecord, Path]:
    return run_team(tmp_path_factory.mktemp("team"))


def test_what_another_agent_asks_of_the_client_is_answered(team: tuple[TrialRecord, Path]) -> None:
    trial, folder = team
    raws = load_events(folder, trial.spec.key, trial.attempt)
    answers = [raw for raw in raws if raw["type"] in {"user.custom_tool_result", "user.tool_confirmation"}]

    assert [raw.get("deny_message") for raw in answers] == [None, "not here"]
    assert (trial.ok, trial.unanswered) == (True, ())


def test_every_child_thread_is_in_the_record_with_its_own_requests(team: tuple[TrialRecord, Path]) -> None:
    first, second = team[0].threads

    assert (first.agent, first.model, second.agent) == ("reader", "claude-haiku-4-5", "reader")
    assert first.requests > second.requests > 0
    assert first.tokens is not None
    assert first.tokens.output > 0


def test_the_agents_cost_holds_its_subagents_and_the_graders_is_what_is_left(team: tuple[TrialRecord, Path]) -> None:
    trial = team[0]
    assert trial.cost.computed_usd is not None
    assert trial.cost.agent_usd is not None
    assert trial.cost.grader_usd is not None

    subagents = sum((thread.usd for thread in trial.threads if thread.usd is not None), Decimal(0))
    assert trial.cost.agent_usd > subagents > 0
    assert trial.cost.billed_usd == trial.cost.computed_usd.quantize(Decimal("0.01"))
    assert 0 < trial.cost.grader_usd < trial.cost.computed_usd


def test_a_subagent_without_a_price_makes_the_parts_unknown_and_never_zero(team: tuple[TrialRecord, Path]) -> None:
    trial, folder = team
    progress = fold(parse_event(raw) for raw in load_events(folder, trial.spec.key, trial.attempt))
    unpriced = [replace(trial.threads[0], usd=None), trial.threads[1]]

    for threads in (unpriced, trial.threads[:1], ()):
        cost = session_cost(progress, trial.spec.model, threads)
        assert (cost.agent_usd, cost.grader_usd, cost.computed_usd) == (None, None, None)
        assert cost.billed_usd == trial.cost.billed_usd


def test_a_cycle_does_not_pass_its_coordinators_requests_off_as_the_whole_cost(
    team: tuple[TrialRecord, Path],
) -> None:
    assert {iteration.agent_usd for iteration in team[0].iterations} == {None}


def test_threads_are_priced_by_their_own_model(team: tuple[TrialRecord, Path]) -> None:
    (thread, _) = team[0].threads
    price = price_table().price_of("claude-haiku-4-5", None)
    assert thread.tokens is not None

    assert thread.usd == price.rates.cost_of(thread.tokens)
