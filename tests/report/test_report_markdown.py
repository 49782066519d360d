import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_records import hostile_run, quickstart_run, random_runs, run

from evalkit.report.markdown import literal, render_markdown
from evalkit.report.plain import plain
from evalkit.trial.model import RunRecord


def cells(line: str) -> int:
    """How many cells GitHub makes of a table line: a backslash takes the next character with it."""
    return len(re.findall(r"\|", re.sub(r"\\.", "", line))) - 1


@settings(max_examples=25, deadline=None)
@given(random_runs())
def test_every_line_of_a_table_has_as_many_cells_as_its_header(any_run: RunRecord) -> None:
    expected = None
    for line in render_markdown(any_run).splitlines():
        expected = (expected or cells(line)) if line.startswith("|") else None
        assert expected is None or cells(line) == expected


@settings(max_examples=25, deadline=None)
@given(random_runs())
def test_nothing_in_markdown_acts_on_a_terminal(any_run: RunRecord) -> None:
    assert all(line.isprintable() for line in render_markdown(any_run).split("\n"))


@given(st.text())
def test_text_that_could_be_markup_stands_in_a_code_span(text: str) -> None:
    shown = literal(text)
    if shown == plain(text):
        assert not set("<>&[]*_~@#$`|\\!{}") & set(shown)
    else:
        fence = re.match("`+", shown)
        assert fence is not None
        assert shown.endswith(fence.group())
        assert fence.group() not in shown[len(fence.group()) : -len(fence.group())]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("1/3 ok", "1/3 ok"),
        ("revise ×2 → max reached", "revise ×2 → max reached"),
        ("<b>", "`<b>`"),
        ("max_iterations", "`max_iterations`"),
        ("a|b", "`a\\|b`"),
        ("a\\|b", "`a\\\\\\|b`"),
        ("`x`", "`` `x` ``"),
        ("see https://e.vil", "`see https://e.vil`"),
        ("www.e.vil", "`www.e.vil`"),
        ("hi :tada:", "`hi :tada:`"),
        ("GH-12", "`GH-12`"),
        ("@team", "`@team`"),
    ],
)
def test_only_text_that_markdown_can_make_nothing_of_stands_bare(text: str, shown: str) -> None:
    assert literal(text) == shown


def test_no_html_of_a_model_is_live() -> None:
    outside_code = re.sub(r"(`+).*?(?<!`)\1(?!`)", "", render_markdown(hostile_run()).replace("> [!WARNING]\n> ", ""))

    assert not set("<>[@") & set(outside_code)


def test_an_incomplete_run_opens_with_a_warning() -> None:
    assert "> [!WARNING]" in render_markdown(quickstart_run())


def test_a_run_of_nothing_is_a_heading_and_its_counts() -> None:
    text = render_markdown(run([]))

    assert text.startswith("# quickstart: nothing ran\n")
    assert "- launched 0 = 0 ok + 0 not ok" in text
    assert "|" not in text
