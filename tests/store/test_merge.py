"""Shards become one run, however often they are merged."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evalkit.artifact import Artifact
from evalkit.errors import StoreError, UsageError
from evalkit.store.attempts import Next
from evalkit.store.blobs import blob_path, keep_blob
from evalkit.store.codec import RunSpec
from evalkit.store.history import load_events, load_run
from evalkit.store.journal import Journal
from evalkit.store.merge import merge_runs
from evalkit.trial.model import Hashes, SessionRecord, TrialSpec
from evalkit.trial.record import Closing

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def shard(folder: Path, *keys: str, suite: str = "finance", ends: Next | None = Next.NOTHING) -> Path:
    """A run of these trials, each with one event and one artifact; open where `ends` is None."""
    spec = RunSpec(suite=suite, backend="emulator", backend_label="emulator", evalkit="0")
    specs = [
        TrialSpec(
            key=key,
            suite=suite,
            task=key,
            variant="base",
            repeat=0,
            backend="emulator",
            simulated=True,
            model=None,
            max_iterations=3,
            hashes=Hashes(),
            description="",
            rubric_text=None,
        )
        for key in keys
    ]
    with Journal.create(folder, spec, specs, NOW) as journal:
        for key in keys:
            journal.open_attempt(key, 1)
            journal.record_session(key, 1, SessionRecord(id=f"sesn_{folder.name}_{key}"))
            journal.append(key, 1, [{"id": f"sevt_{key}", "type": "agent.message", "processed_at": None}])
            digest = keep_blob(folder, key.encode())
            journal.record_artifacts(key, 1, [Artifact(name="a", sha256=digest, size_bytes=2, media_type=None)])
            if ends is not None:
                journal.close_attempt(key, 1, (), Closing(), ends)
    return folder


def sessions(folder: Path) -> list[str | None]:
    return [trial.session.id for trial in load_run(folder).trials]


def test_a_merged_run_has_every_trial_with_its_events_and_its_files(tmp_path: Path) -> None:
    parts = [shard(tmp_path / "a", "k1", "k2"), shard(tmp_path / "b", "k3")]

    merge_runs(parts, tmp_path / "all")

    run = load_run(tmp_path / "all")
    assert (run.id, [trial.spec.key for trial in run.trials]) == ("all", ["k1", "k2", "k3"])
    assert [raw["id"] for raw in load_events(tmp_path / "all", "k3", 1)] == ["sevt_k3"]
    assert blob_path(tmp_path / "all", run.trials[2].artifacts[0].sha256).read_bytes() == b"k3"
    assert run.ended_at is not None


def test_merging_again_changes_nothing(tmp_path: Path) -> None:
    parts = [shard(tmp_path / "a", "k1"), shard(tmp_path / "b", "k1", "k2")]
    merge_runs(parts, tmp_path / "all")
    before = load_run(tmp_path / "all")

    merge_runs(parts, tmp_path / "all")
    merge_runs([tmp_path / "all"], tmp_path / "all2")

    assert load_run(tmp_path / "all") == before
    assert sessions(tmp_path / "all2") == sessions(tmp_path / "all") == ["sesn_a_k1", "sesn_b_k2"]


@pytest.mark.parametrize("without", [Next.RETRY, Next.RESUME, None])
def test_a_trial_with_a_record_takes_the_place_of_one_without(tmp_path: Path, without: Next | None) -> None:
    parts = [shard(tmp_path / "a", "k1", "k2", ends=without), shard(tmp_path / "b", "k2")]

    merge_runs(parts, tmp_path / "all")

    assert sessions(tmp_path / "all") == ["sesn_a_k1", "sesn_b_k2"]
    assert load_run(tmp_path / "all").ended_at is None


def test_runs_of_different_suites_are_not_merged(tmp_path: Path) -> None:
    parts = [shard(tmp_path / "a", "k1"), shard(tmp_path / "b", "k2", suite="other")]

    with pytest.raises(UsageError, match="a run of 'other' on 'emulator'; only runs of 'finance'"):
        merge_runs(parts, tmp_path / "all")

    assert not (tmp_path / "all").exists()


def test_a_folder_that_is_no_run_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run here"):
        merge_runs([tmp_path / "nothing"], tmp_path / "all")
