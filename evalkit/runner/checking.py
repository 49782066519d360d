"""A task's checks on stored artifacts: bytes by hash become a folder as the agent left it, and go again."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from evalkit.artifact import Artifact
from evalkit.checks.execute import run_checks
from evalkit.checks.result import CheckResult
from evalkit.store.blobs import blob_path
from evalkit.suite.model import Task


def check_task(task: Task, run_folder: Path, artifacts: Sequence[Artifact]) -> tuple[CheckResult, ...]:
    """One result for each of the task's checks, in order, on copies of the artifacts and of the task's inputs."""
    if not task.checks:
        return ()
    with TemporaryDirectory(prefix="evalkit-checks-") as folder:
        delivered, inputs = Path(folder) / "delivered", Path(folder) / "inputs"
        delivered.mkdir()
        for artifact in artifacts:
            shutil.copyfile(blob_path(run_folder, artifact.sha256), delivered / artifact.name)
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
