"""Part of a suite's trials, and whether they can be left to themselves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_suite import TOOLSET, write_suite
from trial_records import run, trial

from evalkit.errors import EvalkitError, UsageError
from evalkit.runner.detach import check_detachable
from evalkit.runner.parts import Shard, choose_tags, parse_shard, with_trials, without_record
from evalkit.suite.load import load_suite
from evalkit.suite.model import Backend, Suite, TrialPlan
from evalkit.suite.plan import plan_trials
from evalkit.trial.model import End


def plan(suite: Suite) -> tuple[TrialPlan, ...]:
    return plan_trials(suite, version="0", commit=None, scenario_hash="s")


@given(st.text("0123456789abcdef", min_size=8), st.integers(1, 12))
def test_every_trial_lies_in_exactly_one_shard(key: str, count: int) -> None:
    assert sum(key in Shard(index=index, count=count) for index in range(1, count + 1)) == 1


def test_a_shard_keeps_its_trials_when_the_suite_grows(tmp_path: Path) -> None:
    suite = load_suite(write_suite(tmp_path))
    few, many = (
        {plan.spec.key for plan in plan(with_trials(suite, number)) if plan.spec.key in Shard(index=1, count=2)}
        for number in (5, 40)
    )

    assert few <= many
    assert 10 <= len(many) <= 30


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/2/3", "", "²/3"])
def test_a_shard_that_is_none_is_told_plainly(text: str) -> None:
    with pytest.raises(UsageError, match="--shard: found"):
        parse_shard(text)


def test_tags_choose_tasks_and_a_tag_nobody_has_is_refused(tmp_path: Path) -> None:
    suite = load_suite(write_suite(tmp_path, task={"tags": ["csv"]}))

    assert len(choose_tags(suite, plan(suite), ["csv"])) == 1
    with pytest.raises(UsageError, match="no task has the tag 'xlsx'; tags are csv"):
        choose_tags(suite, plan(suite), ["xlsx"])


def test_only_measured_trials_with_the_same_checks_stand_for_a_plan(tmp_path: Path) -> None:
    suite = load_suite(write_suite(tmp_path, suite={"defaults": {"trials": 3}}))
    plans = plan(suite)
    measured, failed, other_checks = (
        replace(trial("report"), spec=plan.spec, end=end)
        for plan, end in zip(plans, [End.VERDICT, End.UNMEASURED, End.VERDICT], strict=True)
    )
    other = replace(other_checks.spec, hashes=replace(other_checks.spec.hashes, checks="other"))

    left = without_record(plans, [run([measured, failed, replace(other_checks, spec=other)])])

    assert list(left) == list(plans[1:])


def hosted(tmp_path: Path, *tools: dict[str, Any]) -> Suite:
    path = write_suite(tmp_path)
    agent = path.parent / "tiny" / "agent.yaml"
    agent.write_text(f"name: writer\nmodel: claude-haiku-4-5\ntools: {list(tools)!r}\n".replace("'", '"'))
    return replace(load_suite(path), backend=Backend.ANTHROPIC)


def test_plain_tools_can_be_left_to_themselves(tmp_path: Path) -> None:
    suite = hosted(tmp_path, TOOLSET)

    check_detachable(suite, plan(suite))


@pytest.mark.parametrize(
    ("tool", "message"),
    [
        (
            {"type": "custom", "name": "lookup", "description": "x", "input_schema": {"type": "object"}},
            "its custom tool 'lookup'",
        ),
        ({**TOOLSET, "default_config": {"permission_policy": {"type": "always_ask"}}}, "asks for permission"),
        (
            {**TOOLSET, "configs": [{"name": "bash", "permission_policy": {"type": "always_ask"}}]},
            "its tool 'bash' asks for permission",
        ),
    ],
)
def test_tools_that_need_answers_refuse_it_before_any_spend(tmp_path: Path, tool: dict[str, Any], message: str) -> None:
    suite = hosted(tmp_path, tool)

    with pytest.raises(EvalkitError, match=message):
        check_detachable(suite, plan(suite))


def test_the_emulator_of_this_process_is_not_left_to_itself(tmp_path: Path) -> None:
    suite = load_suite(write_suite(tmp_path))

    with pytest.raises(UsageError, match="the emulator ends with this command"):
        check_detachable(suite, plan(suite))
