"""Looks before the end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from evalkit.stats.sequential import plan_looks, round_information, spent_error


@pytest.mark.parametrize(
    ("baseline", "rounds", "levels"),
    [
        (3, 3, (0.00557, 0.0267, 0.0414)),
        (5, 5, (0.000687, 0.00929, 0.0207, 0.0301, 0.0374)),
        (20, 3, (0.00118, 0.0185, 0.0443)),
        (20, 5, (0.000059, 0.00363, 0.0141, 0.0271, 0.0397)),
    ],
)
def test_the_levels_of_the_rounds_are_those_of_the_design(
    baseline: int, rounds: int, levels: tuple[float, ...]
) -> None:
    """Independent recursive integration, three significant digits."""
    looks = plan_looks(round_information(baseline, rounds))

    assert [look.nominal_p for look in looks] == pytest.approx(levels, rel=6e-3)


def test_three_equal_looks_have_the_published_boundaries() -> None:
    """CRAN ldbounds 2.0.2: 3.20010, 2.14080, 1.69478, its grid accurate to 5e-5."""
    looks = plan_looks((1 / 3, 2 / 3, 1.0))

    assert [look.z for look in looks] == pytest.approx([3.2001019716, 2.1408152405, 1.6948119646], abs=1e-8)


def test_spending_is_the_closed_form() -> None:
    """gsDesign sfLDOF."""
    found = [spent_error(share, 0.05) for share in (0.25, 0.5, 0.75, 1.0)]

    assert found == pytest.approx([8.857543832130332e-05, 0.005574596680784305, 0.023625121317601305, 0.05], abs=1e-12)


@given(
    st.lists(st.integers(5, 99), min_size=0, max_size=5, unique=True).map(lambda x: [s / 100 for s in sorted(x)]),
    st.sampled_from([0.01, 0.025, 0.05, 0.1]),
)
def test_the_error_is_spent_to_the_end_and_never_given_back(before: list[float], alpha: float) -> None:
    looks = plan_looks([*before, 1.0], alpha)

    spent = [look.spent for look in looks]
    assert spent == sorted(spent)
    assert spent[-1] == pytest.approx(alpha, abs=1e-12)
    assert all(look.nominal_p <= look.spent + 1e-12 for look in looks)


def test_the_chance_to_cross_any_boundary_is_alpha() -> None:
    """Scores of three looks are jointly normal with correlation √(t_i/t_j); scipy's own integral."""
    shares = np.asarray(round_information(4, 3))
    looks = plan_looks(shares.tolist())

    correlation = np.sqrt(np.minimum.outer(shares, shares) / np.maximum.outer(shares, shares))
    stay = multivariate_normal.cdf([look.z for look in looks], mean=np.zeros(3), cov=correlation, rng=1)
    assert 1 - stay == pytest.approx(0.05, abs=1e-4)


def test_one_look_is_the_fixed_test() -> None:
    (look,) = plan_looks((1.0,))

    assert look.nominal_p == pytest.approx(0.05, abs=1e-12)


@given(st.integers(1, 40), st.integers(1, 8))
def test_the_last_round_has_all_the_information(baseline: int, rounds: int) -> None:
    shares = round_information(baseline, rounds)

    assert list(shares) == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize("shares", [(), (0.5, 0.5), (0.6, 0.4), (0.5, 1.2), (0.0, 1.0), (float("nan"), 1.0)])
def test_information_that_does_not_rise_to_one_is_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must rise strictly"):
        plan_looks(shares)


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="alpha"):
        plan_looks((1.0,), 0.0)


def test_rounds_need_a_baseline() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        round_information(0, 3)
