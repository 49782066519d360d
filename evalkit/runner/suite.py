"""A plan of trials, run to its end: several at once, infrastructure failures tried again, everything on disk."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from evalkit import __version__
from evalkit.claude.client import AsyncAnthropic, Target, open_client
from evalkit.claude.files import ListingPatience, Uploads
from evalkit.claude.provision import Provisioned, provision
from evalkit.errors import EvalkitError, MeasurementError, SettingsError
from evalkit.runner.observer import Observer, Silent
from evalkit.runner.trial import Bench, Patience, run_attempt
from evalkit.settings import Settings
from evalkit.store.codec import RunSpec
from evalkit.store.journal import Journal
from evalkit.store.layout import new_run_id
from evalkit.suite.model import Suite, TrialPlan, Variant

ATTEMPTS = 3
"""A trial that infrastructure kept from being measured is tried twice more, each time with a fresh session."""

_HOSTED = Patience(listing=ListingPatience(step_s=1.0, cap_s=15.0), stall_s=15.0, silence_s=900.0)
_EMULATED = Patience(listing=ListingPatience(step_s=0.02, cap_s=1.0), stall_s=2.0, silence_s=120.0)


async def run_suite(
    suite: Suite,
    plans: Sequence[TrialPlan],
    settings: Settings,
    target: Target,
    observer: Observer | None = None,
) -> Path:
    """The folder of the finished run.

    Raises:
        SettingsError: the API refused the key; nothing was started.
        MeasurementError: agents or environments could not be set up; nothing was started.
        StoreError: the disk refused; running trials were interrupted.
    """
    now = datetime.now(UTC)
    async with open_client(target, strict=settings.strict_responses) as client:
        variants = {plan.variant.name: plan.variant for plan in plans}
        provisioned: dict[str, Provisioned] = {}
        for name, variant in variants.items():
            provisioned[name] = await _provision_or_say_why(client, suite, variant)
        folder = settings.reports / new_run_id(suite.name, now)
        spec = RunSpec(suite=suite.name, backend=suite.backend.value, backend_label=target.label, evalkit=__version__)
        with Journal.create(folder, spec, [plan.spec for plan in plans], now) as journal:
            bench = Bench(
                run=folder.name,
                client=client,
                journal=journal,
                uploads=Uploads(client),
                provisioned=provisioned,
                patience=_EMULATED if target.is_emulator else _HOSTED,
                observer=observer or Silent(),
            )
            await _run_all(bench, plans, settings.concurrency)
            journal.close_run(datetime.now(UTC))
    return folder


async def _provision_or_say_why(client: AsyncAnthropic, suite: Suite, variant: Variant) -> Provisioned:
    try:
        return await provision(client, suite.name, variant, suite.environment)
    except MeasurementError as error:
        if error.cause in {"http_401", "http_403"}:
            raise SettingsError(f"{error}; a key with access to Managed Agents would do") from error
        raise


async def _run_all(bench: Bench, plans: Sequence[TrialPlan], concurrency: int) -> None:
    """Every plan was run. The first disk failure ends the others: what cannot be kept must not be paid for."""
    places = asyncio.Semaphore(concurrency)

    async def run_one(plan: TrialPlan) -> None:
        async with places:
            for number in range(1, ATTEMPTS + 1):
                _, why = await run_attempt(bench, plan, number)
                if why is None or not why.may_retry:
                    return

    try:
        async with asyncio.TaskGroup() as group:
            for plan in plans:
                group.create_task(run_one(plan))
    except* EvalkitError as failures:
        raise failures.exceptions[0] from failures
