"""What agents are answered, without a session: one task, one request, one event."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.rubric.document import parse_rubric
from evalkit.runner.handlers import Handlers, ToolCall, matching_rule
from evalkit.suite.model import (
    CommandTool,
    FixtureTool,
    Permission,
    PermissionRule,
    PythonTool,
    RecordedAnswer,
    Task,
    ToolHandler,
)
from evalkit.trial.events import ToolKind, ToolUsed
from evalkit.trial.wire import NO_ANSWER

CALL = ToolCall(id="sevt_1", tool="rate", session="sesn_1", task="t", variant="base", repeat=2, attempt=1)
RELEASED, HELD = Event(), Event()
"""What handlers wait for; each is set by the one test that uses it."""


def task_of(
    source: PythonTool | FixtureTool | CommandTool | None = None,
    *,
    timeout_s: float = 20.0,
    permissions: tuple[PermissionRule, ...] = (),
) -> Task:
    tools = (ToolHandler(name="rate", source=source, timeout_s=timeout_s, sha256=""),) if source is not None else ()
    return Task(
        id="t",
        description="d",
        rubric=parse_rubric("- [R1] One.", "r"),
        inputs=(),
        deliverables=("a.csv",),
        checks=(),
        checks_module=None,
        max_iterations=1,
        trials=1,
        timeout_s=60.0,
        budget_usd=None,
        tools=tools,
        permissions=permissions,
    )


def used(name: str = "rate", kind: ToolKind = ToolKind.CUSTOM, **given: Any) -> ToolUsed:
    return ToolUsed(id="sevt_1", at=None, kind=kind, name=name, path=None, asks=True, input=given)


def answer(task: Task, use: ToolUsed) -> Mapping[str, Any]:
    return asyncio.run(Handlers.bind([task]).answer(task, use, CALL))


def result(task: Task, use: ToolUsed) -> tuple[str, bool]:
    """Text and is_error of a custom tool's answer."""
    event = answer(task, use)
    assert (event["type"], event["custom_tool_use_id"]) == ("user.custom_tool_result", use.id)
    return event["content"][0]["text"], event["is_error"]


@pytest.fixture(name="python")
def python_tool(tmp_path: Path) -> Any:
    """Makes a handler of the body of a function `rate(given, call)`."""

    def make(body: str) -> PythonTool:
        path = tmp_path / "tools.py"
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        path.write_text(f"import sys\nseen = []\ndef rate(given, call):\n{lines}", encoding="utf-8")
        return PythonTool(path=path, function="rate")

    return make


def test_a_function_gets_the_input_and_the_call_and_its_text_is_the_answer(python: Any) -> None:
    task = task_of(python("return f'{given} {call.task} {call.repeat} {call.tool}'"))

    assert result(task, used(code="EUR")) == ("{'code': 'EUR'} t 2 rate", False)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("raise LookupError('no such code')", "LookupError: no such code"),
        ("sys.exit('gone')", "SystemExit: gone"),
        ("return {}['EUR']", "KeyError: 'EUR'"),
    ],
)
def test_a_function_that_raises_answers_with_its_error(python: Any, body: str, text: str) -> None:
    assert result(task_of(python(body)), used()) == (text, True)


def test_a_function_that_gives_back_no_text_has_not_answered(python: Any) -> None:
    text, is_error = result(task_of(python("return 1.08")), used())

    assert (text.startswith(NO_ANSWER), "float" in text, is_error) == (True, True, True)


def test_a_function_that_takes_too_long_is_given_up_at_its_time_limit(python: Any) -> None:
    body = f"sys.modules[{__name__!r}].RELEASED.wait(60)\nreturn 'late'"
    text, is_error = result(task_of(python(body), timeout_s=0.05), used())
    RELEASED.set()

    assert (text, is_error) == (f"{NO_ANSWER} within 0.05 s; go on without it", True)


def test_a_slow_function_does_not_keep_the_event_loop_from_its_work(python: Any) -> None:
    body = f"sys.modules[{__name__!r}].HELD.wait(60)\nreturn 'done'"
    task = task_of(python(body))

    async def both() -> Mapping[str, Any]:
        waiting = asyncio.create_task(Handlers.bind([task]).answer(task, used(), CALL))
        await asyncio.sleep(0)
        HELD.set()  # only a loop that goes on gets here
        return await waiting

    assert asyncio.run(both())["content"][0]["text"] == "done"


def test_a_function_may_change_its_input_without_changing_the_event(python: Any) -> None:
    use = used(codes=["EUR"])

    assert result(task_of(python("given['codes'].append('USD')\nreturn 'x'")), use) == ("x", False)
    assert use.input == {"codes": ["EUR"]}


def test_a_module_is_imported_once_a_run_and_may_keep_state(python: Any) -> None:
    task = task_of(python("seen.append(1)\nreturn str(len(seen))"))
    handlers = Handlers.bind([task, task])

    async def twice() -> list[Any]:
        return [await handlers.answer(task, used(), CALL) for _ in range(2)]

    assert [event["content"][0]["text"] for event in asyncio.run(twice())] == ["1", "2"]


def test_a_module_that_cannot_be_imported_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text("import no_such_package\nrate = 1\n", encoding="utf-8")

    with pytest.raises(SuiteError, match="'rate' cannot be imported: ModuleNotFoundError: No module named"):
        Handlers.bind([task_of(PythonTool(path=tmp_path / "tools.py", function="rate"))])


def test_a_recorded_answer_is_given_to_an_equal_input_and_no_other() -> None:
    recorded = (
        RecordedAnswer(tool="rate", input={"code": "EUR"}, text="1.08"),
        RecordedAnswer(tool="rate", input={"code": "XXX"}, text="no such code", is_error=True),
    )
    task = task_of(FixtureTool(path=Path("rates.json"), answers=recorded))

    assert result(task, used(code="EUR")) == ("1.08", False)
    assert result(task, used(code="XXX")) == ("no such code", True)
    assert result(task, used(code="USD")) == (f"{NO_ANSWER} for this input; go on without it", True)


def command(tmp_path: Path, script: str) -> CommandTool:
    (tmp_path / "tool.py").write_text(script, encoding="utf-8")
    return CommandTool(argv=("python", "tool.py"), folder=tmp_path)


def test_a_program_gets_the_call_as_json_and_its_output_is_the_answer(tmp_path: Path) -> None:
    text, is_error = result(
        task_of(command(tmp_path, "import sys; sys.stdout.write(sys.stdin.read())")), used(code="EUR")
    )

    assert is_error is False
    assert json.loads(text) == {
        "input": {"code": "EUR"},
        "call": {
            "id": "sevt_1",
            "tool": "rate",
            "session": "sesn_1",
            "task": "t",
            "variant": "base",
            "repeat": 2,
            "attempt": 1,
        },
    }


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("print('no such code', end=''); raise SystemExit(1)", "no such code"),
        ("raise SystemExit('no such code')", "ended with status 1: no such code"),
    ],
)
def test_a_program_that_ends_with_another_status_answers_with_an_error(tmp_path: Path, script: str, text: str) -> None:
    assert result(task_of(command(tmp_path, script)), used()) == (text, True)


def test_a_program_that_is_not_there_has_not_answered(tmp_path: Path) -> None:
    text, is_error = result(task_of(CommandTool(argv=("no-such-program",), folder=tmp_path)), used())

    assert (text.startswith(f"{NO_ANSWER} from 'no-such-program'"), is_error) == (True, True)


def test_a_tool_without_a_handler_is_answered_at_once_with_an_error() -> None:
    assert result(task_of(), used("other")) == (f"{NO_ANSWER} for that request; go on without it", True)


ALLOW_PYTHON = PermissionRule(tool="bash", matches=(("command", "^python "),), answer=Permission.ALLOW)
NO_FORCE = PermissionRule(
    tool="bash", matches=(("command", "rm "), ("force", "true")), answer=Permission.DENY, message="not by force"
)
DENY_ALL = PermissionRule(tool="*", matches=(), answer=Permission.DENY)


def bash(**given: Any) -> ToolUsed:
    return used("bash", ToolKind.BUILT_IN, **given)


@pytest.mark.parametrize(
    ("rules", "use", "wanted"),
    [
        ((ALLOW_PYTHON, DENY_ALL), bash(command="python a.py"), ALLOW_PYTHON),
        ((ALLOW_PYTHON, DENY_ALL), bash(command="echo; python a.py"), DENY_ALL),
        ((DENY_ALL, ALLOW_PYTHON), bash(command="python a.py"), DENY_ALL),
        ((ALLOW_PYTHON,), bash(), None),
        ((ALLOW_PYTHON,), used("write", ToolKind.BUILT_IN, command="python a.py"), None),
        ((NO_FORCE,), bash(command="rm a", force=True), NO_FORCE),
        ((NO_FORCE,), bash(command="rm a", force=False), None),
        ((NO_FORCE,), bash(command="rm a"), None),
        ((), bash(command="python a.py"), None),
    ],
)
def test_the_first_rule_whose_tool_and_every_pattern_match_decides(
    rules: tuple[PermissionRule, ...], use: ToolUsed, wanted: PermissionRule | None
) -> None:
    assert matching_rule(rules, use) is wanted


@pytest.mark.parametrize(
    ("rules", "answered"),
    [
        ((ALLOW_PYTHON,), {"result": "allow"}),
        ((DENY_ALL,), {"result": "deny", "deny_message": "not in this evaluation"}),
        ((), {"result": "deny", "deny_message": f"{NO_ANSWER} for that request; go on without it"}),
    ],
)
def test_a_permission_is_answered_as_the_rule_says_and_denied_without_one(
    rules: tuple[PermissionRule, ...], answered: Mapping[str, str]
) -> None:
    event = answer(task_of(permissions=rules), bash(command="python a.py"))

    assert event == {"type": "user.tool_confirmation", "tool_use_id": "sevt_1", **answered}
