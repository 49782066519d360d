"""`evalkit run`: a suite, from its file to its one table."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import budget_option, output_width, rate_share_option, reports_option

if TYPE_CHECKING:
    from evalkit.cli.dry_run import Parts
    from evalkit.settings import Settings
    from evalkit.suite.model import Suite, TrialPlan


@click.command("run")
@click.argument("suite_path", metavar="SUITE", type=click.Path(path_type=Path))
@click.option(
    "--backend",
    "backend_name",
    type=click.Choice(["emulator", "anthropic"]),
    help="In place of the suite's backend. `anthropic` is the hosted API: it needs a key and costs money.",
)
@click.option("--task", "tasks", multiple=True, help="Only this task; may be given several times.")
@click.option("--variant", "variants", multiple=True, help="Only this variant; may be given several times.")
@click.option("--model", help="In place of the model of every variant.")
@click.option("--tag", "tags", multiple=True, help="Only tasks with this tag; may be given several times.")
@click.option("--trials", type=click.IntRange(1, 10_000), help="In place of the number of trials of every task.")
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts; the same trials on every machine.")
@click.option("--only-changed", is_flag=True, help="Only trials that no earlier run here has measured as they are now.")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="Sessions at work at once.")
@budget_option
@rate_share_option
@click.option("--detach", is_flag=True, help="Start the sessions and leave; `evalkit collect` gathers what they bring.")
@click.option("--dry-run", is_flag=True, help="Say what would run, why, and what it would cost; send nothing.")
@reports_option
def run_command(
    suite_path: Path,
    backend_name: str | None,
    tasks: tuple[str, ...],
    variants: tuple[str, ...],
    model: str | None,
    tags: tuple[str, ...],
    trials: int | None,
    shard: str | None,
    only_changed: bool,
    concurrency: int | None,
    budget_usd: Decimal | None,
    rate_share: float | None,
    detach: bool,
    dry_run: bool,
    reports: Path | None,
) -> int:
    """Run SUITE and print what happened. Exit code 0 only if every trial was measured, else 3."""
    from evalkit.api import choose_tasks, load_suite, open_target, plan_suite
    from evalkit.cli.driving import conclude, drive
    from evalkit.cli.dry_run import Parts
    from evalkit.runner.detach import check_detachable
    from evalkit.runner.estimate import earlier_runs
    from evalkit.runner.parts import choose_tags, parse_shard, with_trials, without_record
    from evalkit.runner.suite import Terms, run_suite
    from evalkit.settings import load_settings
    from evalkit.suite.selection import select_variants

    settings = load_settings(
        suite_path.absolute().parent, reports=reports, concurrency=concurrency, rate_share=rate_share
    )
    suite = with_trials(select_variants(load_suite(suite_path, backend=backend_name), variants, model), trials)
    for notice in suite.notices:
        click.echo(str(notice), err=True)
    plans = choose_tags(suite, choose_tasks(suite, plan_suite(suite), tasks), tags)
    if shard is not None:
        part = parse_shard(shard)
        plans = [plan for plan in plans if plan.spec.key in part]
    if only_changed:
        plans = without_record(plans, earlier_runs(settings.reports, suite.name, suite.backend.value))
    if dry_run:
        return _estimate(suite, plans, settings, Parts(tasks=tasks, tags=tags, shard=shard))
    if not plans:
        click.echo("nothing to run: every trial asked for has its record, or lies in another shard", err=True)
        return ExitCode.MEASURED
    if detach:
        check_detachable(suite, plans)
    terms = Terms(budget_usd=budget_usd, model=model, trials=trials, detach=detach)
    with open_target(suite, settings) as target:
        click.echo(f"{target.label}: {len(plans)} trials of {suite.name}", err=True)
        control = drive(
            lambda observer, control: run_suite(suite, plans, settings, target, observer, terms, control),
            len(plans),
            settings,
        )
    return conclude(control, reports, settings, detached=detach)


def _estimate(suite: "Suite", plans: "Sequence[TrialPlan]", settings: "Settings", parts: "Parts") -> int:
    from evalkit.api import plan_suite
    from evalkit.cli.dry_run import render_estimate, skipped_lines
    from evalkit.runner.estimate import earlier_runs, estimate_run

    estimate = estimate_run(plans, earlier_runs(settings.reports, suite.name, suite.backend.value))
    click.echo(render_estimate(estimate, skipped_lines(plan_suite(suite), plans, parts), output_width()))
    return ExitCode.MEASURED
