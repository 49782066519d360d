"""Other official clients than the one that evalkit uses go through a whole session, and cannot tell.

`tests/clients/prepare.sh` installs them; where it has not run, these tests are skipped.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from evalkit.emulator import Emulator

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".venv" / "clients"
RUBRIC = "# Table\n\n- [R1] The table has three rows. Count lines.\n"
SCENARIO = """\
format: evalkit-scenario/1
seed: 7
sessions:
  - match: {metadata: {evalkit_task: revised}}
    deliver: {make: make.py}
    flaws: {short: {first_draft: 1.0, repaired: 1.0, breaks: [R1]}}
    grader: {probes: probes.py}
"""
MAKE = """\
import pathlib, sys
_, outputs, *flaws = sys.argv[1:]
pathlib.Path(outputs, "table.csv").write_text("x\\n1\\n2\\n3\\n"[: 4 if flaws else 8])
"""
PROBES = "def R1(outputs, inputs):\n    return len((outputs / 'table.csv').read_text()) == 8, 'counted'\n"
EXPECTED = {
    "same_events": True,
    "last": "session.status_idle",
    "verdicts": ["needs_revision", "satisfied"],
    "outcome": "satisfied",
    "files": ["in.txt", "table.csv"],
    "contents": ["x\n1\n2\n3\n"],
}
pytestmark = [pytest.mark.clients, pytest.mark.slow]


def installed(name: str) -> Path:
    folder = INSTALLED / name
    if not (folder / "ready").exists():
        pytest.skip(f"{name} is not installed; run tests/clients/prepare.sh")
    return folder


def drive(folder: Path, *command: str | Path) -> tuple[dict[str, Any], set[str]]:
    """What the client tells of its session, and the keys that it sent."""
    for name, text in (("scenario.yaml", SCENARIO), ("make.py", MAKE), ("probes.py", PROBES)):
        (folder / name).write_text(text)
    with Emulator(folder / "scenario.yaml") as emulator:
        arguments = [*command, emulator.base_url, RUBRIC, "revised"]
        finished = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
        keys = {seen.credential for seen in emulator.requests}
    assert finished.returncode == 0, finished.stderr[-2000:]
    told: dict[str, Any] = json.loads(finished.stdout)
    return told, keys


@pytest.mark.parametrize(("line", "left_out"), [("0.100", ["session.usage"]), ("0.121", ["session.usage"]), ("1", [])])
def test_an_older_line_of_the_python_sdk_goes_through_a_whole_session(
    line: str, left_out: list[str], tmp_path: Path
) -> None:
    told, keys = drive(tmp_path, installed(f"python-{line}") / "bin" / "python", HERE / "drive.py")

    assert told.pop("version").startswith(f"{line}.")
    assert told.pop("left_out") == left_out
    assert told == EXPECTED
    assert keys == {"another-key"}


def test_the_typescript_sdk_goes_through_a_whole_session(tmp_path: Path) -> None:
    folder = installed("typescript")
    node = shutil.which("node")
    if node is None:
        pytest.skip("no program node; install Node.js")

    told, keys = drive(tmp_path, node, HERE / "drive.mjs", folder)

    assert told.pop("version").startswith("1.")
    assert told == EXPECTED
    assert keys == {"another-key"}
