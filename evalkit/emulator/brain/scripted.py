"""A brain that plays a scenario: it reads, calls, writes the scenario's drafts, and talks a little.

A turn is a list of steps, one a model request, that follows from the scenario, the draws and what the journal says;
which step is due is the number of requests in the turn. So a brain made anew in the middle of a turn goes on with it.
"""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from evalkit.emulator.brain import Delegation, Reply, ToolUse
from evalkit.emulator.draws import Draws
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.flaws import choose_flaws
from evalkit.emulator.hands import OUTPUTS, UPLOADS, Delivery, Hands, ToolOutcome
from evalkit.emulator.outcome import Outcome, Phase
from evalkit.emulator.script import (
    Call,
    CustomCall,
    Deliver,
    McpCall,
    ScriptedRequest,
    SessionScript,
    Subagent,
    ToolCall,
)
from evalkit.emulator.state import SessionState
from evalkit.emulator.usage import Tokens

BUILD = "python /workspace/build.py"
"""The command that a scripted agent gives where a draft has files that `write` cannot make."""
_LARGEST_READ = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one request of a turn says and asks for."""

    text: str | None
    uses: tuple[ToolUse, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    is_report: bool = False
    request: ScriptedRequest | None = None
    """As the scenario writes it, where it does."""


class ScriptedBrain:
    """The agent of one session's script."""

    is_trusted: ClassVar[bool] = True

    def __init__(self, script: SessionScript, draws: Draws, hands: Hands) -> None:
        self._script = script
        self._draws = draws
        self._hands = hands

    async def reply(self, state: SessionState) -> Reply:
        """The turn's next step, with its drawn tokens and duration; a closing word when the steps are used up."""
        steps = await self._steps(state)
        index = _due(state)
        step = steps[index] if index < len(steps) else Step(text="I have nothing to add.")
        refusal = self._refusal(state)
        if refusal is not None:
            step = Step(text=None)
        place = f"{state.turn}/request{index}"
        low, high = self._script.time_s.request
        drawn_s = self._draws.between(f"{place}/duration", float(low), float(high))
        written = step.request
        return Reply(
            thinks=index == 0 if written is None else written.thinks,
            text=step.text,
            uses=step.uses,
            tokens=self._tokens(state, place),
            duration_s=drawn_s if written is None or written.takes_s is None else written.takes_s,
            thinks_after_s=None if written is None else written.thinks_after_s,
            usage_after_s=None if written is None else written.usage_after_s,
            delegations=step.delegations,
            is_report=step.is_report,
            refusal=refusal,
        )

    def _refusal(self, state: SessionState) -> Mapping[str, object] | None:
        """What the scenario says of a refusal, if the open request is the one that it refuses."""
        refuses = self._script.refuses
        is_subagent = "delegation" in state.session
        if refuses is None or is_subagent:
            return None
        number = sum(event["type"] == "span.model_request_start" for event in state.events)
        if number != refuses.request:
            return None
        return {"category": refuses.category, "explanation": refuses.explanation}

    async def carry_out(self, state: SessionState, use: JsonObject, hands: Hands) -> ToolOutcome | None:
        """The scenario's answer to a call of an MCP tool; the present draft, for the agent's own command; else None."""
        if use["type"] == "agent.mcp_tool_use":
            return self._mcp_answer(use)
        tool_input = use["input"] if isinstance(use["input"], dict) else {}
        if use["name"] != "bash" or not str(tool_input.get("command")).startswith(BUILD) or not self._script.deliver:
            return None
        delivery = await hands.deliver(self._script.deliver, flaws=self._flaws(state))
        if delivery.failed is not None:
            return ToolOutcome(text=delivery.failed, is_error=True)
        return ToolOutcome(text="\n".join(f"wrote {file.path}" for file in delivery.files), is_error=False)

    def _mcp_answer(self, use: JsonObject) -> ToolOutcome:
        calls = (
            *self._script.calls,
            *(call for turn in self._script.turns for request in turn for call in request.calls),
            *(call for subagent in self._script.subagents for call in subagent.calls),
        )
        wanted = (use["mcp_server_name"], use["name"], use["input"])
        for call in calls:
            if isinstance(call, McpCall) and (call.server, call.tool, dict(call.tool_input)) == wanted:
                return ToolOutcome(text=call.answer, is_error=call.is_error)
        return ToolOutcome(text=f"{use['name']}: the scenario has no answer to this call", is_error=True)

    async def _steps(self, state: SessionState) -> tuple[Step, ...]:
        number = state.session.get("delegation")
        if isinstance(number, int):
            return self._steps_of_subagent(self._script.subagents[number])
        if self._script.turns:
            return self._written_steps(state)
        outcome = state.outcome
        if state.phase is Phase.CHAT or outcome is None:
            return (*self._delegations(state), Step(text="Understood."))
        if state.phase is Phase.AFTER_VERDICT:
            return await self._steps_after_verdict(state, outcome)
        return await self._steps_of_draft(state, outcome)

    async def _steps_of_draft(self, state: SessionState, outcome: Outcome) -> tuple[Step, ...]:
        is_first = outcome.iteration == 0
        steps = [*self._reads(state), *map(_step_of, self._script.calls)] if is_first else []
        if is_first and len(state.outcomes) == 1:
            # Made once, and a step of this turn still when the threads are there.
            steps += self._delegations(state)
        steps.append(
            await self._delivery(
                state,
                "I'll write the deliverable." if is_first else "I'll revise the deliverable to close these gaps.",
                place=len(steps),
            )
        )
        wanted = self._draws.between(f"{state.turn}/requests", *self._script.cost.requests)
        while len(steps) + 1 < wanted:
            look = ToolUse(name="glob", tool_input={"path": OUTPUTS, "pattern": "*"})
            steps.append(Step(text="I'll look at what is there.", uses=(look,)))
        return (*steps, Step(text="The deliverable is complete." if is_first else "The revision is complete."))

    async def _steps_after_verdict(self, state: SessionState, outcome: Outcome) -> tuple[Step, ...]:
        closing = Step(text="All criteria are met." if outcome.result == "satisfied" else "I have stopped here.")
        if self._draws.chance(f"{state.turn}/rewrites") >= self._script.after_verdict.rewrites:
            return (closing,)
        return (await self._delivery(state, "I'll go over the deliverable once more.", place=0), closing)

    def _reads(self, state: SessionState) -> list[Step]:
        """One request that reads every mounted text, unless the scenario's calls read it."""
        called = {call.tool_input.get("file_path") for call in self._script.calls if isinstance(call, ToolCall)}
        resources = state.session["resources"]
        paths = [str(each["mount_path"]) for each in resources] if isinstance(resources, list) else []
        uses = tuple(
            ToolUse(name="read", tool_input={"file_path": path})
            for path in paths
            if path not in called and self._is_text(path)
        )
        return [Step(text="I'll read the inputs first.", uses=uses)] if uses else []

    def _is_text(self, path: str) -> bool:
        place = PurePosixPath(path)
        if not place.is_relative_to(UPLOADS):
            return False
        real = self._hands.uploads / place.relative_to(UPLOADS)
        return real.is_file() and real.stat().st_size <= _LARGEST_READ and _text_of(real.read_bytes()) is not None

    def _written_steps(self, state: SessionState) -> tuple[Step, ...]:
        turns = self._script.turns
        written = turns[state.turns] if state.turns < len(turns) else ()
        return tuple(
            Step(text=request.says, uses=tuple(map(_use_of, request.calls)), request=request) for request in written
        )

    def _steps_of_subagent(self, subagent: Subagent) -> tuple[Step, ...]:
        return (*map(_step_of, subagent.calls), Step(text=subagent.report, is_report=True))

    def _delegations(self, state: SessionState) -> list[Step]:
        """One request that gives every task of the scenario to its agent, in the first turn that has a request."""
        if not self._script.subagents or (state.threads and state.phase is Phase.CHAT):
            return []
        tasks = tuple(
            Delegation(agent=subagent.agent, task=subagent.task, number=number)
            for number, subagent in enumerate(self._script.subagents)
        )
        return [Step(text="I'll hand this out.", delegations=tasks)]

    async def _delivery(self, state: SessionState, text: str, *, place: int) -> Step:
        """A `write` for each text of the draft, with its true content, after one command that makes what is no text.

        A draft that the scenario's script fails to make is left to the command, whose result then says why. No draft
        is made unless the turn's step at `place` is the one that is due: making one runs a program.
        """
        if self._script.deliver is None or place != _due(state):
            return Step(text=text)
        draft = await self._draft(self._script.deliver, self._flaws(state))
        texts = [(file.path, _text_of(file.content)) for file in draft.files]
        writes = [
            ToolUse(name="write", tool_input={"file_path": path, "content": content})
            for path, content in texts
            if content is not None
        ]
        if len(writes) < len(texts) or not texts:
            command = f"{BUILD} --draft {len(_evaluations(state))}"
            writes.insert(0, ToolUse(name="bash", tool_input={"command": command}))
        return Step(text=text, uses=tuple(writes))

    async def _draft(self, deliver: Deliver, flaws: frozenset[str]) -> Delivery:
        """The draft with these flaws, made in a directory beside the session's, so that nothing is delivered yet."""
        with tempfile.TemporaryDirectory() as folder:
            beside = Hands(Path(folder))
            shutil.copytree(self._hands.uploads, beside.uploads, dirs_exist_ok=True)
            return await beside.deliver(deliver, flaws=flaws)

    def _flaws(self, state: SessionState) -> frozenset[str]:
        """The flaws of the draft that the present turn makes, from the first draft on through every verdict."""
        flaws: frozenset[str] = frozenset()
        told = _evaluations(state)
        outcome = state.outcome
        last = 0 if outcome is None else outcome.iteration
        for iteration in range(last + 1):
            flaws = choose_flaws(
                self._script.flaws,
                self._draws,
                iteration=iteration,
                previous=flaws,
                not_met=told[iteration - 1] if 0 < iteration <= len(told) else frozenset(),
                system=_system(state),
            )
        if state.phase is Phase.AFTER_VERDICT:
            flaws |= frozenset(self._script.after_verdict.flaws)
        return flaws

    def _tokens(self, state: SessionState, place: str) -> Tokens:
        """Drawn tokens: what is new is written to the cache, what was written before is read from it."""
        cost = self._script.cost
        return Tokens(
            input_tokens=self._draws.between(f"{place}/uncached", 4, 12),
            output_tokens=self._draws.between(f"{place}/output", *cost.output_tokens),
            cache_creation_input_tokens=self._draws.between(f"{place}/input", *cost.input_tokens),
            cache_read_input_tokens=state.cached_tokens,
        )


def _step_of(call: Call) -> Step:
    use = _use_of(call)
    return Step(text=f"I'll use {use.name}.", uses=(use,))


def _use_of(call: Call) -> ToolUse:
    match call:
        case CustomCall():
            return ToolUse(name=call.name, tool_input=call.tool_input, is_custom=True)
        case McpCall():
            return ToolUse(name=call.tool, tool_input=call.tool_input, mcp_server=call.server)
        case ToolCall():
            return ToolUse(name=call.tool, tool_input=call.tool_input)


def _due(state: SessionState) -> int:
    """Which step of its turn a request is for."""
    # An outcome that arrives during a request begins its turn with that request still open.
    return max(0, state.requests - 1)


def _evaluations(state: SessionState) -> tuple[frozenset[str], ...]:
    return () if state.outcome is None else state.outcome.not_met


def _system(state: SessionState) -> str | None:
    agent = state.session["agent"]
    system = agent["system"] if isinstance(agent, dict) else None
    return system if isinstance(system, str) else None


def _text_of(content: bytes) -> str | None:
    """The text that writes exactly these bytes again; None where there is none."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
