"""What a trial is called in one run: the word in a report's first column, and what `evalkit show RUN TRIAL` accepts.

loan            the only trial of its task
loan/v2         the run compares variants
loan#1          the run repeats trials; repeats count from 0, as in the record
loan/v2#1       both
"""

from collections.abc import Iterable
from dataclasses import dataclass

from evalkit.trial.metrics import Summary
from evalkit.trial.model import RunRecord, TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialNames:
    """How names are built in one run: only from what tells its trials apart."""

    has_variants: bool
    has_repeats: bool

    def name(self, record: TrialRecord) -> str:
        group = self.group(record.spec.task, record.spec.variant)
        return f"{group}#{record.spec.repeat}" if self.has_repeats else group

    def group(self, task: str, variant: str) -> str:
        """The name that the repeats of one task and variant share."""
        return f"{task}/{variant}" if self.has_variants else task

    def summary(self, summary: Summary) -> str:
        """The name of a task and variant's summary; `total` for a whole run's."""
        if summary.task is None or summary.variant is None:
            return "total"
        return self.group(summary.task, summary.variant)


def name_trials(records: Iterable[TrialRecord]) -> TrialNames:
    """How the trials among `records` are named."""
    specs = [record.spec for record in records]
    return TrialNames(
        has_variants=len({spec.variant for spec in specs}) > 1, has_repeats=any(spec.repeat > 0 for spec in specs)
    )


def find_trials(run: RunRecord, name: str) -> tuple[TrialRecord, ...]:
    """The trials that `name` means, in plan order; empty when it means none.

    `name` is a name as the run's reports show it, with or without the parts that it may leave out (`loan` means every
    trial of that task), or at least eight characters of a trial's key.
    """

    def is_meant(record: TrialRecord) -> bool:
        spec = record.spec
        group = f"{spec.task}/{spec.variant}"
        spellings = {spec.task, group, f"{spec.task}#{spec.repeat}", f"{group}#{spec.repeat}"}
        return name in spellings or (len(name) >= 8 and spec.key.startswith(name))

    return tuple(record for record in run.trials if is_meant(record))
