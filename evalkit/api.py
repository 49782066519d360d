"""The Python API: what `evalkit run` does, for programs, notebooks and the pytest plug-in.

    import evalkit

    run = evalkit.run_suite("suites/quickstart.yaml")          # a RunRecord, also on disk in reports/
    for trial in run.trials:
        print(trial.spec.task, trial.verdict, trial.ok, trial.cost.usd)

    again = evalkit.load_run("last")                           # the same values, folded afresh from what was stored
    suite = evalkit.load_suite("suites/quickstart.yaml")       # a Suite, or SuiteError with every problem

Nothing here prints. Only the suite, or `backend=`, chooses where trials run; no variable and no key does.
The SDK is imported where something is sent: planning a suite must not wait for it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit import __version__
from evalkit.emulator import Emulator, EmulatorStartError, ScenarioError, load_scenario, uncovered_criteria
from evalkit.errors import EmulatorError, Problem, SuiteError, UsageError
from evalkit.settings import Settings, load_settings
from evalkit.store import history
from evalkit.store.layout import find_run
from evalkit.suite import load
from evalkit.suite.commit import read_commit
from evalkit.suite.model import Backend, Suite, TrialPlan
from evalkit.suite.plan import plan_trials
from evalkit.suite.sources import shown
from evalkit.trial.model import RunRecord

if TYPE_CHECKING:
    from evalkit.claude.client import Target
    from evalkit.runner.observer import Observer


def load_suite(path: Path | str, *, backend: str | None = None) -> Suite:
    """The suite at `path`, whole: every file read, every rubric parsed, every check bound. Nothing is sent.

    `backend` (`emulator` or `anthropic`) takes the place of the suite's own.

    Raises:
        SuiteError: with every problem of the suite and of the files it names.
        UsageError: there is no such backend.
    """
    return load.load_suite(Path(path), backend=_backend(backend))


def run_suite(  # noqa: PLR0913  # all but the first are options, by keyword
    suite: Suite | Path | str,
    *,
    backend: str | None = None,
    tasks: Sequence[str] = (),
    trials: Sequence[TrialPlan] | None = None,
    reports: Path | None = None,
    concurrency: int | None = None,
    observer: "Observer | None" = None,
) -> RunRecord:
    """The record of a new run of `suite`, or of the tasks named. It blocks until every trial has ended.

    `trials`, of `plan_suite(suite)`, narrows it further.

    `reports` is the run root, by default `reports/` of the suite's project. Whoever calls it from within an event loop
    gives it a thread: `await asyncio.to_thread(evalkit.run_suite, path)`.

    Raises:
        SuiteError: the suite or its scenario is wrong; nothing was sent.
        UsageError: no such task or backend; there is no key for the hosted API.
        EvalkitError: agents could not be set up, the emulator did not start, or the disk refused.
    """
    from evalkit.runner.suite import run_suite as run_plans  # noqa: PLC0415  # the SDK, see above

    loaded = suite if isinstance(suite, Suite) else load_suite(suite, backend=backend)
    if isinstance(suite, Suite) and backend not in {None, suite.backend.value}:
        raise UsageError(f"{suite.path}: loaded for {suite.backend.value!r}; load it with backend={backend!r}")
    settings = load_settings(loaded.path.parent, reports=reports, concurrency=concurrency)
    plans = choose_tasks(loaded, plan_suite(loaded) if trials is None else trials, tasks)
    with open_target(loaded, settings) as target:
        folder = asyncio.run(run_plans(loaded, plans, settings, target, observer))
    return history.load_run(folder)


def load_run(name: Path | str = "last", *, reports: Path | None = None) -> RunRecord:
    """The run called `name`: its id, a part of it that only one run has, its folder, or `last`.

    Raises:
        RunNotFoundError: no run, or more than one, has that name.
        StoreError: its folder is damaged.
    """
    return history.load_run(find_run(load_settings(Path.cwd(), reports=reports).reports, str(name)))


def plan_suite(suite: Suite) -> tuple[TrialPlan, ...]:
    """Every trial of `suite`, its keys made.

    Raises:
        SuiteError: the scenario is wrong, or says nothing of some task or criterion.
    """
    return plan_trials(suite, version=__version__, commit=read_commit(suite.root), scenario_hash=_scenario_hash(suite))


def choose_tasks(suite: Suite, plans: Sequence[TrialPlan], tasks: Sequence[str]) -> Sequence[TrialPlan]:
    """The plans of the tasks named; all of them where none is.

    Raises:
        UsageError: the suite has no task of that name.
    """
    known = [task.id for task in suite.tasks]
    for name in tasks:
        if name not in known:
            raise UsageError(f"{suite.path}: no task {name!r}; its tasks are {', '.join(known)}")
    return [plan for plan in plans if not tasks or plan.task.id in tasks]


@contextmanager
def open_target(suite: Suite, settings: Settings) -> "Iterator[Target]":
    """The server that the suite's backend names; an emulator runs while the block is open.

    Raises:
        SettingsError: the hosted API is asked for and there is no key.
        EmulatorError: the emulator did not start.
    """
    from evalkit.claude.client import Target, hosted_target  # noqa: PLC0415  # the SDK, see above

    if suite.backend is Backend.ANTHROPIC:
        yield hosted_target(settings)
        return
    try:
        with Emulator(suite.scenario) as emulator:
            yield Target(base_url=emulator.base_url, api_key=None)
    except EmulatorStartError as error:
        raise EmulatorError(str(error)) from error


def _backend(name: str | None) -> Backend | None:
    if name is None:
        return None
    try:
        return Backend(name)
    except ValueError as error:
        known = ", ".join(repr(backend.value) for backend in Backend)
        raise UsageError(f"backend: found {name!r}; one of {known} would do") from error


def _scenario_hash(suite: Suite) -> str | None:
    """The scenario's hash, once it is known to be whole and to say something of every criterion; None without one."""
    if suite.backend is not Backend.EMULATOR or suite.scenario is None:
        return None
    try:
        scenario = load_scenario(suite.scenario)
    except ScenarioError as error:
        raise SuiteError(tuple(_problem(item.file, item.line, item.message) for item in error.problems)) from error
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
        raise SuiteError(tuple(_problem(suite.scenario, 0, problem) for problem in problems))
    return scenario.sha256


def _problem(file: Path | str, line: int, message: str) -> Problem:
    return Problem(shown(Path(file)), line, message)
