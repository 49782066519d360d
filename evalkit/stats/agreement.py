"""A grader against the truth, against another grader, and against itself.

The truth is a person's label or an equivalent check; "pass" is the positive answer. Agreement statistics come second:
with 80 to 95 % passes kappa is low for good graders, and only sensitivity and specificity say what a verdict means.

Sources: Wilson 1927; Zou & Donner 2008 (Youden's interval); Cohen 1960; Gwet 2008 (AC1, both variances as in Gwet,
Handbook of Inter-Rater Reliability, and CRAN irrCAC); Fleiss 1971.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, log, sqrt

import numpy as np

from evalkit.stats.estimate import Estimate, Method, NotEstimableError
from evalkit.stats.mean import mean_interval
from evalkit.stats.proportion import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Verdicts against truth, one count a labelled trial; at most one trial of a task and verdict, or they are alike.

    Raises:
        ValueError: a negative count.
    """

    true_pass: int
    """Verdict pass, truly pass."""
    false_pass: int
    """Verdict pass, truly fail."""
    false_fail: int
    """Verdict fail, truly pass."""
    true_fail: int
    """Verdict fail, truly fail."""

    def __post_init__(self) -> None:
        if min(self.true_pass, self.false_pass, self.false_fail, self.true_fail) < 0:
            raise ValueError(f"confusion: {self!r}; counts are not negative")

    @property
    def labelled(self) -> int:
        return self.true_pass + self.false_pass + self.false_fail + self.true_fail


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderRates:
    """What a verdict means, each with Wilson's interval; None where nothing was labelled to know it from.

    Sensitivity, specificity and Youden's J are right only when labels were drawn without looking at the verdict; when
    they were drawn by verdict, use `reweighted`. PPV and NPV are right when labels were drawn from this run, and hold
    for this run only.
    """

    sensitivity: Estimate | None
    """P(verdict pass | truly pass)."""
    specificity: Estimate | None
    """P(verdict fail | truly fail)."""
    ppv: Estimate | None
    """P(truly pass | verdict pass)."""
    npv: Estimate | None
    """P(truly fail | verdict fail)."""
    accuracy: Estimate | None
    youden: Estimate | None
    """Sensitivity + specificity - 1, square-and-add limits; how much of a true change the verdicts show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A chance-corrected coefficient of agreement."""

    value: float
    se: float
    """Standard error when the agreement is real (not under the hypothesis of none), subjects as a sample."""
    observed: float
    expected: float
    """The agreement that counts as chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegradeStability:
    """How often two gradings of the same frozen artifact differ."""

    flip_rate: Estimate
    """Its `n` is the number of artifacts."""
    fleiss_kappa: float | None
    """1 - flip/(2p(1-p)); None when every grading said the same."""


def grader_rates(confusion: Confusion, confidence: float = 0.95) -> GraderRates:
    """Every rate of the table; `n` of each is the labels it stands on."""

    def share(yes: int, no: int) -> Estimate | None:
        return wilson(yes, yes + no, confidence) if yes + no else None

    c = confusion
    sensitivity = share(c.true_pass, c.false_fail)
    specificity = share(c.true_fail, c.false_pass)
    return GraderRates(
        sensitivity=sensitivity,
        specificity=specificity,
        ppv=share(c.true_pass, c.false_pass),
        npv=share(c.true_fail, c.false_fail),
        accuracy=share(c.true_pass + c.true_fail, c.false_pass + c.false_fail),
        youden=None if sensitivity is None or specificity is None else _youden(sensitivity, specificity),
    )


def reweighted(confusion: Confusion, verdict_pass_share: float) -> tuple[float | None, float | None]:
    """Sensitivity and specificity when labels were drawn by verdict, and `verdict_pass_share` of all verdicts passed.

    Bayes: the labels give PPV and NPV, the shares put them together. None where nothing truly passes, or fails.

    Raises:
        NotEstimableError: no label for a verdict that occurs.
        ValueError: the share is outside [0, 1].
    """
    q = verdict_pass_share
    if not 0 <= q <= 1:
        raise ValueError(f"verdict pass share: {q!r}; must lie in [0, 1]")
    passed, failed = confusion.true_pass + confusion.false_pass, confusion.true_fail + confusion.false_fail
    if (q > 0 and not passed) or (q < 1 and not failed):
        raise NotEstimableError("grader rates: a verdict without a label; label at least 10 trials of each verdict")
    ppv = confusion.true_pass / passed if passed else 0.0
    npv = confusion.true_fail / failed if failed else 0.0
    truly_pass = q * ppv + (1 - q) * (1 - npv)
    truly_fail = q * (1 - ppv) + (1 - q) * npv
    return q * ppv / truly_pass if truly_pass else None, (1 - q) * npv / truly_fail if truly_fail else None


def cohen_kappa(table: Sequence[Sequence[int]]) -> Agreement | None:
    """Cohen's kappa of a square table of two raters' counts; None when both always said the same one thing.

    Raises:
        NotEstimableError: fewer than two subjects.
        ValueError: the table is not square, has one category, or a negative count.
    """
    p, n = _shares(table)
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    chance = (rows[None, :] + columns[:, None]) / 2
    return _corrected_for_chance(p, n, expected=float(rows @ columns), chance=chance)


def gwet_ac1(table: Sequence[Sequence[int]]) -> Agreement:
    """Gwet's AC1 of a square table of two raters' counts. Always defined: chance is Σπ(1-π)/(k-1), at most 1/k.

    Raises:
        NotEstimableError: fewer than two subjects.
        ValueError: the table is not square, has one category, or a negative count.
    """
    p, n = _shares(table)
    prevalence = (p.sum(axis=1) + p.sum(axis=0)) / 2
    others = len(prevalence) - 1
    expected = float(prevalence @ (1 - prevalence)) / others
    chance = (1 - (prevalence[:, None] + prevalence[None, :]) / 2) / others
    agreement = _corrected_for_chance(p, n, expected=expected, chance=chance)
    assert agreement is not None, "AC1's chance agreement is at most one half"
    return agreement


def regrade_stability(pass_counts: Sequence[int], regrades: int, confidence: float = 0.95) -> RegradeStability:
    """How often two gradings of one artifact differ, from `regrades` gradings of each; Student's interval.

    Flip rate: mean of 2x(r-x)/(r(r-1)). When nothing flipped, from 0 to -ln(1-confidence)/artifacts (3/N at 95 %).

    Raises:
        NotEstimableError: fewer than two artifacts, or fewer than two gradings of each.
        ValueError: a count outside 0…regrades.
    """
    if regrades < 2 or len(pass_counts) < 2:
        raise NotEstimableError(
            f"re-grading: {len(pass_counts)} artifacts graded {regrades} times; both must be at least 2"
        )
    if min(pass_counts) < 0 or max(pass_counts) > regrades:
        raise ValueError(f"re-grading: {tuple(pass_counts)!r} of {regrades!r} gradings")
    x = np.asarray(pass_counts, dtype=np.float64)
    flips = mean_interval(2 * x * (regrades - x) / (regrades * (regrades - 1)), confidence)
    none_seen = flips.estimate == 0
    passed = float(np.mean(x)) / regrades
    return RegradeStability(
        flip_rate=Estimate(
            estimate=flips.estimate,
            low=max(flips.low, 0.0),
            high=min(-log(1 - confidence) / x.size if none_seen else flips.high, 1.0),
            confidence=confidence,
            n=flips.n,
            method=Method.RULE_OF_THREE if none_seen else Method.STUDENT,
        ),
        fleiss_kappa=1 - flips.estimate / (2 * passed * (1 - passed)) if 0 < passed < 1 else None,
    )


def majority_of_three_error(error: float) -> float:
    """How often the majority of three independent gradings is wrong when one is wrong `error` of the time."""
    return 3 * error**2 - 2 * error**3


def _youden(sensitivity: Estimate, specificity: Estimate) -> Estimate:
    a, b = sensitivity, specificity
    j = a.estimate + b.estimate - 1
    return Estimate(
        estimate=j,
        low=j - hypot(a.estimate - a.low, b.estimate - b.low),
        high=j + hypot(a.high - a.estimate, b.high - b.estimate),
        confidence=a.confidence,
        n=a.n + b.n,
        method=Method.MOVER_SUM,
    )


def _shares(table: Sequence[Sequence[int]]) -> tuple[np.ndarray, int]:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.shape[0] < 2 or bool(np.any(counts < 0)):
        raise ValueError(
            f"agreement table: {table!r}; must be square, with two categories or more and no negative count"
        )
    n = int(counts.sum())
    if n < 2:
        raise NotEstimableError(f"agreement: {n} subjects rated twice; needs at least 2")
    return counts / n, n


def _corrected_for_chance(p: np.ndarray, n: int, *, expected: float, chance: np.ndarray) -> Agreement | None:
    """(observed - expected)/(1 - expected), and Gwet's large-sample variance; `chance` is by cell of the table."""
    if expected == 1:
        return None
    observed = float(np.trace(p))
    value = (observed - expected) / (1 - expected)
    variance = (
        observed * (1 - observed)
        - 4 * (1 - value) * (float(np.diag(p) @ np.diag(chance)) - observed * expected)
        + 4 * (1 - value) ** 2 * (float(np.sum(p * chance**2)) - expected**2)
    ) / (n * (1 - expected) ** 2)
    return Agreement(value=value, se=sqrt(max(variance, 0.0)), observed=observed, expected=expected)
