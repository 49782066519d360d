"""One live thread: it works until only a client, or another thread, can go on.

Three parts meet here and know nothing of each other. The journal is all that is remembered; the brain is made anew for
every request, from the journal; the hands are the session's directory. A brain that died is woken here, and does what
the journal does not have yet: what belongs together is in the journal together.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable

from evalkit.emulator.brain import BrainError, Delegation, Reply, ToolUse
from evalkit.emulator.evaluation import Evaluation, end_evaluation
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.hands import ToolOutcome
from evalkit.emulator.ids import new_id
from evalkit.emulator.moves import Move, next_move
from evalkit.emulator.permissions import Permission, evaluation_of, has_custom_tool, has_mcp_server, permission_for
from evalkit.emulator.previews import Previews
from evalkit.emulator.recorder import ANSWER_TO_RUNNING_S, RUNNING_TO_ECHO_S, Recorder
from evalkit.emulator.session_faults import befall
from evalkit.emulator.state import THREAD_MESSAGE, SessionState
from evalkit.emulator.usage import Tokens
from evalkit.emulator.workplace import Workplace

_LOG = logging.getLogger(__name__)

_GAP_BEFORE_REQUEST_S = {
    "agent.tool_result": 0.115,
    "agent.mcp_tool_result": 0.115,
    "session.thread_status_running": 0.15,
}
"""Recorded; after any other event a request starts one microsecond later."""
_TOOL_TO_ASK_AGAIN_S = 0.303
_NO_TOKENS = Tokens()
_INTERRUPTED = "Tool execution was interrupted before completion. Please retry."
"""What a tool use has for a result when an interrupt closes it (documented)."""


class LiveThread:
    """The primary thread of a session, or a subagent's."""

    def __init__(self, place: Workplace, recorder: Recorder) -> None:
        self.recorder = recorder
        self.previews = Previews()
        self._place = place
        self._interrupted = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    @property
    def state(self) -> SessionState:
        """The fold of the thread's journal."""
        return self.recorder.state

    def wake(self, when_done: Callable[[], None]) -> None:
        """The thread is at work if there is any; `when_done` is called when there is none any more."""
        if any(event["type"] == "user.interrupt" for event in self.state.queued):
            self._interrupted.set()
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._run(), name=self.state.thread_id)
            self._work.add_done_callback(lambda _: when_done())

    @property
    def is_at_work(self) -> bool:
        """Whether it has not come to rest."""
        return self._work is not None and not self._work.done()

    async def stop(self) -> None:
        """No work goes on; the journal is as it left it."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _run(self) -> None:
        moves: dict[Move, Callable[[], Awaitable[None]]] = {
            Move.STOP: self._stop,
            Move.BEGIN: self._begin,
            Move.RESUME: self._resume,
            Move.RUN_TOOL: self._run_tools,
            Move.ASK: self._ask,
            Move.ASK_AGAIN: self._ask_again,
            Move.AWAIT_BUDGET: self._await_budget,
            Move.TAKE_QUEUED: self._take_queued,
            Move.REQUEST: self._request,
            Move.GRADE: Evaluation(self._place, self.recorder, self._pass).run,
            Move.FINISH: self._finish,
        }
        has_moved = False
        try:
            while (move := self._next_move()) is not Move.REST:
                has_moved = True
                await moves[move]()
                if not self.recorder.is_subagent:
                    befall(self.recorder, self._place.session_faults())
        except sqlite3.Error:
            # The journal is broken and its readers know. Whoever asks for the session next wakes it from the file.
            _LOG.exception("thread %s: the journal could not be written", self.state.thread_id)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is must end the session, or its client waits for ever
            _LOG.exception("thread %s", self.state.thread_id)
            with contextlib.suppress(sqlite3.Error):
                self.recorder.session.terminate(f"the emulator failed: {error!r}")
        if self.recorder.is_subagent and has_moved:
            # The coordinator may have waited for this one. Two that had nothing to do would wake each other for ever.
            self._place.wake()

    def _next_move(self) -> Move:
        if self.recorder.session.state.is_over:
            return Move.REST
        return next_move(self.state, over_budget=self.recorder.is_over_budget())

    async def _stop(self) -> None:
        """The turn ends at an interrupt: its open tool uses are closed, and its outcome."""
        self._interrupted.clear()
        state = self.state
        with self.recorder.journal.together():
            if state.open_request is not None:
                self._end_request(_NO_TOKENS, is_error=True)
            for event in [waiting for waiting in state.queued if waiting["type"] == "user.interrupt"]:
                is_for_this_one = event.get("session_thread_id") == state.thread_id
                (self.recorder.share if is_for_this_one else self.recorder.show)(event)
            for use_id, use in (state.pending | state.runnable).items():
                self._show_result(use_id, use, ToolOutcome(text=_INTERRUPTED, is_error=True))
            if state.active_outcome is not None:
                end_evaluation(self.recorder, state.active_outcome, "interrupted", "The outcome was interrupted.")
            self.recorder.rest({"type": "end_turn"})

    async def _begin(self) -> None:
        with self.recorder.journal.together():
            self.recorder.run()
            self._show_queued(after_s=RUNNING_TO_ECHO_S)

    async def _take_queued(self) -> None:
        self._show_queued(after_s=0.0)

    def _show_queued(self, *, after_s: float) -> None:
        for event in tuple(self.state.queued):
            self.recorder.show(event, after_s=after_s)

    async def _resume(self) -> None:
        self.recorder.run(after_s=ANSWER_TO_RUNNING_S)

    async def _ask(self) -> None:
        self.recorder.ask()

    async def _ask_again(self) -> None:
        self.recorder.run(after_s=_TOOL_TO_ASK_AGAIN_S)
        if await self._pass(self._draw("again", 0.35, 1.3)) and self.state.pending:
            self.recorder.ask()

    async def _await_budget(self) -> None:
        self.recorder.rest({"type": "budget_reached"})

    async def _finish(self) -> None:
        self.recorder.rest({"type": "end_turn"})

    async def _request(self) -> None:
        """One model request: its start, thinking, words, tool uses and end, unless an interrupt cuts it off."""
        if self.state.open_request is None:
            self._compact()
            gap_s = _GAP_BEFORE_REQUEST_S.get(str(self.state.events[-1]["type"]), 0.0)
            self.recorder.emit("span.model_request_start", after_s=gap_s)
        try:
            reply = await self._reply()
        except BrainError as error:
            with self.recorder.journal.together():
                self._end_request(_NO_TOKENS, is_error=True)
                self.recorder.give_up(str(error), "model_request_failed_error")
            return
        at_s = 0.0
        for moment_s, show in sorted(self._signs(reply), key=lambda sign: sign[0]):
            if not await self._pass(moment_s - at_s):
                return
            show()
            at_s = moment_s
        message_id = new_id("sevt")
        if reply.text is not None and not reply.is_report:
            self.previews.start(len(self.state.events), message_id, "agent.message")
            self.previews.write(len(self.state.events), message_id, reply.text)
        if await self._pass(reply.duration_s - at_s):
            self._answer(reply, message_id)

    def _compact(self) -> None:
        """The context is summarised where the scenario says that it has grown too long."""
        try:
            most = self._place.script().compacts_after
        except BrainError:
            return
        if most is not None and self.state.uncompacted >= most:
            self.recorder.emit("agent.thread_context_compacted")

    def _signs(self, reply: Reply) -> list[tuple[float, Callable[[], object]]]:
        """What comes before the answer, and how many seconds into the request.

        The snapshot that an evaluation owes comes in the request after it (recorded), and at the next idle where the
        request is too short.
        """
        signs: list[tuple[float, Callable[[], object]]] = []
        usage_s = 0.0
        if self.state.owes_usage:
            lag_s = self._place.draws().between(f"{self.state.turn}/usage", 1.4, 6.5)
            usage_s = min(lag_s, reply.duration_s * 0.9) if reply.usage_after_s is None else reply.usage_after_s
            if usage_s < reply.duration_s:
                signs.append((usage_s, self.recorder.emit_stale_usage))
        since = [str(event["type"]) for event in self._events_of_request()]
        if reply.thinks and "agent.thinking" not in since:
            left_s = max(0.0, reply.duration_s - usage_s)
            thinking_s = usage_s + left_s * 0.6 if reply.thinks_after_s is None else reply.thinks_after_s
            event_id = new_id("sevt")
            self.previews.start(len(self.state.events), event_id, "agent.thinking")
            signs.append((thinking_s, lambda: self.recorder.show({"id": event_id, "type": "agent.thinking"})))
        return signs

    def _events_of_request(self) -> list[JsonObject]:
        events = self.state.events
        place = next(i for i in range(len(events) - 1, -1, -1) if events[i]["id"] == self.state.open_request)
        return events[place + 1 :]

    async def _reply(self) -> Reply:
        reply = await self._place.brain().reply(self.state)
        self._place.check_delegations(reply.delegations)
        for use in reply.uses:
            if use.is_custom and not has_custom_tool(self._agent(), use.name):
                raise BrainError(f"custom tool {use.name!r}: the agent has none of that name; add it or do not call it")
            if use.mcp_server is not None and not has_mcp_server(self._agent(), use.mcp_server):
                raise BrainError(f"MCP server {use.mcp_server!r}: the agent has no toolset of it; add it")
        return reply

    def _answer(self, reply: Reply, message_id: str) -> None:
        content = [{"type": "text", "text": reply.text}]
        with self.recorder.journal.together():
            if reply.is_report:
                self._report(content)
            elif reply.text is not None:
                self.recorder.show({"id": message_id, "type": "agent.message", "content": content})
            for use in reply.uses:
                self._use(use)
            for delegation in reply.delegations:
                self._delegate(delegation)
            self._end_request(reply.tokens, is_error=False)
            if reply.refusal is not None:
                self.recorder.refuse(dict(reply.refusal))
        if reply.delegations:
            self._place.wake()

    def _delegate(self, delegation: Delegation) -> None:
        """A subagent's thread has its task, and the coordinator's stream shows both."""
        thread_id = self._place.open_thread(delegation)
        name, content = delegation.agent, [{"type": "text", "text": delegation.task}]
        self.recorder.emit("session.thread_created", agent_name=name, session_thread_id=thread_id)
        self.recorder.emit(
            "agent.thread_message_sent", to_session_thread_id=thread_id, to_agent_name=name, content=content
        )

    def _report(self, content: list[dict[str, str | None]]) -> None:
        """The coordinator has the subagent's report in its queue."""
        primary = self.recorder.session
        self.recorder.emit("agent.thread_message_sent", to_session_thread_id=primary.state.thread_id, content=content)
        message: JsonObject = {"id": new_id("sevt"), "type": THREAD_MESSAGE, "content": content}
        sender: JsonObject = {"from_session_thread_id": self.state.thread_id, "from_agent_name": self._agent()["name"]}
        primary.journal.append("queued", message | sender)

    def _use(self, use: ToolUse) -> None:
        event: JsonObject = {"id": new_id("sevt"), "name": use.name, "input": dict(use.tool_input)}
        if use.is_custom:
            self.recorder.share({"type": "agent.custom_tool_use"} | event)
            return
        judged = self._place.script().auto.get(use.name, Permission.ALLOW)
        permission = permission_for(self._agent(), use.name, server=use.mcp_server, judged=judged)
        event["evaluated_permission"] = permission.value
        evaluation = evaluation_of(self._agent(), use.name, server=use.mcp_server, judged=judged)
        if evaluation is not None:
            event["evaluation"] = evaluation
        if use.mcp_server is None:
            event["type"] = "agent.tool_use"
        else:
            event |= {"type": "agent.mcp_tool_use", "mcp_server_name": use.mcp_server}
        # What a subagent does by itself is on its own stream alone; what it asks is on the session's as well.
        (self.recorder.share if permission is Permission.ASK else self.recorder.show)(event)

    def _end_request(self, tokens: Tokens, *, is_error: bool) -> None:
        self.recorder.emit(
            "span.model_request_end",
            model_request_start_id=self.state.open_request,
            model_usage=tokens.as_usage(),
            is_error=is_error,
        )

    async def _run_tools(self) -> None:
        """Every tool use that waits for nobody has its result, and new outputs are in the Files API."""
        outcomes = [(use_id, use, await self._carry_out(use_id, use)) for use_id, use in self.state.runnable.items()]
        self._place.capture_outputs()
        if not await self._pass(self._draw("tool", 0.35, 1.3)):
            return
        with self.recorder.journal.together():
            for use_id, use, outcome in outcomes:
                self._show_result(use_id, use, outcome)

    def _show_result(self, use_id: str, use: JsonObject, outcome: ToolOutcome) -> None:
        is_mcp = use["type"] == "agent.mcp_tool_use"
        kind = "agent.mcp_tool_result" if is_mcp else "agent.tool_result"
        key = "mcp_tool_use_id" if is_mcp else "tool_use_id"
        content = [{"type": "text", "text": outcome.text}]
        event: JsonObject = {"id": new_id("sevt"), "type": kind, key: use_id}
        self.recorder.show(event | {"content": content, "is_error": outcome.is_error})

    async def _carry_out(self, use_id: str, use: JsonObject) -> ToolOutcome:
        name = str(use["name"])
        denial = self.state.denials.get(use_id)
        if denial is not None:
            reason = f" Rejection message: {denial}" if denial else ""
            return ToolOutcome(text=f"Permission to use {name} has been rejected.{reason}", is_error=True)
        tool_input = use["input"] if isinstance(use["input"], dict) else {}
        brain = self._place.brain()
        own = await brain.carry_out(self.state, use, self._place.hands)
        return own or await self._place.hands.call(name, tool_input, is_trusted=brain.is_trusted)

    async def _pass(self, seconds: float) -> bool:
        """The session's clock is `seconds` later, True; or an interrupt came first and it is as late as that, False."""
        waited_s = seconds
        start = self._place.clock.now
        if self._place.time_scale > 0:
            loop = asyncio.get_running_loop()
            began = loop.time()
            try:
                await asyncio.wait_for(self._interrupted.wait(), seconds * self._place.time_scale)
                waited_s = min(seconds, (loop.time() - began) / self._place.time_scale)
            except TimeoutError:
                pass
        else:
            # Other threads, sessions and requests have their turn, whatever the scale.
            await asyncio.sleep(0)
        self._place.clock.reach(start, waited_s)
        return not self._interrupted.is_set()

    def _draw(self, name: str, low: float, high: float) -> float:
        return self._place.draws().between(f"{name}{len(self.state.events)}", low, high)

    def _agent(self) -> JsonObject:
        agent = self.state.session["agent"]
        return agent if isinstance(agent, dict) else {}
