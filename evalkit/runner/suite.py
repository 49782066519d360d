"""A plan of trials, run to its end: several at once, infrastructure failures tried again, everything on disk."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from evalkit import __version__
from evalkit.claude.client import AsyncAnthropic, Target, open_client
from evalkit.claude.files import ListingPatience, Uploads
from evalkit.claude.pace import Pace
from evalkit.claude.provision import Provisioned, provision
from evalkit.errors import MeasurementError, SettingsError
from evalkit.runner.handlers import Handlers
from evalkit.runner.observer import Observer, Silent
from evalkit.runner.owed import Owed, owed_after
from evalkit.runner.spend import Purse, check_caps, spent_by
from evalkit.runner.trial import Bench, Patience
from evalkit.runner.work import Control, Crew, Mode, Piece, work_off
from evalkit.settings import Settings
from evalkit.store.attempts import load_attempts
from evalkit.store.codec import RunSpec
from evalkit.store.history import load_head, load_run
from evalkit.store.journal import Journal
from evalkit.store.layout import new_run_id
from evalkit.suite.model import Suite, TrialPlan, Variant

_HOSTED = Patience(listing=ListingPatience(step_s=1.0, cap_s=15.0), stall_s=15.0, silence_s=900.0, poll_s=120.0)
_EMULATED = Patience(listing=ListingPatience(step_s=0.02, cap_s=1.0), stall_s=2.0, silence_s=120.0, poll_s=20.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was asked of this run beyond its suite."""

    budget_usd: Decimal | None = None
    """What the whole run may spend."""
    model: str | None = None
    """That took the place of the suite's when it was loaded; a resumed run is loaded with the same."""
    trials: int | None = None
    """As `model`, for the number of trials of every task."""
    detach: bool = False
    """Sessions are started and left to themselves; `resume_run` collects them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """A run that was cut off, matched with its suite as it is now."""

    folder: Path
    plans: tuple[TrialPlan, ...]
    """Of the run's trials that the suite still means, in the run's order."""
    gone: tuple[str, ...]
    """Keys of trials that are owed something and that the suite no longer means: nothing is sent for them."""


async def run_suite(  # noqa: PLR0913, PLR0917  # the one call behind `evalkit run`
    suite: Suite,
    plans: Sequence[TrialPlan],
    settings: Settings,
    target: Target,
    observer: Observer | None = None,
    terms: Terms | None = None,
    control: Control | None = None,
) -> Path:
    """The folder of the run, which has ended, or says in `control` why it has not.

    Raises:
        UsageError: the run's money cannot be kept to; nothing was started.
        SuiteError: a tool handler cannot be imported; nothing was started.
        SettingsError: the API refused the key; nothing was started.
        MeasurementError: agents or environments could not be set up; nothing was started.
        StoreError: the disk refused; running trials were interrupted.
    """
    terms, control = terms or Terms(), control or Control()
    check_caps(plans, terms.budget_usd)
    handlers = Handlers.bind(plan.task for plan in plans)
    now = datetime.now(UTC)
    async with open_client(target, strict=settings.strict_responses, pace=_pace(target, settings)) as client:
        provisioned = await _provision_all(client, suite, plans)
        plans = [_with_model(plan, provisioned[plan.variant.name]) for plan in plans]
        folder = settings.reports / new_run_id(suite.name, now)
        spec = RunSpec(
            suite=suite.name,
            backend=suite.backend.value,
            backend_label=target.label,
            evalkit=__version__,
            suite_path=_suite_path(suite, folder),
            model=terms.model,
            trials=terms.trials,
            budget_usd=terms.budget_usd,
        )
        with Journal.create(folder, spec, [plan.spec for plan in plans], now) as journal:
            control.folder = folder
            bench = _bench(client, journal, provisioned, handlers, target, observer)
            mode = Mode.LAUNCH if terms.detach else Mode.RUN
            crew = Crew(
                bench=bench,
                purse=Purse(terms.budget_usd),
                control=control,
                mode=mode,
                concurrency=settings.concurrency,
            )
            await work_off(crew, [Piece(plan=plan, owed=Owed(number=1, failed=0)) for plan in plans])
            if control.stopped is None and not terms.detach:
                journal.close_run(datetime.now(UTC))
    return folder


def match_run(folder: Path, plans: Iterable[TrialPlan]) -> Resumption:
    """The run in `folder`, its trials found again among `plans` by their keys.

    Raises:
        StoreError: there is no run, or it is damaged.
    """
    by_key = {plan.spec.key: plan for plan in plans}
    attempts = load_attempts(folder)
    return Resumption(
        folder=folder,
        plans=tuple(by_key[key] for key in attempts if key in by_key),
        gone=tuple(key for key, states in attempts.items() if key not in by_key and owed_after(states) is not None),
    )


async def resume_run(  # noqa: PLR0913  # as run_suite
    suite: Suite,
    resumption: Resumption,
    settings: Settings,
    target: Target,
    observer: Observer | None = None,
    control: Control | None = None,
    *,
    collect: bool = False,
    budget_usd: Decimal | None = None,
) -> None:
    """The run goes on where it stopped: what has ended is not touched, what has a session is not created again.

    With `collect` no session is created at all. `budget_usd` takes the place of the run's cap, now and later.

    Raises:
        As `run_suite`; StoreError also where another process is at it.
    """
    folder, control = resumption.folder, control or Control()
    control.folder = folder
    with Journal.reopen(folder) as journal:
        attempts = load_attempts(folder)
        pieces = [
            Piece(plan=plan, owed=owed)
            for plan in resumption.plans
            if (owed := owed_after(attempts[plan.spec.key])) is not None
        ]
        if pieces:
            if budget_usd is not None:
                check_caps((piece.plan for piece in pieces), budget_usd)
                journal.change_budget(budget_usd)
            budget_usd = load_head(folder).spec.budget_usd
            spent = Decimal(0) if budget_usd is None else spent_by(load_run(folder), attempts)
            handlers = Handlers.bind(piece.plan.task for piece in pieces)
            async with open_client(target, strict=settings.strict_responses, pace=_pace(target, settings)) as client:
                provisioned = await _provision_all(client, suite, [piece.plan for piece in pieces])
                bench = _bench(client, journal, provisioned, handlers, target, observer)
                mode = Mode.COLLECT if collect else Mode.RUN
                crew = Crew(
                    bench=bench,
                    purse=Purse(budget_usd, spent),
                    control=control,
                    mode=mode,
                    concurrency=settings.concurrency,
                )
                await work_off(
                    crew,
                    [
                        replace(piece, plan=_with_model(piece.plan, provisioned[piece.plan.variant.name]))
                        for piece in pieces
                    ],
                )
        if all(owed_after(states) is None for states in load_attempts(folder).values()):
            journal.close_run(datetime.now(UTC))


def _bench(
    client: AsyncAnthropic,
    journal: Journal,
    provisioned: Mapping[str, Provisioned],
    handlers: Handlers,
    target: Target,
    observer: Observer | None,
) -> Bench:
    return Bench(
        run=journal.run,
        client=client,
        journal=journal,
        uploads=Uploads(client),
        provisioned=provisioned,
        handlers=handlers,
        patience=_EMULATED if target.is_emulator else _HOSTED,
        observer=observer or Silent(),
    )


def _pace(target: Target, settings: Settings) -> Pace | None:
    """The hosted API has limits; the emulator on this machine has none but those its scenario plays."""
    return None if target.is_emulator else Pace(settings.rate_share)


def _suite_path(suite: Suite, folder: Path) -> str:
    """How the run finds its suite again: from its own folder where both lie in one project, which may be moved."""
    path, folder = suite.path.resolve(), folder.resolve()
    return os.path.relpath(path, folder) if folder.is_relative_to(suite.root.resolve()) else str(path)


async def _provision_all(client: AsyncAnthropic, suite: Suite, plans: Iterable[TrialPlan]) -> Mapping[str, Provisioned]:
    variants = {plan.variant.name: plan.variant for plan in plans}
    return {name: await _provision_or_say_why(client, suite, variant) for name, variant in variants.items()}


async def _provision_or_say_why(client: AsyncAnthropic, suite: Suite, variant: Variant) -> Provisioned:
    try:
        return await provision(client, suite.name, variant, suite.environment)
    except MeasurementError as error:
        if error.cause in {"http_401", "http_403"}:
            raise SettingsError(f"{error}; a key with access to Managed Agents would do") from error
        raise


def _with_model(plan: TrialPlan, provisioned: Provisioned) -> TrialPlan:
    """The plan with the model's name, which of a deployed agent only the provider knew. Its key does not change."""
    return replace(plan, spec=replace(plan.spec, model=provisioned.model))
