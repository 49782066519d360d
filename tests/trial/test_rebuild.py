"""Which delivered bytes a recording proves."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from raw_events import RawSession

from evalkit.trial.rebuild import rebuild_outputs

OUT = "/mnt/session/outputs/"


def write(path: str, content: str) -> dict[str, Any]:
    return {"name": "write", "input": {"file_path": path, "content": content}}


def edit(path: str, old: str, new: str, **more: Any) -> dict[str, Any]:
    return {"name": "edit", "input": {"file_path": path, "old_string": old, "new_string": new, **more}}


def test_writes_and_edits_are_replayed_in_order() -> None:
    session = RawSession().work(write(OUT + "a.csv", "one two"), edit(OUT + "a.csv", "two", "three"))

    assert rebuild_outputs(session.events) == {"a.csv": b"one three"}


def test_a_failed_call_changes_nothing() -> None:
    session = RawSession().work(write(OUT + "a.csv", "kept"))
    call = session.add("agent.tool_use", **write(OUT + "a.csv", "lost"))
    session.add("agent.tool_result", tool_use_id=call, is_error=True)

    assert rebuild_outputs(session.events) == {"a.csv": b"kept"}


def test_after_a_bash_call_only_what_is_written_later_is_certain() -> None:
    session = RawSession().work(write(OUT + "a.csv", "x")).work({"name": "bash", "input": {}})
    session.work(write(OUT + "b.csv", "y"), edit(OUT + "a.csv", "x", "z"))

    assert rebuild_outputs(session.events) == {"b.csv": b"y"}


def test_an_edit_that_does_not_fit_once_makes_the_file_uncertain() -> None:
    twice = RawSession().work(write(OUT + "a", "x x"), edit(OUT + "a", "x", "y"))
    everywhere = RawSession().work(write(OUT + "a", "x x"), edit(OUT + "a", "x", "y", replace_all=True))
    nowhere = RawSession().work(write(OUT + "a", "x"), edit(OUT + "a", "q", "y"))

    assert rebuild_outputs(twice.events) == {}
    assert rebuild_outputs(everywhere.events) == {"a": b"y y"}
    assert rebuild_outputs(nowhere.events) == {}


def test_a_call_without_a_result_is_not_taken_as_done() -> None:
    session = RawSession().work(write(OUT + "a.csv", "kept"))
    session.add("agent.tool_use", **write(OUT + "a.csv", "cut off"))

    assert rebuild_outputs(session.events) == {"a.csv": b"kept"}


def test_files_outside_the_outputs_folder_are_not_deliverables() -> None:
    session = RawSession().work(write("/workspace/notes.txt", "x"), write("/mnt/memory/a.md", "y"))

    assert rebuild_outputs(session.events) == {}


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text(max_size=5)), max_size=6))
def test_the_last_write_of_a_file_is_its_content(writes: list[tuple[str, str]]) -> None:
    session = RawSession().work(*(write(OUT + name, text) for name, text in writes))

    assert rebuild_outputs(session.events) == {name: text.encode() for name, text in dict(writes).items()}
