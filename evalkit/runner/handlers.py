"""What the agents of a run are answered: results of custom tools, and permissions, as their suite says.

A handler that raises has answered: the agent gets the error, as it would from the real tool. What nobody can answer (no
handler, no rule, a handler that takes too long or gives back no text) is answered at once all the same, in words that
begin with `NO_ANSWER`, because a session waits for ever for an answer that does not come; the report names it.
"""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any, TypeAlias

from evalkit.checks.result import Json
from evalkit.errors import Problem, SuiteError
from evalkit.sandbox.process import Limits, run_limited
from evalkit.suite.fixtures import find_answer
from evalkit.suite.model import CommandTool, FixtureTool, Permission, PermissionRule, PythonTool, Task, ToolHandler
from evalkit.suite.tools import ANY_TOOL
from evalkit.trial.events import ToolKind, ToolUsed
from evalkit.trial.wire import NO_ANSWER, permission_event, result_event

_UNANSWERABLE = f"{NO_ANSWER} for that request; go on without it"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of a custom tool: what a handler gets besides the input."""

    id: str
    """Of the call's event: the same call has the same id, should it ever be answered twice."""
    tool: str
    session: str
    task: str
    variant: str
    repeat: int
    attempt: int


Function: TypeAlias = Callable[[dict[str, Json], ToolCall], object]


@dataclass(frozen=True, slots=True)
class Result:
    """What a custom tool call is answered."""

    text: str
    is_error: bool = False


def matching_rule(rules: Iterable[PermissionRule], use: ToolUsed) -> PermissionRule | None:
    """The first of `rules` that is about this tool and this input; None where there is none."""
    return next((rule for rule in rules if rule.tool in {ANY_TOOL, use.name} and _matches(rule, use.input)), None)


class Handlers:
    """The handlers of one run, bound."""

    def __init__(self, functions: Mapping[PythonTool, Function]) -> None:
        self._functions = functions

    @classmethod
    def bind(cls, tasks: Iterable[Task]) -> "Handlers":
        """Every Python function that a task's tools name, imported: each file once a run, so it may keep state.

        Raises:
            SuiteError: with every file that cannot be imported, and every function that is not in its file.
        """
        sources = {handler.source for task in tasks for handler in task.tools if isinstance(handler.source, PythonTool)}
        modules: dict[Path, ModuleType] = {}
        functions: dict[PythonTool, Function] = {}
        problems: list[Problem] = []
        for source in sorted(sources, key=lambda source: (str(source.path), source.function)):
            try:
                if source.path not in modules:
                    modules[source.path] = _import(source.path)
                functions[source] = getattr(modules[source.path], source.function)
            except Exception as error:  # noqa: BLE001  # the author's own code runs here, and may raise anything
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                message = f"{source.function!r} cannot be imported: {reason[:300]}; correct the file"
                problems.append(Problem(str(source.path), 0, message))
        if problems:
            raise SuiteError(tuple(problems))
        return cls(functions)

    async def answer(self, task: Task, use: ToolUsed, call: ToolCall) -> Mapping[str, Any]:
        """The event to send for a request that waits for the client; always one, within the handler's time limit."""
        if use.kind is not ToolKind.CUSTOM:
            return permission_event(use, _denial(task, use))
        handler = next((known for known in task.tools if known.name == use.name), None)
        result = await self._handle(handler, use, call) if handler is not None else Result(_UNANSWERABLE, is_error=True)
        return result_event(use, result.text, is_error=result.is_error)

    async def _handle(self, handler: ToolHandler, use: ToolUsed, call: ToolCall) -> Result:
        given: dict[str, Json] = json.loads(json.dumps(use.input))  # a copy of its own, which a handler may change
        match handler.source:
            case FixtureTool() as source:
                found = find_answer(source.answers, use.name, given)
                return Result(found.text, found.is_error) if found is not None else _none("for this input")
            case PythonTool() as source:
                work = partial(_call_function, self._functions[source], given, call)
            case CommandTool() as source:
                work = partial(_run_command, source, given, call, handler.timeout_s)
        try:
            async with asyncio.timeout(handler.timeout_s):
                return await _in_thread(work)
        except TimeoutError:
            return _none(f"within {handler.timeout_s:g} s")


def _denial(task: Task, use: ToolUsed) -> str | None:
    """The words of a denial; None for an allowed call."""
    rule = matching_rule(task.permissions, use)
    if rule is None:
        return _UNANSWERABLE
    return (rule.message or "not in this evaluation") if rule.answer is Permission.DENY else None


def _matches(rule: PermissionRule, given: Mapping[str, Any]) -> bool:
    return all(field in given and re.search(pattern, _text_of(given[field])) for field, pattern in rule.matches)


def _text_of(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _none(why: str) -> Result:
    return Result(f"{NO_ANSWER} {why}; go on without it", is_error=True)


def _call_function(function: Function, given: dict[str, Json], call: ToolCall) -> Result:
    try:
        answer = function(given, call)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever the author's code raises is the tool's error
        return Result(f"{type(error).__name__}: {error}", is_error=True)
    if not isinstance(answer, str):
        return _none(f"of text, only one of type {type(answer).__name__}")
    return Result(answer)


def _run_command(source: CommandTool, given: dict[str, Json], call: ToolCall, timeout_s: float) -> Result:
    """The program's output, or its error where it ended with another status than 0."""
    request = json.dumps({"input": given, "call": asdict(call)}, ensure_ascii=False)
    limits = Limits(wall_s=timeout_s, cpu_s=max(1, round(timeout_s)))
    try:
        finished = run_limited(source.argv, cwd=source.folder, limits=limits, stdin=request.encode())
    except OSError as error:
        return _none(f"from {source.argv[0]!r} ({error})")
    if finished.timed_out:
        return _none(f"within {timeout_s:g} s")
    text = finished.stdout.decode(errors="replace")
    return Result(text) if finished.returncode == 0 else Result(text or finished.ending, is_error=True)


async def _in_thread(work: Callable[[], Result]) -> Result:
    """What `work` returns, from a thread of its own.

    Python cannot stop a thread. One that is given up goes on as a daemon and keeps neither the run nor the program from
    ending, which the threads of a pool would.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        result = work()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any longer
            loop.call_soon_threadsafe(_settle, done, result)

    Thread(target=run, name="evalkit-tool", daemon=True).start()
    return await done


def _settle(done: asyncio.Future[Result], result: Result) -> None:
    if not done.done():
        done.set_result(result)


def _import(path: Path) -> ModuleType:
    """The module that the file at `path` makes, run anew: its author may have edited it since the last run."""
    module = ModuleType(f"evalkit_tools_{sha256(str(path).encode()).hexdigest()[:12]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and type hints of the module look themselves up there
    exec(compile(path.read_bytes(), str(path), "exec"), vars(module))  # noqa: S102  # the suite author's own code
    return module
