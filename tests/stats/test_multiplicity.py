"""Many p-values at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from evalkit.stats.multiplicity import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_both_adjustments_are_rs() -> None:
    """R p.adjust, methods holm and BH."""
    p = (0.01, 0.04, 0.03, 0.005, 0.2, 0.0005)

    assert holm(p) == pytest.approx((0.04, 0.09, 0.09, 0.025, 0.2, 0.003), abs=1e-15)
    assert benjamini_hochberg(p) == pytest.approx((0.02, 0.048, 0.045, 0.015, 0.2, 0.003), abs=1e-15)


@given(P_VALUES)
def test_raw_listed_gated_and_bonferroni_stand_in_this_order(p: list[float]) -> None:
    for raw, listed, gated in zip(p, benjamini_hochberg(p), holm(p), strict=True):
        assert raw - 1e-12 <= listed <= gated + 1e-12
        assert gated <= min(1, raw * len(p)) + 1e-12


@given(P_VALUES)
def test_holm_lies_between_the_raw_p_and_bonferroni_for_the_smallest(p: list[float]) -> None:
    assert min(holm(p)) == pytest.approx(min(1.0, min(p) * len(p)))


@given(P_VALUES)
def test_benjamini_hochberg_is_scipys(p: list[float]) -> None:
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p).tolist(), abs=1e-12)


@given(P_VALUES)
def test_an_adjustment_keeps_the_order_of_the_p_values(p: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        by_raw = [adjusted for _, adjusted in sorted(zip(p, adjust(p), strict=True))]

        assert by_raw == sorted(by_raw)


def test_nothing_adjusted_is_nothing() -> None:
    assert holm(()) == benjamini_hochberg(()) == ()


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm((0.5, p))
