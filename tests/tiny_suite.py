"""A suite of one small task in a folder of its own, and the scenario that its emulator plays."""

from pathlib import Path
from typing import Any

import yaml

RUBRIC = "# Report\n\n- [R1] Rows. `report.csv` has three rows.\n- [R2] Columns. Its columns are a and b.\n"
TASK: dict[str, Any] = {
    "id": "report",
    "description": "Write `/mnt/session/outputs/report.csv` with columns a and b and three rows.",
    "rubric": {"text": RUBRIC},
    "deliverables": ["report.csv"],
    "checks": [{"id": "rows", "check": "csv_table.row_count", "with": {"file": "report.csv", "equals": 3}}],
}
SESSION: dict[str, Any] = {
    "match": {"metadata": {"evalkit_task": "report"}},
    "deliver": {"files": "drafts"},
    "grader": {"judged": {"R1": "met", "R2": "met"}},
    "cost": {
        "requests": [2, 2],
        "input_tokens": [100, 200],
        "output_tokens": [100, 200],
        "grader_tokens": [1000, 2000],
    },
    "time_s": {"request": [1, 2], "grading": [20, 40]},
}


def write_suite(
    folder: Path,
    *,
    session: dict[str, Any] | None = None,
    task: dict[str, Any] | None = None,
    suite: dict[str, Any] | None = None,
    report: str = "a,b\n1,2\n3,4\n5,6\n",
) -> Path:
    """The path of `tiny.yaml`; what is given goes over what the tiny suite would say."""
    own = folder / "suites" / "tiny"
    (own / "drafts").mkdir(parents=True)
    (folder / "rubrics").mkdir()
    (own / "drafts" / "report.csv").write_text(report, encoding="utf-8")
    _write(own / "agent.yaml", {"name": "writer", "model": "claude-haiku-4-5", "tools": [TOOLSET]})
    _write(own / "environment.yaml", {"name": "plain", "config": {"type": "cloud"}})
    sessions = [{**SESSION, **(session or {})}]
    _write(own / "scenario.yaml", {"format": "evalkit-scenario/1", "seed": 7, "sessions": sessions})
    path = folder / "suites" / "tiny.yaml"
    whole = {
        "format": "evalkit-suite/1",
        "name": "tiny",
        "backend": "emulator",
        "scenario": "tiny/scenario.yaml",
        "agent": "tiny/agent.yaml",
        "environment": "tiny/environment.yaml",
        "defaults": {"max_iterations": 2, "trials": 1},
        "tasks": [{**TASK, **(task or {})}],
    }
    _write(path, {**whole, **(suite or {})})
    return path


TOOLSET = {"type": "agent_toolset_20260401"}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
