"""A pass rate where only a grader judged, freed of the grader's errors as far as labels allow.

Labels drawn from this very run: `verdict_stratified`. Only labels of an older or another run, whose grader is believed
to be as sensitive and as specific: `rogan_gladen`. Labels of another kind of task: nothing here is valid, and the
report says "grader uncalibrated". Calibrate on final verdicts of complete runs: the loop grades until satisfied, and
so selects for the grader's mistakes.

Sources: Tenenbein 1970 (double sampling; the efficient estimator of arXiv 2601.05420); Rogan & Gladen 1978 with the
interval of Lee et al. 2025 (arXiv 2511.21140).
"""

from dataclasses import dataclass
from math import sqrt

from evalkit.stats.agreement import Confusion, grader_rates
from evalkit.stats.estimate import Estimate, Method, NotEstimableError, normal_quantile
from evalkit.stats.proportion import wilson_at

WEAK_YOUDEN = 0.5
"""Below it a Rogan-Gladen interval is 35 to 65 points wide."""
MIN_LABELS_FOR_POINT_YOUDEN = 50
"""With fewer labels a margin is scaled by Youden's lower limit instead of its estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedRate:
    """The share that truly passes, and the grader's quality it was corrected with."""

    interval: Estimate
    """Its `n` is the number of trials whose verdicts were corrected. Recentred: it need not contain the estimate."""
    youden: Estimate

    @property
    def is_weak(self) -> bool:
        """True when the grader tells little, and a warning belongs beside the rate."""
        return self.youden.estimate < WEAK_YOUDEN


def verdict_stratified(passed: int, trials: int, labels: Confusion, confidence: float = 0.95) -> Estimate:
    """The share of `trials` that truly pass, from their verdicts and from labels of some of them, drawn by verdict.

    q̂·a₁ + (1-q̂)·a₀: q̂ the share of verdicts that pass, a_v the true share among those labelled with verdict v.
    Wilson's interval at n_eff = max(p(1-p)/Var, m/2), m labels in all, m itself at 0 and 1; `n` is that n_eff.
    Coverage at least .93 in simulation. Label at least 30 trials, at least 10 of each verdict.

    Raises:
        NotEstimableError: a verdict that occurs has no label.
        ValueError: more labels of a verdict than trials with it, or `passed` outside 0…trials.
    """
    q = _pass_share(passed, trials)
    m_1, m_0 = labels.true_pass + labels.false_pass, labels.false_fail + labels.true_fail
    if m_1 > passed or m_0 > trials - passed:
        raise ValueError(
            f"labels: {labels!r} of {passed!r} passes in {trials!r} trials; must be drawn from these trials"
        )
    if (passed and not m_1) or (passed < trials and not m_0):
        raise NotEstimableError("corrected rate: a verdict without a label; label at least 10 trials of each verdict")
    rate = (q * labels.true_pass / m_1 if m_1 else 0.0) + ((1 - q) * labels.false_fail / m_0 if m_0 else 0.0)
    smooth_1, smooth_0 = (labels.true_pass + 0.5) / (m_1 + 1), (labels.false_fail + 0.5) / (m_0 + 1)
    variance = (
        q**2 * smooth_1 * (1 - smooth_1) / (m_1 + 1)
        + (1 - q) ** 2 * smooth_0 * (1 - smooth_0) / (m_0 + 1)
        + (smooth_1 - smooth_0) ** 2 * q * (1 - q) / trials
    )
    m = m_1 + m_0
    n_eff = max(rate * (1 - rate) / variance, m / 2) if 0 < rate < 1 else m
    return wilson_at(rate, n_eff, normal_quantile(confidence), confidence=confidence, method=Method.VERDICT_STRATIFIED)


def rogan_gladen(passed: int, trials: int, calibration: Confusion, confidence: float = 0.95) -> CorrectedRate:
    """The share of `trials` that truly pass, from their verdicts and the grader's errors on an older labelled set.

    (q̂ + Sp - 1)/(Se + Sp - 1), cut to [0, 1]; the adjusted interval of Lee et al. Right for another pass rate than
    the labelled set's, as long as sensitivity and specificity carry over. Coverage at least .95 in simulation.

    Raises:
        NotEstimableError: the labelled set leaves open whether the grader is better than chance, or lacks true passes
            or true fails.
        ValueError: `passed` outside 0…trials.
    """
    share = _pass_share(passed, trials)
    youden = _informative_youden(calibration, confidence)
    m_1, m_0 = calibration.true_pass + calibration.false_fail, calibration.true_fail + calibration.false_pass
    z = normal_quantile(confidence)
    n = trials + z**2
    p = (passed + z**2 / 2) / n
    # q_1: verdict pass though truly pass; q_0: verdict fail though truly fail; both with one success and one failure
    # added, which is why the interval is centred elsewhere than the estimate.
    q_1, q_0 = (calibration.true_pass + 1) / (m_1 + 2), (calibration.true_fail + 1) / (m_0 + 2)
    spread_1, spread_0 = q_1 * (1 - q_1) / (m_1 + 2), q_0 * (1 - q_0) / (m_0 + 2)
    theta = (p + q_0 - 1) / (q_0 + q_1 - 1)
    shift = 2 * z**2 * (theta * spread_1 - (1 - theta) * spread_0)
    se = sqrt(p * (1 - p) / n + (1 - theta) ** 2 * spread_0 + theta**2 * spread_1) / (q_0 + q_1 - 1)
    interval = Estimate(
        estimate=_cut((share + calibration.true_fail / m_0 - 1) / youden.estimate),
        low=_cut(theta + shift - z * se),
        high=_cut(theta + shift + z * se),
        confidence=confidence,
        n=trials,
        method=Method.ROGAN_GLADEN,
    )
    return CorrectedRate(interval=interval, youden=youden)


def margin_in_verdicts(margin: float, calibration: Confusion, confidence: float = 0.95) -> float:
    """The change that verdicts show when the truth changes by `margin`: margin × J, for both runs graded alike.

    A gate on verdicts must use it: unscaled, 28 % of true drops of the margin pass at a specificity of .7. With fewer
    than 50 labels J is its lower limit.

    Raises:
        NotEstimableError: as `rogan_gladen`.
    """
    youden = _informative_youden(calibration, confidence)
    few = calibration.labelled < MIN_LABELS_FOR_POINT_YOUDEN
    return margin * (youden.low if few else youden.estimate)


def _pass_share(passed: int, trials: int) -> float:
    if trials < 1 or not 0 <= passed <= trials:
        raise ValueError(f"verdicts: {passed!r} of {trials!r} pass; must be 0 to n of n ≥ 1")
    return passed / trials


def _informative_youden(calibration: Confusion, confidence: float) -> Estimate:
    youden = grader_rates(calibration, confidence).youden
    if youden is None:
        raise NotEstimableError("grader calibration: only true passes or only true fails labelled; label both")
    if youden.low <= 0:
        raise NotEstimableError(
            f"grader calibration: sensitivity + specificity - 1 may be {youden.low:.2f}, no better than chance; "
            "label more trials or change the rubric"
        )
    return youden


def _cut(value: float) -> float:
    return min(max(value, 0.0), 1.0)
