"""`evalkit check`: a task's checks on any folder, and what every check is. Nothing is sent; no session is needed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import output_width
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.suite.model import Task


class _PathOrCommand(click.Group):
    """`evalkit check PATH …` is `evalkit check folder PATH …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["folder", *args]
        return super().parse_args(ctx, args)


@click.group("check", cls=_PathOrCommand)
def check_command() -> None:
    """Run a task's checks on a folder: `evalkit check PATH --suite SUITE --task TASK`; list and explain checks."""


@check_command.command("folder")
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--suite", "suite_path", required=True, type=click.Path(path_type=Path), help="The suite with the task.")
@click.option("--task", "task_id", help="The task; may be left out where the suite has one.")
def folder_command(path: Path, suite_path: Path, task_id: str | None) -> int:
    """Run the checks of TASK on the files in PATH, as if an agent had delivered them.

    Ends with 0 when every required check passed, 1 when one failed, 3 when one could not be decided.
    """
    from evalkit.checks.result import Status
    from evalkit.report.show import check_table
    from evalkit.report.text_table import render_table
    from evalkit.runner.checking import check_folder

    results = check_folder(_task(suite_path, task_id), path)
    click.echo("\n".join(render_table(check_table(results), output_width())))
    required = [result.status for result in results if result.required]
    if Status.FAILED in required:
        return ExitCode.REGRESSED
    return ExitCode.INCOMPLETE if Status.ERRORED in required or not required else ExitCode.MEASURED


@check_command.command("list")
def list_command() -> int:
    """Print the name of every built-in check with what passes it."""
    from evalkit.checks.registry import find_check, known_checks

    for name in known_checks():
        click.echo(f"{name:36}{find_check(name).documentation.partition(chr(10))[0]}")
    return ExitCode.MEASURED


@check_command.command("show")
@click.argument("name")
def show_command(name: str) -> int:
    """Print what the check NAME decides, its parameters, and an example."""
    from evalkit.checks.parameters import explain_fields
    from evalkit.checks.registry import find_check

    definition = find_check(name)
    click.echo(f"{name}, version {definition.version}\n\n{definition.documentation}\n")
    parameters = explain_fields(definition.function)
    for parameter, words in parameters.items():
        click.echo(f"  {parameter:16}{words}")
    if not parameters:
        click.echo("  no parameters")
    return ExitCode.MEASURED


def _task(suite_path: Path, task_id: str | None) -> "Task":
    from evalkit.suite.load import load_suite

    tasks = {task.id: task for task in load_suite(suite_path).tasks}
    if task_id is None and len(tasks) == 1:
        return next(iter(tasks.values()))
    if task_id not in tasks:
        found = "no task is named" if task_id is None else f"no task {task_id!r}"
        raise UsageError(f"{suite_path}: {found}; write --task with one of {', '.join(tasks)}")
    return tasks[task_id]
