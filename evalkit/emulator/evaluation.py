"""One evaluation of the active outcome as the session shows it: its start, signs of life, end, and what is told."""

from collections.abc import Awaitable, Callable

from evalkit.emulator.brain import BrainError
from evalkit.emulator.faults import UnknownVerdict, of_kind
from evalkit.emulator.grader import GraderError, Grading, grade
from evalkit.emulator.outcome import Outcome
from evalkit.emulator.recorder import Recorder
from evalkit.emulator.script import SessionScript
from evalkit.emulator.usage import Tokens
from evalkit.emulator.workplace import Workplace

_ONGOING_EVERY_S = 30.351
"""Between the signs of life of a long evaluation (recorded: about 30.4)."""


class Evaluation:
    """The grader is called with the rubric, the hands and the draws: it cannot see what the agent said."""

    def __init__(self, place: Workplace, recorder: Recorder, wait: Callable[[float], Awaitable[bool]]) -> None:
        """`wait` lets seconds pass, and says whether no interrupt came."""
        self._place = place
        self._recorder = recorder
        self._wait = wait

    async def run(self) -> None:
        """The active outcome has one more verdict, unless an interrupt came first."""
        state = self._recorder.state
        outcome = state.outcomes[-1]
        draws = self._place.draws()
        if outcome.evaluation_id is None:
            gap_s = draws.between(f"{state.turn}/before_grading", 0.5, 0.74)
            self._emit("start", outcome, after_s=gap_s)
        try:
            script = self._place.script()
            grading = await grade(
                outcome.rubric,
                script.grader,
                self._place.hands,
                draws,
                iteration=outcome.iteration,
                max_iterations=outcome.max_iterations,
            )
        except (BrainError, GraderError) as error:
            self._recorder.give_up(str(error))
            return
        if await self._pass_time(outcome, script):
            self._show_verdict(outcome, script, grading)

    async def _pass_time(self, outcome: Outcome, script: SessionScript) -> bool:
        given = script.time_s.gradings
        low, high = script.time_s.grading
        left_s = self._place.draws().between(f"{self._recorder.state.turn}/grading", float(low), float(high))
        if given:
            left_s = given[min(outcome.iteration, len(given) - 1)]
        left_s -= _ONGOING_EVERY_S * self._signs_of_life(outcome)
        while left_s > _ONGOING_EVERY_S:
            if not await self._wait(_ONGOING_EVERY_S):
                return False
            self._emit("ongoing", outcome)
            left_s -= _ONGOING_EVERY_S
        return await self._wait(left_s)

    def _signs_of_life(self, outcome: Outcome) -> int:
        """How many the running evaluation has given: more than none where its grader died and is woken."""
        events = self._recorder.state.events
        ids = [event["id"] for event in events]
        since = events[ids.index(outcome.evaluation_id) :]
        return sum(event["type"] == "span.outcome_evaluation_ongoing" for event in since)

    def _show_verdict(self, outcome: Outcome, script: SessionScript, grading: Grading) -> None:
        name = f"{self._recorder.state.turn}/grader_tokens"
        total = self._place.draws().between(name, *script.cost.grader_tokens)
        written = total // 8
        tokens = Tokens(input_tokens=total - written, output_tokens=written)
        journal, clock = self._recorder.journal, self._recorder.clock
        words = {fault.iteration: fault.word for fault in of_kind(self._place.session_faults(), UnknownVerdict)}
        with journal.together():
            journal.append("grader_usage", tokens.as_usage() | {"at": clock.step()})
            end_evaluation(
                self._recorder, outcome, words.get(outcome.iteration, grading.result.value), grading.explanation
            )
            # A hidden message to the agent: recorded requests start two microseconds after the end, not one.
            journal.append("feedback", {"not_met": sorted(grading.not_met), "at": clock.step()})

    def _emit(self, what: str, outcome: Outcome, *, after_s: float = 0.0) -> None:
        self._recorder.emit(
            f"span.outcome_evaluation_{what}",
            after_s=after_s,
            outcome_id=outcome.outcome_id,
            iteration=outcome.iteration,
        )


def end_evaluation(recorder: Recorder, outcome: Outcome, verdict: str, explanation: str) -> None:
    """The outcome has this verdict; what the grader used is in no event (recorded)."""
    recorder.emit(
        "span.outcome_evaluation_end",
        outcome_evaluation_start_id=outcome.evaluation_id or "",
        outcome_id=outcome.outcome_id,
        iteration=outcome.iteration,
        result=verdict,
        explanation=explanation,
        usage=Tokens().as_usage(),
    )
