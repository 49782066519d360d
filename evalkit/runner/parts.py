"""Part of a suite's trials: by tag, by shard, or only those without a record that still holds. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from evalkit.errors import UsageError
from evalkit.suite.model import Suite, TrialPlan
from evalkit.trial.model import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of several parts of a suite that different machines run."""

    index: int
    """1-based."""
    count: int

    def __contains__(self, key: str) -> bool:
        """Whether the trial of that key is ours. It depends on nothing but the key, whatever else the suite has."""
        return int(hashlib.sha256(key.encode()).hexdigest()[:12], 16) % self.count == self.index - 1


def parse_shard(text: str) -> Shard:
    """The shard that `i/n` names.

    Raises:
        UsageError: it is none.
    """
    index, _, count = text.partition("/")
    if index.isascii() and index.isdigit() and count.isascii() and count.isdigit() and 1 <= int(index) <= int(count):
        return Shard(index=int(index), count=int(count))
    raise UsageError(f"--shard: found {text!r}; 1/4 would do for the first of four parts")


def with_trials(suite: Suite, trials: int | None) -> Suite:
    """The suite with that many trials of every task; as it is where none is given."""
    if trials is None:
        return suite
    return replace(suite, tasks=tuple(replace(task, trials=trials) for task in suite.tasks))


def choose_tags(suite: Suite, plans: Sequence[TrialPlan], tags: Sequence[str]) -> Sequence[TrialPlan]:
    """The plans of tasks that have one of the tags; all of them where none is given.

    Raises:
        UsageError: no task has such a tag.
    """
    known = sorted({tag for task in suite.tasks for tag in task.tags})
    for tag in tags:
        if tag not in known:
            raise UsageError(f"{suite.path}: no task has the tag {tag!r}; tags are {', '.join(known) or 'none'}")
    return [plan for plan in plans if not tags or set(tags) & set(plan.task.tags)]


def without_record(plans: Sequence[TrialPlan], runs: Iterable[RunRecord]) -> Sequence[TrialPlan]:
    """The plans that no trial of `runs` has measured with the same key and the same checks."""
    measured = {
        (trial.spec.key, trial.spec.hashes.checks) for run in runs for trial in run.trials if trial.end.is_measured
    }
    return [plan for plan in plans if (plan.spec.key, plan.spec.hashes.checks) not in measured]
