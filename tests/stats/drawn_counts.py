"""Counts of one run, and of two runs on one suite, for laws."""

from hypothesis import strategies as st

from evalkit.stats.counts import Counts


@st.composite
def runs(draw: st.DrawFn, *, tasks: int | None = None, max_trials: int = 6, min_trials: int = 1) -> Counts:
    size = draw(st.integers(1, 9)) if tasks is None else tasks
    trials = tuple(draw(st.integers(min_trials, max_trials)) for _ in range(size))
    return Counts(successes=tuple(draw(st.integers(0, n)) for n in trials), trials=trials)


@st.composite
def pairs(draw: st.DrawFn, *, max_trials: int = 6) -> tuple[Counts, Counts]:
    size = draw(st.integers(1, 9))
    return draw(runs(tasks=size, max_trials=max_trials)), draw(runs(tasks=size, max_trials=max_trials))


def equal_trials(successes: tuple[int, ...], trials: int) -> Counts:
    return Counts(successes=successes, trials=(trials,) * len(successes))


BASELINE = equal_trials((3, 3, 2, 3, 1, 3, 0, 3, 2, 3), 3)
CANDIDATE = equal_trials((3, 2, 1, 3, 0, 3, 0, 2, 2, 3), 3)
"""Ten tasks, three trials, a little worse: the running example of the reference numbers."""

# Successes of 4 trials on each of 50 tasks: tau-bench airline, gpt-4o, from sierra-research/tau-bench@59a200c.
TAU_AIRLINE = equal_trials(tuple(int(x) for x in "01100111000142021140430040220122003443413241222144"), 4)
