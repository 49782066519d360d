"""`evalkit`: a list of commands, each loaded when it is called, and the one error boundary.

Nothing heavy is imported here: `evalkit --help` must feel instant, and the SDK alone costs seconds.
"""

import sys
from importlib import import_module

import click

from evalkit import __version__
from evalkit.cli.exit_code import ExitCode
from evalkit.errors import EvalkitError

_COMMANDS = {
    "run": ("evalkit.cli.run", "Run a suite and print what happened."),
    "ingest": ("evalkit.cli.ingest", "Read sessions that already ran; sends and spends nothing."),
    "list": ("evalkit.cli.runs", "List the runs on this machine."),
    "show": ("evalkit.cli.runs", "Show one run, or one trial with the grader's words and the checks."),
    "report": ("evalkit.cli.runs", "Print every table of a run."),
    "suite": ("evalkit.cli.suite", "Check a suite without running it."),
    "rubric": ("evalkit.cli.rubric", "Show what the grader gets."),
    "emulator": ("evalkit.cli.emulator", "Serve the local Managed Agents API."),
}
"""Command name to the module that defines it (as an attribute of that name) and its one line of help."""


class _LazyGroup(click.Group):
    """Lists commands from the table above and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(_COMMANDS[cmd_name][0]), f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="evalkit")
def cli() -> None:
    """Outcomes evaluation for Claude Managed Agents.

    Runs suites of tasks, follows every iteration of the grader, checks the delivered files locally, and tabulates
    verdicts, iterations and cost.
    """


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one command. Every error made on purpose is one plain line on standard error."""
    try:
        code = cli.main(arguments, prog_name="evalkit", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("evalkit: interrupted", err=True)
        return ExitCode.INTERRUPTED
    except EvalkitError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away; Python would complain again at exit
        return ExitCode.MEASURED
    return code if isinstance(code, int) else ExitCode.MEASURED
