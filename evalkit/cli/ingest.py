"""`evalkit ingest`: what sessions that already ran cost, and where grader and checks disagree."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import named_run, output_width, reports_option
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.rubric.document import Rubric
    from evalkit.suite.model import Task


@click.command("ingest")
@click.argument("events", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", help="The agent's model, for prices: event lists do not name it.")
@click.option("--rubric", type=click.Path(path_type=Path), help="Read the grader's words against this rubric.")
@click.option("--outputs", type=click.Path(path_type=Path), help="Folder of delivered files, a folder a session.")
@click.option("--suite", "suite_path", type=click.Path(path_type=Path), help="With --task: whose checks to run.")
@click.option("--task", "task_id", help="The task of --suite whose checks are run on every session's files.")
@reports_option
def ingest_command(
    events: tuple[Path, ...],
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
    """
    from evalkit.report.text import render_run
    from evalkit.runner.ingest import Context, ingest, read_recordings
    from evalkit.settings import load_settings
    from evalkit.store.history import load_run

    settings = load_settings(Path.cwd(), reports=reports)
    context = Context(model=model, rubric=_load_rubric(rubric), outputs=outputs, task=_load_task(suite_path, task_id))
    folder = ingest(read_recordings(events), context, settings.reports)
    click.echo(render_run(load_run(folder), output_width(), named_run(folder, reports)))
    return ExitCode.MEASURED


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
