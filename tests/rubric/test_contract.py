import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.rubric.contract import CriterionState, contract_text, parse_explanation
from evalkit.rubric.criterion import Criterion, Weight
from evalkit.rubric.document import parse_rubric, read_criteria

TRACES = Path(__file__).parents[2].parent / "shared" / "traces"

RUBRIC = parse_rubric(
    "- [R1] Sheets. The workbook has three sheets.\n"
    "- [R2] Payment column. It equals the annuity.\n"
    "- [R3] Payment total. The sum of the column.\n"
    "- [R9] Two decimals. <!-- should -->\n",
    "loan",
)


def states(explanation: str, verdict: str = "needs_revision") -> dict[str, str]:
    return {key: str(state) for key, state in parse_explanation(explanation, RUBRIC.criteria, verdict).items()}


def test_the_contract_names_every_id_and_the_total() -> None:
    text = contract_text(1, ["R1", "R7"])

    assert "in this order: R1, R7." in text
    assert "how many of the 2 criteria" in text


def test_the_contract_adds_no_criterion_to_the_rubric() -> None:
    text = "- [R1] a\n- [R2] b\n"
    with_contract = parse_rubric(f"---\ncontract: 1\n---\n{text}", "r").sent

    assert read_criteria(with_contract) == read_criteria(text)


def test_an_unknown_contract_version_has_no_text() -> None:
    with pytest.raises(ValueError, match="2"):
        contract_text(2, ["R1"])


def test_contract_lines_are_read_by_id() -> None:
    explanation = (
        "VERDICT 1/3\nR1: MET – Sheets exist\nR2: NOT MET – Schedule!D2 is 1.00 – compute it\nR3: PARTLY MET - see D9\n"
    )

    assert states(explanation) == {"R1": "met", "R2": "not_met", "R3": "partly"}


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("- Sheets (met): all three", "met"),
        ("- Sheets. (not met): one is missing", "not_met"),
        ("- Sheets (partially met): two of three", "partly"),
        ("* **Sheets** (Not Met): one is missing", "not_met"),
        ("1. `Sheets` (met)", "met"),
        ("- Sheets. The workbook has three sheets. (not met): no", "not_met"),
        ("- Sheets. The workbook (not met): a first part of the text", "not_met"),
        ("- Sheets and their order (not met): goes on past the name", "not_met"),
        ("- R1 (not met): by id", "not_met"),
        ("- [R1] Sheets (not met): by id and name", "not_met"),
        ("- **R1**: NOT MET – bold", "not_met"),
        ("[R1]: MET", "met"),
        ("R1 - MET.", "met"),
        ("- R1: met only in part", "unparsed"),
        ("R1: MOSTLY MET – nearly", "unparsed"),
        ("R1: UNMET", "unparsed"),
        ("- Sheets look fine", "unparsed"),
        ("Sheets: fine", "unparsed"),
        ("Sheets (fine): yes", "unparsed"),
        ("Sheets look fine in this workbook", "not_listed"),
        ("The sheets (met) are there", "not_listed"),
        ("R10: MET – another id", "not_listed"),
        ("    R1: MET – indented, hence quoted", "not_listed"),
        ("> R1: MET – quoted", "not_listed"),
        ('"R1: MET – quoted"', "not_listed"),
        ("```\nR1: MET\n```", "not_listed"),
        ("evidence\u2028R1: MET", "not_listed"),
        ("evidence\x0bR1: MET", "not_listed"),
        ("", "not_listed"),
        ("R1: MET\nR1: MET", "met"),
        ("R1: MET\nR1: NOT MET", "unparsed"),
        ("- Sheets (met): yes\n- R1 (not met): no", "unparsed"),
        ("R1: NOT MET – no\n- Sheets are listed above", "not_met"),
    ],
)
def test_one_criterion_is_read_from_its_own_line(line: str, state: str) -> None:
    assert states(line)["R1"] == state


@pytest.mark.parametrize(
    "evidence",
    [
        "the memo says 'R1: MET – fine'",
        "Payment total (met): as quoted from the file",
        "see Sheets, Payment total and R3: MET",
        "(met): (not met): R1",
    ],
)
def test_evidence_about_other_criteria_changes_nothing(evidence: str) -> None:
    assert states(f"- Payment column (not met): {evidence}") == {
        "R1": "not_listed",
        "R2": "not_met",
        "R3": "not_listed",
    }


def test_a_label_that_fits_two_criteria_is_unparsed_for_both() -> None:
    assert states("- Payment (not met): which one?") == {"R1": "not_listed", "R2": "unparsed", "R3": "unparsed"}


def test_the_longest_name_wins_where_one_name_begins_another() -> None:
    criteria = parse_rubric("- Total. One.\n- Total revenue. Two.\n", "r").criteria

    result = parse_explanation("- Total revenue per year (not met): no", criteria, "needs_revision")

    assert result == {"C1": CriterionState.NOT_LISTED, "C2": CriterionState.NOT_MET}


def test_under_satisfied_an_unlisted_criterion_is_met_and_a_listed_one_is_what_the_words_say() -> None:
    assert states("All three criteria are met.\nR2: HARDLY", "satisfied") == {
        "R1": "met",
        "R2": "unparsed",
        "R3": "met",
    }


@pytest.mark.parametrize("verdict", ["needs_revision", "max_iterations_reached", "failed", "interrupted", "new_word"])
def test_under_any_other_verdict_an_unlisted_criterion_is_not_listed(verdict: str) -> None:
    assert set(states("Words.", verdict).values()) == {"not_listed"}


def test_a_should_item_was_not_sent_and_has_no_state() -> None:
    assert "R9" not in states("R9: MET")


@given(st.text(), st.sampled_from(["satisfied", "needs_revision", ""]))
def test_any_words_give_one_state_to_every_sent_criterion(explanation: str, verdict: str) -> None:
    assert list(states(explanation, verdict)) == ["R1", "R2", "R3"]


WORDS = {"met": "met", "not met": "not_met", "partially met": "partly"}
NAMES = ["Alpha", "Alpha beta", "Gamma. Delta", "Epsilon (2021)"]


@given(
    st.lists(st.sampled_from([*WORDS]), min_size=4, max_size=4),
    st.lists(st.text(st.characters(exclude_characters="\n\r"), max_size=40), min_size=4, max_size=4),
)
def test_what_the_platform_writes_is_read_back_whatever_the_evidence(words: list[str], evidence: list[str]) -> None:
    criteria = [
        Criterion(id=f"C{n}", name=name, text=f"{name}. More words.", weight=Weight.MUST)
        for n, name in enumerate(NAMES, start=1)
    ]
    bullets = [f"- {name} ({word}): {said}" for name, word, said in zip(NAMES, words, evidence, strict=True)]

    result = parse_explanation("\n".join(["The grader found:", "", *bullets]), criteria, "needs_revision")

    assert list(result.values()) == [WORDS[word] for word in words]


def five(**listed: str) -> dict[str, str]:
    """States of the five criteria of the recorded rubric, `not_listed` unless given."""
    ids = {"category": "C1", "justification": "C2", "escalation": "C3", "draft": "C4", "isolation": "C5"}
    return dict.fromkeys(ids.values(), "not_listed") | {ids[name]: state for name, state in listed.items()}


ALL_FIVE_MET = five(category="met", justification="met", escalation="met", draft="met", isolation="met")

RECORDED: Mapping[str, list[tuple[str, dict[str, str]]]] = {
    "phase-4-probe-T-006": [
        ("needs_revision", {"C1": "not_met", "C2": "not_met", "C3": "not_met"}),
        ("satisfied", {"C1": "met", "C2": "met", "C3": "met"}),
    ],
    "phase-4-probe-fixed-T-006": [("satisfied", {"C1": "met", "C2": "met", "C3": "met"})],
    "phase-6-T-001": [("satisfied", ALL_FIVE_MET)],
    "phase-6-T-002": [
        ("needs_revision", five(justification="partly", escalation="not_met")),
        ("needs_revision", five(justification="not_met", escalation="not_met")),
        ("max_iterations_reached", five(escalation="not_met")),
    ],
    "phase-6-T-003": [
        ("needs_revision", five(justification="partly", escalation="not_met")),
        ("needs_revision", five(draft="partly")),
        ("max_iterations_reached", five(justification="partly", escalation="not_met", draft="partly")),
    ],
    "phase-6-T-004": [("satisfied", ALL_FIVE_MET)],
    "phase-6-T-005": [("needs_revision", five(draft="partly")), ("satisfied", ALL_FIVE_MET)],
    "phase-6-T-006": [("satisfied", ALL_FIVE_MET)],
    "phase-6-T-007": [
        ("needs_revision", five(draft="not_met")),
        ("needs_revision", five(category="not_met")),
        ("max_iterations_reached", five(escalation="not_met")),
    ],
    "phase-6-T-008": [("satisfied", ALL_FIVE_MET)],
    "phase-6-T-009": [("satisfied", ALL_FIVE_MET)],
    "phase-6-T-010": [("needs_revision", five(justification="partly")), ("satisfied", ALL_FIVE_MET)],
    "phase-6-probe-T-006": [("satisfied", ALL_FIVE_MET)],
    "phase-6-probe-T-008": [("satisfied", ALL_FIVE_MET)],
    "phase-6-probe-T-009": [("satisfied", ALL_FIVE_MET)],
}
"""Every recorded evaluation, in order: its verdict and what its words say, read by a person from the recording."""


@pytest.mark.skipif(not TRACES.is_dir(), reason="recorded sessions are not here: no folder shared beside the project")
def test_every_recorded_explanation_is_read_as_a_person_reads_it() -> None:
    read: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for path in sorted(TRACES.glob("*.jsonl")):
        criteria: tuple[Criterion, ...] = ()
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["type"] == "user.define_outcome":
                criteria = read_criteria(event["rubric"]["content"])
            elif event["type"] == "span.outcome_evaluation_end":
                said = parse_explanation(event["explanation"], criteria, event["result"])
                states = {key: str(state) for key, state in said.items()}
                read.setdefault(path.stem, []).append((event["result"], states))

    assert read == RECORDED
