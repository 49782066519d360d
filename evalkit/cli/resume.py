"""`evalkit resume` and `collect`: a run that was cut off, or left to itself, goes on where it stopped."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import budget_option, rate_share_option, reports_option
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.runner.suite import Resumption
    from evalkit.suite.model import Suite

_suite_option = click.option(
    "--suite", "suite_path", type=click.Path(path_type=Path), help="The suite's file, where it has moved."
)
_concurrency_option = click.option("--concurrency", type=click.IntRange(1, 1000), help="Sessions at work at once.")


@click.command("resume")
@click.argument("run", default="last")
@_suite_option
@_concurrency_option
@budget_option
@rate_share_option
@reports_option
def resume_command(
    run: str,
    suite_path: Path | None,
    concurrency: int | None,
    budget_usd: Decimal | None,
    rate_share: float | None,
    reports: Path | None,
) -> int:
    """Go on with RUN [default: last] where it stopped.

    Trials that have ended are not touched. A session that exists is followed further and not created again; an outcome
    that is defined is not defined again. Trials that the suite no longer means are named, and nothing is sent for them.
    """
    return _go_on(run, suite_path, concurrency, budget_usd, rate_share, reports, collect=False)


@click.command("collect")
@click.argument("run", default="last")
@_suite_option
@_concurrency_option
@rate_share_option
@reports_option
def collect_command(
    run: str, suite_path: Path | None, concurrency: int | None, rate_share: float | None, reports: Path | None
) -> int:
    """Gather what the sessions of RUN [default: last] brought, which `evalkit run --detach` started.

    Sessions still at work are followed to their end. None is created: what failed waits for `evalkit resume`.
    """
    return _go_on(run, suite_path, concurrency, None, rate_share, reports, collect=True)


def _go_on(
    run: str,
    suite_path: Path | None,
    concurrency: int | None,
    budget_usd: Decimal | None,
    rate_share: float | None,
    reports: Path | None,
    *,
    collect: bool,
) -> int:
    from evalkit.api import open_target
    from evalkit.cli.driving import conclude, drive
    from evalkit.runner.suite import resume_run
    from evalkit.settings import load_settings
    from evalkit.store.layout import find_run

    here = load_settings(Path.cwd(), reports=reports)
    folder = find_run(here.reports, run)
    suite, resumption = _match(folder, suite_path)
    settings = load_settings(
        suite.path.absolute().parent, reports=reports, concurrency=concurrency, rate_share=rate_share
    )
    for key in resumption.gone:
        click.echo(f"trial {key[:16]}: the suite no longer means it; nothing is sent for it", err=True)
    with open_target(suite, settings) as target:
        click.echo(f"{target.label}: {folder.name} goes on", err=True)
        control = drive(
            lambda observer, control: resume_run(
                suite, resumption, settings, target, observer, control, collect=collect, budget_usd=budget_usd
            ),
            len(resumption.plans),
            settings,
        )
    code = conclude(control, reports, settings)
    return ExitCode.INCOMPLETE if resumption.gone and code == ExitCode.MEASURED else code


def _match(folder: Path, suite_path: Path | None) -> "tuple[Suite, Resumption]":
    """The run's suite as it is now, and the run's trials in it."""
    from evalkit.api import load_suite, plan_suite
    from evalkit.runner.parts import with_trials
    from evalkit.runner.suite import match_run
    from evalkit.store.history import load_head
    from evalkit.suite.selection import select_variants

    spec = load_head(folder).spec
    if suite_path is None and spec.suite_path is None:
        raise UsageError(f"{folder.name}: it was not made from a suite; `evalkit show {folder.name}` shows it")
    path = suite_path or (folder / str(spec.suite_path)).resolve()
    if not path.is_file():
        raise UsageError(f"{path}: the suite of {folder.name} is not there any more; give its file with --suite")
    suite = select_variants(load_suite(path, backend=spec.backend), model=spec.model)
    return suite, match_run(folder, plan_suite(with_trials(suite, spec.trials)))
