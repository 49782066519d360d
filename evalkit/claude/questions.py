"""Questions about the hosted platform that no source answers, asked by doing: sessions as small as they can be.

Everything made here carries `evalkit_doctor` in its metadata and is removed at the end; every session has a budget that
the platform holds, and their sum is the budget given.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import anthropic
import httpx2

from evalkit.claude.client import as_dict, as_measurement_error
from evalkit.claude.stream import CaughtUp, Follower
from evalkit.errors import EvalkitError, UsageError
from evalkit.trial.cost import session_cost
from evalkit.trial.events import EvaluationEnded, Idle
from evalkit.trial.fold import Progress, advance
from evalkit.trial.wire import INTERRUPT, OUTPUTS, outcome_event, parse_event

QUESTIONS: Mapping[str, str] = {
    "create_status": "Which status does a creation answer with?",
    "unknown_field": "What is answered to a field that does not exist?",
    "events_limit": "Is an events list of more than 1,000 a page answered?",
    "iterations_range": "What is answered to max_iterations 0, 21, 2.5 and null?",
    "interrupted_end": "Which evaluation does an interrupt before grading end, and how?",
    "stream_headers": "Which headers does the event stream come with?",
    "second_outcome": "What is answered to a second outcome while one is active?",
    "description_seen": "Does the grader see the task's description?",
    "grader_usage": "Does the end of an evaluation state the grader's tokens?",
    "idle_keys": "Which keys does an idle event have?",
    "nested_outputs": "Under which name is a file in a folder of the outputs listed?",
    "overwritten_outputs": "How many records has an output that was written twice?",
    "inputs_listed": "Are a session's mounted inputs among its listed files?",
    "listing_order": "In which order are a session's files listed?",
    "scope_without_beta": "Is scope_id honoured without the managed-agents beta header?",
    "billed": "Is the cost billed the one computed from tokens and the price table?",
}
"""What is asked, by the name of its answer."""

LEAST_BUDGET_CENTS = 20
_BETA = "managed-agents-2026-04-01"
_MARK = "evalkit_doctor"
_CODEWORD = "heliotrope"
_PATIENCE_S = 600.0
_SETTLE_S = 15.0
_POLL_S = 120.0
_DESCRIPTION = f"""\
evalkit doctor. Do exactly this with the bash tool and nothing else, then say you are done:
mkdir -p {OUTPUTS}deep && echo one > {OUTPUTS}twice.txt && sleep 3 && echo two > {OUTPUTS}twice.txt \
&& echo nested > {OUTPUTS}deep/nested.txt
The code word of this task is {_CODEWORD}; write it into no file and into no message."""
_RUBRIC = """\
# Files

- [R1] Twice. `twice.txt` consists of the word `two`. In your explanation, quote the code word of the task if you know \
it, and write `no code word` if you do not.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the platform answered, and what asking cost."""

    answers: Mapping[str, str]
    """By name of the question; one that could not be asked is missing."""
    failures: tuple[str, ...]
    """Why questions stay open."""
    spent_usd: Decimal | None
    """As billed; None where the platform did not say for a session."""


@dataclass(slots=True)
class _Asking:
    """What has been made and learned so far."""

    client: anthropic.AsyncAnthropic
    model: str
    budget_cents: int
    answers: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    spent: list[Decimal | None] = field(default_factory=list)
    agent_id: str = ""
    environment_id: str = ""
    file_id: str = ""
    sessions: list[str] = field(default_factory=list)


async def ask_questions(client: anthropic.AsyncAnthropic, model: str, budget_usd: Decimal) -> Answers:
    """Every answer that the platform gave to an agent with `model`.

    Raises:
        UsageError: the budget is too small to give every session a cent.
        MeasurementError: agent and environment could not be made: nothing was asked.
    """
    cents = int(budget_usd * 100)
    if cents < LEAST_BUDGET_CENTS:
        raise UsageError(f"--budget-usd: found {budget_usd}; at least {Decimal(LEAST_BUDGET_CENTS) / 100} would do")
    asking = _Asking(client=client, model=model, budget_cents=cents)
    try:
        try:
            await _set_up(asking)
        except (anthropic.AnthropicError, httpx2.HTTPError) as error:
            raise as_measurement_error(error, "set up the questions' agent") from error
        for part in (_ask_bodies, _ask_iterations, _ask_interrupt, _ask_work):
            try:
                await part(asking)
            except (anthropic.AnthropicError, httpx2.HTTPError) as error:
                asking.failures.append(str(as_measurement_error(error, part.__name__.removeprefix("_"))))
            except EvalkitError as error:
                asking.failures.append(str(error))
    finally:
        await _clear_away(asking)
    known = [amount for amount in asking.spent if amount is not None]
    return Answers(
        answers=asking.answers,
        failures=tuple(asking.failures),
        spent_usd=sum(known, Decimal(0)) if len(known) == len(asking.spent) else None,
    )


async def _set_up(asking: _Asking) -> None:
    beta = asking.client.beta
    answer = await beta.agents.with_raw_response.create(
        name="evalkit/doctor",
        model=asking.model,
        tools=[{"type": "agent_toolset_20260401"}],
        metadata={_MARK: "agent"},
    )
    asking.answers["create_status"] = str(answer.http_response.status_code)
    asking.agent_id = (await answer.parse()).id
    environment = await beta.environments.create(name=f"evalkit/doctor/{asking.agent_id}", metadata={_MARK: "box"})
    asking.environment_id = environment.id
    asking.file_id = (await beta.files.upload(file=("evalkit-doctor.txt", b"an input\n"))).id


async def _ask_bodies(asking: _Asking) -> None:
    beta = asking.client.beta
    session_id = await _session(asking, "limits", cents=1)
    unknown = beta.sessions.update(session_id, title="limits", extra_body={"evalkit_no_such_field": 1})
    asking.answers["unknown_field"] = await _reply(unknown)
    asking.answers["events_limit"] = await _reply(_first_page(asking.client, session_id, 1001))


async def _ask_iterations(asking: _Asking) -> None:
    replies = []
    for value in (0, 21, 2.5, None):
        session_id = await _session(asking, "range", cents=max(1, asking.budget_cents // 20))
        event = {**outcome_event("evalkit doctor: do nothing at all.", _RUBRIC, 1), "max_iterations": value}
        reply = await _reply(_send(asking.client, session_id, event))
        replies.append(f"{value}: {reply}")
        if reply == "accepted":
            await _stop(asking, session_id)
    asking.answers["iterations_range"] = "; ".join(replies)


async def _ask_interrupt(asking: _Asking) -> None:
    session_id = await _session(asking, "interrupt", cents=max(1, asking.budget_cents // 5))
    await _send(asking.client, session_id, outcome_event("evalkit doctor: count to a thousand.", _RUBRIC, 1))
    raws, _ = await _stop(asking, session_id)
    ends = [raw for raw in raws if isinstance(parse_event(raw), EvaluationEnded)]
    asking.answers["interrupted_end"] = (
        "; ".join(f"{raw.get('result')} at iteration {raw.get('iteration')}, usage {raw.get('usage')}" for raw in ends)
        or "no evaluation end"
    )


async def _ask_work(asking: _Asking) -> None:
    client, answers = asking.client, asking.answers
    session_id = await _session(asking, "work", cents=asking.budget_cents * 3 // 5)
    async with await client.beta.sessions.events.stream(session_id) as stream:
        headers = stream.response.headers
        names = ("content-type", "cache-control", "transfer-encoding", "connection")
        answers["stream_headers"] = ", ".join(f"{name}: {headers[name]}" for name in names if name in headers)
    await _send(client, session_id, outcome_event(_DESCRIPTION, _RUBRIC, 1))
    second = _send(client, session_id, outcome_event("evalkit doctor, again.", _RUBRIC, 1))
    answers["second_outcome"] = await _reply(second)
    raws, progress = await _follow(asking, session_id)
    ends = [raw for raw in raws if isinstance(parse_event(raw), EvaluationEnded)]
    if ends:
        said = str(ends[0].get("explanation"))
        answers["description_seen"] = "yes" if _CODEWORD in said else f"not shown: {said[:200]}"
        answers["grader_usage"] = str(ends[0].get("usage"))
    idles = [raw for raw in raws if isinstance(parse_event(raw), Idle)]
    if idles:
        answers["idle_keys"] = ", ".join(sorted(idles[-1]))
    cost = session_cost(progress, asking.model)
    answers["billed"] = f"billed {cost.billed_usd}, computed {cost.computed_usd}"
    await _ask_files(asking, session_id)


async def _ask_files(asking: _Asking, session_id: str) -> None:
    beta, answers = asking.client.beta, asking.answers
    deadline = time.monotonic() + _SETTLE_S
    while True:  # listings lag a few seconds behind the container
        listed = [item async for item in beta.files.list(scope_id=session_id, limit=1000, betas=[_BETA])]
        names = [item.filename for item in listed]
        if any("nested" in name for name in names) or time.monotonic() > deadline:
            break
        await asyncio.sleep(1)
    session = as_dict(await beta.sessions.retrieve(session_id))
    mounted = {item["file_id"] for item in session["resources"] if "file_id" in item}
    answers["nested_outputs"] = ", ".join(name for name in names if "nested" in name) or "not listed"
    answers["overwritten_outputs"] = str(sum("twice" in name for name in names))
    answers["inputs_listed"] = "yes" if any(item.id in mounted for item in listed) else "no"
    times = [item.created_at for item in listed]
    order = "oldest first" if times == sorted(times) else "newest first" if times == sorted(times, reverse=True) else ""
    answers["listing_order"] = f"{order or 'no order of time'}: {', '.join(names)}"
    bare = beta.files.list(scope_id=session_id, extra_headers={"anthropic-beta": "files-api-2025-04-14"})
    try:
        found = [item.id async for item in bare]
        honoured = set(found) <= {item.id for item in listed}
        answers["scope_without_beta"] = f"{'yes' if honoured else 'no'}: {len(found)} files"
    except anthropic.APIStatusError as error:
        answers["scope_without_beta"] = _words(error)


async def _session(asking: _Asking, what: str, *, cents: int) -> str:
    session = await asking.client.beta.sessions.create(
        agent=asking.agent_id,
        environment_id=asking.environment_id,
        title=f"evalkit doctor: {what}",
        metadata={_MARK: what},
        resources=[{"type": "file", "file_id": asking.file_id, "mount_path": "/mnt/session/uploads/input.txt"}],
        budget={"type": "limit", "max_list_cost": {"amount": str(cents), "currency": "USD"}},
    )
    asking.sessions.append(session.id)
    return session.id


async def _send(client: anthropic.AsyncAnthropic, session_id: str, event: Mapping[str, Any]) -> None:
    body: Any = [dict(event)]
    await client.beta.sessions.events.send(session_id, events=body)


async def _first_page(client: anthropic.AsyncAnthropic, session_id: str, limit: int) -> None:
    await client.beta.sessions.events.list(session_id, limit=limit)


async def _stop(asking: _Asking, session_id: str) -> tuple[list[Mapping[str, Any]], Progress]:
    await _send(asking.client, session_id, INTERRUPT)
    return await _follow(asking, session_id)


async def _follow(asking: _Asking, session_id: str) -> tuple[list[Mapping[str, Any]], Progress]:
    """Every event until the session has settled or has been silent for long; what it cost is noted."""
    raws: list[Mapping[str, Any]] = []
    progress = Progress()
    deadline = time.monotonic() + _PATIENCE_S
    async with Follower(asking.client, session_id, poll_s=_POLL_S) as follower:
        while not progress.is_settled and time.monotonic() < deadline:
            item = await follower.next(_SETTLE_S if progress.is_stalled else deadline - time.monotonic())
            if item is None:
                break
            if not isinstance(item, CaughtUp):
                raws.append(item)
                progress = advance(progress, parse_event(item))
    asking.spent.append(session_cost(progress, asking.model).usd)
    return raws, progress


async def _reply(request: Awaitable[object]) -> str:
    """`accepted`, or the status and words of the refusal."""
    try:
        await request
    except anthropic.APIStatusError as error:
        return _words(error)
    return "accepted"


def _words(error: anthropic.APIStatusError) -> str:
    return str(as_measurement_error(error, str(error.status_code)))


@asynccontextmanager
async def _whatever_happens() -> AsyncIterator[None]:
    """A thing that cannot be removed is left to `evalkit clean`, which finds it by its metadata."""
    try:
        yield
    except (anthropic.AnthropicError, httpx2.HTTPError):
        return


async def _clear_away(asking: _Asking) -> None:
    beta = asking.client.beta
    for session_id in asking.sessions:
        async with _whatever_happens():
            await beta.sessions.delete(session_id)
    if asking.file_id:
        async with _whatever_happens():
            await beta.files.delete(asking.file_id)
    if asking.environment_id:
        async with _whatever_happens():
            await beta.environments.delete(asking.environment_id)
    if asking.agent_id:
        async with _whatever_happens():
            await beta.agents.archive(asking.agent_id)
