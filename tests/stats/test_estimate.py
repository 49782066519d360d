"""Quantiles."""

import pytest

from evalkit.stats.estimate import normal_quantile, student_quantile


def test_a_two_sided_ninety_leaves_five_percent_on_each_side() -> None:
    """Printed tables: 1.645 and, with nine degrees of freedom, 1.833."""
    assert normal_quantile(0.90) == pytest.approx(1.6448536269514722, abs=1e-12)
    assert student_quantile(0.90, 9) == pytest.approx(1.8331129326536335, abs=1e-9)


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.5, 95.0, float("nan")])
def test_a_confidence_outside_zero_and_one_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        normal_quantile(confidence)


def test_student_needs_a_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="degrees of freedom"):
        student_quantile(0.95, 0)
