"""One live session: it takes what clients send, and works until only a client can go on.

Three parts meet here and know nothing of each other. The journal is all that is remembered; the brain is made anew
each time there is work, from the journal; the hands are a directory. The grader is called with the rubric, the hands
and the draws, so it cannot see what the agent said or meant to do.
"""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from evalkit.emulator.brain import Brain, BrainError, Reply, ToolUse
from evalkit.emulator.brain.scripted import ScriptedBrain
from evalkit.emulator.clock import SessionClock, parse_stamp
from evalkit.emulator.draws import Draws
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.files import FileTable
from evalkit.emulator.grader import GraderError, Grading, grade
from evalkit.emulator.hands import Hands, ToolOutcome
from evalkit.emulator.inbox import Inbox
from evalkit.emulator.journal import Journal, JournalFile
from evalkit.emulator.moves import Move, next_move
from evalkit.emulator.permissions import has_custom_tool, permission_for
from evalkit.emulator.recorder import ANSWER_TO_RUNNING_S, RUNNING_TO_ECHO_S, Recorder
from evalkit.emulator.scenario import Scenario
from evalkit.emulator.script import DropStream, Fault, SessionScript
from evalkit.emulator.state import Outcome, SessionState
from evalkit.emulator.usage import PriceTable, Tokens

_LOG = logging.getLogger(__name__)

_ONGOING_EVERY_S = 30.351
"""Between the signs of life of a long evaluation (recorded: about 30.4)."""
_GAP_BEFORE_REQUEST_S = {"agent.tool_result": 0.115, "session.thread_status_running": 0.15}
"""Recorded; after any other event a request starts one microsecond later."""
_NO_TOKENS = Tokens()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all sessions of one server share."""

    scenario: Scenario | None
    prices: PriceTable
    files: FileTable
    journal_file: JournalFile | None
    folder: Path
    """Each session has a directory of its own below it."""
    time_scale: float


class LiveSession:
    """A session of a running server."""

    def __init__(self, session: JsonObject, setting: Setting) -> None:
        self.id = str(session["id"])
        self.journal = Journal(self.id, setting.journal_file)
        self.clock = SessionClock(parse_stamp(str(session["created_at"])))
        self.recorder = Recorder(self.journal, self.clock, setting.prices)
        self.hands = Hands(setting.folder / self.id)
        self.journal.append("created", session)
        self._setting = setting
        self._inbox = Inbox(self.recorder)
        self._interrupted = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._streams_opened = 0
        self.listings = 0
        """How often the session's files were listed while it was not running; only a fault asks."""

    @property
    def state(self) -> SessionState:
        """The fold of the journal."""
        return self.journal.state

    def accept(self, events: tuple[JsonObject, ...]) -> list[JsonObject]:
        """The events are in the journal, done or queued, all or none; their echoes, in order.

        Raises:
            ApiProblem: 400 or 409, one of them cannot be accepted now.
        """
        echoes = self._inbox.accept(events)
        if any(event["type"] == "user.interrupt" for event in self.state.queued):
            self._interrupted.set()
        self.wake()
        return echoes

    def wake(self) -> None:
        """The session is at work if there is any."""
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._run(), name=self.id)

    async def close(self) -> None:
        """No work goes on, and the session's directory is gone."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        self.hands.close()

    def faults(self) -> tuple[Fault, ...]:
        """The faults that the scenario has for this session."""
        try:
            return self._script().faults
        except BrainError:
            return ()

    def take_stream_drop(self) -> DropStream | None:
        """How the stream that is opened now is to be cut; each drop of the scenario is for one stream."""
        drops = [fault for fault in self.faults() if isinstance(fault, DropStream)]
        self._streams_opened += 1
        return drops[self._streams_opened - 1] if self._streams_opened <= len(drops) else None

    async def _run(self) -> None:
        moves: dict[Move, Callable[[], Awaitable[None]]] = {
            Move.STOP: self._stop,
            Move.BEGIN: self._begin,
            Move.RESUME: self._resume,
            Move.RUN_TOOL: self._run_tool,
            Move.ASK: self._ask,
            Move.AWAIT_BUDGET: self._await_budget,
            Move.TAKE_QUEUED: self._take_queued,
            Move.REQUEST: self._request,
            Move.GRADE: self._grade,
            Move.FINISH: self._finish,
        }
        try:
            while (move := self._next_move()) is not Move.REST:
                await moves[move]()
        except Exception as error:  # noqa: BLE001 - whatever it is must end the session, or its client waits for ever
            _LOG.exception("session %s", self.id)
            self.recorder.terminate(f"the emulator failed: {error!r}")

    def _next_move(self) -> Move:
        return next_move(self.state, over_budget=self.recorder.is_over_budget())

    async def _stop(self) -> None:
        """The turn ends at an interrupt, and the outcome with it."""
        self._interrupted.clear()
        if self.state.open_request is not None:
            self._end_request(_NO_TOKENS, is_error=True)
        for event in [waiting for waiting in self.state.queued if waiting["type"] == "user.interrupt"]:
            self.recorder.show(event)
        outcome = self.state.active_outcome
        if outcome is not None:
            self._end_evaluation(outcome, "interrupted", "The outcome was interrupted.")
        self.recorder.rest({"type": "end_turn"})

    async def _begin(self) -> None:
        self.recorder.run()
        await self._take_queued(RUNNING_TO_ECHO_S)

    async def _take_queued(self, after_s: float = 0.0) -> None:
        for event in tuple(self.state.queued):
            self.recorder.show(event, after_s=after_s)

    async def _resume(self) -> None:
        self.recorder.run(after_s=ANSWER_TO_RUNNING_S)

    async def _ask(self) -> None:
        self.recorder.ask()

    async def _await_budget(self) -> None:
        self.recorder.rest({"type": "budget_reached"})

    async def _finish(self) -> None:
        self.recorder.rest({"type": "end_turn"})

    async def _request(self) -> None:
        """One model request: its start, thinking, words, tool uses and end, unless an interrupt cuts it off."""
        follows_verdict = False
        if self.state.open_request is None:
            last = str(self.state.events[-1]["type"])
            follows_verdict = last == "span.outcome_evaluation_end"
            self.recorder.emit("span.model_request_start", after_s=_GAP_BEFORE_REQUEST_S.get(last, 0.0))
        try:
            reply = await self._reply()
        except BrainError as error:
            self._end_request(_NO_TOKENS, is_error=True)
            self.recorder.give_up(str(error), "model_request_failed_error")
            return
        left_s = reply.duration_s
        if follows_verdict:
            lag_s = min(self._draws().between(f"{self.state.turn}/usage", 1.4, 6.5), left_s * 0.9)
            if not await self._pass(lag_s):
                return
            self.recorder.emit_stale_usage()
            left_s -= lag_s
        if reply.thinks:
            if not await self._pass(left_s * 0.6):
                return
            self.recorder.emit("agent.thinking")
            left_s *= 0.4
        if await self._pass(left_s):
            self._answer(reply)

    async def _reply(self) -> Reply:
        reply = await self._brain().reply(self.state)
        for use in reply.uses:
            if use.is_custom and not has_custom_tool(self._agent(), use.name):
                raise BrainError(f"custom tool {use.name!r}: the agent has none of that name; add it or do not call it")
        return reply

    def _answer(self, reply: Reply) -> None:
        if reply.text is not None:
            self.recorder.emit("agent.message", content=[{"type": "text", "text": reply.text}])
        for use in reply.uses:
            self._use(use)
        self._end_request(reply.tokens, is_error=False)

    def _use(self, use: ToolUse) -> None:
        if use.is_custom:
            self.recorder.emit("agent.custom_tool_use", name=use.name, input=dict(use.tool_input))
            return
        permission = permission_for(self._agent(), use.name)
        self.recorder.emit(
            "agent.tool_use", name=use.name, input=dict(use.tool_input), evaluated_permission=permission.value
        )

    def _end_request(self, tokens: Tokens, *, is_error: bool) -> None:
        self.recorder.emit(
            "span.model_request_end",
            model_request_start_id=self.state.open_request,
            model_usage=tokens.as_usage(),
            is_error=is_error,
        )

    async def _run_tool(self) -> None:
        """The oldest tool use that waits for nobody has its result, and new outputs are in the Files API."""
        use_id, event = next(iter(self.state.runnable.items()))
        outcome = await self._carry_out(use_id, event)
        self._capture_outputs()
        if not await self._pass(self._draws().between(f"tool{len(self.state.events)}", 0.35, 1.3)):
            return
        self.recorder.emit(
            "agent.tool_result",
            tool_use_id=use_id,
            content=[{"type": "text", "text": outcome.text}],
            is_error=outcome.is_error,
        )

    async def _carry_out(self, use_id: str, event: JsonObject) -> ToolOutcome:
        name = str(event["name"])
        denial = self.state.denials.get(use_id)
        if denial is not None:
            reason = f" Rejection message: {denial}" if denial else ""
            return ToolOutcome(text=f"Permission to use {name} has been rejected.{reason}", is_error=True)
        tool_input = event["input"] if isinstance(event["input"], dict) else {}
        if name == "bash":
            own = await self._brain().run_command(self.state, str(tool_input.get("command")), self.hands)
            if own is not None:
                return own
        return await self.hands.call(name, tool_input)

    async def _grade(self) -> None:
        """One evaluation of the active outcome: its start, signs of life, end, and what the agent is told."""
        outcome = self.state.outcomes[-1]
        if outcome.evaluation_id is None:
            gap_s = self._draws().between(f"{self.state.turn}/before_grading", 0.5, 0.74)
            self.recorder.emit(
                "span.outcome_evaluation_start",
                after_s=gap_s,
                outcome_id=outcome.outcome_id,
                iteration=outcome.iteration,
            )
        try:
            script = self._script()
            grading = await self._grading(outcome, script)
        except (BrainError, GraderError) as error:
            self.recorder.give_up(str(error))
            return
        if await self._pass_grading(outcome, script):
            self._show_verdict(outcome, script, grading)

    async def _grading(self, outcome: Outcome, script: SessionScript) -> Grading:
        return await grade(
            outcome.rubric,
            script.grader,
            self.hands,
            self._draws(),
            iteration=outcome.iteration,
            max_iterations=outcome.max_iterations,
        )

    async def _pass_grading(self, outcome: Outcome, script: SessionScript) -> bool:
        low, high = script.time_s.grading
        left_s = self._draws().between(f"{self.state.turn}/grading", float(low), float(high))
        while left_s > _ONGOING_EVERY_S:
            if not await self._pass(_ONGOING_EVERY_S):
                return False
            self.recorder.emit(
                "span.outcome_evaluation_ongoing", outcome_id=outcome.outcome_id, iteration=outcome.iteration
            )
            left_s -= _ONGOING_EVERY_S
        return await self._pass(left_s)

    def _show_verdict(self, outcome: Outcome, script: SessionScript, grading: Grading) -> None:
        total = self._draws().between(f"{self.state.turn}/grader_tokens", *script.cost.grader_tokens)
        written = total // 8
        tokens = Tokens(input_tokens=total - written, output_tokens=written)
        self.journal.append("grader_usage", tokens.as_usage() | {"at": self.clock.step()})
        self._end_evaluation(outcome, grading.result.value, grading.explanation)
        # A hidden message to the agent: recorded requests start two microseconds after an evaluation's end, not one.
        self.journal.append("feedback", {"not_met": sorted(grading.not_met), "at": self.clock.step()})

    def _end_evaluation(self, outcome: Outcome, verdict: str, explanation: str) -> None:
        self.recorder.emit(
            "span.outcome_evaluation_end",
            outcome_evaluation_start_id=outcome.evaluation_id or "",
            outcome_id=outcome.outcome_id,
            iteration=outcome.iteration,
            result=verdict,
            explanation=explanation,
            usage=_NO_TOKENS.as_usage(),
        )

    def _capture_outputs(self) -> None:
        """The Files API has the outputs as they are now: one record a name, the newest version under a new id."""
        captured = dict(self.state.captured)
        found = {file.name: file for file in self.hands.outputs()}
        changed = [file for name, file in found.items() if captured.get(name, ("", ""))[1] != file.sha256]
        for name in captured.keys() - found.keys():
            self._setting.files.delete(captured[name][0])
            self.journal.append("lost", {"name": name})
        if not changed:
            return
        folder = Path(tempfile.mkdtemp(dir=self._setting.folder))
        try:
            self.hands.copy_outputs(folder)
            for file in changed:
                copy = folder / Path(file.path).relative_to("/mnt/session/outputs")
                record = self._setting.files.add_output(file.name, copy.read_bytes(), self.id, self.clock.now)
                if file.name in captured:
                    self._setting.files.delete(captured[file.name][0])
                entry: JsonObject = {"name": file.name, "file_id": record.file_id, "sha256": file.sha256}
                self.journal.append("captured", entry)
        finally:
            shutil.rmtree(folder)

    async def _pass(self, seconds: float) -> bool:
        """The session's clock is `seconds` later, True; or an interrupt came first and it is as late as that, False."""
        waited_s = seconds
        if self._setting.time_scale > 0:
            loop = asyncio.get_running_loop()
            began = loop.time()
            try:
                await asyncio.wait_for(self._interrupted.wait(), seconds * self._setting.time_scale)
                waited_s = min(seconds, (loop.time() - began) / self._setting.time_scale)
            except TimeoutError:
                pass
        else:
            # Other sessions and requests have their turn, whatever the scale.
            await asyncio.sleep(0)
        self.clock.advance(waited_s)
        return not self._interrupted.is_set()

    def _brain(self) -> Brain:
        return ScriptedBrain(self._script(), self._draws(), self.hands)

    def _script(self) -> SessionScript:
        scenario = self._setting.scenario
        script = None if scenario is None else scenario.match(self._metadata(), self._task())
        if script is None:
            raise BrainError("no session of the scenario matches this session's metadata or task; add one to it")
        return script

    def _draws(self) -> Draws:
        scenario = self._setting.scenario
        return Draws(0 if scenario is None else scenario.seed, self._metadata())

    def _metadata(self) -> dict[str, str]:
        metadata = self.state.session["metadata"]
        return {str(key): str(value) for key, value in metadata.items()} if isinstance(metadata, dict) else {}

    def _task(self) -> str:
        """The newest outcome's description, or without one the first message's text."""
        if self.state.outcome is not None:
            return self.state.outcome.description
        first = next((event for event in self.state.events if event["type"] == "user.message"), None)
        content = [] if first is None else first["content"]
        blocks = content if isinstance(content, list) else []
        return "\n".join(str(block.get("text", "")) for block in blocks)

    def _agent(self) -> JsonObject:
        agent = self.state.session["agent"]
        return agent if isinstance(agent, dict) else {}
