"""One run: its pass rate, pass@k and pass^k, with intervals that know that trials of one task are alike.

Cluster Wilson is Wilson's interval at the number of independent trials the run is worth. It never leaves [0, 1], never
has width 0, and with one trial a task is exactly Wilson's. Cluster-robust normal intervals have SE 0, and so width 0,
in almost half of small good runs.

Sources: Wilson 1927; Saha, Miller & Wang 2016 (CRAN ratesci::clusterpci); Franco et al. 2019 (PMC6690503); pass@k:
Chen et al. 2021 (arXiv 2107.03374); pass^k: Yao et al. 2024 (arXiv 2406.12045).
"""

from dataclasses import dataclass
from math import comb, sqrt

import numpy as np

from evalkit.stats.counts import Counts
from evalkit.stats.estimate import (
    Estimate,
    FloatArray,
    Method,
    NotEstimableError,
    normal_quantile,
    student_quantile,
)

MIN_TASKS_FOR_GATING = 5
"""Below it a cluster interval is printed, but nothing should be decided by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteRate:
    """A mean over tasks of a per-task rate, and how much it can be trusted."""

    interval: Estimate
    """Its `n` is the effective number of independent trials."""
    se: float | None
    """Standard error with tasks as clusters, factor T/(T-1) included; None with one task."""
    design_effect: float
    """Trials run for each independent trial they are worth."""
    tasks: int
    trials: int

    @property
    def is_usable_for_gating(self) -> bool:
        return self.tasks >= MIN_TASKS_FOR_GATING


def wilson(successes: int, n: int, confidence: float = 0.95) -> Estimate:
    """Wilson's score interval for `successes` of `n` independent trials; `n` is that n.

    Raises:
        NotEstimableError: `n` is 0.
        ValueError: successes outside 0…n.
    """
    if n == 0:
        raise NotEstimableError("Wilson interval: 0 of 0 trials; measure at least one")
    if not 0 <= successes <= n:
        raise ValueError(f"Wilson interval: {successes!r} of {n!r} trials; must be 0 to n successes")
    return wilson_at(successes / n, n, normal_quantile(confidence), confidence=confidence, method=Method.WILSON)


def wilson_at(rate: float, n: float, quantile: float, *, confidence: float, method: Method) -> Estimate:
    """Wilson's interval for an observed `rate` worth `n` independent trials, `n` not necessarily whole."""
    low, high = wilson_limits(np.asarray(rate), np.asarray(n), quantile)
    return Estimate(
        estimate=float(rate), low=float(low), high=float(high), confidence=confidence, n=float(n), method=method
    )


def wilson_limits(rate: FloatArray, n: FloatArray, quantile: float) -> tuple[FloatArray, FloatArray]:
    """Lower and upper Wilson limits, element by element: 0 at rate 0, 1 at rate 1, the rate always between them.

    (p + q²/2n ± q·√(p(1-p)/n + q²/4n²)) / (1 + q²/n), with q the quantile.
    """
    shrink = quantile**2 / n
    centre = (rate + shrink / 2) / (1 + shrink)
    half = quantile * np.sqrt(rate * (1 - rate) / n + shrink / (4 * n)) / (1 + shrink)
    return np.minimum(rate, np.maximum(centre - half, 0.0)), np.maximum(rate, np.minimum(centre + half, 1.0))


def pass_rate(counts: Counts, confidence: float = 0.95) -> SuiteRate:
    """The mean over tasks of the success rate, with a cluster-Wilson interval.

    Measured coverage .91 to .99 with up to five trials a task; .85 to .95 with twenty trials a task and a rate near
    1, or eight tasks and fewer. One task: Wilson over its trials, method `ONE_TASK`.
    """
    return _suite_rate(counts.rates, counts, confidence)


def pass_at_k(counts: Counts, k: int, confidence: float = 0.95) -> SuiteRate:
    """The chance that at least one of `k` trials of a task succeeds, mean over tasks; unbiased.

    Never `1 - (1 - rate)^k` of the mean rate: it is biased by 13 to 28 points when tasks differ.

    Raises:
        NotEstimableError: a task has fewer than `k` trials.
        ValueError: `k` below 1.
    """
    _refuse_short_tasks(counts, k)
    values = [pass_at_k_of_task(n, x, k) for x, n in zip(counts.successes, counts.trials, strict=True)]
    return _suite_rate(np.asarray(values), counts, confidence)


def pass_hat_k(counts: Counts, k: int, confidence: float = 0.95) -> SuiteRate:
    """The chance that all of `k` trials of a task succeed (pass^k), mean over tasks; unbiased.

    To be shown, not gated on: with few trials its values by task have few levels.

    Raises:
        NotEstimableError: a task has fewer than `k` trials.
        ValueError: `k` below 1.
    """
    _refuse_short_tasks(counts, k)
    values = [pass_hat_k_of_task(n, x, k) for x, n in zip(counts.successes, counts.trials, strict=True)]
    return _suite_rate(np.asarray(values), counts, confidence)


def pass_at_k_of_task(n: int, successes: int, k: int) -> float:
    """1 - C(n-c, k)/C(n, k): exact whole numbers, divided once, so no size of n loses a digit."""
    return 1 - comb(n - successes, k) / comb(n, k)


def pass_hat_k_of_task(n: int, successes: int, k: int) -> float:
    """C(c, k)/C(n, k), divided once."""
    return comb(successes, k) / comb(n, k)


def within_task_variance(counts: Counts) -> float | None:
    """Mean over tasks of p(1-p), estimated without bias: pass^1 - pass^2. None when a task has one trial.

    It is what planning needs: the variance of one more trial of a task whose rate is known.
    """
    if min(counts.trials) < 2:
        return None
    pairs = [pass_hat_k_of_task(n, x, 2) for x, n in zip(counts.successes, counts.trials, strict=True)]
    return max(float(np.mean(counts.rates - pairs)), 0.0)


def intraclass_correlation(counts: Counts) -> float | None:
    """How alike trials of one task are: (pass^2 - (pass^1)²) / (pass^1·(1 - pass^1)), an exact moment identity.

    0 when tasks do not differ (a little below in small samples), 1 when every task always or never succeeds. None
    when a task has one trial or when nothing varies. Median over public agent leaderboards: .50.
    """
    within = within_task_variance(counts)
    rate = float(np.mean(counts.rates))
    return None if within is None or not 0 < rate < 1 else 1 - within / (rate * (1 - rate))


def _suite_rate(values: FloatArray, counts: Counts, confidence: float) -> SuiteRate:
    """Cluster Wilson of per-task values in [0, 1].

    n_eff = p(1-p)/SE₀² with SE₀² = Σ(v-p)²/T², at most the trials run. At rate 0 or 1 nothing is known of the spread
    and n_eff is the number of tasks. The quantile is Student's as soon as the SE is estimated from repeated trials.
    """
    tasks, trials = counts.tasks, sum(counts.trials)
    rate = float(np.mean(values))
    variance = float(np.sum((values - rate) ** 2)) / tasks**2
    quantile, method = normal_quantile(confidence), Method.CLUSTER_WILSON
    if tasks == 1:
        n_eff, method = float(trials), Method.ONE_TASK
    elif not 0 < rate < 1:
        n_eff = float(tasks)
    else:
        n_eff = float(trials) if variance == 0 else min(rate * (1 - rate) / variance, float(trials))
        if max(counts.trials) >= 2:
            quantile = student_quantile(confidence, tasks - 1)
    return SuiteRate(
        interval=wilson_at(rate, n_eff, quantile, confidence=confidence, method=method),
        se=None if tasks == 1 else sqrt(variance * tasks / (tasks - 1)),
        design_effect=trials / n_eff,
        tasks=tasks,
        trials=trials,
    )


def _refuse_short_tasks(counts: Counts, k: int) -> None:
    if k < 1:
        raise ValueError(f"k: {k!r}; must be at least 1")
    shortest = min(counts.trials)
    if k > shortest:
        raise NotEstimableError(f"pass@k and pass^k: k is {k} and a task has {shortest} trials; run {k} trials a task")
