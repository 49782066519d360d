"""What the room may know."""

import ast
from pathlib import Path

ROOM = Path(__file__).parents[2] / "evalkit" / "stats"


def imported() -> set[str]:
    nodes = [node for path in ROOM.glob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    direct = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return direct | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_statistics_know_numbers_and_nothing_of_trials() -> None:
    ours = {name for name in imported() if name.startswith("evalkit.") and not name.startswith("evalkit.stats.")}

    assert ours == {"evalkit.errors"}


def test_no_report_pays_for_importing_all_of_scipy_stats() -> None:
    assert {name for name in imported() if name.startswith("scipy")} == {"scipy.optimize", "scipy.special"}
