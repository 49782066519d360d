"""`evalkit emulator`: the local server by itself, for other clients."""

import threading
from pathlib import Path

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.errors import EmulatorError


@click.group("emulator")
def emulator_command() -> None:
    """Serve the local Managed Agents API."""


@emulator_command.command("serve")
@click.option("--scenario", type=click.Path(path_type=Path), help="The script that agent and grader play.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--time-scale", type=click.FloatRange(0), default=1.0, show_default=True, help="0 does not wait at all.")
def serve(scenario: Path | None, port: int, time_scale: float) -> int:
    """Serve on the loopback interface until interrupted, and print how to point an SDK at it."""
    from evalkit.emulator import Emulator, EmulatorStartError

    try:
        with Emulator(scenario, port=port, time_scale=time_scale) as emulator:
            click.echo(f"export ANTHROPIC_BASE_URL={emulator.base_url}")
            click.echo("export ANTHROPIC_API_KEY=any-text-will-do")
            threading.Event().wait()
    except EmulatorStartError as error:
        raise EmulatorError(str(error)) from error
    return ExitCode.MEASURED
