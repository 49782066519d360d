"""A grader against the truth, another, and itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats.agreement import (
    Confusion,
    cohen_kappa,
    grader_rates,
    gwet_ac1,
    majority_of_three_error,
    regrade_stability,
    reweighted,
)
from evalkit.stats.estimate import Method, NotEstimableError

TABLES = st.lists(st.integers(0, 40), min_size=4, max_size=4).filter(lambda cells: sum(cells) >= 2)


def confusion(true_pass: int, false_pass: int, false_fail: int, true_fail: int) -> Confusion:
    return Confusion(true_pass=true_pass, false_pass=false_pass, false_fail=false_fail, true_fail=true_fail)


def test_sensitivity_and_specificity_are_those_of_epir() -> None:
    """R epiR 2.0.57 epi.tests(method="wilson")."""
    rates = grader_rates(confusion(44, 4, 6, 26))

    assert rates.sensitivity is not None
    assert rates.specificity is not None
    assert (rates.sensitivity.low, rates.sensitivity.high) == pytest.approx((0.76195182617, 0.94382399849), abs=1e-9)
    assert (rates.specificity.low, rates.specificity.high) == pytest.approx((0.70318673318, 0.94690344516), abs=1e-9)


def test_what_no_label_speaks_of_is_none() -> None:
    rates = grader_rates(confusion(9, 0, 1, 0))

    assert (rates.specificity, rates.youden) == (None, None)
    assert rates.npv is not None
    assert rates.npv.estimate == 0


@given(TABLES)
def test_youden_lies_within_its_limits(cells: list[int]) -> None:
    youden = grader_rates(confusion(*cells)).youden

    assert youden is None or -1 - 1e-9 <= youden.low <= youden.estimate <= youden.high <= 1 + 1e-9


@given(st.lists(st.integers(1, 60), min_size=4, max_size=4))
def test_labels_drawn_at_random_need_no_reweighting(cells: list[int]) -> None:
    table = confusion(*cells)
    rates = grader_rates(table)

    sensitivity, specificity = reweighted(table, (table.true_pass + table.false_pass) / table.labelled)

    assert rates.sensitivity is not None
    assert rates.specificity is not None
    assert (sensitivity, specificity) == pytest.approx((rates.sensitivity.estimate, rates.specificity.estimate))


def test_labels_drawn_half_by_verdict_hide_a_poor_specificity_until_reweighted() -> None:
    """90 % of verdicts pass: of 100 trials 81 + 1 truly pass and 9 + 9 fail, so half the failures were let through."""
    sensitivity, specificity = reweighted(confusion(18, 2, 2, 18), 0.9)

    assert sensitivity == pytest.approx(81 / 82)
    assert specificity == pytest.approx(0.5)


def test_a_verdict_without_a_label_cannot_be_reweighted() -> None:
    with pytest.raises(NotEstimableError, match="a verdict without a label"):
        reweighted(confusion(10, 2, 0, 0), 0.5)


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        reweighted(confusion(1, 1, 1, 1), 1.5)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        confusion(1, -1, 0, 0)


def test_high_prevalence_makes_kappa_low_and_leaves_ac1() -> None:
    """CRAN irrCAC 1.0: kappa .3182 (se .1335), AC1 .808 (se .0521)."""
    kappa, ac1 = cohen_kappa(((80, 10), (5, 5))), gwet_ac1(((80, 10), (5, 5)))

    assert kappa is not None
    assert (kappa.value, kappa.se) == pytest.approx((0.318181818181818, 0.133456521223836), abs=1e-12)
    assert (ac1.value, ac1.se) == pytest.approx((0.808, 0.0521294202384795), abs=1e-12)


def test_three_categories_are_those_of_the_published_vignette() -> None:
    """irrCAC, cont3x3abstractors."""
    table = ((13, 0, 0), (0, 20, 7), (0, 4, 56))
    kappa, ac1 = cohen_kappa(table), gwet_ac1(table)

    assert kappa is not None
    assert (kappa.value, kappa.se, ac1.value, ac1.se) == pytest.approx(
        (0.7964094, 0.05891072, 0.8493305, 0.04321747), abs=1e-7
    )


@given(TABLES)
def test_exchanging_the_raters_changes_neither_coefficient(cells: list[int]) -> None:
    table = np.asarray(cells).reshape(2, 2)

    for coefficient in (cohen_kappa, gwet_ac1):
        there, back = coefficient(table.tolist()), coefficient(table.T.tolist())
        assert (there is None) == (back is None)
        if there is not None and back is not None:
            assert (there.value, there.se) == pytest.approx((back.value, back.se), abs=1e-9)
            assert -1 - 1e-9 <= there.value <= 1 + 1e-9


def test_kappa_of_raters_who_always_said_yes_is_undefined_and_ac1_is_one() -> None:
    assert cohen_kappa(((30, 0), (0, 0))) is None
    assert gwet_ac1(((30, 0), (0, 0))).value == 1


@pytest.mark.parametrize("table", [((1, 2, 3), (4, 5, 6)), ((5,),), ((1, -1), (1, 1))])
def test_a_table_that_is_none_is_refused(table: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match="must be square"):
        gwet_ac1(table)


def test_one_subject_agrees_about_nothing() -> None:
    with pytest.raises(NotEstimableError, match="1 subjects"):
        cohen_kappa(((1, 0), (0, 0)))


def test_the_flip_rate_is_fleiss_kappa_in_other_words() -> None:
    """statsmodels fleiss_kappa: .55."""
    stability = regrade_stability((3, 3, 2, 3, 0, 1, 3, 0, 3, 2), 3)

    assert stability.flip_rate.estimate == pytest.approx(0.2)
    assert stability.fleiss_kappa == pytest.approx(0.55)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=20))
def test_a_flip_rate_is_a_share_within_its_limits(counts: list[int]) -> None:
    rate = regrade_stability(counts, 4).flip_rate

    assert 0 <= rate.low <= rate.estimate <= rate.high <= 1


def test_a_grader_that_never_flipped_may_still_flip_three_times_in_n() -> None:
    stability = regrade_stability((3, 3, 0, 3) * 25, 3)

    assert stability.flip_rate.high == pytest.approx(3 / 100, rel=2e-3)
    assert stability.flip_rate.method is Method.RULE_OF_THREE
    assert stability.fleiss_kappa == 1


def test_gradings_that_all_said_the_same_leave_kappa_undefined() -> None:
    assert regrade_stability((3, 3), 3).fleiss_kappa is None


@pytest.mark.parametrize(("counts", "regrades"), [((1,), 2), ((1, 1), 1)])
def test_too_little_regrading_is_no_estimate(counts: tuple[int, ...], regrades: int) -> None:
    with pytest.raises(NotEstimableError, match="both must be at least 2"):
        regrade_stability(counts, regrades)


def test_more_passes_than_gradings_are_refused() -> None:
    with pytest.raises(ValueError, match="re-grading"):
        regrade_stability((1, 3), 2)


@given(st.floats(0, 1))
def test_a_majority_of_three_is_wrong_when_two_or_three_are(error: float) -> None:
    assert majority_of_three_error(error) == pytest.approx(3 * error**2 * (1 - error) + error**3, abs=1e-12)
