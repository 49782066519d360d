import re

import pytest

from evalkit.emulator.draws import Draws
from evalkit.emulator.flaws import choose_flaws
from evalkit.emulator.script import Flaw

DRAWS = Draws(7, {"evalkit_task": "loan"})


def make_flaw(
    name: str,
    *,
    first_draft: float = 1,
    repaired: float = 1,
    breaks: tuple[str, ...] = ("R1",),
    when_system: dict[str, float] | None = None,
) -> Flaw:
    patterns = tuple((re.compile(pattern), chance) for pattern, chance in (when_system or {}).items())
    return Flaw(name=name, first_draft=first_draft, repaired=repaired, breaks=breaks, when_system=patterns)


def test_the_first_draft_has_the_flaws_that_are_drawn() -> None:
    flaws = (make_flaw("always"), make_flaw("never", first_draft=0))

    assert choose_flaws(flaws, DRAWS, iteration=0) == {"always"}


@pytest.mark.parametrize(
    ("system", "drawn"),
    [(None, {"f"}), ("Be quick.", {"f"}), ("Check twice.", set()), ("check twice, be bold", set())],
)
def test_the_first_pattern_found_in_the_system_prompt_decides_the_first_draft(
    system: str | None, drawn: set[str]
) -> None:
    flaw = make_flaw("f", when_system={"(?i)check twice": 0, "bold": 1})

    assert choose_flaws((flaw,), DRAWS, iteration=0, system=system) == drawn


def test_a_flaw_whose_criterion_was_named_is_repaired() -> None:
    flaws = (make_flaw("f", breaks=("R1", "R2")),)

    assert choose_flaws(flaws, DRAWS, iteration=1, previous=frozenset({"f"}), not_met=frozenset({"R2"})) == set()


def test_a_flaw_whose_criterion_was_not_named_stays() -> None:
    flaws = (make_flaw("f"),)

    assert choose_flaws(flaws, DRAWS, iteration=1, previous=frozenset({"f"}), not_met=frozenset({"R2"})) == {"f"}


def test_a_flaw_that_breaks_nothing_is_never_repaired() -> None:
    flaws = (make_flaw("blind", breaks=()),)

    assert choose_flaws(flaws, DRAWS, iteration=1, previous=frozenset({"blind"}), not_met=frozenset({"R1"})) == {
        "blind"
    }


def test_a_repair_can_fail() -> None:
    flaws = (make_flaw("f", repaired=0),)

    assert choose_flaws(flaws, DRAWS, iteration=1, previous=frozenset({"f"}), not_met=frozenset({"R1"})) == {"f"}


def test_a_revision_brings_no_new_flaw() -> None:
    assert choose_flaws((make_flaw("f"),), DRAWS, iteration=1, not_met=frozenset({"R1"})) == set()


def test_every_revision_tries_a_repair_anew() -> None:
    flaws = (make_flaw("f", repaired=0.5),)
    previous, not_met = frozenset({"f"}), frozenset({"R1"})
    kept = [choose_flaws(flaws, DRAWS, iteration=i, previous=previous, not_met=not_met) for i in range(1, 20)]

    assert {frozenset(), frozenset({"f"})} == set(kept)
