"""`evalkit suite`: about suites, without running one."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.fixtures import fixtures_command
from evalkit.cli.options import output_width
from evalkit.errors import SuiteError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalkit.claude.export import ExportedSession
    from evalkit.report.table import Cell


@click.group("suite")
def suite_command() -> None:
    """Begin, check and list suites, without running one."""


suite_command.add_command(fixtures_command)


@suite_command.command("validate")
@click.argument("suite_path", metavar="SUITE", type=click.Path(path_type=Path))
def validate(suite_path: Path) -> int:
    """Read SUITE and every file it names, the scenario too; all problems are printed at once. Nothing is sent."""
    from evalkit.api import load_suite, plan_suite

    suite = load_suite(suite_path)
    trials = len(plan_suite(suite))
    checks = sum(len(task.checks) for task in suite.tasks)
    for notice in suite.notices:
        click.echo(str(notice), err=True)
    click.echo(f"{suite_path}: good: {len(suite.tasks)} tasks, {trials} trials, {checks} checks")
    return ExitCode.MEASURED


@suite_command.command("init")
@click.argument("name")
@click.option(
    "--from-session",
    "source",
    metavar="EVENTS|ID",
    help="Make the task of a session that already ran: an exported event list, or a session's id (needs a key).",
)
@click.option(
    "--inputs", type=click.Path(path_type=Path, file_okay=False), help="Folder with the input files that session used."
)
@click.option("--deliverable", "deliverables", multiple=True, help="A file it delivered, where its events do not show.")
@click.option("--model", help="The agent's model, where the source does not name it.")
def init(name: str, source: str | None, inputs: Path | None, deliverables: tuple[str, ...], model: str | None) -> int:
    """Write a new suite called NAME into suites/ of the project around the working directory.

    By itself it is a small working example, with everything a suite can have; it runs at once, offline. Nothing is
    ever overwritten.
    """
    from evalkit.settings import project_root
    from evalkit.suite.sources import shown
    from evalkit.suite.starter import starter_files, write_new_suite

    root = project_root(Path.cwd())
    notes: tuple[str, ...]
    if source is None:
        if inputs is not None or deliverables or model is not None:
            raise UsageError("--inputs, --deliverable and --model describe a session; give --from-session too")
        contents, notes = starter_files(name), (f"next: evalkit run suites/{name}.yaml",)
    else:
        contents, notes = _from_session(name, source, inputs, deliverables, model)
    for path in write_new_suite(root, contents):
        click.echo(shown(path))
    for note in notes:
        click.echo(note)
    return ExitCode.MEASURED


@suite_command.command("schema")
def schema() -> int:
    """Print the suite format as JSON Schema; editors read it from suites/suite.schema.json."""
    from evalkit.suite.json_schema import schema_text

    click.echo(schema_text(), nl=False)
    return ExitCode.MEASURED


@suite_command.command("list")
def list_suites() -> int:
    """List the suites of the project around the working directory. Exit code 2 if one of them is wrong."""
    from evalkit.report.table import Column, Table, Unit
    from evalkit.report.text_table import render_table
    from evalkit.settings import project_root

    found = sorted((project_root(Path.cwd()) / "suites").glob("*.yaml"))
    if not found:
        click.echo("no suites/*.yaml here; `evalkit suite init NAME` makes one")
        return ExitCode.MEASURED
    rows = [_list_row(path) for path in found]
    columns = (
        Column(title="suite"),
        Column(title="backend"),
        Column(title="tasks", unit=Unit.COUNT),
        Column(title="variants", unit=Unit.COUNT),
        Column(title="trials", unit=Unit.COUNT),
        Column(title="problems", unit=Unit.COUNT),
    )
    notes = ("`evalkit suite validate SUITE` says what is wrong",) if any(row[-1] for row in rows) else ()
    table = Table(title="Suites", columns=columns, rows=tuple(rows), notes=notes)
    click.echo("\n".join(render_table(table, output_width())))
    return ExitCode.USAGE if notes else ExitCode.MEASURED


def _list_row(path: Path) -> "tuple[Cell, ...]":
    from evalkit.api import load_suite, plan_suite
    from evalkit.suite.sources import shown

    try:
        suite = load_suite(path)
        trials = len(plan_suite(suite))
    except SuiteError as error:
        return (shown(path), None, None, None, None, len(error.problems))
    return (shown(path), suite.backend.value, len(suite.tasks), len(suite.variants), trials, 0)


def _from_session(
    name: str, source: str, inputs: Path | None, deliverables: "Sequence[str]", model: str | None
) -> "tuple[Mapping[str, bytes], tuple[str, ...]]":
    """The files of the new suite, and what to say about them."""
    from evalkit.runner.ingest import read_recordings
    from evalkit.suite.from_session import Beside, missing_inputs, see_task, task_files

    given = _read_folder(inputs)
    extra: dict[str, bytes] = {}
    if source.startswith("sesn_") and not Path(source).exists():
        exported = _export(source)
        events: Sequence[Mapping[str, object]] = exported.events
        beside = Beside(
            source=f"session {source}",
            deliverables=deliverables or exported.outputs,
            inputs={**exported.inputs, **given},
            model=model,
            agent=exported.session["agent"],
            environment=exported.environment,
        )
        extra[f"suites/{name}/session.jsonl"] = "".join(json.dumps(raw) + "\n" for raw in events).encode()
        recorded = f"suites/{name}/session.jsonl"
    else:
        (recording, *more) = read_recordings([Path(source)])
        if more:
            raise UsageError(f"{source}: {len(more) + 1} event lists; name one of them")
        events, recorded = recording.events, source
        beside = Beside(source=recording.path.name, deliverables=deliverables, inputs=given, model=model)
    try:
        seen = see_task(events)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from error
    contents = {**task_files(name, seen, beside), **extra}
    missing = missing_inputs(seen, beside)
    notes = [f"missing: suites/{name}/inputs/{file}, which the session used" for file in missing]
    notes.append(f"next: evalkit ingest {recorded} --suite suites/{name}.yaml --task {name}")
    return contents, tuple(notes)


def _read_folder(folder: Path | None) -> "dict[str, bytes]":
    if folder is None:
        return {}
    try:
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}; a folder of input files would do") from error


def _export(session_id: str) -> "ExportedSession":
    from evalkit.claude.client import hosted_target, open_client
    from evalkit.claude.export import export_session
    from evalkit.settings import load_settings

    settings = load_settings(Path.cwd())

    async def read() -> "ExportedSession":
        async with open_client(hosted_target(settings), strict=settings.strict_responses) as client:
            return await export_session(client, session_id)

    return asyncio.run(read())
