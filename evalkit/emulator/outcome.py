"""One outcome of a session, as its journal tells it: what was asked, how far it has come, what the grader said."""

from dataclasses import dataclass
from enum import StrEnum

from evalkit.emulator.fields import JsonObject


class Phase(StrEnum):
    """What the agent's present turn is for."""

    CHAT = "chat"
    DRAFT = "draft"
    """Work towards an outcome, the first or a revision."""
    AFTER_VERDICT = "after_verdict"
    """The extra turn that follows a terminal verdict."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """One `user.define_outcome`, and how far it has come."""

    outcome_id: str
    description: str
    rubric: str
    max_iterations: int
    iteration: int = 0
    result: str = "pending"
    """As in the session's `outcome_evaluations`: pending, running, evaluating, then a terminal verdict."""
    explanation: str | None = None
    completed_at: str | None = None
    evaluation_id: str | None = None
    """The evaluation that has started and not ended."""
    not_met: tuple[frozenset[str], ...] = ()
    """Criteria that the grader found wanting, one set an evaluation: what the agent was told."""
    is_given_up: bool = False
    """The session ran out of retries while it was active; the platform's final word for that is not known."""

    @property
    def is_active(self) -> bool:
        """Whether it still waits for a terminal verdict."""
        return self.completed_at is None and not self.is_given_up

    def as_resource(self) -> JsonObject:
        """Its item of `outcome_evaluations`."""
        return {
            "type": "outcome_evaluation",
            "outcome_id": self.outcome_id,
            "description": self.description,
            "iteration": self.iteration,
            "result": self.result,
            "explanation": self.explanation,
            "completed_at": self.completed_at,
        }
