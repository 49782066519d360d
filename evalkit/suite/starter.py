"""A working suite to begin with: files that run at once, each saying in a comment what it is for.

    suites/NAME.yaml   suites/suite.schema.json   suites/NAME/{agent,environment,scenario}.yaml
    suites/NAME/totals/{task.md,expected.json,make.py,probes.py,inputs/orders.csv}   rubrics/NAME-totals.md

The files lie as they are in `starter_files/`, with `@NAME@` where the suite's name goes. Python has `.txt` behind its
name there: it is the author's code, not ours.
"""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from evalkit.errors import UsageError
from evalkit.suite.json_schema import SCHEMA_FILE, schema_text
from evalkit.suite.values import RefusedError, parse_id

_NAME = "@NAME@"
_TASK = "totals"
_PLACES = {
    "suite.yaml": f"suites/{_NAME}.yaml",
    "rubric.md": f"rubrics/{_NAME}-{_TASK}.md",
    "agent.yaml": f"suites/{_NAME}/agent.yaml",
    "environment.yaml": f"suites/{_NAME}/environment.yaml",
    "scenario.yaml": f"suites/{_NAME}/scenario.yaml",
    "task/task.md": f"suites/{_NAME}/{_TASK}/task.md",
    "task/expected.json": f"suites/{_NAME}/{_TASK}/expected.json",
    "task/make.py.txt": f"suites/{_NAME}/{_TASK}/make.py",
    "task/probes.py.txt": f"suites/{_NAME}/{_TASK}/probes.py",
    "task/inputs/orders.csv": f"suites/{_NAME}/{_TASK}/inputs/orders.csv",
}
"""File of the starter to its place below the project root."""


def starter_files(name: str) -> Mapping[str, bytes]:
    """Path below the project root to bytes, for the starter suite called `name`, the suite's own file first.

    Raises:
        UsageError: no suite can have that name.
    """
    check_name(name)
    shipped = files("evalkit.suite").joinpath("starter_files")
    texts = {place: shipped.joinpath(source).read_text(encoding="utf-8") for source, place in _PLACES.items()}
    return {place.replace(_NAME, name): text.replace(_NAME, name).encode() for place, text in texts.items()}


def check_name(name: str) -> None:
    """Raises UsageError where no suite can be called `name`."""
    try:
        parse_id(name)
    except RefusedError as error:
        raise UsageError(f"suite name: found {error}") from error


def write_new_suite(root: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """The paths of the files that were written below `root`, which had none of them, and the editor's schema.

    Raises:
        UsageError: one is there already, or cannot be written; nothing is ever overwritten.
    """
    paths = {root / place: content for place, content in contents.items()}
    for path in paths:
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path}: is there already; choose another name, or move it away")
    schema = root / "suites" / SCHEMA_FILE
    if not schema.exists():
        paths[schema] = schema_text().encode()
    for path, content in paths.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(content)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}; a folder that can be written would do") from error
    return tuple(paths)
