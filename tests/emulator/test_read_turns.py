from pathlib import Path
from typing import Any

import pytest

from evalkit.emulator.permissions import Permission
from evalkit.emulator.scenario import ScenarioError, load_scenario
from evalkit.emulator.script import (
    CustomCall,
    Judgement,
    McpCall,
    ScriptedRequest,
    SessionScript,
    Subagent,
    ToolCall,
)

HEAD = """\
format: evalkit-scenario/1
seed: 7
sessions:
  - match: {description: x}
    grader: {judged: {R1: [not_met, met]}}
"""
ASKS = 'turns: [[{calls: [{mcp: crm, tool: find, input: {id: "7"}, answer: Acme}]}, {says: Done.}]]'


def load(folder: Path, *lines: str) -> SessionScript:
    path = folder / "scenario.yaml"
    path.write_text(HEAD + "".join(f"    {line}\n" for line in lines), "utf-8")
    (script,) = load_scenario(path).sessions
    return script


def problem_of(folder: Path, *lines: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(folder, *lines)
    return caught.value.problems[0].message


def test_turns_stand_in_the_place_of_a_delivery(tmp_path: Path) -> None:
    script = load(tmp_path, ASKS)

    find = McpCall(server="crm", tool="find", tool_input={"id": "7"}, answer="Acme", is_error=False)
    nothing: Any = {"thinks": False, "takes_s": None, "thinks_after_s": None, "usage_after_s": None}
    assert script.deliver is None
    assert script.turns == (
        (ScriptedRequest(says=None, calls=(find,), **nothing), ScriptedRequest(says="Done.", calls=(), **nothing)),
    )
    assert script.grader.judged == {"R1": (Judgement.NOT_MET, Judgement.MET)}


def test_a_request_says_when_it_thinks_and_how_long_it_takes(tmp_path: Path) -> None:
    written = "{says: a, thinks: true, takes_s: 4.5, thinks_after_s: 2, usage_after_s: 1.9}"
    ((request,),) = load(tmp_path, f"turns: [[{written}]]").turns

    assert (request.thinks, request.takes_s, request.thinks_after_s, request.usage_after_s) == (True, 4.5, 2.0, 1.9)


def test_subagents_auto_and_compaction_are_read(tmp_path: Path) -> None:
    calls = "calls: [{tool: glob, input: {pattern: a}}, {custom: rate}]"
    script = load(
        tmp_path,
        ASKS,
        f"threads: [{{agent: reader, task: Read., {calls}, report: Read it.}}]",
        "auto: {bash: deny, read: ask}",
        "compacts_after: 12",
    )

    made = (ToolCall(tool="glob", tool_input={"pattern": "a"}), CustomCall(name="rate", tool_input={}))
    assert script.subagents == (Subagent(agent="reader", task="Read.", calls=made, report="Read it."),)
    assert script.auto == {"bash": Permission.DENY, "read": Permission.ASK}
    assert script.compacts_after == 12


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "no key 'deliver'"),
        (("turns: [[]]",), "a turn whose last request still calls tools"),
        (("turns: [[{calls: [{custom: rate}]}]]",), "a turn whose last request still calls tools"),
        (("turns: [[{says: a, calls: [{mcp: crm, tool: find}]}, {says: b}]]",), "no key 'answer'"),
        (("turns: [[{says: a, calls: [{tool: read, answer: b}]}, {says: b}]]",), "unknown key 'answer'"),
        ((ASKS, "threads: [{agent: a, task: b}]"), "no key 'report'"),
        ((ASKS, "threads: [" + "{agent: a, task: b, report: c}, " * 26 + "]"), "26 threads"),
        ((ASKS, "auto: {bash: never}"), "'never'"),
        ((ASKS, "auto: {rate: deny}"), "'rate' is not known here"),
        ((ASKS, "compacts_after: 0"), "write a whole number"),
    ],
)
def test_a_wrong_line_is_refused(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    assert message in problem_of(tmp_path, *lines)
