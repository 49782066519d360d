from pathlib import Path

import pytest
from tiny_suite import write_suite

from evalkit.checks.registry import known_checks
from evalkit.cli.main import run


def deliver(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "report.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "code", "words"), [("a,b\n1,2\n3,4\n5,6\n", 0, "3 rows"), ("a,b\n1,2\n", 1, "exactly 3 rows")]
)
def test_a_folder_is_checked_as_if_delivered(
    text: str, code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = write_suite(tmp_path)

    ended = run(["check", str(deliver(tmp_path / "out", text)), "--suite", str(suite)])

    assert ended == code
    assert words in capsys.readouterr().out


def test_a_required_check_that_cannot_be_decided_is_neither_passed_nor_failed(tmp_path: Path) -> None:
    rows = {"id": "rows", "check": "csv_table.row_count", "with": {"file": "report.csv"}}
    suite = write_suite(tmp_path, task={"checks": [rows]})

    assert run(["check", str(deliver(tmp_path / "out", "a\n1\n")), "--suite", str(suite)]) == 3


def test_an_unknown_task_is_answered_with_those_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = write_suite(tmp_path)

    ended = run(["check", str(deliver(tmp_path / "out", "")), "--suite", str(suite), "--task", "reprot"])

    assert ended == 2
    assert "no task 'reprot'; write --task with one of report" in capsys.readouterr().err


def test_every_check_is_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "list"]) == 0
    listing = capsys.readouterr().out

    for name in known_checks():
        assert name in listing
        assert run(["check", "show", name]) == 0
        assert f"{{check: {name}" in capsys.readouterr().out
