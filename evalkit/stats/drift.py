"""How much days differ, and what that adds to a comparison.

Trials of one day are alike: the platform has good days and bad ones. A baseline spread over days shows by how much,
and a candidate run on one day alone is then known less well than its trials say. With nothing changed and a
between-day standard deviation of 2.3 points, simulated at five days of four trials and three candidate trials, the
plain gate interval calls a drop in .10 of comparisons at 50 tasks and .19 at 200 where .05 is nominal; widened by
days it does so in .06 and .07. Both runs interleaved in one job share their day and need none of this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, sqrt

import numpy as np

from evalkit.stats.estimate import Estimate, student_quantile

MIN_DAYS = 5
"""With fewer days their variance is not estimated at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BetweenDays:
    """The variance of a day's suite rate beyond what its trials explain."""

    variance: float
    """0 when the days differ no more than trials do."""
    days: int


def between_days(days: Sequence[Mapping[str, tuple[int, int]]]) -> BetweenDays | None:
    """What `days`, each task to (successes, trials) on that day, say of the variance between days.

    Moments: variance over days of the mean deviation of a day's tasks from their own overall rates, minus what trials
    explain. None with fewer than five days, or when no task has two trials in all.

    Raises:
        ValueError: a day without a task, or impossible counts.
    """
    for counts in (pair for day in days for pair in day.values()):
        if not 0 <= counts[0] <= counts[1] or counts[1] < 1:
            raise ValueError(f"days: {counts!r} successes and trials; must be 0 to n of n ≥ 1")
    if any(not day for day in days):
        raise ValueError("days: one has no task; leave it out")
    if len(days) < MIN_DAYS:
        return None
    totals = {
        task: (sum(day[task][0] for day in days if task in day), sum(day[task][1] for day in days if task in day))
        for task in sorted({task for day in days for task in day})
    }
    known = {task: x * (n - x) / (n * (n - 1)) for task, (x, n) in totals.items() if n >= 2}
    if not known:
        return None
    typical = float(np.mean(list(known.values())))
    deviations, explained = [], []
    for day in days:
        deviations.append(float(np.mean([x / n - totals[task][0] / totals[task][1] for task, (x, n) in day.items()])))
        explained.append(sum(known.get(task, typical) / n for task, (_, n) in day.items()) / len(day) ** 2)
    beyond = float(np.var(deviations, ddof=1)) - float(np.mean(explained))
    return BetweenDays(variance=max(beyond, 0.0), days=len(days))


def widened_by_days(change: Estimate, between: BetweenDays) -> Estimate:
    """`change`, of a candidate run on one day against a baseline of `between.days` days, with the days' noise.

    Square-and-add of one more independent margin, t·√(τ²(1 + 1/D)) with D - 1 degrees of freedom; cut to [-1, 1].
    """
    quantile = student_quantile(change.confidence, between.days - 1)
    margin = quantile * sqrt(between.variance * (1 + 1 / between.days))
    return replace(
        change,
        low=max(change.estimate - hypot(change.estimate - change.low, margin), -1.0),
        high=min(change.estimate + hypot(change.high - change.estimate, margin), 1.0),
    )
