"""Two runs on one suite: how much the rate changed, candidate minus baseline.

Two questions, two intervals. `suite_change` takes the tasks as given and only the trials as chance: this is what a
gate asks, because a suite is chosen by hand and is the same in both runs. `population_change` takes the tasks as a
sample of all tasks one cares about; it is wider, by nature.

Sources: Newcombe 1998 (Stat Med 17:873, method 10) and Zou & Donner 2008 for square-and-add (MOVER); Tango 1998
(Stat Med 17:891); Bonett & Price 2012 for the two added differences.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.optimize import brentq

from evalkit.stats.counts import Counts
from evalkit.stats.estimate import Estimate, FloatArray, Method, normal_quantile
from evalkit.stats.mean import mean_interval
from evalkit.stats.proportion import wilson_limits

_TOUCH = 1e-9
"""How far from the observed change the search for Tango's limit starts: the change itself can be a second root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPrecision:
    """One run on a fixed suite: its rate and what its trials are worth."""

    rate: float
    within_variance: float | None
    """Mean within-task variance, one imaginary coin-flip task included; None when every task has one trial."""
    n_eff: float
    """Independent trials that would be as precise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The change and its limits, one element a replicate."""

    change: FloatArray
    low: FloatArray
    high: FloatArray


def suite_change(baseline: Counts, candidate: Counts, confidence: float = 0.90) -> Estimate:
    """The change of the mean success rate on this very suite; `n` is the number of tasks.

    Suite MOVER-Wilson; Tango's score interval when both runs have one trial a task. The limits lie in [-1, 1] and are
    never both the change itself. Measured error of each side at the default: at most .058 where .05 is nominal.

    Raises:
        ValueError: the runs have different numbers of tasks.
    """
    limits = suite_limits(
        baseline.successes_by_task,
        baseline.trials_by_task,
        candidate.successes_by_task,
        candidate.trials_by_task,
        confidence,
    )
    single = max(baseline.trials) == max(candidate.trials) == 1
    return Estimate(
        estimate=float(limits.change),
        low=float(limits.low),
        high=float(limits.high),
        confidence=confidence,
        n=baseline.tasks,
        method=Method.TANGO if single else Method.SUITE_MOVER,
    )


def run_precision(counts: Counts) -> RunPrecision:
    """What `suite_change` takes each run to be worth."""
    rate, within, n_eff = _precision(counts.successes_by_task, counts.trials_by_task)
    return RunPrecision(rate=float(rate), within_variance=None if within is None else float(within), n_eff=float(n_eff))


def suite_limits(
    baseline: FloatArray,
    baseline_trials: FloatArray,
    candidate: FloatArray,
    candidate_trials: FloatArray,
    confidence: float,
) -> Limits:
    """`suite_change` of many replicates at once: the last axis of the successes is the task, any others replicates.

    The trial numbers have one axis, the task, and are those of every replicate. A simulation that calls this asks the
    interval that the gate will use, not an approximation to it.

    Raises:
        ValueError: the runs have different numbers of tasks.
    """
    if not baseline.shape[-1] == baseline_trials.size == candidate.shape[-1] == candidate_trials.size:
        raise ValueError(f"suite change: {baseline_trials.size} and {candidate_trials.size} tasks; must be the same")
    if max(baseline_trials.max(), candidate_trials.max()) == 1:
        return _tango_limits(baseline, candidate, normal_quantile(confidence))
    z = normal_quantile(confidence)
    rate_a, _, n_a = _precision(baseline, baseline_trials)
    rate_b, _, n_b = _precision(candidate, candidate_trials)
    low_a, high_a = wilson_limits(rate_a, n_a, z)
    low_b, high_b = wilson_limits(rate_b, n_b, z)
    change = rate_b - rate_a
    return Limits(
        change=change,
        low=change - np.hypot(rate_b - low_b, high_a - rate_a),
        high=change + np.hypot(high_b - rate_b, rate_a - low_a),
    )


def tango(losses: int, wins: int, n: int, confidence: float = 0.95) -> Estimate:
    """Tango's score interval for (wins - losses)/n over `n` paired single trials.

    A loss is a pair whose baseline passed and whose candidate failed. With no loss and no win the limits are
    ±z²/(n+z²): no change was seen, and that is not the same as no change.

    Raises:
        ValueError: losses and wins are negative or more than `n`.
    """
    if min(losses, wins) < 0 or losses + wins > n or n < 1:
        raise ValueError(f"Tango interval: {losses!r} losses and {wins!r} wins in {n!r} pairs")
    z = normal_quantile(confidence)
    return Estimate(
        estimate=(wins - losses) / n,
        low=_tango_low(losses, wins, n, z),
        high=-_tango_low(wins, losses, n, z),
        confidence=confidence,
        n=n,
        method=Method.TANGO,
    )


def tango_statistic(losses: int, wins: int, n: int, change: float) -> float:
    """The score statistic of the hypothesis that the true change is `change`; normal if it is.

    (c - b - TΔ)/√(T(2q̃ + Δ(1-Δ))), with q̃ the larger root of the restricted likelihood equation. Its square at no
    change is McNemar's chi-square.
    """
    surplus, deviation = _tango_parts(losses, wins, n, change)
    return surplus / deviation


def population_change(baseline: Counts, candidate: Counts, confidence: float = 0.90) -> Estimate:
    """The change to expect on new tasks like these; `n` is the number of tasks.

    An ordinary t interval over the per-task differences and two more, +1 and -1, which keep it honest when all
    differences are alike. The estimate itself is the plain mean difference; limits are cut to [-1, 1].

    Raises:
        ValueError: the runs have different numbers of tasks.
    """
    differences = per_task_differences(baseline, candidate)
    augmented = mean_interval(np.append(differences, (1.0, -1.0)), confidence)
    return Estimate(
        estimate=float(np.mean(differences)),
        low=max(augmented.low, -1.0),
        high=min(augmented.high, 1.0),
        confidence=confidence,
        n=baseline.tasks,
        method=Method.AUGMENTED_T,
    )


def per_task_differences(baseline: Counts, candidate: Counts) -> FloatArray:
    """Candidate rate minus baseline rate, task by task.

    Raises:
        ValueError: the runs have different numbers of tasks.
    """
    if baseline.tasks != candidate.tasks:
        raise ValueError(f"two runs: {baseline.tasks} and {candidate.tasks} tasks; must be the same")
    return candidate.rates - baseline.rates


def _precision(successes: FloatArray, trials: FloatArray) -> tuple[FloatArray, FloatArray | None, FloatArray]:
    """Rate, mean within-task variance and effective trials of each replicate.

    V = (Σ s²/n + ¼·mean(1/n)) / (T(T+1)): one imaginary coin-flip task, so it is never 0. A task with one trial
    borrows the mean s² of the others; a run of single trials has n_eff = T, since its variance is at most p(1-p)/T.
    """
    tasks = trials.size
    by_task = successes / trials
    rate = np.mean(by_task, axis=-1)
    repeated = trials >= 2
    if not repeated.any():
        return rate, None, np.full_like(rate, tasks)
    n = trials[repeated]
    p = by_task[..., repeated]
    own = p * (1 - p) * n / (n - 1)
    borrowed = np.mean(own, axis=-1)
    singles = tasks - n.size
    inverse = np.sum(1 / trials)
    noise = np.sum(own / n, axis=-1) + borrowed * singles
    variance = (noise + inverse / (4 * tasks)) / (tasks * (tasks + 1))
    within = (np.sum(own, axis=-1) + borrowed * singles + 0.25) / (tasks + 1)
    at_an_end = (rate <= 0) | (rate >= 1)
    return rate, within, np.where(at_an_end, tasks**2 / inverse, rate * (1 - rate) / variance)


def _tango_limits(baseline: FloatArray, candidate: FloatArray, z: float) -> Limits:
    """Tango's limits of each replicate; each pair of numbers (losses, wins) is solved once."""
    tasks = baseline.shape[-1]
    losses = np.sum(baseline > candidate, axis=-1)
    wins = np.sum(candidate > baseline, axis=-1)
    pairs, where = np.unique(np.stack([losses, wins], axis=-1).reshape(-1, 2), axis=0, return_inverse=True)
    solved = np.asarray(
        [(_tango_low(int(b), int(c), tasks, z), -_tango_low(int(c), int(b), tasks, z)) for b, c in pairs]
    )[where.reshape(losses.shape)]
    return Limits(change=(wins - losses) / tasks, low=solved[..., 0], high=solved[..., 1])


def _tango_low(losses: int, wins: int, n: int, z: float) -> float:
    """The lower limit; the upper one is its negative with losses and wins exchanged."""
    if losses == n:
        return -1.0

    def excess(change: float) -> float:
        surplus, deviation = _tango_parts(losses, wins, n, change)
        return surplus - z * deviation

    return float(brentq(excess, -1.0, (wins - losses) / n - _TOUCH, xtol=1e-14))


def _tango_parts(losses: int, wins: int, n: int, change: float) -> tuple[float, float]:
    linear = -losses - wins + (2 * n - wins + losses) * change
    constant = -losses * change * (1 - change)
    discordance = (sqrt(max(linear**2 - 8 * n * constant, 0.0)) - linear) / (4 * n)
    return wins - losses - n * change, sqrt(max(n * (2 * discordance + change * (1 - change)), 0.0))
