"""`evalkit doctor`: what this machine and this key can do, and what the hosted platform really does."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.machine import Finding, State, look_at_machine
from evalkit.cli.options import reports_option
from evalkit.errors import EvalkitError, StoreError, SuiteError, UnknownModelError, UsageError

if TYPE_CHECKING:
    from evalkit.claude.account import Account
    from evalkit.claude.client import Target
    from evalkit.claude.questions import Answers
    from evalkit.settings import Settings

_CHEAPEST = "claude-haiku-4-5"
"""For questions: the cheapest model whose price does not depend on a prompt's length, so that cost can be compared."""


@click.command("doctor")
@click.argument("suites", nargs=-1, type=click.Path(path_type=Path))
@click.option("--live", is_flag=True, help="Ask the hosted platform what no source states; costs money.")
@click.option("--budget-usd", default="1", show_default=True, help="With --live: the most that asking may cost.")
@click.option("--model", default=_CHEAPEST, show_default=True, help="With --live: the model that is asked with.")
@reports_option
def doctor_command(suites: tuple[Path, ...], live: bool, budget_usd: str, model: str, reports: Path | None) -> int:
    """Say what is there: Python, packages, programs, the key and what it opens, prices of the SUITES' models.

    Without SUITES, those in suites/ of the project. With --live, questions that no page answers are asked by doing, and
    the answers are written to a dated file below the run root. Exit code 2 if something evalkit needs is missing.
    """
    from evalkit.settings import load_settings

    settings = load_settings(Path.cwd(), reports=reports)
    if live:
        return _ask(settings, _budget(budget_usd), model)
    findings = list(look_at_machine())
    if any(finding.state is State.WRONG for finding in findings):
        # Looking further takes the very packages that may be missing.
        words = "not looked at before what is wrong above is put right"
        findings.append(Finding(state=State.ABSENT, what="key and prices", words=words))
    else:
        findings += [*_look_at_key(settings), *_look_at_prices(suites)]
    for finding in findings:
        click.echo(f"{finding.state.value}  {finding.what}: {finding.words}")
    is_wrong = any(finding.state is State.WRONG for finding in findings)
    return ExitCode.USAGE if is_wrong else ExitCode.MEASURED


def _look_at_key(settings: "Settings") -> Iterator[Finding]:
    if settings.api_key is None:
        words = "ANTHROPIC_API_KEY is not set; only `--backend anthropic` needs it"
        yield Finding(state=State.ABSENT, what="key", words=words)
        return
    from evalkit.claude.client import hosted_target

    target = hosted_target(settings)
    try:
        account = asyncio.run(_account(settings, target))
    except EvalkitError as error:
        yield Finding(state=State.WRONG, what=target.label, words=str(error))
        return
    if not account.accepted:
        yield Finding(state=State.WRONG, what="key", words=account.words)
        return
    yield Finding(state=State.GOOD, what="key", words=f"accepted by {target.label}")
    state = State.GOOD if account.has_managed_agents else State.WRONG
    yield Finding(state=state, what="Managed Agents", words=account.words or "this key may use them")
    workspace = account.workspace or "the server does not name it"
    yield Finding(state=State.GOOD, what="workspace", words=workspace)


async def _account(settings: "Settings", target: "Target") -> "Account":
    from evalkit.claude.account import look_at_account
    from evalkit.claude.client import open_client

    async with open_client(target, strict=settings.strict_responses) as client:
        return await look_at_account(client)


def _look_at_prices(suites: Sequence[Path]) -> Iterator[Finding]:
    from evalkit.settings import project_root
    from evalkit.suite.load import load_suite
    from evalkit.suite.sources import shown
    from evalkit.trial.prices import price_table

    table = price_table()
    for path in suites or sorted((project_root(Path.cwd()) / "suites").glob("*.yaml")):
        try:
            models = sorted({variant.model for variant in load_suite(path).variants if variant.model})
        except SuiteError as error:
            words = f"{len(error.problems)} problems; `evalkit suite validate {shown(path)}` lists them"
            yield Finding(state=State.WRONG, what=shown(path), words=words)
            continue
        for model in models:
            try:
                table.price_of(model, None)
            except UnknownModelError as error:
                yield Finding(state=State.ABSENT, what=shown(path), words=f"{error}; its cost will be unknown")
            else:
                words = f"prices of {model} are known, as of {table.dated}"
                yield Finding(state=State.GOOD, what=shown(path), words=words)


def _budget(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or not 0 < amount <= 100 or amount != round(amount, 2):
        raise UsageError(f"--budget-usd: found {text!r}; dollars in whole cents, up to 100, would do")
    return amount


def _ask(settings: "Settings", budget: Decimal, model: str) -> int:
    from evalkit.claude.client import hosted_target, open_client
    from evalkit.claude.questions import QUESTIONS, ask_questions

    if settings.api_key is None:
        click.echo(f"ANTHROPIC_API_KEY is not set. With it, for at most ${budget}, {model} would be asked:")
        for question in QUESTIONS.values():
            click.echo(f"  {question}")
        return ExitCode.INCOMPLETE
    target = hosted_target(settings)

    async def ask() -> "Answers":
        async with open_client(target, strict=settings.strict_responses) as client:
            return await ask_questions(client, model, budget)

    answers = asyncio.run(ask())
    path = _write_facts(settings.reports, target.label, model, answers, QUESTIONS)
    for name, question in QUESTIONS.items():
        click.echo(f"{question}\n    {answers.answers.get(name, 'not answered')}")
    for failure in answers.failures:
        click.echo(failure, err=True)
    spent = "unknown" if answers.spent_usd is None else f"${answers.spent_usd}"
    click.echo(f"spent: {spent}; written to {path}")
    return ExitCode.MEASURED if len(answers.answers) == len(QUESTIONS) else ExitCode.INCOMPLETE


def _write_facts(reports: Path, server: str, model: str, answers: "Answers", questions: Mapping[str, str]) -> Path:
    """`facts-<date>.json` below the run root: what FIDELITY.md and the emulator can take over."""
    from importlib.metadata import version

    now = datetime.now(UTC)
    facts = {
        "format": "evalkit-facts/1",
        "asked_at": now.isoformat(),
        "server": server,
        "model": model,
        "sdk": version("anthropic"),
        "spent_usd": None if answers.spent_usd is None else str(answers.spent_usd),
        "answers": {
            name: {"question": question, "answer": answers.answers.get(name)} for name, question in questions.items()
        },
        "failures": list(answers.failures),
    }
    path = reports / f"facts-{now:%Y%m%dT%H%M%SZ}.json"
    try:
        reports.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; the answers are printed above") from error
    return path
