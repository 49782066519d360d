"""A task's checks on a folder, or on stored artifacts made into one: bytes by hash, under the names of the agent."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from evalkit.artifact import Artifact
from evalkit.checks.execute import run_checks
from evalkit.checks.result import CheckResult
from evalkit.store.blobs import blob_path
from evalkit.suite.model import Task


def check_folder(task: Task, delivered: Path) -> tuple[CheckResult, ...]:
    """One result for each of the task's checks, in order, on the files in the folder `delivered`, as if delivered."""
    if not task.checks:
        return ()
    with TemporaryDirectory(prefix="evalkit-inputs-") as folder:
        inputs = Path(folder)
        for item in task.inputs:
            target = inputs / item.mount_as
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(item.path, target)
        return run_checks(
            task.checks,
            delivered=delivered,
            inputs=inputs if task.inputs else None,
            checks_module=task.checks_module,
        )


def check_task(task: Task, run_folder: Path, artifacts: Sequence[Artifact]) -> tuple[CheckResult, ...]:
    """One result for each of the task's checks, in order, on copies of the artifacts and of the task's inputs."""
    with TemporaryDirectory(prefix="evalkit-checks-") as folder:
        delivered = Path(folder)
        for artifact in artifacts:
            shutil.copyfile(blob_path(run_folder, artifact.sha256), delivered / artifact.name)
        return check_folder(task, delivered)
