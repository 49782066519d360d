"""Looks before the end: how much of the error each may spend.

A gate may look after every round of one trial a task, and stop. Each look then tests at its own, smaller level; the
levels come from O'Brien and Fleming's spending function, run on each side of the interval by itself, so that each of
the two errors stays at its level. Looks are declared before the first; one more look is a new experiment.

Sources: Lan & DeMets 1983 (Biometrika 70:659); recursive integration: Armitage, McPherson & Rowe 1969, Jennison &
Turnbull 2000, chapter 19. Valid although all looks share the baseline: Cov(Δ_r, Δ_s) = Var(Δ_s) for r before s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import pi, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, roots_legendre

from evalkit.stats.estimate import FloatArray

_NODES = 200
"""Gauss-Legendre nodes between looks: up to fifty looks, doubling them moves no boundary by 1e-9."""
_FAR = 9.0
"""Standard deviations beyond which a path is not followed: 1e-19 of the mass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One planned look at the data."""

    information: float
    """Share of the final information, 0 to 1."""
    spent: float
    """Error spent up to and with this look, one side."""
    z: float
    """Stop when the standardised difference is beyond it."""
    nominal_p: float
    """The one-sided level of this look: a two-sided interval of confidence 1 - 2·nominal_p decides it."""


def round_information(baseline_trials: int, rounds: int) -> tuple[float, ...]:
    """Share of the final information after each of `rounds` rounds of one candidate trial a task.

    The baseline is stored with `baseline_trials` trials a task: t_r = (1/n_A + 1/K) / (1/n_A + 1/r).

    Raises:
        ValueError: either number is below 1.
    """
    if min(baseline_trials, rounds) < 1:
        raise ValueError(f"rounds: {rounds!r} with {baseline_trials!r} baseline trials; both must be at least 1")
    last = 1 / baseline_trials + 1 / rounds
    return tuple(last / (1 / baseline_trials + 1 / done) for done in range(1, rounds + 1))


def spent_error(information: float, alpha: float) -> float:
    """One-sided error spent when `information` of the whole is in: 2 - 2Φ(z/√t), z = Φ⁻¹(1 - alpha/2)."""
    return 2 * float(ndtr(float(ndtri(alpha / 2)) / sqrt(information)))


def plan_looks(information: Sequence[float], alpha: float = 0.05) -> tuple[Look, ...]:
    """The looks at these shares of information, with the boundary and level of each.

    Raises:
        ValueError: the shares do not rise strictly within (0, 1], or `alpha` is not within (0, 1).
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: {alpha!r}; must lie between 0 and 1")
    shares = [0.0, *information]
    if len(shares) < 2 or shares[-1] > 1 + 1e-12 or not all(a < b for a, b in pairwise(shares)):
        raise ValueError(f"information: {tuple(information)!r}; must rise strictly and end at 1 or before")
    looks: list[Look] = []
    paths = _Paths(at=np.zeros(1), mass=np.ones(1))
    for before, share in pairwise(shares):
        spent = spent_error(min(share, 1.0), alpha)
        due = spent - (looks[-1].spent if looks else 0.0)
        step = sqrt(share - before)
        boundary = _boundary(paths, step, due)
        z = boundary / sqrt(share)
        looks.append(Look(information=share, spent=spent, z=z, nominal_p=float(ndtr(-z))))
        paths = _followed(paths, step, boundary, share)
    return tuple(looks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paths:
    """Where the summed score of the paths that have not stopped is: positions, and the probability at each."""

    at: FloatArray
    mass: FloatArray


def _boundary(paths: _Paths, step: float, due: float) -> float:
    """The score above which probability `due` arrives in one step of standard deviation `step`."""

    def excess(boundary: float) -> float:
        return float(paths.mass @ ndtr((paths.at - boundary) / step)) - due

    reach = step * 40
    return float(brentq(excess, float(paths.at.min()) - reach, float(paths.at.max()) + reach, xtol=1e-13))


def _followed(paths: _Paths, step: float, boundary: float, share: float) -> _Paths:
    """The paths one step later that stayed below `boundary`."""
    nodes, weights = roots_legendre(_NODES)
    lowest = min(-_FAR * sqrt(share), boundary - 1.0)
    half = (boundary - lowest) / 2
    at = lowest + half * (nodes + 1)
    density = np.exp(-(((at[:, None] - paths.at[None, :]) / step) ** 2) / 2) / (step * sqrt(2 * pi))
    return _Paths(at=at, mass=half * weights * (density @ paths.mass))
