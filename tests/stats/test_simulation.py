"""What a design really finds. The numbers are those of the design's own simulations, ± 3 standard errors and theirs."""

import pytest
from drawn_counts import TAU_AIRLINE, equal_trials

from evalkit.stats.simulation import Design, Drop, Suite, simulate, simulate_looks, suite_like, typical_suite

SEED = 20260701


def equal_design(trials: int, margin: float) -> Design:
    return Design(baseline_trials=trials, candidate_trials=trials, margin=margin)


@pytest.mark.parametrize(
    ("tasks", "trials", "rate", "margin", "power"),
    [
        (8, 3, 0.8, 0.10, 0.251),
        (20, 3, 0.8, 0.10, 0.598),
        (20, 5, 0.8, 0.10, 0.775),
        (50, 5, 0.8, 0.05, 0.624),
        (20, 5, 0.95, 0.05, 0.521),
    ],
)
def test_an_unchanged_candidate_is_cleared_as_often_as_the_design_says(
    tasks: int, trials: int, rate: float, margin: float, power: float
) -> None:
    found = simulate(typical_suite(tasks, rate), equal_design(trials, margin), Drop.NONE, drop=0, seed=SEED)

    assert found.excludes_margin.estimate == pytest.approx(power, abs=0.045)


@pytest.mark.parametrize("scenario", [Drop.SPREAD, Drop.CONCENTRATED])
@pytest.mark.parametrize(("tasks", "trials"), [(8, 5), (20, 1), (20, 3), (50, 2)])
def test_both_errors_of_the_gate_interval_keep_their_level(tasks: int, trials: int, scenario: Drop) -> None:
    suite, design = typical_suite(tasks, 0.8), equal_design(trials, 0.10)

    unchanged = simulate(suite, design, Drop.NONE, drop=0, seed=SEED)
    dropped = simulate(suite, design, scenario, drop=0.10, seed=SEED)

    assert unchanged.shows_drop.low <= 0.05
    assert dropped.excludes_margin.low <= 0.05


def test_early_looks_keep_the_errors_and_save_half_of_fifty_tasks_trials() -> None:
    """Table F: unchanged passes .967 with 52 % saved; a true 10-point drop is shown .94 with 48 % saved."""
    suite, design = typical_suite(50, 0.8), equal_design(5, 0.10)

    unchanged = simulate_looks(suite, design, Drop.NONE, drop=0, seed=SEED)
    dropped = simulate_looks(suite, design, Drop.SPREAD, drop=0.10, seed=SEED)

    assert unchanged.excludes_margin.estimate == pytest.approx(0.967, abs=0.02)
    assert 1 - unchanged.mean_candidate_trials / 5 == pytest.approx(0.52, abs=0.03)
    assert dropped.shows_drop.estimate == pytest.approx(0.94, abs=0.025)
    assert 1 - dropped.mean_candidate_trials / 5 == pytest.approx(0.48, abs=0.03)
    assert unchanged.shows_drop.low <= 0.05
    assert dropped.excludes_margin.low <= 0.05


def test_a_broken_task_weighs_more_than_the_same_loss_everywhere() -> None:
    suite, design = typical_suite(20, 0.8), equal_design(3, 0.10)

    broken = simulate(suite, design, Drop.CONCENTRATED, drop=0.10, seed=SEED)
    everywhere = simulate(suite, design, Drop.SPREAD, drop=0.10, seed=SEED)

    assert broken.shows_drop.low > everywhere.shows_drop.high


def test_a_larger_baseline_finds_more() -> None:
    suite = typical_suite(20, 0.8)
    small, large = (Design(baseline_trials=n, candidate_trials=3, margin=0.10) for n in (3, 20))

    few = simulate(suite, small, Drop.SPREAD, drop=0.10, seed=SEED)
    many = simulate(suite, large, Drop.SPREAD, drop=0.10, seed=SEED)

    assert many.shows_drop.low > few.shows_drop.high


@pytest.mark.parametrize("scenario", [Drop.SPREAD, Drop.CONCENTRATED])
def test_a_suite_that_loses_everything_is_always_seen(scenario: Drop) -> None:
    found = simulate(typical_suite(20, 0.8), equal_design(3, 0.05), scenario, drop=1.0, seed=SEED, replicates=200)

    assert found.shows_drop.estimate == 1


def test_the_same_seed_gives_the_same_answer_and_another_another() -> None:
    suite, design = typical_suite(12, 0.8), equal_design(3, 0.10)

    first, again, other = (simulate(suite, design, Drop.SPREAD, drop=0.05, seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_suite_with_history_has_its_own_mean_and_spread() -> None:
    suite = suite_like(TAU_AIRLINE)

    means = [a / (a + b) for a, b in zip(suite.a, suite.b, strict=True)]
    assert sum(means) / len(means) == pytest.approx(0.42, abs=0.005)
    assert min(means) < 0.2
    assert max(means) > 0.8


def test_a_history_of_many_trials_has_its_own_correlation_and_one_of_single_trials_the_typical_one() -> None:
    """The prior weighs 1/ICC - 1 trials beside the four, and the one, that were run."""
    many, single = suite_like(TAU_AIRLINE), suite_like(equal_trials((1, 0, 1), 1))

    assert many.a[0] + many.b[0] == pytest.approx(4 + 1 / 0.39792008757526004 - 1)
    assert single.a[0] + single.b[0] == pytest.approx(1 + 1)


@pytest.mark.parametrize("successes", [(3, 3, 3), (0, 0, 0), (3, 0, 3)])
def test_a_history_without_surprise_still_leaves_room_for_one(successes: tuple[int, ...]) -> None:
    suite = suite_like(equal_trials(successes, 3))

    assert min(suite.a + suite.b) > 0


@pytest.mark.parametrize(("tasks", "rate", "correlation"), [(0, 0.8, 0.5), (5, 1.0, 0.5), (5, 0.8, 1.0)])
def test_a_suite_that_is_none_is_refused(tasks: int, rate: float, correlation: float) -> None:
    with pytest.raises(ValueError, match="suite: "):
        typical_suite(tasks, rate, correlation)


@pytest.mark.parametrize(
    ("suite", "trials", "drop", "replicates"),
    [
        (typical_suite(3, 0.5), 0, 0.1, 10),
        (typical_suite(3, 0.5), 1, 1.1, 10),
        (typical_suite(3, 0.5), 1, 0.1, 0),
    ],
    ids=["trials", "drop", "replicates"],
)
def test_a_simulation_of_nothing_is_refused(suite: Suite, trials: int, drop: float, replicates: int) -> None:
    with pytest.raises(ValueError, match=r"simulation: |trials of each task"):
        simulate(suite, equal_design(trials, 0.1), Drop.NONE, drop=drop, seed=1, replicates=replicates)
