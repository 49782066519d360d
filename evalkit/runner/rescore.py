"""Today's checks on the stored artifacts of a run that ended. The run's own results stay as they are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evalkit.artifact import Artifact
from evalkit.checks.result import CheckResult, Json, result_to_json
from evalkit.runner.checking import check_task
from evalkit.suite.model import Task
from evalkit.trial.model import RunRecord, TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """One trial's results of then, in `trial`, and of now."""

    trial: TrialRecord
    checks: tuple[CheckResult, ...]

    @property
    def changes(self) -> tuple[tuple[CheckResult | None, CheckResult | None], ...]:
        """Then and now of every check whose status, finding or version is another; None where it was not, or is not."""
        then = {result.id: result for result in self.trial.checks}
        now = {result.id: result for result in self.checks}
        pairs = ((then.get(name), now.get(name)) for name in dict.fromkeys([*then, *now]))
        return tuple((old, new) for old, new in pairs if _decided(old) != _decided(new))


def rescore(run: RunRecord, folder: Path, tasks: Mapping[str, Task]) -> tuple[Rescored, ...]:
    """The trials of `run` that were checked then, of the tasks that are given, each with its results of now.

    A trial that was not checked is left out: its files were never fetched, and that they are missing is no finding.
    """
    return tuple(
        Rescored(trial=trial, checks=check_task(tasks[trial.spec.task], folder, _artifacts(trial)))
        for trial in run.trials
        if trial.checks and trial.spec.task in tasks
    )


def keep_rescored(folder: Path, rescored: Sequence[Rescored], now: datetime) -> Path:
    """The file in the run's folder that now holds the new results; those of the run itself stay as they are."""
    path = folder / f"rescored-{now:%Y%m%dT%H%M%SZ}.json"
    trials: list[Json] = [
        {
            "key": item.trial.spec.key,
            "attempt": item.trial.attempt,
            "checks": [result_to_json(result) for result in item.checks],
        }
        for item in rescored
    ]
    content: dict[str, Json] = {"format": "evalkit-rescored/1", "run": folder.name, "trials": trials}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _artifacts(trial: TrialRecord) -> list[Artifact]:
    return [
        Artifact(
            name=item.name,
            sha256=item.sha256,
            size_bytes=item.size_bytes,
            media_type=item.media_type,
            rebuilt=item.rebuilt,
        )
        for item in trial.artifacts
    ]


def _decided(result: CheckResult | None) -> tuple[object, ...]:
    return () if result is None else (result.status, result.found, result.wanted, result.version, result.required)
