"""Exact p-values from whole numbers: no seed, no normal approximation.

All rest on one fact: when a task's rate is the same in both runs, then given how many of its trials succeeded in
total, the candidate's share of them is hypergeometric.

Sources: the suite test is the exact conditional Cochran-Mantel-Haenszel test (R: mantelhaen.test(exact=TRUE)), with
one trial a task McNemar's; mid-p as recommended by Fagerland, Lydersen & Laake 2013 (BMC Med Res Methodol 13:91).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np

from evalkit.stats.counts import Counts
from evalkit.stats.estimate import FloatArray

_SLACK = 1e-12
"""A p of exactly 1/20 is common and must not miss a level of .05 by rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactTest:
    """How surprising the candidate's successes are if nothing changed; small means worse."""

    p: float
    """Chance of as few or fewer."""
    mid_p: float
    """The same, with what was seen counted half: less conservative, the one to display."""


def is_significant(p: float, alpha: float) -> bool:
    """True when `p` is at most `alpha`, rounding aside."""
    return p <= alpha + _SLACK


def within_task_permutation(baseline: Counts, candidate: Counts) -> ExactTest:
    """One-sided test that the candidate is worse on this suite: every relabelling of trials within tasks, exactly.

    The statistic is the candidate's total of successes given each task's total over both runs. For "better",
    exchange the runs.

    Raises:
        ValueError: the runs have different numbers of tasks.
    """
    if baseline.tasks != candidate.tasks:
        raise ValueError(f"two runs: {baseline.tasks} and {candidate.tasks} tasks; must be the same")
    distribution, fewest = np.ones(1), 0
    for x_a, n_a, x_b, n_b in zip(
        baseline.successes, baseline.trials, candidate.successes, candidate.trials, strict=True
    ):
        start, chances = _hypergeometric(n_a, n_b, x_a + x_b)
        distribution, fewest = np.convolve(distribution, chances), fewest + start
    return _lower_tail(distribution, sum(candidate.successes) - fewest)


def task_drop(x_baseline: int, n_baseline: int, x_candidate: int, n_candidate: int) -> ExactTest:
    """One-sided test that one task got worse: the hypergeometric lower tail, Fisher's exact test."""
    start, chances = _hypergeometric(n_baseline, n_candidate, x_baseline + x_candidate)
    return _lower_tail(chances, x_candidate - start)


def smallest_task_p(n_baseline: int, n_candidate: int) -> float:
    """The smallest p that `task_drop` can ever give: all passed before, none after. 1/C(n+m, m).

    Above the level it is to be compared with, single tasks cannot be confirmed at all; say so, instead of showing an
    empty list.
    """
    return 1 / comb(n_baseline + n_candidate, n_candidate)


def most_successes_still_worse(x_baseline: int, n_baseline: int, n_candidate: int, alpha: float) -> int | None:
    """The largest number of candidate successes that `task_drop` still calls worse at `alpha`; None when none is."""
    worse = [
        x for x in range(n_candidate + 1) if is_significant(task_drop(x_baseline, n_baseline, x, n_candidate).p, alpha)
    ]
    return max(worse, default=None)


def shares_differ(yes_a: int, n_a: int, yes_b: int, n_b: int) -> float:
    """Fisher's two-sided p that two shares are the same, such as the shares of trials that could not be measured."""
    start, chances = _hypergeometric(n_a, n_b, yes_a + yes_b)
    seen = chances[yes_b - start]
    return min(float(np.sum(chances[chances <= seen * (1 + 1e-7)])), 1.0)


@lru_cache(maxsize=4096)
def _hypergeometric(n_a: int, n_b: int, total: int) -> tuple[int, FloatArray]:
    """The fewest successes side b can have of `total`, and the chance of each number from there upward."""
    start = max(0, total - n_a)
    ways = [comb(n_b, x) * comb(n_a, total - x) for x in range(start, min(n_b, total) + 1)]
    whole = comb(n_a + n_b, total)
    return start, np.asarray([way / whole for way in ways])


def _lower_tail(chances: FloatArray, index: int) -> ExactTest:
    p = min(float(np.sum(chances[: index + 1])), 1.0)
    return ExactTest(p=p, mid_p=max(p - float(chances[index]) / 2, 0.0))
