"""What a design really finds: runs are drawn, and the gate's own interval is asked.

A suite is drawn for each replicate (task rates from a Beta distribution), the candidate's rates are lowered as the
scenario says, both runs are drawn, and `paired.suite_limits` answers. All is drawn from one seeded generator: the same
arguments give the same numbers.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from evalkit.stats.counts import Counts
from evalkit.stats.estimate import Estimate, FloatArray
from evalkit.stats.paired import suite_limits
from evalkit.stats.power import TYPICAL_INTRACLASS_CORRELATION
from evalkit.stats.proportion import intraclass_correlation, wilson
from evalkit.stats.sequential import plan_looks, round_information


class Drop(StrEnum):
    """How a loss of the mean rate is shared out among tasks."""

    NONE = "no change"
    SPREAD = "spread"
    """Every task loses the same share of its rate."""
    CONCENTRATED = "concentrated"
    """Some tasks, in random order, lose everything until the loss is reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What is believed of each task's rate: Beta(a, b), one a task."""

    a: tuple[float, ...]
    b: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Trials of each task on either side, and what is asked of the comparison."""

    baseline_trials: int
    candidate_trials: int
    margin: float
    """A drop this large is to be excluded."""
    alpha: float = 0.05
    """Level of each side of the interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Shares of replicates, each with its Wilson interval; `n` is the number of replicates."""

    excludes_margin: Estimate
    """Lower limit above -margin: a drop of the margin is excluded."""
    shows_drop: Estimate
    """Upper limit below 0."""
    mean_candidate_trials: float
    """Per task; fewer than planned only where looks stopped early."""


def typical_suite(tasks: int, rate: float, correlation: float = TYPICAL_INTRACLASS_CORRELATION) -> Suite:
    """A suite without history: all rates from one Beta distribution of that mean and intraclass correlation.

    Raises:
        ValueError: no task, or a rate or correlation outside (0, 1).
    """
    if tasks < 1 or not (0 < rate < 1 and 0 < correlation < 1):
        raise ValueError(f"suite: {tasks!r} tasks, rate {rate!r}, correlation {correlation!r}; both within (0, 1)")
    weight = 1 / correlation - 1
    return Suite(a=(rate * weight,) * tasks, b=((1 - rate) * weight,) * tasks)


def suite_like(counts: Counts) -> Suite:
    """A suite with history: each task's rate as its trials leave it, on a prior with the suite's mean and correlation.

    A suite that never varied, or with one trial a task, has the typical correlation. Rates are never quite 0 or 1:
    ten passes of ten do not promise the eleventh.
    """
    x, n = counts.successes_by_task, counts.trials_by_task
    mean = (float(x.sum()) + 0.5) / (float(n.sum()) + 1)
    measured = intraclass_correlation(counts)
    weight = 1 / min(max(TYPICAL_INTRACLASS_CORRELATION if measured is None else measured, 0.05), 0.95) - 1
    return Suite(a=tuple((x + mean * weight).tolist()), b=tuple((n - x + (1 - mean) * weight).tolist()))


def simulate(
    suite: Suite, design: Design, scenario: Drop, *, drop: float, seed: int, replicates: int = 2000
) -> Findings:
    """What the comparison finds when the candidate's rate is lower by `drop` (by nothing for `Drop.NONE`).

    A suite drawn with a rate below `drop` loses all it has.

    Raises:
        ValueError: trials or replicates below 1, or a drop outside [0, 1].
    """
    rng, before, after = _draw_rates(suite, scenario, drop=drop, seed=seed, replicates=replicates)
    n_a, n_b = _every(design.baseline_trials, suite), _every(design.candidate_trials, suite)
    limits = suite_limits(
        _draw_runs(rng, before, design.baseline_trials),
        n_a,
        _draw_runs(rng, after, design.candidate_trials),
        n_b,
        1 - 2 * design.alpha,
    )
    return Findings(
        excludes_margin=_share(limits.low > -design.margin),
        shows_drop=_share(limits.high < 0),
        mean_candidate_trials=design.candidate_trials,
    )


def simulate_looks(
    suite: Suite, design: Design, scenario: Drop, *, drop: float, seed: int, replicates: int = 2000
) -> Findings:
    """As `simulate`, with a look after every round of one candidate trial a task, and a stop at the first answer.

    An answer is a margin excluded or a drop shown, at the look's own level (`sequential.plan_looks`).

    Raises:
        ValueError: as `simulate`.
    """
    rng, before, after = _draw_rates(suite, scenario, drop=drop, seed=seed, replicates=replicates)
    baseline = _draw_runs(rng, before, design.baseline_trials)
    candidate = np.zeros_like(baseline)
    excluded = np.zeros(replicates, dtype=np.bool_)
    shown = np.zeros(replicates, dtype=np.bool_)
    trials = np.zeros(replicates)
    looks = plan_looks(round_information(design.baseline_trials, design.candidate_trials), design.alpha)
    for round_number, look in enumerate(looks, start=1):
        running = ~(excluded | shown)
        trials += running
        candidate += _draw_runs(rng, after, 1)
        limits = suite_limits(
            baseline,
            _every(design.baseline_trials, suite),
            candidate,
            _every(round_number, suite),
            1 - 2 * look.nominal_p,
        )
        excluded |= running & (limits.low > -design.margin)
        shown |= running & (limits.high < 0)
    return Findings(
        excludes_margin=_share(excluded), shows_drop=_share(shown), mean_candidate_trials=float(trials.mean())
    )


def _draw_rates(
    suite: Suite, scenario: Drop, *, drop: float, seed: int, replicates: int
) -> tuple[np.random.Generator, FloatArray, FloatArray]:
    if replicates < 1 or not 0 <= drop <= 1:
        raise ValueError(f"simulation: {replicates!r} replicates, drop {drop!r}")
    rng = np.random.default_rng(seed)
    before = rng.beta(suite.a, suite.b, size=(replicates, len(suite.a)))
    match scenario:
        case Drop.NONE:
            return rng, before, before
        case Drop.SPREAD:
            mean = before.mean(axis=1, keepdims=True)
            return rng, before, before * np.maximum(1 - drop / mean, 0.0)
        case Drop.CONCENTRATED:
            # Tasks in order of a random number; each gives what it has until the loss is paid.
            order = rng.random(before.shape).argsort(axis=1)
            in_order = np.take_along_axis(before, order, axis=1)
            paid = np.minimum(np.cumsum(in_order, axis=1), drop * before.shape[1])
            lost = np.empty_like(before)
            np.put_along_axis(lost, order, np.diff(paid, axis=1, prepend=0.0), axis=1)
            return rng, before, np.maximum(before - lost, 0.0)


def _draw_runs(rng: np.random.Generator, rates: FloatArray, trials: int) -> FloatArray:
    return rng.binomial(trials, rates).astype(np.float64)


def _every(trials: int, suite: Suite) -> FloatArray:
    if trials < 1:
        raise ValueError(f"trials of each task: {trials!r}; must be at least 1")
    return np.full(len(suite.a), trials, dtype=np.float64)


def _share(found: np.ndarray) -> Estimate:
    return wilson(int(found.sum()), found.size)
