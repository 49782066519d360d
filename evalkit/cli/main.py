"""`evalkit`: a list of commands, each loaded when it is called, and the one error boundary.

Nothing heavy is imported here: `evalkit --help` must feel instant, and the SDK alone costs seconds.
"""

import sys
import traceback
from importlib import import_module

import click

from evalkit import __version__
from evalkit.cli.exit_code import ExitCode
from evalkit.errors import EvalkitError

_COMMANDS = {
    "run": ("evalkit.cli.run", "Run a suite and print what happened."),
    "resume": ("evalkit.cli.resume", "Go on with a run where it stopped."),
    "collect": ("evalkit.cli.resume", "Gather what a detached run's sessions brought."),
    "merge": ("evalkit.cli.merge", "Make one run of several shards."),
    "ingest": ("evalkit.cli.ingest", "Read sessions that already ran; sends and spends nothing."),
    "list": ("evalkit.cli.runs", "List the runs on this machine."),
    "show": ("evalkit.cli.runs", "Show one run, or one trial with the grader's words and the checks."),
    "report": ("evalkit.cli.report", "Show a run whole: text, markdown, csv, json, junit, xlsx, html."),
    "compare": ("evalkit.cli.compare", "Put two runs, or two variants, side by side."),
    "view": ("evalkit.cli.view", "Open a run in the browser, files and all."),
    "suite": ("evalkit.cli.suite", "Begin, check and list suites, without running one."),
    "check": ("evalkit.cli.check", "Run a task's checks on a folder; list and explain every check."),
    "rescore": ("evalkit.cli.rescore", "Run today's checks on what a run delivered."),
    "rubric": ("evalkit.cli.rubric", "Show what the grader gets."),
    "doctor": ("evalkit.cli.doctor", "Say what this machine and this key can do."),
    "clean": ("evalkit.cli.clean", "List, and remove when told so, what old runs left."),
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
        click.echo(_without_keys(str(error)), err=True)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away; Python would complain again at exit
        return ExitCode.MEASURED
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        if isinstance(error, ModuleNotFoundError) and not (error.name or "evalkit").startswith("evalkit"):
            click.echo(f"evalkit: found no package {error.name!r}; `evalkit doctor` says what to install", err=True)
            return ExitCode.USAGE
        click.echo(_without_keys(_bug(error)), err=True)
        return ExitCode.INCOMPLETE
    return code if isinstance(code, int) else ExitCode.MEASURED


def _without_keys(text: str) -> str:
    """`text` with whatever looks like a key masked: an error may quote what the outside said."""
    from evalkit.report.redact import masked_text, secrets_of

    return masked_text(text, secrets_of())


def _bug(error: Exception) -> str:
    """One line for what nobody foresaw. It is not exit code 1, which means that a gate found a regression."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"
    words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return f"evalkit: a fault of its own at {place}: {words}; `python -X dev -m evalkit …` shows where it came from"
