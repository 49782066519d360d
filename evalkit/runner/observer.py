"""Who is told how a run goes."""

from typing import Protocol

from evalkit.suite.model import TrialPlan
from evalkit.trial.fold import Progress
from evalkit.trial.model import End, Failure


class Observer(Protocol):
    """Told on the event loop; must return at once."""

    def trial_moved(self, plan: TrialPlan, attempt: int, progress: Progress) -> None:
        """Something changed in a running trial."""

    def attempt_ended(self, plan: TrialPlan, attempt: int, progress: Progress, end: End, why: Failure | None) -> None:
        """An attempt is over and on disk."""


class Silent:
    """An observer that says nothing."""

    def trial_moved(self, plan: TrialPlan, attempt: int, progress: Progress) -> None:
        """Nothing happens."""

    def attempt_ended(self, plan: TrialPlan, attempt: int, progress: Progress, end: End, why: Failure | None) -> None:
        """Nothing happens."""
