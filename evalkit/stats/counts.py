"""What is counted: successes and trials, task by task, of one run."""

from dataclasses import dataclass

import numpy as np

from evalkit.stats.estimate import FloatArray, NotEstimableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Successes and measured trials of each task of one run, in one order.

    A trial that could not be measured is in neither number; a task without a measured trial is left out by the
    caller, who says so. Two runs are compared by position: the caller lines their tasks up.

    Raises:
        NotEstimableError: no task at all.
        ValueError: lengths differ, a task without a trial, or successes outside 0…trials.
    """

    successes: tuple[int, ...]
    trials: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.successes) != len(self.trials):
            raise ValueError(f"counts: {len(self.successes)} successes for {len(self.trials)} trial numbers")
        if not self.trials:
            raise NotEstimableError("counts: no task has a measured trial; measure at least one trial")
        for x, n in zip(self.successes, self.trials, strict=True):
            if n < 1 or not 0 <= x <= n:
                raise ValueError(f"counts: {x!r} of {n!r} trials; must be 0 to n successes of n ≥ 1 trials")

    @property
    def tasks(self) -> int:
        return len(self.trials)

    @property
    def successes_by_task(self) -> FloatArray:
        return np.asarray(self.successes, dtype=np.float64)

    @property
    def trials_by_task(self) -> FloatArray:
        return np.asarray(self.trials, dtype=np.float64)

    @property
    def rates(self) -> FloatArray:
        """Success rate of each task."""
        return self.successes_by_task / self.trials_by_task
