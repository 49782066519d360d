"""What a run would take, before anything is sent: sessions, requests, dollars, and why each trial would run.

Dollars come from earlier trials of the same task where the store has some. Without any they are bounds and said to be:
`max_iterations` times what one iteration took in recorded sessions, never more than the task's own budget.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from evalkit.errors import EvalkitError, UnknownModelError
from evalkit.runner.owed import TRIES
from evalkit.store.history import load_head, load_run
from evalkit.store.layout import run_folders
from evalkit.suite.model import TrialPlan
from evalkit.trial.model import RunRecord, Tokens, TrialRecord
from evalkit.trial.prices import price_table

_LEAST = Tokens(input=46, output=2_751, cache_read=45_999, cache_write=8_440)
_MOST = Tokens(input=83, output=4_605, cache_read=108_495, cache_write=26_543)
_LEAST_S, _MOST_S = Decimal(44), Decimal(90)
"""Tokens (grader included) and running seconds of one iteration, least and most, in 15 sessions with an outcome that
were recorded from the hosted API in August 2026. Larger tasks take more: these are an order of magnitude."""

_NEWEST_RUNS = 50
"""How many earlier runs of the suite are read."""

_REQUESTS_A_TRIAL = 7
"""Create, stream, history, outcome, the listing at the verdict, the final listing, archive. See `runner/trial.py`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dollars:
    """What one or more trials would cost. None where a price is not known."""

    least: Decimal | None
    expected: Decimal | None
    """None also where nothing was measured before."""
    most: Decimal | None

    def __add__(self, other: "Dollars") -> "Dollars":
        return Dollars(
            least=_sum(self.least, other.least),
            expected=_sum(self.expected, other.expected),
            most=_sum(self.most, other.most),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEstimate:
    """One trial that would run."""

    plan: TrialPlan
    dollars: Dollars
    basis: str
    """Where the dollars come from."""
    why: str
    """Why it would run."""
    requests: int
    """Requests to the API, at least: one evaluation, nothing repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEstimate:
    """All trials of a run that would be started now."""

    trials: tuple[TrialEstimate, ...]
    requests: int
    """At least; agents, environments and uploads included, found or made once a run."""

    @property
    def dollars(self) -> Dollars:
        total = Dollars(least=Decimal(0), expected=Decimal(0), most=Decimal(0))
        for trial in self.trials:
            total += trial.dollars
        return total

    @property
    def most_sessions(self) -> int:
        """If infrastructure failed every time and each trial were tried as often as it may be."""
        return len(self.trials) * TRIES


def earlier_runs(reports: Path, suite: str, backend: str) -> tuple[RunRecord, ...]:
    """The newest runs of that suite on that backend, oldest first; what cannot be read is left out."""
    found: list[RunRecord] = []
    for folder in reversed(run_folders(reports)):
        if len(found) == _NEWEST_RUNS:
            break
        try:
            head = load_head(folder)
            if (head.spec.suite, head.spec.backend) == (suite, backend):
                found.append(load_run(folder))
        except EvalkitError:
            continue  # a damaged run says nothing about costs, and is no reason not to estimate
    return tuple(reversed(found))


def estimate_run(plans: Sequence[TrialPlan], earlier: Sequence[RunRecord]) -> RunEstimate:
    """What running `plans` would take, judged by the runs before. Pure: nothing is sent or read."""
    records = [trial for run in earlier for trial in (*run.trials, *run.earlier_attempts)]
    measured_in = {trial.spec.key: run.id for run in earlier for trial in run.trials if trial.end.is_measured}
    trials = tuple(_estimate(plan, records, measured_in) for plan in plans)
    variants = {plan.variant.name for plan in plans}
    uploads = {(item.sha256, item.mount_as) for plan in plans for item in plan.task.inputs}
    # A variant's agent and its environment are each looked for, at least once.
    return RunEstimate(
        trials=trials, requests=sum(trial.requests for trial in trials) + 2 * len(variants) + len(uploads)
    )


def _estimate(plan: TrialPlan, records: Iterable[TrialRecord], measured_in: Mapping[str, str]) -> TrialEstimate:
    costs = [record.cost.usd for record in records if _is_like(plan, record) and record.cost.usd is not None]
    before = measured_in.get(plan.spec.key)
    return TrialEstimate(
        plan=plan,
        dollars=_from_history(costs) if costs else _bounds(plan),
        basis=f"{len(costs)} earlier sessions of it" if costs else _basis(plan),
        why=f"measured in {before}; a new run measures it again" if before else "no earlier run has measured it",
        requests=_REQUESTS_A_TRIAL + len(plan.task.deliverables),
    )


def _is_like(plan: TrialPlan, record: TrialRecord) -> bool:
    """Whether the record is of the same task asked of the same agent; repeats and checks may differ."""
    ours, theirs = plan.spec, record.spec
    if ours.model is not None and ours.model != theirs.model:  # a deployed agent's is known only once it was looked up
        return False
    return (ours.task, ours.max_iterations, ours.hashes.agent, ours.hashes.task, ours.hashes.rubric) == (
        theirs.task,
        theirs.max_iterations,
        theirs.hashes.agent,
        theirs.hashes.task,
        theirs.hashes.rubric,
    )


def _from_history(costs: Sequence[Decimal]) -> Dollars:
    return Dollars(least=min(costs), expected=sum(costs, Decimal(0)) / len(costs), most=max(costs))


def _bounds(plan: TrialPlan) -> Dollars:
    least = _iteration_usd(plan.spec.model, _LEAST, _LEAST_S)
    most = _iteration_usd(plan.spec.model, _MOST, _MOST_S)
    budget = plan.task.budget_usd
    if most is not None:
        most *= plan.task.max_iterations
    if budget is not None:
        # The platform holds the budget, so it bounds what we cannot price too.
        most = min(most, budget) if most is not None else budget
        least = min(least, budget) if least is not None else None
    return Dollars(least=least, expected=None, most=most)


def _basis(plan: TrialPlan) -> str:
    bound = f"bounds: 1 to {plan.task.max_iterations} iterations of recorded size"
    return bound if plan.task.budget_usd is None else f"{bound}, budget ${plan.task.budget_usd}"


def _iteration_usd(model: str | None, tokens: Tokens, seconds: Decimal) -> Decimal | None:
    table = price_table()
    try:
        price = table.price_of(model or "", None)
    except UnknownModelError:
        return None
    usd = price.rates.cost_of(tokens)
    return usd + seconds * table.runtime_usd_per_hour / 3600 if usd is not None else None


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return one + other if one is not None and other is not None else None
