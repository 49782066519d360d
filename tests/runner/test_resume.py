"""Runs that stop and go on: the server's own records say that nothing was done twice."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tiny_suite import write_suite

from evalkit.claude.client import Target
from evalkit.emulator import Emulator
from evalkit.errors import StoreError, UsageError
from evalkit.runner.suite import Terms, match_run, resume_run, run_suite
from evalkit.runner.work import Control, Stopped
from evalkit.settings import Settings, load_settings
from evalkit.store.attempts import Next, load_attempts
from evalkit.store.codec import RunSpec
from evalkit.store.history import load_events, load_run
from evalkit.store.journal import Journal
from evalkit.suite.load import load_suite
from evalkit.suite.model import Suite, TrialPlan
from evalkit.suite.plan import plan_trials
from evalkit.trial.fold import Progress
from evalkit.trial.model import End, Failure, RunRecord, SessionRecord, Verdict
from evalkit.trial.record import Closing, Stop

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass
class Stage:
    """A suite and a server that outlives the runs."""

    suite: Suite
    server: Emulator
    settings: Settings
    control: Control = field(default_factory=Control)

    @property
    def target(self) -> Target:
        return Target(base_url=self.server.base_url, api_key=None)

    @property
    def plans(self) -> tuple[TrialPlan, ...]:
        return plan_trials(self.suite, version="0", commit=None, scenario_hash="s")

    def created(self) -> int:
        return sum((seen.method, seen.path) == ("POST", "/v1/sessions") for seen in self.server.requests)

    async def run(self, terms: Terms | None = None, observer: Any = None, plans: Any = None) -> Path:
        self.control = Control()
        chosen = self.plans if plans is None else plans
        return await run_suite(self.suite, chosen, self.settings, self.target, observer, terms, self.control)

    async def resume(self, folder: Path, plans: Any = None, **more: Any) -> RunRecord:
        self.control = Control()
        found = match_run(folder, self.plans if plans is None else plans)
        await resume_run(self.suite, found, self.settings, self.target, None, self.control, **more)
        return load_run(folder)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    servers = []

    def build(concurrency: int = 1, time_scale: float = 0.0, **parts: Any) -> Stage:
        suite = load_suite(write_suite(tmp_path, **parts))
        server = Emulator(suite.scenario, time_scale=time_scale).__enter__()
        servers.append(server)
        settings = load_settings(tmp_path, reports=tmp_path / "reports", concurrency=concurrency)
        return Stage(suite, server, settings)

    yield build
    for server in servers:
        server.__exit__()


class Watcher:
    """An observer that does something when a trial moves or ends."""

    def __init__(self, *, moved: Callable[[], None] | None = None, ended: Callable[[], None] | None = None) -> None:
        self._moved = moved
        self._ended = ended

    def trial_moved(self, plan: TrialPlan, attempt: int, progress: Progress) -> None:
        if self._moved is not None:
            self._moved()

    def attempt_ended(self, plan: TrialPlan, attempt: int, progress: Progress, end: End, why: Failure | None) -> None:
        if self._ended is not None:
            self._ended()


def planned(stage: Stage, folder: Path) -> Journal:
    spec = RunSpec(suite="tiny", backend="emulator", backend_label="emulator", evalkit="0")
    return Journal.create(folder, spec, [plan.spec for plan in stage.plans], NOW)


def trials(number: int, **defaults: Any) -> dict[str, Any]:
    return {"defaults": {"max_iterations": 2, "trials": number, **defaults}}


def test_a_run_that_has_ended_is_resumed_without_a_single_request(stage: Callable[..., Stage]) -> None:
    here = stage(suite=trials(2))
    folder = asyncio.run(here.run())
    before = len(here.server.requests)

    again = asyncio.run(here.resume(folder))

    assert len(here.server.requests) == before
    assert again.ended_at is not None


def test_a_session_whose_creation_was_answered_to_nobody_is_found_by_its_metadata(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    here = stage(suite=trials(2))

    async def lose_the_answer() -> None:
        """The create call is heard, and the process dies before it hears back."""
        await here.run(Terms(detach=True))

    asyncio.run(lose_the_answer())
    folder = here.control.folder
    assert folder is not None
    with Journal.reopen(folder) as journal:
        journal._connection.execute("UPDATE attempt SET session = NULL")

    run = asyncio.run(here.resume(folder))

    assert here.created() == 2
    assert [trial.verdict for trial in run.trials] == [Verdict.SATISFIED] * 2
    assert {trial.attempt for trial in run.trials} == {1}


def test_an_attempt_that_was_opened_and_never_created_is_created_once(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    here = stage()
    with planned(here, tmp_path / "reports" / "r") as journal:
        journal.open_attempt(here.plans[0].spec.key, 1)

    run = asyncio.run(here.resume(tmp_path / "reports" / "r"))

    assert here.created() == 1
    assert (run.trials[0].ok, run.trials[0].attempt) == (True, 1)


def test_a_session_that_is_gone_is_an_unmeasured_attempt_and_a_fresh_one_follows(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    here = stage()
    key = here.plans[0].spec.key
    with planned(here, tmp_path / "reports" / "r") as journal:
        journal.open_attempt(key, 1)
        journal.record_session(key, 1, SessionRecord(id="sesn_01gone"))

    run = asyncio.run(here.resume(tmp_path / "reports" / "r"))

    (earlier,) = run.earlier_attempts
    assert earlier.failure is not None
    assert (earlier.end, earlier.failure.cause) == (End.UNMEASURED, "session_gone")
    assert (run.trials[0].ok, run.trials[0].attempt) == (True, 2)


def test_trials_that_the_suite_no_longer_means_are_named_and_cost_nothing(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    here = stage(suite=trials(3))
    with planned(here, tmp_path / "reports" / "r"):
        pass
    kept = here.plans[:1]

    found = match_run(tmp_path / "reports" / "r", kept)
    run = asyncio.run(here.resume(tmp_path / "reports" / "r", kept))

    assert found.gone == tuple(plan.spec.key for plan in here.plans[1:])
    assert here.created() == 1
    assert [trial.end for trial in run.trials] == [End.VERDICT, End.NOT_RUN, End.NOT_RUN]
    assert run.ended_at is None


def test_a_detached_run_is_collected_by_another_process_without_a_session_more(stage: Callable[..., Stage]) -> None:
    here = stage(suite=trials(3), concurrency=2)
    folder = asyncio.run(here.run(Terms(detach=True)))
    launched = load_run(folder)

    run = asyncio.run(here.resume(folder, collect=True))

    assert {trial.end for trial in launched.trials} == {End.NOT_RUN}
    assert [trial.ok for trial in run.trials] == [True, True, True]
    assert [item.name for item in run.trials[0].artifacts] == ["report.csv"]
    assert here.created() == 3
    for trial in run.trials:
        types = Counter(raw["type"] for raw in load_events(folder, trial.spec.key, trial.attempt))
        assert types["user.define_outcome"] == 1


def test_collecting_creates_no_session_for_a_trial_that_failed(stage: Callable[..., Stage]) -> None:
    here = stage(session={"match": {"metadata": {"evalkit_task": "another"}}})
    folder = asyncio.run(here.run(Terms(detach=True)))

    run = asyncio.run(here.resume(folder, collect=True))

    assert here.created() == 1
    assert run.trials[0].end is End.UNMEASURED
    assert run.ended_at is None


def test_one_interruption_lets_trials_at_work_end_and_begins_no_other(stage: Callable[..., Stage]) -> None:
    here = stage(suite=trials(4), concurrency=2)

    folder = asyncio.run(
        here.run(
            observer=Watcher(
                moved=lambda: here.control.stop_launching()  # noqa: PLW0108  # the control is made when the run begins
            )
        )
    )
    run = load_run(folder)

    assert here.control.stopped is Stopped.INTERRUPTED
    assert sorted(trial.end for trial in run.trials) == [End.NOT_RUN, End.NOT_RUN, End.VERDICT, End.VERDICT]
    again = asyncio.run(here.resume(folder))
    assert {trial.ok for trial in again.trials} == {True}
    assert here.created() == 4


def test_a_second_interruption_stops_and_archives_the_sessions_and_keeps_what_they_cost(
    stage: Callable[..., Stage],
) -> None:
    here = stage(time_scale=1.0, session={"time_s": {"request": [60, 60], "grading": [60, 60]}})

    async def interrupt() -> None:
        seen = asyncio.Event()
        work = asyncio.create_task(here.run(observer=Watcher(moved=seen.set)))
        await seen.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(interrupt())
    folder = here.control.folder
    assert folder is not None
    (trial,) = load_run(folder).trials
    paths = [seen.path for seen in here.server.requests if seen.status == 200]

    assert (trial.end, trial.ok, trial.verdict) == (End.NOT_RUN, None, Verdict.INTERRUPTED)
    assert trial.cost.usd is not None
    assert f"/v1/sessions/{trial.session.id}/archive" in paths
    (states,) = load_attempts(folder).values()
    assert [state.next for state in states] == [Next.RESUME]


def test_an_interrupted_trial_gets_a_fresh_session_that_uses_up_no_try(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    here = stage()
    key = here.plans[0].spec.key
    with planned(here, tmp_path / "reports" / "r") as journal:
        for number in range(1, 5):
            journal.open_attempt(key, number)
            journal.close_attempt(key, number, (), Closing(stop=Stop.INTERRUPTED), Next.RESUME)

    run = asyncio.run(here.resume(tmp_path / "reports" / "r"))

    assert (run.trials[0].ok, run.trials[0].attempt) == (True, 5)


COSTLY = {
    "requests": [2, 2],
    "input_tokens": [100, 200],
    "output_tokens": [100, 200],
    "grader_tokens": [30000, 40000],
}
OWN, CAP = Decimal("0.12"), Decimal("0.24")


def capped(stage: Callable[..., Stage]) -> Stage:
    """Six trials of a few cents each, one after the other."""
    return stage(session={"cost": COSTLY}, suite=trials(6, budget_usd=float(OWN)))


def test_a_run_stops_at_the_cent_where_no_further_trial_fits(stage: Callable[..., Stage]) -> None:
    here = capped(stage)

    folder = asyncio.run(here.run(Terms(budget_usd=CAP)))
    run = load_run(folder)

    costs = [trial.cost.usd or Decimal(0) for trial in run.trials if trial.end.is_measured]
    assert here.control.stopped is Stopped.SPENT
    assert all(costs)
    assert 0 < len(costs) < 6
    assert sum(costs[:-1]) + OWN <= CAP < sum(costs) + OWN
    assert run.ended_at is None


def test_more_money_takes_a_spent_run_to_its_end_and_counts_what_it_cost_before(stage: Callable[..., Stage]) -> None:
    here = capped(stage)
    folder = asyncio.run(here.run(Terms(budget_usd=CAP)))
    first = here.created()

    asyncio.run(here.resume(folder))
    assert here.created() == first
    assert here.control.stopped is Stopped.SPENT
    run = asyncio.run(here.resume(folder, budget_usd=Decimal("2.00")))

    assert here.created() == 6
    assert {trial.end for trial in run.trials} == {End.VERDICT}
    assert run.ended_at is not None


@pytest.mark.parametrize(
    ("cap", "own", "message"),
    [("1.00", None, "has no budget_usd of its own"), ("0.04", "0.05", "may cost 0.05 by its budget_usd")],
)
def test_money_that_cannot_be_kept_to_is_refused_before_anything_is_sent(
    stage: Callable[..., Stage], cap: str, own: str | None, message: str
) -> None:
    here = stage()
    budget = None if own is None else Decimal(own)
    plans = [replace(plan, task=replace(plan.task, budget_usd=budget)) for plan in here.plans]

    with pytest.raises(UsageError, match=message):
        asyncio.run(here.run(Terms(budget_usd=Decimal(cap)), plans=plans))

    assert here.server.requests == ()


def test_a_run_that_is_being_run_is_not_resumed(stage: Callable[..., Stage], tmp_path: Path) -> None:
    here = stage()
    with (
        planned(here, tmp_path / "reports" / "r"),
        pytest.raises(StoreError, match="another evalkit is running this run"),
    ):
        asyncio.run(here.resume(tmp_path / "reports" / "r"))

    assert here.created() == 0
