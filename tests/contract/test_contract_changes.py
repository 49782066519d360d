"""What of a session may change after it was created: its agent's tools, its budget, its resources, its next outcome."""

from typing import Any

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic, BadRequestError, ConflictError, NotFoundError
from stage import LOOKUP, MANAGED, message, open_session, outcome, play, types, verdicts, with_client

from evalkit.emulator import Emulator

TOOLSET: Any = {"type": "agent_toolset_20260401"}
CENT: Any = {"type": "limit", "max_list_cost": {"amount": "1", "currency": "USD"}}


def test_an_idle_sessions_tools_are_replaced_whole_and_shown_as_an_event(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await open_session(client, "fine", tools=[TOOLSET, LOOKUP])
        fields: Any = {"tools": [TOOLSET]}
        session = await client.beta.sessions.update(session_id, agent=fields)
        await client.beta.sessions.update(session_id, agent=fields)
        listed = [event async for event in client.beta.sessions.events.list(session_id)]
        return session, listed

    session, [updated] = with_client(emulator, act)

    assert [tool.type for tool in session.agent.tools] == ["agent_toolset_20260401"]
    assert updated.agent == session.agent
    assert "title" not in updated.to_dict()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"system": "another"}, "system"),
        ({"mcp_servers": [{"type": "url", "name": "crm", "url": "https://example.invalid"}]}, "not referenced"),
    ],
)
def test_only_tools_and_servers_of_a_sessions_agent_can_change(
    emulator: Emulator, fields: dict[str, Any], words: str
) -> None:
    async def act(client: AsyncAnthropic) -> None:
        session_id = await open_session(client, "fine")
        given: Any = fields
        with pytest.raises(BadRequestError, match=words):
            await client.beta.sessions.update(session_id, agent=given)

    with_client(emulator, act)


def test_a_budget_can_neither_come_late_nor_come_back(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[Any]:
        late = await open_session(client, "fine")
        removed = await open_session(client, "fine", budget=CENT)
        await client.beta.sessions.update(removed, budget=None)
        refusals = []
        for session_id in (late, removed):
            with pytest.raises(BadRequestError) as refused:
                await client.beta.sessions.update(session_id, budget=CENT)
            error: Any = refused.value.body
            refusals.append(error["error"]["details"]["error_code"])
        return refusals

    assert with_client(emulator, act) == ["budget_create_only", "budget_create_only"]


def test_a_turn_that_crosses_the_budget_as_it_ends_leaves_the_session_at_its_cap(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await open_session(client, "fine", budget=CENT)
        while True:
            events = await play(client, session_id, message("hello"))
            if events[-1]["stop_reason"]["type"] != "end_turn":
                break
        with pytest.raises(BadRequestError, match="budget is reached"):
            await client.beta.sessions.events.send(session_id, events=[message("again")])
        more: Any = {"type": "limit", "max_list_cost": {"amount": "100", "currency": "USD"}}
        await client.beta.sessions.update(session_id, budget=more)
        after = await play(client, session_id, message("again"))
        return events, after

    events, after = with_client(emulator, act)

    assert events[-1]["stop_reason"] == {"type": "budget_reached"}
    assert events[-3]["stop_reason"] == {"type": "end_turn"}
    assert after[-1]["stop_reason"] == {"type": "end_turn"}


def test_a_removed_resource_is_gone_and_its_upload_stays(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        uploaded = await client.beta.files.upload(file=("x.txt", b"x"))
        resources: Any = [{"type": "file", "file_id": uploaded.id, "mount_path": "x.txt"}]
        session_id = await open_session(client, "fine", resources=resources)
        [resource] = [item async for item in client.beta.sessions.resources.list(session_id)]
        assert resource.type == "file"
        with pytest.raises(BadRequestError, match="github_repository"):
            await client.beta.sessions.resources.update(resource.id, session_id=session_id, authorization_token="t")
        deleted = await client.beta.sessions.resources.delete(resource.id, session_id=session_id)
        with pytest.raises(NotFoundError):
            await client.beta.sessions.resources.retrieve(resource.id, session_id=session_id)
        left = [file.id async for file in client.beta.files.list(scope_id=session_id, betas=[MANAGED])]
        await client.beta.sessions.resources.add(session_id, type="file", file_id=uploaded.id, mount_path="x.txt")
        return (
            deleted.id == resource.id,
            deleted.type,
            left,
            (await client.beta.files.retrieve_metadata(uploaded.id)).id,
        )

    is_same, kind, left, uploaded = with_client(emulator, act)

    assert (is_same, kind, left) == (True, "session_resource_deleted", [])
    assert uploaded.startswith("file_01")


def test_an_archived_session_keeps_its_resources(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> None:
        uploaded = await client.beta.files.upload(file=("x.txt", b"x"))
        resources: Any = [{"type": "file", "file_id": uploaded.id}]
        session_id = await open_session(client, "fine", resources=resources)
        [resource] = [item async for item in client.beta.sessions.resources.list(session_id)]
        assert resource.type == "file"
        await client.beta.sessions.archive(session_id)
        with pytest.raises(ConflictError):
            await client.beta.sessions.resources.delete(resource.id, session_id=session_id)

    with_client(emulator, act)


def test_pages_of_sessions_lead_back_to_the_page_before(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        agent = await client.beta.agents.create(name="a", model="claude-sonnet-5-5")
        environment = await client.beta.environments.create(name=f"e {agent.id}")
        for _ in range(5):
            await client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
        pages = [await client.beta.sessions.list(agent_id=agent.id, limit=2)]
        while pages[-1].next_page:
            pages.append(await client.beta.sessions.list(agent_id=agent.id, limit=2, page=pages[-1].next_page))
        back = [pages[-1]]
        while back[-1].prev_page:
            back.append(await client.beta.sessions.list(agent_id=agent.id, limit=2, page=back[-1].prev_page))
        return [[s.id for s in page.data] for page in pages], [[s.id for s in page.data] for page in back]

    there, back = with_client(emulator, act)

    assert [len(page) for page in there] == [2, 2, 1]
    assert back == list(reversed(there))


def test_a_chained_outcome_sent_at_the_verdict_starts_at_once_and_anew(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        session_id = await open_session(client, "fine")
        seen = []
        async with await client.beta.sessions.events.stream(session_id) as stream:
            await client.beta.sessions.events.send(session_id, events=[outcome()])
            async for event in stream:
                seen.append(event.to_dict(mode="json"))
                if event.type == "session.status_idle" and len(verdicts(seen)) == 2:
                    break
                if event.type == "span.outcome_evaluation_end" and len(verdicts(seen)) == 1:
                    await client.beta.sessions.events.send(session_id, events=[outcome(description="Once more")])
        return seen, (await client.beta.sessions.retrieve(session_id)).outcome_evaluations

    events, evaluations = with_client(emulator, act)

    defined = [event["outcome_id"] for event in events if event["type"] == "user.define_outcome"]
    assert verdicts(events) == [(0, "satisfied"), (0, "satisfied")]
    assert [each.outcome_id for each in evaluations] == defined
    assert len(set(defined)) == 2


def test_an_environment_keeps_its_kind(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        environment = await client.beta.environments.create(name="keeps its kind")
        with pytest.raises(BadRequestError) as refused:
            await client.beta.environments.update(environment.id, config={"type": "self_hosted"})
        return refused.value.body

    assert with_client(emulator, act)["error"]["details"]["error_code"] == "invalid_config_type_change"


def test_every_kind_of_content_comes_back_as_it_was_sent(emulator: Emulator) -> None:
    blocks: list[Any] = [
        {"type": "text", "text": "look"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}},
        {"type": "image", "source": {"type": "url", "url": "https://example.invalid/a.png"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}, "title": "t"},
        {"type": "document", "source": {"type": "file", "file_id": "file_01x"}, "context": "c"},
    ]

    async def act(client: AsyncAnthropic) -> Any:
        session_id = await open_session(client, "fine")
        events = await play(client, session_id, {"type": "user.message", "content": blocks})
        return next(event for event in events if event["type"] == "user.message")

    assert with_client(emulator, act)["content"] == blocks


def test_a_system_message_follows_what_it_belongs_to(emulator: Emulator) -> None:
    system: Any = {"type": "system.message", "content": [{"type": "text", "text": "be brief"}]}

    async def act(client: AsyncAnthropic) -> Any:
        session_id = await open_session(client, "fine")
        with pytest.raises(BadRequestError, match=r"system\.message"):
            await client.beta.sessions.events.send(session_id, events=[system])
        return await play(client, session_id, message("hello"), system)

    shown = types(with_client(emulator, act))

    assert shown.index("system.message") == shown.index("user.message") + 1


def test_the_synchronous_client_reaches_every_kind_of_resource(emulator: Emulator) -> None:
    with Anthropic(
        base_url=emulator.base_url,
        api_key="not-a-key",
        max_retries=0,
        http_client=httpx2.Client(trust_env=False),
        _strict_response_validation=True,
    ) as client:
        agent = client.beta.agents.create(name="sync", model="claude-sonnet-5-5", tools=[TOOLSET])
        environment = client.beta.environments.create(name=f"sync {agent.id}")
        session = client.beta.sessions.create(
            agent=agent.id,
            environment_id=environment.id,
            metadata={"evalkit_task": "fine"},
            initial_events=[outcome()],
        )
        with client.beta.sessions.events.stream(session.id) as stream:
            # The stream may have opened after the end: then the list has it.
            listed = [event.type for event in client.beta.sessions.events.list(session.id)]
            if "session.status_idle" not in listed:
                next(event for event in stream if event.type == "session.status_idle")
        [thread] = client.beta.sessions.threads.list(session.id)
        seen = [event.type for event in client.beta.sessions.threads.events.list(thread.id, session_id=session.id)]
        names = [file.filename for file in client.beta.files.list(scope_id=session.id, betas=[MANAGED])]
        archived = client.beta.sessions.archive(session.id)

    assert thread.parent_thread_id is None
    assert seen[-1] == "session.status_idle"
    assert names == ["table.csv"]
    assert archived.status == "terminated"


def test_a_request_may_name_a_hundred_files_and_no_more(emulator: Emulator) -> None:
    document: Any = {"type": "document", "source": {"type": "file", "file_id": "file_01x"}}

    async def act(client: AsyncAnthropic) -> None:
        session_id = await open_session(client, "fine")
        events: Any = [{"type": "user.message", "content": [document] * count} for count in (60, 41)]
        with pytest.raises(BadRequestError, match="at most 100 documents may be files, found 101"):
            await client.beta.sessions.events.send(session_id, events=events)

    with_client(emulator, act)
