"""Who may import whom: the picture of ARCHITECTURE.md, held against the code."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "evalkit"

LAYERS = (
    ("cli", "pytest_plugin"),
    ("api",),
    ("emulator",),
    ("runner",),
    ("store", "claude", "report"),
    ("suite",),
    ("trial", "stats"),
    ("rubric", "checks", "settings"),
    ("errors", "artifact", "sandbox"),
)
"""A room may import any room of a later line; rooms on one line do not import each other."""

DOORS = {
    "anthropic": {"claude"},
    "httpx2": {"claude"},
    "sqlite3": {"store", "emulator", "checks"},
    "starlette": {"emulator"},
    "uvicorn": {"emulator"},
    "click": {"cli"},
    "subprocess": {"checks", "sandbox"},
    "pandas": {"report"},
    "openpyxl": {"checks", "report"},
    "docx": {"checks"},
    "pptx": {"checks"},
    "pypdf": {"checks"},
    "PIL": {"checks"},
    "jsonschema": {"checks"},
    "referencing": {"checks"},
    "tabulate": {"report"},
    "scipy": {"stats"},
    "yaml": {"suite", "emulator", "checks"},
    "pydantic": {"suite", "store"},
    "pytest": {"pytest_plugin"},
    "rich": {"cli"},
}
"""Outside package to the rooms that may import it."""

WIRE_FILES = {"trial/wire.py", "trial/transcript.py"}
_WIRE_NAME = re.compile(r"(span|agent|user|session)\.[a-z]+(_[a-z]+)+|user\.interrupt|agent\.message")

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


@cache
def modules() -> tuple[tuple[str, Path, ast.Module], ...]:
    """(room, path, tree) of every module of the package; a file directly below it is a room of its own."""
    rooms = ((path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path) for path in sorted(PACKAGE.rglob("*.py")))
    return tuple(
        (room, path, ast.parse(path.read_text(encoding="utf-8")))
        for room, path in rooms
        if room not in {"__init__", "__main__"}
    )


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(tree: ast.Module) -> set[str]:
    names = {name.split(".")[1] for name in imports(tree) if name.startswith("evalkit.")}
    return {name for name in names if any(name in line for line in LAYERS)}


def test_every_room_has_its_line() -> None:
    found = {room for room, _, _ in modules()}

    assert found == {room for line in LAYERS for room in line}


@pytest.mark.parametrize("line", range(len(LAYERS)), ids=lambda line: "-".join(LAYERS[line]))
def test_a_room_imports_only_rooms_below_it(line: int) -> None:
    below = {room for later in LAYERS[line + 1 :] for room in later}
    if "emulator" in LAYERS[line]:
        below = {"sandbox"}

    wrong = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for room, path, tree in modules()
        if room in LAYERS[line]
        for other in rooms_imported(tree) - below - {room}
    ]

    assert wrong == []


def test_rooms_below_the_python_api_do_not_meet_the_emulator() -> None:
    users = {room for room, _, tree in modules() if "emulator" in rooms_imported(tree)}

    assert users <= {"cli", "pytest_plugin", "api", "emulator"}


@pytest.mark.parametrize("package", sorted(DOORS))
def test_an_outside_package_has_one_door(package: str) -> None:
    users = {room for room, _, tree in modules() if any(name.split(".")[0] == package for name in imports(tree))}

    assert users <= DOORS[package]


def test_only_settings_reads_the_environment() -> None:
    readers = {
        str(path.relative_to(PACKAGE))
        for _, path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }

    assert readers <= {"settings.py"}


def test_wire_names_stand_in_the_wire_files_alone() -> None:
    """The emulator is the other side of the wire and has its own."""
    elsewhere = {
        f"{path.relative_to(PACKAGE)}: {node.value}"
        for room, path, tree in modules()
        if room != "emulator" and path.relative_to(PACKAGE).as_posix() not in WIRE_FILES
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _WIRE_NAME.fullmatch(node.value)
    }

    assert elsewhere == set()


def test_no_module_is_called_by_a_word_that_says_nothing() -> None:
    names = {part for _, path, _ in modules() for part in path.relative_to(PACKAGE).with_suffix("").parts}

    assert names & FORBIDDEN_NAMES == set()


def test_modules_and_functions_keep_their_size() -> None:
    too_long = []
    for _, path, tree in modules():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > 400:
            too_long.append(f"{path.relative_to(PACKAGE)}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > 60:
                    too_long.append(f"{path.relative_to(PACKAGE)}:{node.name}: {length} lines")

    assert too_long == []


def test_there_is_no_import_cycle() -> None:
    graph = {
        _dotted(path): {name for name in imports(tree) if name.startswith("evalkit.")} for _, path, tree in modules()
    }
    graph = {module: {name for name in names if name in graph} for module, names in graph.items()}

    assert _cycle(graph) is None


def _dotted(path: Path) -> str:
    parts = ("evalkit", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _cycle(graph: dict[str, set[str]]) -> list[str] | None:
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str] | None:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return None
        for name in sorted(graph[module]):
            found = visit(name, [*path, module])
            if found is not None:
                return found
        done.add(module)
        return None

    for module in sorted(graph):
        found = visit(module, [])
        if found is not None:
            return found
    return None


def test_the_layers_are_drawn_in_the_architecture_page() -> None:
    page = (PACKAGE.parent / "ARCHITECTURE.md").read_text(encoding="utf-8")
    drawn = [line.split() for line in page.split("<!-- layers -->")[1].strip().strip("`").strip().splitlines()]

    assert [tuple(line) for line in drawn] == list(LAYERS)
    assert all(set(upper).isdisjoint(lower) for upper, lower in pairwise(LAYERS))
