"""`evalkit rubric`: about rubrics."""

from pathlib import Path

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.errors import UsageError


@click.group("rubric")
def rubric_command() -> None:
    """Show what the grader gets."""


@rubric_command.command("show")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--sent", is_flag=True, help="Exactly the text that is sent, and nothing else.")
def show(path: Path, sent: bool) -> int:
    """Show the criteria of the rubric at PATH, or with --sent the very text the grader gets."""
    from evalkit.rubric.document import parse_rubric

    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}; a Markdown file would do") from error
    rubric = parse_rubric(text, path.stem, file=str(path))
    if sent:
        click.echo(rubric.sent, nl=False)
        return ExitCode.MEASURED
    for criterion in rubric.criteria:
        click.echo(f"{criterion.id}  {criterion.weight.value:8}{criterion.text}")
    click.echo(f"sha256 {rubric.sha256} of {len(rubric.sent)} characters sent")
    return ExitCode.MEASURED
