"""Event lists from outside, read into a run."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.runner.ingest import Context, ingest, read_recordings
from evalkit.store.blobs import blob_path
from evalkit.store.history import load_run
from evalkit.trial.model import End, RunRecord


def event(number: int, kind: str, **fields: Any) -> Mapping[str, Any]:
    return {"id": f"sevt_{number}", "type": kind, "processed_at": f"2026-11-22T10:00:{number:02}Z", **fields}


def write(number: int, content: str) -> list[Mapping[str, Any]]:
    path = "/mnt/session/outputs/a.txt"
    use = event(number, "agent.tool_use", name="write", input={"file_path": path, "content": content})
    return [use, event(number + 1, "agent.tool_result", tool_use_id=use["id"], is_error=False)]


EVENTS = [
    event(1, "session.status_running"),
    event(2, "user.define_outcome", outcome_id="outc_1", description="d", rubric={"content": "- One. It is."}),
    *write(3, "v1"),
    *write(5, "v2-final"),
    event(7, "span.outcome_evaluation_start", outcome_id="outc_1", iteration=0),
    event(8, "span.outcome_evaluation_end", outcome_id="outc_1", iteration=0, result="satisfied", explanation="fine"),
    event(9, "session.status_idle", stop_reason={"type": "end_turn"}),
]


def run_of(path: Path, **context: Any) -> RunRecord:
    return load_run(ingest(read_recordings([path]), Context(**context), path.parent / "reports"))


def as_lines(folder: Path, events: Sequence[Mapping[str, Any]], name: str = "one.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(item) + "\n" for item in events), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", "".join(json.dumps(item) + "\n" for item in EVENTS)),
        ("a.json", json.dumps(EVENTS)),
        ("a.json", json.dumps({"data": EVENTS, "next_page": None})),
        ("a.jsonl", "\ufeff" + "".join(json.dumps(item) + "\r\n" for item in EVENTS)),
    ],
)
def test_every_form_an_export_has_is_the_same_session(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    (trial,) = run_of(tmp_path / name).trials

    assert (trial.end, trial.satisfied, trial.spec.task) == (End.VERDICT, True, "a")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no events in it"),
        ("[]", "no events in it"),
        ("not json", "line 1: not JSON"),
        ('{"a": 1}', "item 1 is not an event"),
        ("[1]", "item 1 is not an event"),
        ("[" * 100_000, "not JSON"),
        (json.dumps({"data": EVENTS, "next_page": "page_2"}), "only the first page"),
    ],
)
def test_what_is_no_event_list_is_one_plain_line_and_makes_no_run(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.json" if "data" in text[:8] else tmp_path / "x.jsonl"
    path.write_text(text)

    with pytest.raises(SuiteError, match=words) as caught:
        run_of(path)

    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "reports").exists()


def test_all_unreadable_lists_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe")

    with pytest.raises(SuiteError) as caught:
        read_recordings([tmp_path / "missing.jsonl", tmp_path / "bytes.jsonl"])

    assert len(caught.value.problems) == 2


def test_a_list_in_any_order_with_repeats_rebuilds_the_last_file(tmp_path: Path) -> None:
    run = run_of(as_lines(tmp_path, [*reversed(EVENTS), *EVENTS]))
    (artifact,) = run.trials[0].artifacts

    content = blob_path(tmp_path / "reports" / run.id, artifact.sha256).read_bytes()
    assert (content, artifact.rebuilt) == (b"v2-final", True)


def test_half_a_surrogate_pair_in_an_event_is_read_and_stored(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    odd = event(10, "agent.message", content=[{"type": "text", "text": "XX"}])
    lines = [json.dumps(item) for item in [*EVENTS, odd]]
    path.write_text("\n".join(lines).replace("XX", "\\ud83d").replace("fine", "fi\\ud83dne"))

    (trial,) = run_of(path).trials

    assert trial.iterations[0].explanation == "fi?ne"


def test_given_files_are_taken_as_delivered_and_links_are_not_followed(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs" / "one"
    outputs.mkdir(parents=True)
    (outputs / "a.txt").write_text("given")
    (outputs / "secret").symlink_to("/etc/hostname")

    (trial,) = run_of(as_lines(tmp_path, EVENTS), outputs=tmp_path / "outputs").trials

    assert [(item.name, item.rebuilt) for item in trial.artifacts] == [("a.txt", False)]


def test_two_lists_of_one_name_are_two_trials(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    paths = [as_lines(tmp_path, EVENTS), as_lines(tmp_path / "x", EVENTS)]

    run = load_run(ingest(read_recordings(paths), Context(), tmp_path / "reports"))

    assert [trial.spec.task for trial in run.trials] == ["one", "one~2"]
