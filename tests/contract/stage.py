"""A small scenario on disk, and the strict official client that plays against it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from anthropic import AsyncAnthropic

from evalkit.emulator import Emulator

T = TypeVar("T")

MANAGED = "managed-agents-2026-04-01"
RUBRIC = "# Table\n\n- [R1] The table has three rows. Count lines.\n- [R2] The header is `x`. Exactly.\n"

LOOKUP: Any = {
    "type": "custom",
    "name": "lookup",
    "description": "Looks up a rate.",
    "input_schema": {"type": "object", "properties": {"code": {"type": "string"}}},
}

_SCENARIO = """\
format: evalkit-scenario/1
seed: 7
sessions:
  - match: {metadata: {evalkit_task: fine}}
    deliver: {make: make.py}
    grader: {probes: probes.py}
  - match: {metadata: {evalkit_task: revised}}
    deliver: {make: make.py}
    flaws: {short: {first_draft: 1.0, repaired: 1.0, breaks: [R1]}}
    grader: {probes: probes.py}
  - match: {metadata: {evalkit_task: stuck}}
    deliver: {make: make.py}
    flaws: {short: {first_draft: 1.0, repaired: 0.0, breaks: [R1]}}
    grader: {probes: probes.py}
    time_s: {request: [2, 6], grading: [70, 70]}
  - match: {metadata: {evalkit_task: rewritten}}
    deliver: {make: make.py}
    flaws: {short: {first_draft: 0.0, repaired: 0.0, breaks: [R1]}}
    after_verdict: {rewrites: 1.0, flaws: [short]}
    grader: {probes: probes.py}
  - match: {metadata: {evalkit_task: asks}}
    deliver: {make: make.py}
    calls: [{custom: lookup, input: {code: EUR}}, {custom: lookup, input: {code: USD}}]
    grader: {probes: probes.py}
  - match: {metadata: {evalkit_task: binary}}
    deliver: {make: make_binary.py}
    grader: {judged: {R1: met, R2: met}}
  - match: {metadata: {evalkit_task: broken-make}}
    deliver: {make: broken.py}
    grader: {judged: {R1: met, R2: met}}
  - match: {metadata: {evalkit_task: broken-probe}}
    deliver: {make: make.py}
    grader: {probes: broken_probes.py, judged: {R2: met}}
  - match: {metadata: {evalkit_task: late-files}}
    deliver: {make: make.py}
    grader: {probes: probes.py}
    faults: [{outputs_listed_after: 2}, {status: 529, "on": retrieve_session, times: 1}]
  - match: {metadata: {evalkit_task: dropped}}
    deliver: {make: make.py}
    grader: {probes: probes.py}
    faults: [{drop_stream: {after_event: 5, partial_frame: false}}]
  - match: {metadata: {evalkit_task: team}}
    deliver: {make: make.py}
    threads:
      - agent: reader
        task: Read the inputs.
        calls: [{tool: write, input: {file_path: /workspace/notes.txt, content: "two inputs"}}]
        report: There are two inputs.
      - {agent: writer, task: Draft a title., report: Rates of today}
    calls: [{tool: glob, input: {path: /workspace, pattern: "*"}}]
    grader: {probes: probes.py}
  - match: {metadata: {evalkit_task: asking-team}}
    deliver: {make: make.py}
    threads:
      - agent: reader
        task: Look the rate up.
        calls: [{custom: lookup, input: {code: EUR}}, {tool: bash, input: {command: ls}}]
        report: It is 1.08.
    grader: {probes: probes.py}
  - match: {metadata: {evalkit_task: slow-team}}
    deliver: {make: make.py}
    threads: [{agent: reader, task: Take your time., report: Done.}]
    grader: {probes: probes.py}
    time_s: {request: [3600, 3600], grading: [20, 20]}
  - match: {metadata: {evalkit_task: judged}}
    deliver: {make: make.py}
    calls:
      - {tool: glob, input: {pattern: "*"}}
      - {tool: grep, input: {pattern: x}}
      - {tool: read, input: {file_path: /x}}
    auto: {glob: deny, grep: ask}
    grader: {probes: probes.py}
  - match: {metadata: {evalkit_task: mcp}}
    deliver: {make: make.py}
    calls:
      - {mcp: crm, tool: find_account, input: {id: "7"}, answer: Acme}
      - {mcp: crm, tool: find_account, input: {id: "8"}, answer: no such account, is_error: true}
    grader: {probes: probes.py}
  - match: {metadata: {evalkit_task: compacted}}
    deliver: {make: make.py}
    cost: {requests: [5, 5]}
    compacts_after: 3
    grader: {probes: probes.py}
  - match: {metadata: {evalkit_task: refused}}
    deliver: {make: make.py}
    refuses: {request: 2, category: cyber, explanation: Not this.}
    grader: {probes: probes.py}
  - match: {description: ^slow}
    deliver: {make: make.py}
    grader: {probes: probes.py}
    time_s: {request: [2, 2], grading: [3600, 3600]}
"""
_MAKE = """\
import pathlib, sys
_, outputs, *flaws = sys.argv[1:]
rows = ["x", "1", "2", "3"][: 3 if "short" in flaws else 4]
pathlib.Path(outputs, "table.csv").write_text("\\n".join(rows) + "\\n")
"""
_MAKE_BINARY = """\
import pathlib, sys
pathlib.Path(sys.argv[2], "nested").mkdir()
pathlib.Path(sys.argv[2], "nested", "blob.bin").write_bytes(b"\\x00\\xff\\x01")
pathlib.Path(sys.argv[2], "note.txt").write_text("a note\\n")
"""
_PROBES = """\
def R1(outputs, inputs):
    rows = (outputs / "table.csv").read_text().splitlines()[1:]
    return len(rows) == 3, f"{len(rows)} rows"

def R2(outputs, inputs):
    return (outputs / "table.csv").read_text().startswith("x"), "header seen"
"""


def write_stage(folder: Path) -> Path:
    """The scenario and its scripts are in `folder`; the scenario's path."""
    (folder / "make.py").write_text(_MAKE)
    (folder / "make_binary.py").write_text(_MAKE_BINARY)
    (folder / "broken.py").write_text("raise SystemExit('no such workbook')\n")
    (folder / "probes.py").write_text(_PROBES)
    (folder / "broken_probes.py").write_text("def R1(outputs, inputs):\n    raise RuntimeError('probe broke')\n")
    (folder / "scenario.yaml").write_text(_SCENARIO)
    return folder / "scenario.yaml"


@asynccontextmanager
async def connect(emulator: Emulator) -> AsyncIterator[AsyncAnthropic]:
    """The official client; an answer that misses a required field of the SDK's types raises."""
    async with AsyncAnthropic(
        base_url=emulator.base_url,
        api_key="not-a-key",
        max_retries=0,
        http_client=httpx2.AsyncClient(trust_env=False),
        _strict_response_validation=True,
    ) as client:
        yield client


def with_client(emulator: Emulator, act: Callable[[AsyncAnthropic], Coroutine[None, None, T]]) -> T:
    """What `act` returns, given a client of its own."""

    async def run() -> T:
        async with connect(emulator) as client:
            return await act(client)

    return asyncio.run(run())


async def open_session(client: AsyncAnthropic, task: str, **more: Any) -> str:
    """The id of a new session for one task of the scenario, with a fresh agent and environment."""
    agent = await client.beta.agents.create(
        name=task,
        model=more.pop("model", "claude-sonnet-5-5"),
        tools=more.pop("tools", [{"type": "agent_toolset_20260401"}, LOOKUP]),
    )
    environment = await client.beta.environments.create(name=f"{task} for {agent.id}")
    session = await client.beta.sessions.create(
        agent=agent.id, environment_id=environment.id, metadata={"evalkit_task": task}, **more
    )
    return session.id


def outcome(*, rubric: str = RUBRIC, description: str = "Write table.csv", max_iterations: int = 3) -> Any:
    """A `user.define_outcome` to send."""
    text = {"type": "text", "content": rubric}
    return {
        "type": "user.define_outcome",
        "description": description,
        "rubric": text,
        "max_iterations": max_iterations,
    }


def message(text: str) -> Any:
    """A `user.message` to send."""
    return {"type": "user.message", "content": [{"type": "text", "text": text}]}


async def play(client: AsyncAnthropic, session_id: str, *events: Any) -> list[dict[str, Any]]:
    """Every event of the stream from sending `events` to the idle that only a client can end, custom tools answered."""
    seen = []
    async with await client.beta.sessions.events.stream(session_id) as stream:
        await client.beta.sessions.events.send(session_id, events=list(events))
        async for event in stream:
            seen.append(event.to_dict(mode="json"))
            if event.type == "agent.custom_tool_use":
                await answer_custom(client, session_id, event.id)
            if event.type == "session.status_idle" and event.stop_reason.type != "requires_action":
                return seen
    return seen


async def answer_custom(client: AsyncAnthropic, session_id: str, use_id: str) -> None:
    """The custom tool use has its result."""
    result: Any = {
        "type": "user.custom_tool_result",
        "custom_tool_use_id": use_id,
        "content": [{"type": "text", "text": "1.08"}],
    }
    await client.beta.sessions.events.send(session_id, events=[result])


def verdicts(events: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Iteration and result of every evaluation."""
    return [(e["iteration"], e["result"]) for e in events if e["type"] == "span.outcome_evaluation_end"]


def types(events: list[dict[str, Any]]) -> list[str]:
    """The events' types, in order."""
    return [event["type"] for event in events]
