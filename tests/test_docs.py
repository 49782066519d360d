"""What the pages promise is there: every command line that they show is one that evalkit takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from evalkit.cli.main import cli

PROJECT = Path(__file__).parents[1]
PAGES = ("README.md", "ARCHITECTURE.md", "evalkit/api.py", "evalkit/pytest_plugin.py", "evalkit/suite/starter.py")


def command_lines(page: str) -> Iterator[str]:
    """Everything in `page` that begins with `evalkit` and a word, in backticks or at the start of a line of code."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    for block in text.split("```")[1::2]:
        yield from re.findall(r"^(?:\.venv/bin/)?(evalkit [a-z][^#\n`…]*)", block, re.MULTILINE)
    yield from re.findall(r"`(evalkit [a-z][^#\n`…]*)`", text)


LINES = sorted({(page, line.strip()) for page in PAGES for line in command_lines(page)})


def test_the_pages_show_commands() -> None:
    assert len(LINES) > 10


@pytest.mark.parametrize(("page", "line"), LINES, ids=[line for _, line in LINES])
def test_a_command_that_a_page_shows_is_one_that_evalkit_takes(page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words.pop(0))
        assert found is not None, f"{page}: {line}"
        command = found
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}

    assert {word.split("=")[0] for word in words if word.startswith("-")} <= known | {"--help", "-h"}
