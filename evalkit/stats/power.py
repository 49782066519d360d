"""How many trials, how small a drop: formulas for a first answer. `simulation` gives the last one.

`within` is the mean over tasks of p(1-p): the variance of one more trial of a task. z and z' are the normal quantiles
of 1-alpha and of the power. Levels are one-sided, as the gate's; power is the chance to see the drop where it is, and
equally the chance to exclude it where nothing changed.

For T ≥ 20 at a rate of .8 the formulas are within 3 points of simulation; for 8 tasks or a rate of .95 they promise
9 to 22 points of power too much.

Source of the population formula: Miller 2024 (arXiv 2411.00640), section 5.
"""

from math import ceil, sqrt

from scipy.special import nctdtr, ndtr, ndtri, stdtrit

from evalkit.stats.estimate import NotEstimableError

TYPICAL_INTRACLASS_CORRELATION = 0.5
"""Median over 53 model-domain results of public agent leaderboards (IQR .32 to .61); for suites without history."""


def expected_within_variance(rate: float, intraclass_correlation: float = TYPICAL_INTRACLASS_CORRELATION) -> float:
    """μ(1-μ)(1-ICC): the within-task variance to expect of a suite without history.

    Raises:
        ValueError: either number is outside [0, 1].
    """
    if not (0 <= rate <= 1 and 0 <= intraclass_correlation <= 1):
        raise ValueError(f"rate {rate!r}, intraclass correlation {intraclass_correlation!r}; must lie in [0, 1]")
    return rate * (1 - rate) * (1 - intraclass_correlation)


def trials_for_drop(tasks: int, within: float, drop: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Trials of each task in each of two runs, not rounded: 2W(z+z')²/(Tδ²). Run `ceil` of it, and at least one.

    Raises:
        ValueError: no task, a variance outside [0, ¼], a drop that is not positive, or levels outside (0, 1).
    """
    _check(tasks, within, drop)
    return 2 * within * _distance(alpha, power) ** 2 / (tasks * drop**2)


def candidate_trials_for_drop(
    tasks: int, within: float, drop: float, *, baseline_trials: int, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Candidate trials of each task against a stored baseline, not rounded.

    W/(Tδ²/(z+z')² - W/n_A).

    Raises:
        NotEstimableError: no number is enough with this baseline; the message says which baseline would do.
        ValueError: as `trials_for_drop`.
    """
    _check(tasks, within, drop)
    allowed = tasks * drop**2 / _distance(alpha, power) ** 2
    left = allowed - within / baseline_trials
    if left <= 0:
        enough = ceil(trials_for_drop(tasks, within, drop, alpha, power))
        raise NotEstimableError(
            f"plan: no number of candidate trials finds a drop of {drop:.3g} with {baseline_trials} baseline trials; "
            f"store at least {enough} a task"
        )
    return within / left


def standard_error_of_change(
    tasks: int, within: float, *, baseline_trials: int, candidate_trials: int, candidate_within: float | None = None
) -> float:
    """√((W_A/n_A + W_B/n_B)/T); W_B is W_A unless given."""
    other = within if candidate_within is None else candidate_within
    return sqrt((within / baseline_trials + other / candidate_trials) / tasks)


def smallest_visible_drop(se: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The drop that a comparison of standard error `se` sees with chance `power`: (z+z')·SE."""
    return _distance(alpha, power) * se


def power_for_drop(se: float, drop: float, alpha: float = 0.05) -> float:
    """The chance that a comparison of standard error `se` sees `drop`; 1 when `se` is 0 and `drop` is not."""
    if se == 0:
        return 1.0 if drop > 0 else alpha
    return float(ndtr(drop / se + ndtri(alpha)))


def tasks_for_population_drop(
    drop: float,
    *,
    between: float,
    baseline_noise: float = 0.0,
    candidate_noise: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Tasks to draw so that a drop shows on new tasks too, not rounded: (ω²+W_A/n_A+W_B/n_B)(z+z')²/δ².

    `between` is ω², the variance over tasks of the true per-task change; the noises are W/n of each run. For a
    two-sided test give half its level.
    """
    return (between + baseline_noise + candidate_noise) * _distance(alpha, power) ** 2 / drop**2


def paired_t_power(tasks: int, drop: float, sd: float, alpha: float = 0.05) -> float:
    """The chance that a one-sided paired t test over tasks sees `drop` when differences have standard deviation `sd`.

    Exact for normal differences (noncentral t).
    """
    df = tasks - 1
    return 1 - float(nctdtr(df, sqrt(tasks) * drop / sd, float(stdtrit(df, 1 - alpha))))


def _distance(alpha: float, power: float) -> float:
    """How many standard errors lie between no change and a drop that is seen with chance `power`."""
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha {alpha!r}, power {power!r}; must lie between 0 and 1")
    return float(ndtri(1 - alpha) + ndtri(power))


def _check(tasks: int, within: float, drop: float) -> None:
    if tasks < 1 or not 0 <= within <= 0.25 or not drop > 0:
        raise ValueError(f"plan: {tasks!r} tasks, within-task variance {within!r}, drop {drop!r}")
