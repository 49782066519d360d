"""`evalkit emulator`: the local server by itself, for other clients."""

import re
import threading
from pathlib import Path

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.errors import EmulatorError, SettingsError


@click.group("emulator")
def emulator_command() -> None:
    """Serve the local Managed Agents API."""


@emulator_command.command("serve")
@click.option("--scenario", type=click.Path(path_type=Path), help="The script that agent and grader play.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    help="Keep everything in this SQLite file and the folder beside it; a server started on it goes on.",
)
@click.option("--seed", type=click.IntRange(0), help="Instead of the scenario's.")
@click.option("--time-scale", type=click.FloatRange(0), default=1.0, show_default=True, help="0 does not wait at all.")
@click.option("--rate-limit", metavar="CREATES/OTHERS", help="Requests a minute, such as 60/600 or 300/1200.")
@click.option(
    "--fault", "faults", multiple=True, metavar="YAML", help="'{lost_response: {on: send_events}}'; repeatable."
)
def serve(
    scenario: Path | None,
    port: int,
    journal: Path | None,
    seed: int | None,
    time_scale: float,
    rate_limit: str | None,
    faults: tuple[str, ...],
) -> int:
    """Serve on the loopback interface until interrupted, and print how to point an SDK at it."""
    from evalkit.emulator import Emulator, EmulatorOptionError, EmulatorStartError

    if rate_limit is not None:
        faults = (*faults, _limit(rate_limit))
    try:
        with Emulator(
            scenario, port=port, journal=journal, seed=seed, time_scale=time_scale, faults=faults
        ) as emulator:
            click.echo(f"export ANTHROPIC_BASE_URL={emulator.base_url}")
            click.echo("export ANTHROPIC_API_KEY=any-text-will-do")
            _wait_for_interrupt()
    except EmulatorOptionError as error:
        raise SettingsError(str(error)) from error
    except EmulatorStartError as error:
        raise EmulatorError(str(error)) from error
    return ExitCode.MEASURED


def _wait_for_interrupt() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


def _limit(text: str) -> str:
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if found is None:
        raise SettingsError(f"--rate-limit: {text!r}; write creates/others a minute, such as 60/600")
    return f"{{rate_limit: {{creates: {found[1]}, others: {found[2]}}}}}"
