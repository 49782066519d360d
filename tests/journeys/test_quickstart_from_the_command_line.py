"""`make demo` as its user sees it: the quickstart suite through the command line, and the run read again from disk."""

import contextlib
import io
import json
from pathlib import Path

import pytest

from evalkit.cli.main import run
from evalkit.store.history import load_run
from evalkit.store.layout import find_run
from evalkit.trial.model import RunRecord, Verdict

QUICKSTART = Path(__file__).parents[2] / "suites" / "quickstart.yaml"


def output_of(*arguments: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as text:
        assert run(list(arguments)) == 0
    return text.getvalue()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def printed(reports: Path) -> str:
    """What `evalkit run` printed, every answer of the API held strictly to its type."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALKIT_STRICT_RESPONSES", "1")
        return output_of("run", str(QUICKSTART), "--reports", str(reports))


@pytest.fixture(scope="module")
def record(printed: str, reports: Path) -> RunRecord:
    return load_run(find_run(reports, "last"))


def test_the_first_line_says_which_backend_it_was(printed: str) -> None:
    assert printed.startswith("backend: emulator (scripted agents, simulated prices)\n")


def test_a_run_shown_again_from_disk_is_the_same_byte_for_byte(printed: str, reports: Path) -> None:
    assert output_of("show", "last", "--reports", str(reports)) == printed


def test_the_run_shows_every_ending_that_the_suite_is_there_to_show(record: RunRecord) -> None:
    endings = {(trial.verdict, len(trial.iterations), trial.ok) for trial in record.trials}

    assert (Verdict.SATISFIED, 1, True) in endings
    assert (Verdict.SATISFIED, 2, True) in endings
    assert (Verdict.MAX_ITERATIONS_REACHED, 3, False) in endings
    assert any(trial.satisfied and trial.verified is False for trial in record.trials)


def test_every_trial_of_the_plan_was_measured(record: RunRecord) -> None:
    assert len(record.trials) == 12
    assert {trial.ok for trial in record.trials} == {True, False}
    assert record.earlier_attempts == ()


def test_the_commands_it_prints_work(printed: str, reports: Path) -> None:
    lines = printed.replace("\\\n", "").splitlines()
    commands = [line.split() for line in lines if line.startswith("    ") and " show " in line]

    assert commands
    for _, *arguments in commands:
        shown = output_of(*(argument.strip("'") for argument in arguments))
        assert "Iteration 0" in shown


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_report_of_the_same_run_is_the_same_text_each_time(record: RunRecord, reports: Path, form: str) -> None:
    command = ("report", "last", "--format", form, "--reports", str(reports))

    assert output_of(*command) == output_of(*command)
    assert "grader" in output_of(*command)


def test_a_trial_as_json_is_the_record(record: RunRecord, reports: Path) -> None:
    shown = json.loads(output_of("show", "last", "loan-schedule#1", "--json", "--reports", str(reports)))
    (trial,) = [item for item in record.trials if (item.spec.task, item.spec.repeat) == ("loan-schedule", 1)]

    assert shown["format"] == "evalkit-trial/1"
    assert shown["key"] == trial.spec.key
    assert [item["verdict"] for item in shown["iterations"]] == [item.verdict for item in trial.iterations]
    assert shown["simulated"] is True


def test_the_transcript_names_what_the_agent_wrote(record: RunRecord, reports: Path) -> None:
    shown = output_of("show", "last", "vendor-list#1", "--transcript", "--reports", str(reports))

    assert "vendors.csv" in shown
    assert "Transcript" in shown
