"""`evalkit suite`: about suites, without running one."""

from pathlib import Path

import click

from evalkit.cli.exit_code import ExitCode


@click.group("suite")
def suite_command() -> None:
    """Check a suite without running it."""


@suite_command.command("validate")
@click.argument("suite_path", metavar="SUITE", type=click.Path(path_type=Path))
def validate(suite_path: Path) -> int:
    """Read SUITE and every file it names; all problems are printed at once. Nothing is sent."""
    from evalkit.suite.load import load_suite

    suite = load_suite(suite_path)
    trials = sum(task.trials for task in suite.tasks) * len(suite.variants)
    checks = sum(len(task.checks) for task in suite.tasks)
    click.echo(f"{suite_path}: good: {len(suite.tasks)} tasks, {trials} trials, {checks} checks")
    return ExitCode.MEASURED
