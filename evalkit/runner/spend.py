"""What a run may spend: at every launch, what was spent and what is at risk stay within the cap, to the cent."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from evalkit.errors import UsageError
from evalkit.store.attempts import AttemptState
from evalkit.suite.model import TrialPlan
from evalkit.trial.model import RunRecord


class Purse:
    """The money of one run, in exact dollars.

    A session at work is counted with its own cap, and one whose cost nobody can tell keeps being counted so. (The
    platform looks at a session's cap between model requests: it may overshoot by one request per thread.)
    """

    def __init__(self, cap: Decimal | None, spent: Decimal = Decimal(0)) -> None:
        self.cap = cap
        """None spends without looking."""
        self.spent = spent
        self.at_risk = Decimal(0)
        self._working = 0
        self._changed = asyncio.Condition()

    def fits(self, amount: Decimal) -> bool:
        """Whether `amount` more may be put at risk now."""
        return self.cap is None or self.spent + self.at_risk + amount <= self.cap

    def commit(self, amount: Decimal) -> None:
        """`amount` is at risk already: a session of an earlier process."""
        self.at_risk += amount
        self._working += 1

    async def reserve(self, amount: Decimal, *, may_wait: bool = True) -> bool:
        """Whether `amount` was put at risk. Waits while sessions at work may yet leave room for it."""
        async with self._changed:
            while not self.fits(amount):
                if not self._working or not may_wait:
                    return False
                await self._changed.wait()
            self.commit(amount)
            return True

    async def settle(self, amount: Decimal, usd: Decimal | None) -> None:
        """A session for which `amount` was at risk has ended and cost `usd`; None when nobody can tell."""
        async with self._changed:
            self.at_risk -= amount
            self.spent += amount if usd is None else usd
            self._working -= 1
            self._changed.notify_all()


def cap_of(plan: TrialPlan) -> Decimal:
    """What one session of the trial may cost; 0 for a task without a cap, which only a run without one has."""
    return plan.task.budget_usd or Decimal(0)


def check_caps(plans: Iterable[TrialPlan], budget_usd: Decimal | None) -> None:
    """The run's cap can be kept, and leaves room for every single trial.

    Raises:
        UsageError: a task has no cap of its own, or one above the run's.
    """
    if budget_usd is None:
        return
    for plan in plans:
        own = plan.task.budget_usd
        if own is None:
            raise UsageError(
                f"--budget-usd {budget_usd}: task {plan.task.id!r} has no budget_usd of its own, so that one session"
                " of it could cost anything; give it one in the suite"
            )
        if own > budget_usd:
            raise UsageError(
                f"--budget-usd {budget_usd}: one trial of task {plan.task.id!r} may cost {own} by its budget_usd;"
                " give the run at least that, or the task less"
            )


def spent_by(run: RunRecord, attempts: Mapping[str, Sequence[AttemptState]]) -> Decimal:
    """What the attempts that have ended cost; an unknown cost counts as the whole cap of its session.

    Attempts that are open are at risk, not spent.
    """
    ended = {(key, state.number) for key, states in attempts.items() for state in states if state.next is not None}
    total = Decimal(0)
    for trial in (*run.trials, *run.earlier_attempts):
        if trial.session.id is not None and (trial.spec.key, trial.attempt) in ended:
            total += trial.cost.usd if trial.cost.usd is not None else trial.spec.budget_usd or Decimal(0)
    return total
