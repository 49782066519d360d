"""A brain that plays a scenario: it reads, calls, writes the scenario's drafts, and talks a little.

A turn is a list of steps, one a model request, that follows from the scenario, the draws and what the journal says;
which step is due is the number of requests in the turn. So a brain made anew in the middle of a turn goes on with it.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evalkit.emulator.brain import Reply, ToolUse
from evalkit.emulator.draws import Draws
from evalkit.emulator.flaws import choose_flaws
from evalkit.emulator.hands import OUTPUTS, UPLOADS, Delivery, Hands, ToolOutcome
from evalkit.emulator.script import CustomCall, SessionScript
from evalkit.emulator.state import Outcome, Phase, SessionState
from evalkit.emulator.usage import Tokens, total_of

BUILD = "python /workspace/build.py"
"""The command that a scripted agent gives where a draft has files that `write` cannot make."""
_LARGEST_READ = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one request of a turn says and asks for."""

    text: str
    uses: tuple[ToolUse, ...] = ()


class ScriptedBrain:
    """The agent of one session's script."""

    def __init__(self, script: SessionScript, draws: Draws, hands: Hands) -> None:
        self._script = script
        self._draws = draws
        self._hands = hands
        self._drafts: dict[frozenset[str], Delivery] = {}

    async def reply(self, state: SessionState) -> Reply:
        """The turn's next step, with its drawn tokens and duration; a closing word when the steps are used up."""
        steps = await self._steps(state)
        index = state.requests - 1
        step = steps[index] if index < len(steps) else Step(text="I have nothing to add.")
        place = f"{state.turn}/request{index}"
        low, high = self._script.time_s.request
        return Reply(
            thinks=index == 0,
            text=step.text,
            uses=step.uses,
            tokens=self._tokens(state, place),
            duration_s=self._draws.between(f"{place}/duration", float(low), float(high)),
        )

    async def run_command(self, state: SessionState, command: str, hands: Hands) -> ToolOutcome | None:
        """The outputs are the present draft, for the scripted agent's own command; None for any other."""
        if not command.startswith(BUILD):
            return None
        delivery = await hands.deliver(self._script.deliver, flaws=self._flaws(state))
        if delivery.failed is not None:
            return ToolOutcome(text=delivery.failed, is_error=True)
        return ToolOutcome(text="\n".join(f"wrote {file.path}" for file in delivery.files), is_error=False)

    async def _steps(self, state: SessionState) -> tuple[Step, ...]:
        outcome = state.outcome
        if state.phase is Phase.CHAT or outcome is None:
            return (Step(text="Understood."),)
        if state.phase is Phase.AFTER_VERDICT:
            return await self._steps_after_verdict(state, outcome)
        return await self._steps_of_draft(state, outcome)

    async def _steps_of_draft(self, state: SessionState, outcome: Outcome) -> tuple[Step, ...]:
        is_first = outcome.iteration == 0
        steps = [*self._reads(state), *self._calls()] if is_first else []
        steps.append(
            await self._delivery(
                state, "I'll write the deliverable." if is_first else "I'll revise the deliverable to close these gaps."
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
        return (await self._delivery(state, "I'll go over the deliverable once more."), closing)

    def _reads(self, state: SessionState) -> list[Step]:
        """One request that reads every mounted text, unless the scenario's calls read it."""
        called = {call.tool_input.get("file_path") for call in self._script.calls if not isinstance(call, CustomCall)}
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

    def _calls(self) -> list[Step]:
        steps = []
        for call in self._script.calls:
            is_custom = isinstance(call, CustomCall)
            name = call.name if isinstance(call, CustomCall) else call.tool
            use = ToolUse(name=name, tool_input=call.tool_input, is_custom=is_custom)
            steps.append(Step(text=f"I'll use {name}.", uses=(use,)))
        return steps

    async def _delivery(self, state: SessionState, text: str) -> Step:
        """A `write` for each text of the draft, with its true content, after one command that makes what is no text.

        A draft that the scenario's script fails to make is left to the command, whose result then says why.
        """
        flaws = self._flaws(state)
        if flaws not in self._drafts:
            self._drafts = {flaws: await self._draft(flaws)}
        draft = self._drafts[flaws]
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

    async def _draft(self, flaws: frozenset[str]) -> Delivery:
        """The draft with these flaws, made in a directory beside the session's, so that nothing is delivered yet."""
        with tempfile.TemporaryDirectory() as folder:
            beside = Hands(Path(folder))
            shutil.copytree(self._hands.uploads, beside.uploads, dirs_exist_ok=True)
            return await beside.deliver(self._script.deliver, flaws=flaws)

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
            cache_read_input_tokens=total_of(state.spends).cache_creation_input_tokens,
        )


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
