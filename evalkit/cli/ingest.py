"""`evalkit ingest`: what sessions that already ran cost, and where grader and checks disagree."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import output_width, reports_option, spelling
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.rubric.document import Rubric
    from evalkit.runner.ingest import Context
    from evalkit.settings import Settings
    from evalkit.suite.model import Task


@click.command("ingest")
@click.argument("events", nargs=-1, type=click.Path(path_type=Path))
@click.option("--session", "sessions", multiple=True, help="A session to read from the hosted API, with its files.")
@click.option("--model", help="The agent's model, for prices: event lists do not name it.")
@click.option("--rubric", type=click.Path(path_type=Path), help="Read the grader's words against this rubric.")
@click.option("--outputs", type=click.Path(path_type=Path), help="Folder of delivered files, a folder a session.")
@click.option("--suite", "suite_path", type=click.Path(path_type=Path), help="With --task: whose checks to run.")
@click.option("--task", "task_id", help="The task of --suite whose checks are run on every session's files.")
@reports_option
def ingest_command(
    events: tuple[Path, ...],
    sessions: tuple[str, ...],
    model: str | None,
    rubric: Path | None,
    outputs: Path | None,
    suite_path: Path | None,
    task_id: str | None,
    reports: Path | None,
) -> int:
    """Read exported event lists (files, or folders of them) into a run and print it.

    An event list is what the API's events list returned for one session: one JSON event a line, a JSON list, or the
    API's page. Nothing is sent and nothing is spent; no key is needed. Without --outputs, text files are rebuilt from
    the session's own write and edit calls where these prove what was delivered.

    With --session the lists and the files are read from the hosted API, which needs a key and changes nothing there.
    """
    from evalkit.report.redact import masked_run, secrets_of
    from evalkit.report.text import render_run
    from evalkit.runner.ingest import Context, ingest, read_recordings
    from evalkit.settings import load_settings
    from evalkit.store.history import load_run

    settings = load_settings(Path.cwd(), reports=reports)
    if bool(events) == bool(sessions):
        raise UsageError("ingest: give event lists, or sessions with --session, and not both")
    context = Context(model=model, rubric=_load_rubric(rubric), outputs=outputs, task=_load_task(suite_path, task_id))
    if sessions:
        folder = _ingest_from_api(sessions, context, settings)
    else:
        folder = ingest(read_recordings(events), context, settings.reports)
    run = masked_run(load_run(folder), secrets_of(settings.redact))
    click.echo(render_run(run, output_width(), spelling(folder, reports)))
    return ExitCode.MEASURED


def _ingest_from_api(sessions: Sequence[str], context: "Context", settings: "Settings") -> Path:
    from evalkit.claude.client import hosted_target
    from evalkit.runner.fetch import fetch_sessions
    from evalkit.runner.ingest import ingest, read_recordings

    for session in sessions:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", session):
            raise UsageError(f"--session: found {session!r}; the id of a session would do, sesn_…")
    if context.outputs is not None:
        raise UsageError("--outputs: with --session the files are read from the API; leave it out")
    with TemporaryDirectory(prefix="evalkit-sessions-") as name:
        there = Path(name)
        model = asyncio.run(fetch_sessions(sessions, hosted_target(settings), settings, there))
        known = replace(context, outputs=there, model=context.model or model)
        return ingest(read_recordings([there]), known, settings.reports)


def _load_rubric(path: Path | None) -> "Rubric | None":
    from evalkit.rubric.document import parse_rubric

    if path is None:
        return None
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}; a Markdown file would do") from error
    return parse_rubric(text, path.stem, file=str(path))


def _load_task(suite_path: Path | None, task_id: str | None) -> "Task | None":
    from evalkit.suite.load import load_suite

    if suite_path is None and task_id is None:
        return None
    if suite_path is None or task_id is None:
        raise UsageError("--suite and --task belong together; give both or neither")
    suite = load_suite(suite_path)
    for task in suite.tasks:
        if task.id == task_id:
            return task
    known = ", ".join(task.id for task in suite.tasks)
    raise UsageError(f"{suite_path}: no task {task_id!r}; its tasks are {known}")
