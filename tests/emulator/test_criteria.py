import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.emulator.criteria import asks_for_contract, parse_criteria

RUBRICS = Path(__file__).parents[2] / "rubrics"


def ids_and_names(rubric: str) -> list[tuple[str, str]]:
    return [(criterion.id, criterion.name) for criterion in parse_criteria(rubric)]


def test_list_items_are_criteria_and_headings_and_prose_are_not() -> None:
    rubric = "# Rubric\n\nDeliverable: `a.csv`.\n\n- One\n* Two\n+ Three\n\nRemember the units.\n"

    assert ids_and_names(rubric) == [("C1", "One"), ("C2", "Two"), ("C3", "Three")]


def test_numbered_paragraphs_are_criteria() -> None:
    assert ids_and_names("1. One\n2) Two\n\n10. Ten\n") == [("C1", "One"), ("C2", "Two"), ("C3", "Ten")]


def test_an_id_in_brackets_is_the_id_and_others_count_all_items() -> None:
    assert ids_and_names("- [R7] One\n- Two\n- [x] Three") == [("R7", "One"), ("C2", "Two"), ("x", "Three")]


def test_brackets_that_are_no_id_belong_to_the_text() -> None:
    assert ids_and_names("- [two words] One\n- [R1]: Two\n") == [("C1", "[two words] One"), ("C2", "[R1]: Two")]


def test_the_name_ends_at_the_first_full_stop_and_not_within_a_file_name() -> None:
    assert ids_and_names("- `loan.xlsx` is within 0.01. It opens.") == [("C1", "`loan.xlsx` is within 0.01")]


def test_a_recorded_rubric_of_wrapped_paragraphs_gives_three_criteria() -> None:
    """From the recorded session phase-4-probe-T-006, August 2026."""
    rubric = (
        "1. The decision names exactly one category from: billing, technical,\n"
        "   account-access, refund-request, other.\n"
        "2. Every claim in the decision cites a specific ticket field or a specific\n"
        "   record returned by a tool.\n"
        "3. Escalating a genuinely ambiguous or adversarial ticket is a full pass, not\n"
        "   a shortfall. Never ask for an escalation to be converted into a resolution.\n"
    )

    assert [name for _, name in ids_and_names(rubric)] == [
        "The decision names exactly one category from: billing, technical, account-access, refund-request, other",
        "Every claim in the decision cites a specific ticket field or a specific record returned by a tool",
        "Escalating a genuinely ambiguous or adversarial ticket is a full pass, not a shortfall",
    ]


@pytest.mark.parametrize(
    "rubric",
    [
        "- One\n  goes on\n- Two",
        "- One\ngoes on\n- Two",
        "- One goes on\n\n  and has a second paragraph\n- Two",
        "- One goes on\n  - with a detail\n  1. and another\n- Two",
        "- One goes on <!-- must check=a.b -->\n- Two",
        "- One goes on\n\n## Heading\n\n- Two",
        "- One goes on\n# Heading\n- Two",
        "- One goes on\n\n---\n\n- Two",
        "- One goes on\n\nProse.\n\n- Two",
        "```\n- not this\n```\n- One goes on\n~~~text\n- nor this\n```\n~~~\n- Two",
        "- One goes on\n- Two\n<!--\n- not this\n-->",
        "* One goes on\n\n* * *\n\n* Two",
        "Prose of the year\n2026. It is no item.\n\n- One goes on\n- Two",
    ],
)
def test_two_criteria_are_found_however_they_are_written(rubric: str) -> None:
    names = [name for _, name in ids_and_names(rubric)]

    assert len(names) == 2
    assert names[0].startswith("One goes on")
    assert names[1] == "Two"


@pytest.mark.parametrize(
    "rubric", ["", "# Rubric\n\nThe report is good.\n", "```\n- in code\n```\n", "-no space\n", "- \n"]
)
def test_a_rubric_without_items_has_no_criteria(rubric: str) -> None:
    assert parse_criteria(rubric) == ()


def test_the_section_that_asks_for_a_verdict_form_holds_no_criteria() -> None:
    rubric = "- [R1] One\n\n## Verdict\n\n- First line: `VERDICT <met>/<total>`\n- Then `<id>: MET – <evidence>`\n"

    assert asks_for_contract(rubric)
    assert ids_and_names(rubric) == [("R1", "One")]


def test_a_rubric_that_mentions_a_verdict_asks_for_no_form() -> None:
    assert not asks_for_contract("- The memo ends with the line VERDICT and a reason")


@pytest.mark.parametrize("path", sorted(RUBRICS.glob("*.md")), ids=lambda path: path.stem)
def test_every_criterion_of_a_shipped_rubric_has_its_own_id(path: Path) -> None:
    text = path.read_text("utf-8")

    assert [criterion.id for criterion in parse_criteria(text)] == re.findall(r"^- \[(R\d+)\] ", text, re.MULTILINE)


@given(st.text(alphabet=st.sampled_from("-*1.# `~<!>[]R\n\tab"), max_size=80))
def test_any_text_gives_criteria_with_names_on_one_line(rubric: str) -> None:
    assert all("\n" not in criterion.name for criterion in parse_criteria(rubric))
