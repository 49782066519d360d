"""Which flaws the agent's next draft has: the part of the agent that learns, or does not, from the grader's words."""

from evalkit.emulator.draws import Draws
from evalkit.emulator.script import Flaw


def choose_flaws(
    flaws: tuple[Flaw, ...],
    draws: Draws,
    *,
    iteration: int,
    previous: frozenset[str] = frozenset(),
    not_met: frozenset[str] = frozenset(),
    system: str | None = None,
) -> frozenset[str]:
    """The flaws of the draft made for `iteration`, drawn from `flaws` of the session's script.

    The first draft (iteration 0) has each flaw with its probability, which the agent's system prompt may change.
    A revision starts from the `previous` flaws and may drop those that break a criterion the grader named in `not_met`;
    the others stay, and none is new.
    """
    if iteration == 0:
        return frozenset(f.name for f in flaws if draws.chance(f"first_draft/{f.name}") < _first_draft(f, system))
    return frozenset(f.name for f in flaws if f.name in previous and not _is_repaired(f, draws, iteration, not_met))


def _first_draft(flaw: Flaw, system: str | None) -> float:
    matching = (chance for pattern, chance in flaw.when_system if system is not None and pattern.search(system))
    return next(matching, flaw.first_draft)


def _is_repaired(flaw: Flaw, draws: Draws, iteration: int, not_met: frozenset[str]) -> bool:
    if not_met.isdisjoint(flaw.breaks):
        return False
    return draws.chance(f"repaired/{flaw.name}/{iteration}") < flaw.repaired
