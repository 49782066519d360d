from hypothesis import given
from hypothesis import strategies as st

from evalkit.emulator.draws import Draws

TRIAL = {"evalkit_task": "loan", "evalkit_variant": "base", "evalkit_repeat": "0", "evalkit_attempt": "1"}


def test_the_same_trial_and_name_draw_the_same_number() -> None:
    assert Draws(7, TRIAL).chance("a") == Draws(7, {**TRIAL, "evalkit_run": "another"}).chance("a")


def test_draws_do_not_depend_on_what_was_drawn_before() -> None:
    busy = Draws(7, TRIAL)
    for number in range(10):
        busy.chance(str(number))

    assert busy.chance("a") == Draws(7, TRIAL).chance("a")


def test_seed_task_variant_repeat_attempt_and_name_each_make_another_draw() -> None:
    changed = [{**TRIAL, key: "9"} for key in TRIAL]
    drawn = [Draws(7, trial).chance("a") for trial in (TRIAL, *changed)]
    drawn += [Draws(8, TRIAL).chance("a"), Draws(7, TRIAL).chance("b")]

    assert len(set(drawn)) == len(drawn)


def test_two_metadata_values_cannot_be_taken_for_one_longer_value() -> None:
    left = Draws(7, {"evalkit_task": "a", "evalkit_variant": "bc"})
    right = Draws(7, {"evalkit_task": "ab", "evalkit_variant": "c"})

    assert left.chance("x") != right.chance("x")


def test_chances_are_spread_evenly() -> None:
    draws = Draws(7, TRIAL)
    below = sum(draws.chance(str(number)) < 0.3 for number in range(2000))

    assert 540 <= below <= 660


@given(st.integers(min_value=0), st.text(max_size=20))
def test_a_chance_is_never_below_zero_and_always_below_one(seed: int, name: str) -> None:
    assert 0 <= Draws(seed, TRIAL).chance(name) < 1


@given(st.text(max_size=20), st.integers(-1000, 1000), st.integers(0, 1000))
def test_a_whole_number_lies_between_its_ends_and_is_whole(name: str, low: int, width: int) -> None:
    number = Draws(7, TRIAL).between(name, low, low + width)

    assert isinstance(number, int)
    assert low <= number <= low + width


@given(st.text(max_size=20), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_number_lies_between_its_ends(name: str, low: float, width: float) -> None:
    number = Draws(7, TRIAL).between(name, low, low + width)

    assert low <= number <= low + width or number == low


def test_both_ends_of_a_range_of_whole_numbers_are_drawn() -> None:
    draws = Draws(7, TRIAL)

    assert {draws.between(str(number), 1, 3) for number in range(100)} == {1, 2, 3}
