"""`evalkit run`: a suite, from its file to its one table."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit import __version__
from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import named_run, output_width, reports_option
from evalkit.errors import EmulatorError, Problem, SuiteError, UsageError

if TYPE_CHECKING:
    from evalkit.claude.client import Target
    from evalkit.settings import Settings
    from evalkit.suite.model import Suite, TrialPlan
    from evalkit.trial.fold import Progress
    from evalkit.trial.model import End, Failure


@click.command("run")
@click.argument("suite_path", metavar="SUITE", type=click.Path(path_type=Path))
@click.option(
    "--backend",
    "backend_name",
    type=click.Choice(["emulator", "anthropic"]),
    help="In place of the suite's backend. `anthropic` is the hosted API: it needs a key and costs money.",
)
@click.option("--task", "tasks", multiple=True, help="Only this task; may be given several times.")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="Sessions at work at once.")
@reports_option
def run_command(
    suite_path: Path,
    backend_name: str | None,
    tasks: tuple[str, ...],
    concurrency: int | None,
    reports: Path | None,
) -> int:
    """Run SUITE and print what happened. Exit code 0 only if every trial was measured, else 3."""
    from evalkit.report.text import render_run
    from evalkit.settings import load_settings
    from evalkit.store.history import load_run
    from evalkit.suite.load import load_suite
    from evalkit.suite.model import Backend
    from evalkit.trial.metrics import summarise

    settings = load_settings(suite_path.absolute().parent, reports=reports, concurrency=concurrency)
    suite = load_suite(suite_path, backend=Backend(backend_name) if backend_name is not None else None)
    plans = _choose(suite, _plan(suite), tasks)
    with _open_target(suite, settings) as target:
        click.echo(f"{target.label}: {len(plans)} trials of {suite.name}", err=True)
        folder = _run(suite, plans, settings, target)
    run = load_run(folder)
    click.echo(render_run(run, output_width(), named_run(folder, reports)))
    return ExitCode.MEASURED if summarise(run).everything_measured else ExitCode.INCOMPLETE


def _plan(suite: "Suite") -> "tuple[TrialPlan, ...]":
    from evalkit.suite.commit import read_commit
    from evalkit.suite.plan import plan_trials

    return plan_trials(suite, version=__version__, commit=read_commit(suite.root), scenario_hash=_scenario_hash(suite))


def _scenario_hash(suite: "Suite") -> str | None:
    """The scenario's hash, once it is known to be whole and to say something of every criterion; None without one."""
    from evalkit.emulator import ScenarioError, load_scenario, uncovered_criteria
    from evalkit.suite.model import Backend

    if suite.backend is not Backend.EMULATOR or suite.scenario is None:
        return None
    try:
        scenario = load_scenario(suite.scenario)
    except ScenarioError as error:
        raise SuiteError(tuple(Problem(item.file, item.line, item.message) for item in error.problems)) from error
    problems = []
    for task in suite.tasks:
        script = scenario.match({"evalkit_task": task.id}, task.description)
        if script is None:
            problems.append(
                f"no session matches task {task.id!r}; add one with `match: {{metadata: {{evalkit_task: …}}}}`"
            )
            continue
        sent = (criterion.id for criterion in task.rubric.criteria if criterion.is_sent)
        problems.extend(
            f"task {task.id!r}: nothing says whether criterion {missing!r} is met; add a probe or `judged:` for it"
            for missing in uncovered_criteria(script, sent)
        )
    if problems:
        raise SuiteError(tuple(Problem(str(suite.scenario), 0, problem) for problem in problems))
    return scenario.sha256


def _choose(suite: "Suite", plans: "Sequence[TrialPlan]", tasks: Sequence[str]) -> "Sequence[TrialPlan]":
    known = [task.id for task in suite.tasks]
    for name in tasks:
        if name not in known:
            raise UsageError(f"{suite.path}: no task {name!r}; its tasks are {', '.join(known)}")
    return [plan for plan in plans if not tasks or plan.task.id in tasks]


@contextmanager
def _open_target(suite: "Suite", settings: "Settings") -> "Iterator[Target]":
    """The server that the suite's backend names: only the suite or --backend chooses it."""
    from evalkit.claude.client import Target, hosted_target
    from evalkit.emulator import Emulator, EmulatorStartError
    from evalkit.suite.model import Backend

    if suite.backend is Backend.ANTHROPIC:
        yield hosted_target(settings)
        return
    try:
        emulator = Emulator(suite.scenario)
        with emulator:
            yield Target(base_url=emulator.base_url, api_key=None)
    except EmulatorStartError as error:
        raise EmulatorError(str(error)) from error


def _run(suite: "Suite", plans: "Sequence[TrialPlan]", settings: "Settings", target: "Target") -> Path:
    from evalkit.runner.suite import run_suite

    return asyncio.run(run_suite(suite, plans, settings, target, _Narrator(len(plans))))


class _Narrator:
    """One plain line on standard error for each attempt that ended."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0

    def trial_moved(self, plan: "TrialPlan", attempt: int, progress: "Progress") -> None:
        """Nothing is printed: a line a trial is enough for a log."""

    def attempt_ended(
        self, plan: "TrialPlan", attempt: int, progress: "Progress", end: "End", why: "Failure | None"
    ) -> None:
        self._done += 1
        verdict = progress.terminal.word if progress.terminal is not None else end.value
        name = f"{plan.task.id} {plan.variant.name} #{plan.spec.repeat}"
        again = f", attempt {attempt}" if attempt > 1 else ""
        count = len(progress.cycles)
        reason = f": {why.message}" if why is not None else ""
        click.echo(f"  {name}{again}: {verdict} after {count} evaluation{'' if count == 1 else 's'}{reason}", err=True)
