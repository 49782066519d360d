"""Sessions that already ran, read into a run: the same fold, checks and tables, and nothing is sent or spent.

An event list is what the API's events list returned: one JSON event a line, or one JSON list, or the API's own page
`{"data": [...]}`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evalkit import __version__
from evalkit.artifact import Artifact, safe_names
from evalkit.errors import Problem, SuiteError
from evalkit.rubric.criterion import Criterion
from evalkit.rubric.document import Rubric, read_criteria
from evalkit.runner.checking import check_task
from evalkit.store.blobs import keep_blob
from evalkit.store.codec import RunSpec, encode_raw
from evalkit.store.history import in_time_order
from evalkit.store.journal import Journal
from evalkit.store.layout import new_run_id
from evalkit.suite.model import Task
from evalkit.trial.events import OutcomeDefined
from evalkit.trial.fold import fold
from evalkit.trial.model import Hashes, SessionRecord, TrialSpec
from evalkit.trial.rebuild import rebuild_outputs
from evalkit.trial.record import Closing
from evalkit.trial.wire import parse_event

_LARGEST_BYTES = 500_000_000
_NAME = "recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One exported event list, read."""

    path: Path
    name: str
    """The file's name without its ending; unique among the recordings of one run."""
    events: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the person knows of the recordings and the events do not say."""

    model: str | None = None
    """For prices: event lists do not name the model."""
    rubric: Rubric | None = None
    """In place of the rubric that the event list shows."""
    outputs: Path | None = None
    """A folder with one folder of delivered files for each recording, by its name; or, for one recording, its files."""
    task: Task | None = None
    """Its checks and rubric are applied to every recording."""


def read_recordings(paths: Sequence[Path]) -> tuple[Recording, ...]:
    """Every event list below `paths` (files, or folders of `*.jsonl` and `*.json`), in the order given.

    Raises:
        SuiteError: some are missing, unreadable or not event lists; all such problems at once.
    """
    recordings: list[Recording] = []
    problems: list[Problem] = []
    taken: dict[str, int] = {}
    for path in _expand(paths, problems):
        try:
            events = _parse_events(path)
        except (OSError, ValueError) as error:
            problems.append(Problem(file=str(path), line=0, message=f"{error}; an exported event list would do"))
            continue
        taken[path.stem] = taken.get(path.stem, 0) + 1
        name = path.stem if taken[path.stem] == 1 else f"{path.stem}~{taken[path.stem]}"
        recordings.append(Recording(path=path, name=name, events=events))
    if problems:
        raise SuiteError(tuple(problems))
    return tuple(recordings)


def ingest(recordings: Sequence[Recording], context: Context, reports: Path) -> Path:
    """The folder of a new run that holds every recording as one trial, its files checked where both are given.

    Raises:
        StoreError: the disk refused.
        SuiteError: the outputs folder cannot be read.
    """
    now = datetime.now(UTC)
    specs = [_spec(recording, context) for recording in recordings]
    label = f"recorded sessions ({len(recordings)} event lists read, nothing sent)"
    run = RunSpec(suite=_NAME, backend="ingest", backend_label=label, evalkit=__version__)
    outputs = [_outputs(recording, context, len(recordings)) for recording in recordings]  # refused before a run exists
    folder = reports / new_run_id(_NAME, now)
    with Journal.create(folder, run, specs, now) as journal:
        for recording, spec, files in zip(recordings, specs, outputs, strict=True):
            journal.open_attempt(spec.key, 1)
            journal.record_session(spec.key, 1, SessionRecord())
            journal.append(spec.key, 1, recording.events)
            artifacts = tuple(_keep(folder, name, content, rebuilt=context.outputs is None) for name, content in files)
            journal.record_artifacts(spec.key, 1, artifacts)
            checks = check_task(context.task, folder, artifacts) if context.task is not None else ()
            journal.close_attempt(spec.key, 1, checks, Closing())
        journal.close_run(datetime.now(UTC))
    return folder


def _spec(recording: Recording, context: Context) -> TrialSpec:
    outcome = fold(parse_event(raw) for raw in in_time_order(recording.events)).outcome
    sent = outcome.rubric if outcome is not None else None
    task = context.task
    digest = hashlib.sha256()
    for raw in recording.events:
        digest.update(encode_raw(raw).encode())
    digest.update(recording.name.encode())
    return TrialSpec(
        key=digest.hexdigest(),
        suite=_NAME,
        task=recording.name,
        variant=_NAME,
        repeat=0,
        backend="ingest",
        simulated=False,
        model=context.model,
        max_iterations=outcome.max_iterations if outcome is not None else None,
        hashes=Hashes(rubric=hashlib.sha256(sent.encode()).hexdigest() if sent is not None else None),
        description=outcome.description if outcome is not None else "",
        rubric_text=sent,
        criteria=_criteria(outcome, context),
        deliverables=task.deliverables if task is not None else (),
        checks=task.checks if task is not None else (),
        evalkit=__version__,
    )


def _criteria(outcome: OutcomeDefined | None, context: Context) -> tuple[Criterion, ...]:
    """The criteria that the grader's words are read against; none where nobody knows the rubric."""
    if outcome is None:
        return ()
    known = context.rubric or (context.task.rubric if context.task is not None else None)
    if known is not None:
        return known.criteria
    return read_criteria(outcome.rubric) if outcome.rubric is not None else ()


def _expand(paths: Sequence[Path], problems: list[Problem]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(item for item in path.iterdir() if item.suffix in {".jsonl", ".json"})
            if not inside:
                problems.append(Problem(file=str(path), line=0, message="no .jsonl or .json file in this folder"))
            found.extend(inside)
        else:
            found.append(path)
    return found


def _parse_events(path: Path) -> tuple[Mapping[str, Any], ...]:
    size = path.stat().st_size
    if size > _LARGEST_BYTES:
        raise ValueError(f"{size} bytes; at most {_LARGEST_BYTES} are read")
    text = path.read_bytes().decode("utf-8-sig")
    if text.lstrip().startswith("["):
        items = _parse_json(text, "")
    elif path.suffix == ".json" or text.lstrip().startswith('{"data"'):
        page = _parse_json(text, "")
        items = page.get("data") if isinstance(page, dict) else None
        if isinstance(page, dict) and page.get("next_page"):
            raise ValueError("only the first page of a longer list; one made with every page")
    else:
        items = [
            _parse_json(line, f"line {number}: ") for number, line in enumerate(text.split("\n"), 1) if line.strip()
        ]
    if not isinstance(items, list) or not items:
        raise ValueError("no events in it")
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            raise ValueError(f"item {number} is not an event: it has no 'type'")  # noqa: TRY004  # told with the other ValueErrors
    return tuple(items)


def _parse_json(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place}not JSON ({error})") from error


def _outputs(recording: Recording, context: Context, count: int) -> tuple[tuple[str, bytes], ...]:
    """Name and bytes of one recording's delivered files, sorted; links are not followed.

    Where nobody gives the files, those are taken that the session's own write and edit events prove.
    """
    if context.outputs is None:
        once = {raw.get("id", position): raw for position, raw in enumerate(recording.events)}
        rebuilt = rebuild_outputs(in_time_order(once.values()))
        return tuple(zip(safe_names(sorted(rebuilt)), (rebuilt[name] for name in sorted(rebuilt)), strict=True))
    own = context.outputs / recording.name
    folder = own if own.is_dir() else context.outputs if count == 1 else None
    if folder is None or not folder.is_dir():
        found = f"no folder {recording.name!r}; one with the files of that session would do"
        raise SuiteError((Problem(file=str(context.outputs), line=0, message=found),))
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())
    return tuple((path.name, path.read_bytes()) for path in files)


def _keep(folder: Path, name: str, content: bytes, *, rebuilt: bool) -> Artifact:
    digest = keep_blob(folder, content)
    return Artifact(name=name, sha256=digest, size_bytes=len(content), media_type=None, rebuilt=rebuilt)
