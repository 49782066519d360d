"""Methods that evalkit does not ship, as their sources define them: what its own are measured against."""

from collections.abc import Sequence
from math import copysign, hypot, sqrt

import numpy as np
from scipy.stats import binomtest, norm

from evalkit.stats.proportion import wilson


def clopper_pearson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    interval = binomtest(successes, n).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


def newcombe_10(
    both_pass: int, baseline_only: int, candidate_only: int, both_fail: int, confidence: float
) -> tuple[float, float]:
    """Square-and-add with the correlation of the two single trials (Newcombe 1998, Stat Med 17:2635, method 10)."""
    n = both_pass + baseline_only + candidate_only + both_fail
    base = wilson(both_pass + baseline_only, n, confidence)
    cand = wilson(both_pass + candidate_only, n, confidence)
    excess = both_pass * both_fail - baseline_only * candidate_only
    corrected = max(excess - n / 2, 0.0) if excess > 0 else excess
    margins = n**4 * base.estimate * (1 - base.estimate) * cand.estimate * (1 - cand.estimate)
    phi = corrected / sqrt(margins) if margins else 0.0
    down, up = (
        (cand.estimate - cand.low, base.high - base.estimate),
        (cand.high - cand.estimate, base.estimate - base.low),
    )
    change = cand.estimate - base.estimate
    low = change - sqrt(hypot(*down) ** 2 - 2 * phi * down[0] * down[1])
    high = change + sqrt(hypot(*up) ** 2 - 2 * phi * up[0] * up[1])
    return low, high


def obuchowski_chi_square(losses: Sequence[int], wins: Sequence[int]) -> float:
    """McNemar's test for clusters (Obuchowski 1998)."""
    surplus = np.asarray(wins) - np.asarray(losses)
    clusters = surplus.size
    return float(surplus.sum() ** 2 / (clusters / (clusters - 1) * (surplus**2).sum()))


def betting_wealth(differences: Sequence[float], bet: float) -> float:
    """Evidence against "not worse", readable after every trial (Waudby-Smith & Ramdas 2024)."""
    return float(np.prod(1 - bet * np.asarray(differences)))


def ppi_mean(
    labels: Sequence[int], verdicts: Sequence[int], unlabelled: Sequence[int], weight: float, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Prediction-powered mean and its normal interval (Angelopoulos et al. 2023, arXiv 2311.01453)."""
    y, v, u = (np.asarray(values, dtype=np.float64) for values in (labels, verdicts, unlabelled))
    estimate = float(y.mean() + weight * (u.mean() - v.mean()))
    variance = weight**2 * u.var() / u.size + (y - weight * v).var() / y.size
    half = float(norm.ppf((1 + confidence) / 2)) * sqrt(variance)
    return estimate, estimate - half, estimate + half


def ppi_weight(labels: Sequence[int], verdicts: Sequence[int], unlabelled: Sequence[int]) -> float:
    """The weight of least variance, cut to [0, 1]; divisors n and n - 1 where ppi-python 0.2.3 has them."""
    y, v, u = (np.asarray(values, dtype=np.float64) for values in (labels, verdicts, unlabelled))
    covariance = float(np.mean((y - y.mean()) * (v - v.mean())))
    spread = float(np.concatenate([v, u]).var(ddof=1))
    return min(max(covariance / ((1 + v.size / u.size) * spread), 0.0), 1.0)


def mcnemar_corrected(losses: int, wins: int) -> float:
    distance = abs(wins - losses) - 1
    return copysign(distance**2, distance) / (losses + wins)
