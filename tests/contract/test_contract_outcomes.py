import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic, BadRequestError
from stage import (
    MANAGED,
    connect,
    message,
    open_session,
    outcome,
    play,
    types,
    verdicts,
    with_client,
)

from evalkit.emulator import Emulator


def played(emulator: Emulator, task: str, **settings: Any) -> list[dict[str, Any]]:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        return await play(client, await open_session(client, task), outcome(**settings))

    return with_client(emulator, act)


@pytest.mark.parametrize(
    ("task", "most", "expected"),
    [
        ("fine", 3, [(0, "satisfied")]),
        ("revised", 3, [(0, "needs_revision"), (1, "satisfied")]),
        ("stuck", 2, [(0, "needs_revision"), (1, "max_iterations_reached")]),
        ("stuck", 1, [(0, "max_iterations_reached")]),
    ],
)
def test_the_verdicts_follow_the_files(
    emulator: Emulator, task: str, most: int, expected: list[tuple[int, str]]
) -> None:
    assert verdicts(played(emulator, task, max_iterations=most)) == expected


def test_a_rubric_without_criteria_is_graded_failed(emulator: Emulator) -> None:
    assert verdicts(played(emulator, "fine", rubric="Make it good.")) == [(0, "failed")]


def test_the_session_shows_the_outcome_as_the_events_told_it(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[Any, list[dict[str, Any]]]:
        session_id = await open_session(client, "revised")
        events = await play(client, session_id, outcome())
        return (await client.beta.sessions.retrieve(session_id)).to_dict(mode="json"), events

    session, events = with_client(emulator, act)

    [shown] = session["outcome_evaluations"]
    last = next(event for event in reversed(events) if event["type"] == "span.outcome_evaluation_end")
    assert (shown["result"], shown["iteration"]) == ("satisfied", 1)
    assert (shown["explanation"], shown["completed_at"]) == (last["explanation"], last["processed_at"])
    assert session["usage"] == events[-2]["usage"]


def test_the_agent_is_told_in_the_recorded_words(emulator: Emulator) -> None:
    events = played(emulator, "revised")

    told = [event["explanation"] for event in events if event["type"] == "span.outcome_evaluation_end"]
    assert told[0] == (
        "An independent grader found the following criteria are not fully met:\n\n"
        "- The table has three rows (not met): 2 rows\n\n"
        "Please revise your work to address these gaps."
    )
    assert told[1].startswith("An independent grader found all criteria met:")


def test_a_written_text_stands_whole_in_its_tool_use(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[dict[str, Any]], bytes]:
        session_id = await open_session(client, "fine")
        events = await play(client, session_id, outcome())
        [output] = [file async for file in client.beta.files.list(scope_id=session_id, betas=[MANAGED])]
        return events, await (await client.beta.files.download(output.id)).read()

    events, content = with_client(emulator, act)

    [write] = [event["input"] for event in events if event["type"] == "agent.tool_use" and event["name"] == "write"]
    assert write == {"file_path": "/mnt/session/outputs/table.csv", "content": "x\n1\n2\n3\n"}
    assert content == write["content"].encode()


def test_the_turn_after_a_verdict_may_rewrite_the_graded_file(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[dict[str, Any]], bytes]:
        session_id = await open_session(client, "rewritten")
        events = await play(client, session_id, outcome())
        [output] = [file async for file in client.beta.files.list(scope_id=session_id, betas=[MANAGED])]
        return events, await (await client.beta.files.download(output.id)).read()

    events, content = with_client(emulator, act)

    verdict = types(events).index("span.outcome_evaluation_end")
    later = [event for event in events[verdict:] if event["type"] == "agent.tool_use"]
    assert verdicts(events) == [(0, "satisfied")]
    assert [event["name"] for event in later] == ["write"]
    assert content == b"x\n1\n2\n"


def test_a_binary_deliverable_is_made_by_a_command(emulator: Emulator) -> None:
    events = played(emulator, "binary")

    uses = [event["name"] for event in events if event["type"] == "agent.tool_use"]
    assert uses[:2] == ["bash", "write"]


def test_a_script_that_makes_no_draft_is_a_tool_error_that_says_why(emulator: Emulator) -> None:
    events = played(emulator, "broken-make", max_iterations=1)

    errors = [event for event in events if event["type"] == "agent.tool_result" and event["is_error"]]
    assert "no such workbook" in errors[0]["content"][0]["text"]
    assert verdicts(events) == [(0, "max_iterations_reached")]


@pytest.mark.parametrize(
    ("task", "words"), [("nobody-knows", "no session of the scenario matches"), ("broken-probe", "probe broke")]
)
def test_what_the_scenario_cannot_play_is_an_error_and_never_a_verdict(
    emulator: Emulator, task: str, words: str
) -> None:
    events = played(emulator, task)

    [error] = [event["error"] for event in events if event["type"] == "session.error"]
    assert words in error["message"]
    assert error["retry_status"] == {"type": "exhausted"}
    assert events[-1]["stop_reason"] == {"type": "retries_exhausted"}
    assert verdicts(events) == []


def test_a_refusal_ends_the_turn_says_why_and_leaves_the_outcome_undecided_until_a_new_one(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await open_session(client, "refused")
        refused = await play(client, session_id, outcome())
        session = await client.beta.sessions.retrieve(session_id)
        return refused, session.to_dict(), await play(client, session_id, outcome())

    refused, session, again = with_client(emulator, act)

    assert types(refused)[-5:] == [
        "span.model_request_start",
        "span.model_request_end",
        "session.thread_status_idle",
        "session.usage",
        "session.status_idle",
    ]
    for idle in (refused[-1], refused[-3]):
        assert idle["stop_reason"] == {"type": "refusal"}
        assert idle["stop_details"] == {"type": "refusal", "category": "cyber", "explanation": "Not this."}
    assert refused[-4]["model_usage"]["output_tokens"] > 0
    assert (verdicts(refused), session["status"]) == ([], "idle")
    assert [each["result"] for each in session["outcome_evaluations"]] == ["running"]
    assert verdicts(again) == [(0, "satisfied")]
    assert again[-1]["stop_reason"] == {"type": "end_turn"}
    assert again[-1].get("stop_details") is None


def test_an_interrupt_before_grading_ends_the_outcome_without_an_evaluation(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        interrupt: Any = {"type": "user.interrupt"}
        return await play(client, await open_session(client, "fine"), outcome(), interrupt)

    events = with_client(emulator, act)

    assert types(events)[-5:] == [
        "user.interrupt",
        "span.outcome_evaluation_end",
        "session.thread_status_idle",
        "session.usage",
        "session.status_idle",
    ]
    assert events[-4]["result"] == "interrupted"
    assert events[-4]["outcome_evaluation_start_id"] == ""
    assert events[-1]["stop_reason"] == {"type": "end_turn"}


def test_an_interrupt_during_grading_names_the_evaluation_it_ended(stage_path: Path) -> None:
    with Emulator(stage_path, time_scale=0.005) as emulator:

        async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
            seen: list[dict[str, Any]] = []
            session_id = await open_session(client, "none")
            async with await client.beta.sessions.events.stream(session_id) as stream:
                await client.beta.sessions.events.send(session_id, events=[outcome(description="slow work")])
                async for event in stream:
                    seen.append(event.to_dict(mode="json"))
                    if event.type == "span.outcome_evaluation_start":
                        await client.beta.sessions.events.send(session_id, events=[{"type": "user.interrupt"}])
                    if event.type == "session.status_idle":
                        break
            return seen

        events = with_client(emulator, act)

    start = next(event for event in events if event["type"] == "span.outcome_evaluation_start")
    end = next(event for event in events if event["type"] == "span.outcome_evaluation_end")
    assert (end["result"], end["outcome_evaluation_start_id"]) == ("interrupted", start["id"])


def test_a_second_outcome_waits_for_the_first_to_end(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[tuple[int, str]]:
        session_id = await open_session(client, "asks")
        with pytest.raises(BadRequestError, match="already active"):
            await client.beta.sessions.events.send(session_id, events=[outcome(), outcome()])
        first = await play(client, session_id, outcome())
        second = await play(client, session_id, outcome())
        return verdicts(first) + verdicts(second)

    assert with_client(emulator, act) == [(0, "satisfied"), (0, "satisfied")]


def test_after_the_outcome_the_session_goes_on_as_a_chat(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> str:
        session_id = await open_session(client, "fine")
        await play(client, session_id, outcome())
        chat = await play(client, session_id, message("thank you"))
        return str(chat[-1]["stop_reason"]["type"])

    assert with_client(emulator, act) == "end_turn"


def test_sessions_at_once_do_not_touch_each_other(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[list[tuple[int, str]]]:
        tasks = ("fine", "revised", "stuck", "asks")
        sessions = [await open_session(client, task) for task in tasks]
        return [verdicts(e) for e in await asyncio.gather(*(play(client, each, outcome()) for each in sessions))]

    assert with_client(emulator, act) == [
        [(0, "satisfied")],
        [(0, "needs_revision"), (1, "satisfied")],
        [(0, "needs_revision"), (1, "needs_revision"), (2, "max_iterations_reached")],
        [(0, "satisfied")],
    ]


def test_the_same_seed_and_trial_give_the_same_session(stage_path: Path) -> None:
    async def act(client: AsyncAnthropic) -> list[dict[str, Any]]:
        return await play(client, await open_session(client, "revised"), outcome())

    sessions = []
    for _ in range(2):
        with Emulator(stage_path) as emulator:
            sessions.append([without_identity(event) for event in with_client(emulator, act)])

    assert sessions[0] == sessions[1]


def without_identity(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != "processed_at" and not key.endswith("id")}


def test_a_file_rubric_comes_back_as_its_text(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        uploaded = await client.beta.files.upload(file=("rubric.md", b"- [R1] Rows. x\n"))
        session_id = await open_session(client, "fine")
        event: Any = outcome() | {"rubric": {"type": "file", "file_id": uploaded.id}}
        sent = await client.beta.sessions.events.send(session_id, events=[event])
        assert sent.data is not None
        return sent.data[0].to_dict(mode="json")

    assert with_client(emulator, act)["rubric"] == {"type": "text", "content": "- [R1] Rows. x\n"}


def test_the_synchronous_client_plays_an_outcome_too(emulator: Emulator) -> None:
    with Anthropic(
        base_url=emulator.base_url,
        api_key="not-a-key",
        max_retries=0,
        http_client=httpx2.Client(trust_env=False),
        _strict_response_validation=True,
    ) as client:
        agent = client.beta.agents.create(
            name="sync", model="claude-sonnet-5-5", tools=[{"type": "agent_toolset_20260401"}]
        )
        environment = client.beta.environments.create(name=f"e {agent.id}")
        session = client.beta.sessions.create(
            agent=agent.id, environment_id=environment.id, metadata={"evalkit_task": "fine"}
        )
        with client.beta.sessions.events.stream(session.id) as stream:
            client.beta.sessions.events.send(session.id, events=[outcome()])
            last = next(event for event in stream if event.type == "session.status_idle")

    assert last.to_dict()["stop_reason"] == {"type": "end_turn"}


def test_a_stopped_emulator_ends_its_streams(stage_path: Path) -> None:
    async def act() -> list[str]:
        running = Emulator(stage_path)
        with running:
            async with connect(running) as client:
                session_id = await open_session(client, "fine")
                stream = await client.beta.sessions.events.stream(session_id)
                await asyncio.to_thread(running.__exit__)
                return [event.type async for event in stream]

    assert asyncio.run(act()) == []
