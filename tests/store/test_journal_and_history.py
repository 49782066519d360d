"""What is written is what is read."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.artifact import Artifact
from evalkit.checks.result import CheckResult, CheckSpec, Place, Status
from evalkit.errors import Boundary, RunNotFoundError, StoreError
from evalkit.store.attempts import Next, load_attempts
from evalkit.store.blobs import blob_path, keep_blob
from evalkit.store.codec import RunSpec, decode, encode
from evalkit.store.history import in_time_order, load_events, load_run
from evalkit.store.journal import Journal
from evalkit.store.layout import DATABASE, find_run, new_run_id, run_folders
from evalkit.trial.model import End, Failure, Hashes, SessionRecord, SinceGrading, TrialSpec
from evalkit.trial.record import Closing, Stop

NOW = datetime(2026, 11, 22, 10, 14, 3, tzinfo=UTC)
RUN = RunSpec(suite="finance", backend="emulator", backend_label="emulator", evalkit="0")


def spec(key: str = "k1", **more: Any) -> TrialSpec:
    return TrialSpec(
        key=key,
        suite="finance",
        task="loan",
        variant="base",
        repeat=0,
        backend="emulator",
        simulated=True,
        model=None,
        max_iterations=3,
        hashes=Hashes(rubric="ab"),
        description="Dä\u2028 <b>",
        rubric_text="- one",
        **more,
    )


def begin(tmp_path: Path, *keys: str) -> Journal:
    return Journal.create(tmp_path / new_run_id("finance", NOW), RUN, [spec(key) for key in keys or ("k1",)], NOW)


def event(number: int, at: int | None, **more: Any) -> Mapping[str, Any]:
    stamp = None if at is None else f"2026-11-22T10:00:{at:02}Z"
    return {"id": f"sevt_{number}", "type": "agent.message", "processed_at": stamp, **more}


def test_a_planned_trial_that_was_never_launched_is_not_run(tmp_path: Path) -> None:
    with begin(tmp_path) as journal:
        folder = journal.folder

    (trial,) = load_run(folder).trials

    assert (trial.end, trial.attempt, trial.failure) == (End.NOT_RUN, 0, None)
    assert load_run(folder).ended_at is None


def test_an_event_seen_twice_is_stored_once(tmp_path: Path) -> None:
    with begin(tmp_path) as journal:
        journal.open_attempt("k1", 1)
        journal.append("k1", 1, [event(1, 1), event(2, 2)])
        journal.append("k1", 1, [event(2, 2), event(1, 1), event(3, 3)])

    assert [raw["id"] for raw in load_events(journal.folder, "k1", 1)] == ["sevt_1", "sevt_2", "sevt_3"]


def test_a_queued_event_takes_its_later_form_and_never_goes_back(tmp_path: Path) -> None:
    with begin(tmp_path) as journal:
        journal.open_attempt("k1", 1)
        journal.append("k1", 1, [event(1, None), event(2, 2), event(1, 5), event(1, None)])

    assert in_time_order(load_events(journal.folder, "k1", 1)) == (event(2, 2), event(1, 5))


def test_an_event_without_an_id_is_known_by_its_content(tmp_path: Path) -> None:
    nameless = {"type": "session.deleted", "processed_at": "2026-11-22T10:00:09Z"}
    with begin(tmp_path) as journal:
        journal.open_attempt("k1", 1)
        journal.append("k1", 1, [nameless, dict(nameless)])

    assert load_events(journal.folder, "k1", 1) == (nameless,)


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=6))
def test_any_order_of_arrival_and_any_repetition_give_the_same_sequence(order: list[int], again: list[int]) -> None:
    with Journal(Path("nowhere"), _memory()) as journal:
        journal.open_attempt("k1", 1)
        journal.append("k1", 1, [event(number, number) for number in [*order, *again]])
        rows = journal._connection.execute("SELECT raw FROM event ORDER BY position").fetchall()

    raws = in_time_order(json.loads(text) for (text,) in rows)
    assert [raw["id"] for raw in raws] == [f"sevt_{number}" for number in range(6)]


def _memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript((Path(__file__).parents[2] / "evalkit/store/schema.sql").read_text(encoding="utf-8"))
    connection.execute("INSERT INTO trial VALUES ('k1', 0, '')")
    return connection


def test_everything_of_an_attempt_comes_back(tmp_path: Path) -> None:
    check = CheckResult(
        id="payment",
        check="value.equals",
        version=1,
        status=Status.FAILED,
        required=True,
        criterion=("R3",),
        found="4 920.87",
        wanted="4 804.19",
        at=Place(file="loan.xlsx", sheet="Schedule", cell="D2"),
    )
    failure = Failure(cause="network", boundary=Boundary.NETWORK, message="no answer", may_retry=True)
    with begin(tmp_path) as journal:
        journal.open_attempt("k1", 1)
        journal.record_session("k1", 1, SessionRecord(id="sesn_1", agent_version=2))
        journal.close_attempt("k1", 1, (), Closing(failure=failure))
        journal.open_attempt("k1", 2)
        digest = keep_blob(journal.folder, b"bytes")
        artifact = Artifact(name="loan.xlsx", sha256=digest, size_bytes=5, media_type="x/y")
        journal.record_artifacts("k1", 2, [artifact])
        outcome = {"id": "sevt_o", "type": "user.define_outcome", "outcome_id": "outc_1", "description": ""}
        journal.append("k1", 2, [outcome])
        journal.close_attempt("k1", 2, [check], Closing(stop=Stop.TIME_LIMIT))
        journal.close_run(NOW)

    run = load_run(journal.folder)

    assert (run.earlier_attempts[0].failure, run.earlier_attempts[0].session.id) == (failure, "sesn_1")
    assert (run.trials[0].attempt, run.trials[0].checks, run.trials[0].end) == (2, (check,), End.LIMIT)
    assert run.trials[0].artifacts[0].sha256 == digest
    assert blob_path(journal.folder, digest).read_bytes() == b"bytes"
    assert run.ended_at == NOW


def listed(name: str, file_id: str) -> Mapping[str, Any]:
    return {"filename": name, "id": file_id, "size_bytes": 1, "created_at": "t"}


def evaluation_ended(number: int) -> Mapping[str, Any]:
    verdict = {"type": "span.outcome_evaluation_end", "iteration": number, "result": "needs_revision"}
    return {**event(number, number), **verdict}


def since_grading(tmp_path: Path, listings: Mapping[str, list[Mapping[str, Any]]]) -> Mapping[str, SinceGrading]:
    """Of files a, b and late, after two evaluations and with these listings at these moments."""
    with begin(tmp_path) as journal:
        journal.open_attempt("k1", 1)
        journal.append("k1", 1, [evaluation_ended(0), evaluation_ended(1)])
        for moment, files in listings.items():
            journal.record_listing("k1", 1, moment, files)
        names = [Artifact(name=name, sha256="0", size_bytes=1, media_type=None) for name in ("a", "b", "late")]
        journal.record_artifacts("k1", 1, names)
        journal.close_attempt("k1", 1, (), Closing())
    return {item.name: item.since_grading for item in load_run(journal.folder).trials[0].artifacts}


FINAL = [listed("a", "f1"), listed("b", "f9"), listed("late", "f3")]


def test_a_listing_that_changed_since_the_verdict_marks_the_file_and_a_late_one_does_not(tmp_path: Path) -> None:
    since = since_grading(tmp_path, {"sevt_1": [listed("a", "f1"), listed("b", "f2")], "final": FINAL})

    assert since["b"] is SinceGrading.CHANGED
    assert SinceGrading.CHANGED not in {since["a"], since["late"]}


def test_a_listing_of_an_earlier_evaluation_says_nothing_about_the_last(tmp_path: Path) -> None:
    since = since_grading(tmp_path, {"sevt_0": [listed("a", "f1"), listed("b", "f2")], "final": FINAL})

    assert SinceGrading.CHANGED not in since.values()


def test_a_spec_survives_its_json(tmp_path: Path) -> None:
    check = CheckSpec(id="c", check="m.f", version=1, parameters={"a": [1, None, {"b": True}], "n": 0.5})
    original = spec(checks=(check,), tags=("x",), timeout_s=90.0)

    assert decode(TrialSpec, encode(original)) == original


def test_damaged_text_is_told_plainly() -> None:
    with pytest.raises(StoreError, match="stored text does not fit"):
        decode(TrialSpec, '{"key": 1}')


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with begin(tmp_path) as journal:
        folder = journal.folder

    with pytest.raises(StoreError, match="there is a run here already"):
        Journal.create(folder, RUN, [], NOW)


def test_a_run_opened_again_keeps_its_name_its_trials_and_the_order_of_its_events(tmp_path: Path) -> None:
    with begin(tmp_path) as journal:
        journal.open_attempt("k1", 1)
        journal.append("k1", 1, [event(2, 2), event(1, 1)])
        journal.close_run(NOW)
    name = journal.folder.name
    moved = journal.folder.rename(tmp_path / "moved")

    with Journal.reopen(moved) as again:
        again.append("k1", 1, [event(1, 1), event(3, 3)])
        run = again.run

    assert run == name
    assert [raw["id"] for raw in load_events(moved, "k1", 1)] == ["sevt_2", "sevt_1", "sevt_3"]
    assert load_run(moved).ended_at is None


def test_two_processes_cannot_write_one_run(tmp_path: Path) -> None:
    with begin(tmp_path) as journal:
        with pytest.raises(StoreError, match="another evalkit is running this run"):
            Journal.reopen(journal.folder)
        journal.open_attempt("k1", 1)

    with Journal.reopen(journal.folder) as again:
        again.open_attempt("k1", 2)


def test_how_far_each_trial_came_is_read_without_its_events(tmp_path: Path) -> None:
    with begin(tmp_path, "k1", "k2", "k3") as journal:
        journal.open_attempt("k1", 1)
        journal.record_session("k1", 1, SessionRecord(id="sesn_1"))
        journal.close_attempt("k1", 1, (), Closing(), Next.RETRY)
        journal.open_attempt("k1", 2)
        journal.open_attempt("k3", 1)
        journal.close_attempt("k3", 1, (), Closing())

    states = {
        key: [(state.number, state.session_id, state.next) for state in found]
        for key, found in load_attempts(journal.folder).items()
    }

    assert states == {
        "k1": [(1, "sesn_1", Next.RETRY), (2, None, None)],
        "k2": [],
        "k3": [(1, None, Next.NOTHING)],
    }


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\x00" + b"\x00" * 200])
def test_a_file_that_is_no_run_is_one_plain_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(content)

    with pytest.raises(StoreError) as caught:
        load_run(tmp_path)

    assert "\n" not in str(caught.value)


def test_a_run_of_a_newer_evalkit_is_not_misread(tmp_path: Path) -> None:
    with begin(tmp_path) as journal:
        folder = journal.folder
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StoreError, match="version 99"):
        load_run(folder)


def test_a_failed_write_leaves_nothing_of_its_block_behind(tmp_path: Path) -> None:
    with begin(tmp_path) as journal:
        journal.open_attempt("k1", 1)
        with pytest.raises(StoreError):
            journal.open_attempt("k1", 1)
        journal.append("k1", 1, [event(1, 1)])

    assert len(load_events(journal.folder, "k1", 1)) == 1


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    first = keep_blob(tmp_path, b"x" * 10)
    second = keep_blob(tmp_path, b"x" * 10)

    assert first == second
    assert len(list((tmp_path / "artifacts").rglob("*"))) == 2


def test_a_run_is_found_by_id_part_folder_or_last(tmp_path: Path) -> None:
    older = Journal.create(tmp_path / "20261121T000000Z-finance-aaaa", RUN, [], NOW)
    newer = Journal.create(tmp_path / "20261122T000000Z-finance-bbbb", RUN, [], NOW)
    for journal in (older, newer):
        journal.__exit__(None, None, None)

    assert find_run(tmp_path, "last") == newer.folder
    assert find_run(tmp_path, "aaaa") == older.folder
    assert find_run(tmp_path, str(older.folder)) == older.folder
    with pytest.raises(RunNotFoundError, match="2 runs match 'finance'"):
        find_run(tmp_path, "finance")
    with pytest.raises(RunNotFoundError, match="no run called 'zzzz'"):
        find_run(tmp_path, "zzzz")


def test_a_run_root_without_runs_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="evalkit run SUITE"):
        find_run(tmp_path / "none", "last")
    assert run_folders(tmp_path / "none") == ()
