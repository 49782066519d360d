import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evalkit.errors import Problem, SuiteError
from evalkit.rubric.contract import contract_text
from evalkit.rubric.criterion import Criterion, Weight
from evalkit.rubric.document import MAX_SENT_CHARS, parse_rubric, read_criteria

TRACES = Path(__file__).parents[2].parent / "shared" / "traces"

LOAN = """\
---
rubric: loan
contract: 1   # ask for lines by id
---
# Loan model
Deliverable: `/mnt/session/outputs/loan.xlsx`
- [R1] The workbook has the sheets Assumptions, Schedule and Checks. <!-- must check=sheets -->
<!-- R2 was removed: nobody could fail it -->
- [R3] Column `Payment` is the level annuity payment
  for the inputs, to the cent. Rounding is half-up.
- [R9] Number cells use two decimals. <!-- should -->
- [P1] No formula contains the annual rate. <!-- pitfall -->
"""


def criteria_of(text: str) -> list[tuple[str, str]]:
    return [(criterion.id, criterion.text) for criterion in parse_rubric(text, "r").criteria]


def problems_of(text: str) -> list[tuple[int, str]]:
    with pytest.raises(SuiteError) as caught:
        parse_rubric(text, "loan")
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_front_matter_comments_and_should_items_are_not_sent_and_the_contract_is() -> None:
    rubric = parse_rubric(LOAN, "loan")

    assert rubric.sent == (
        "# Loan model\n"
        "Deliverable: `/mnt/session/outputs/loan.xlsx`\n"
        "- [R1] The workbook has the sheets Assumptions, Schedule and Checks.\n"
        "- [R3] Column `Payment` is the level annuity payment\n"
        "  for the inputs, to the cent. Rounding is half-up.\n"
        "- [P1] No formula contains the annual rate.\n"
        "\n" + contract_text(1, ["R1", "R3", "P1"])
    )


def test_the_source_is_kept_and_the_hash_is_of_what_is_sent() -> None:
    rubric = parse_rubric(LOAN, "loan")

    assert rubric.source == LOAN
    assert rubric.sha256 == sha256(rubric.sent.encode()).hexdigest()


def test_a_note_changes_the_source_and_not_the_hash() -> None:
    noted = LOAN.replace("nobody could fail it", "nobody ever failed it")

    assert parse_rubric(noted, "loan").sha256 == parse_rubric(LOAN, "loan").sha256


def test_criteria_carry_id_name_text_weight_check_and_line() -> None:
    first, second, optional, pitfall = parse_rubric(LOAN, "loan").criteria

    assert first == Criterion(
        id="R1",
        name="The workbook has the sheets Assumptions, Schedule and Checks",
        text="The workbook has the sheets Assumptions, Schedule and Checks.",
        weight=Weight.MUST,
        check="sheets",
        line=7,
    )
    assert second.text == (
        "Column `Payment` is the level annuity payment for the inputs, to the cent. Rounding is half-up."
    )
    assert second.line == 9
    assert (optional.weight, optional.is_sent) == (Weight.SHOULD, False)
    assert (pitfall.weight, pitfall.is_sent) == (Weight.PITFALL, True)


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        pytest.param("- a\n- b\n", [("C1", "a"), ("C2", "b")], id="bullets"),
        pytest.param("1. a\n   goes on\n2. b", [("C1", "a goes on"), ("C2", "b")], id="numbered"),
        pytest.param("1) a\n\n2) b", [("C1", "a"), ("C2", "b")], id="numbered apart"),
        pytest.param("- a\nlazily\n- b", [("C1", "a lazily"), ("C2", "b")], id="lazy continuation"),
        pytest.param("- a\n  - nested\n  1. too\n- b", [("C1", "a - nested 1. too"), ("C2", "b")], id="nested items"),
        pytest.param("- a\n\n  second paragraph\n\nprose", [("C1", "a second paragraph")], id="paragraphs of one item"),
        pytest.param("- a\n# Heading\nprose", [("C1", "a")], id="heading ends an item"),
        pytest.param("- a\n---\nprose", [("C1", "a")], id="rule ends an item"),
        pytest.param("* * *\n- a", [("C1", "a")], id="a rule is no item"),
        pytest.param("```\n- not this\n```\n- a", [("C1", "a")], id="fenced code"),
        pytest.param("~~~\n- not this\n```\n- nor this\n~~~\n- a", [("C1", "a")], id="the other fence does not close"),
        pytest.param(
            "- a\n  ```\n  - code\n  ```\n- b", [("C1", "a ``` - code ```"), ("C2", "b")], id="code in an item"
        ),
        pytest.param("- a\n```\n- code\n```\nprose", [("C1", "a")], id="code beside an item"),
        pytest.param("    - indented code\n\n- a", [("C1", "a")], id="indented code"),
        pytest.param("It was in\n1975. A year\n\n- a", [("C1", "a")], id="a year in prose is no item"),
        pytest.param("- [R1] a\n- b", [("R1", "a"), ("C2", "b")], id="an id for some"),
        pytest.param("- [see](http://x.y) a", [("C1", "[see](http://x.y) a")], id="a link is no id"),
        pytest.param("- has `<!-- x -->`\n", [("C1", "has `<!-- x -->`")], id="a comment in code is text"),
        pytest.param("- a <!-- must --> b", [("C1", "a b")], id="a comment inside the text"),
        pytest.param("<!--\n- [R1] old\n-->\n- a", [("C1", "a")], id="a criterion commented out"),
        pytest.param("\t- code\n-\ta", [("C1", "a")], id="tabs"),
    ],
)
def test_criteria_are_the_top_level_items_outside_code(text: str, criteria: list[tuple[str, str]]) -> None:
    assert criteria_of(text) == criteria


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Valid category. The decision names one.", "Valid category"),
        ("The file `out.csv` has 3.5 % of rows", "The file `out.csv` has 3.5 % of rows"),
        ("**Valid category.** The decision names one.", "Valid category"),
    ],
)
def test_the_name_is_the_text_before_the_first_full_stop(text: str, name: str) -> None:
    (criterion,) = parse_rubric(f"- {text}", "r").criteria

    assert criterion.name == name


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("- a <!-- must -->\n- b\n", "- a\n- b\n"),
        ("- a\n  <!-- note -->\n- b\n", "- a\n- b\n"),
        ("<!-- one\ntwo -->\n- a\n", "- a\n"),
        ("- a\n\n- b <!-- should -->\n  more b\n\n- c\n", "- a\n\n\n- c\n"),
        ("- a\n- b <!-- should -->", "- a\n"),
        ("---\nrubric: r\n---\n\n- a\n", "- a\n"),
        ("---\n---\n- a\n", "- a\n"),
        ("```\n<!-- kept -->\n```\n- a <!-- must -->", "```\n<!-- kept -->\n```\n- a"),
    ],
)
def test_what_is_cut_leaves_no_trace(text: str, sent: str) -> None:
    assert parse_rubric(text, "r").sent == sent


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("- [R1] a\n- [R1] b", 2, "criterion id 'R1' is taken by line 1; give it another"),
        ("- a\n- [C1] b", 2, "criterion id 'C1' is taken by line 1; give it another"),
        ("- [R 1] a", 1, "criterion id 'R 1'; an id is a letter, then up to 31 letters, digits, '-' or '_'"),
        ("- [R1] <!-- must -->", 1, "criterion 'R1' says nothing: '- [R1] <!-- must -->'; add its text"),
        (
            "- a\n- b <!-- mustt -->",
            2,
            "unknown annotation 'mustt'; did you mean 'must'? (a note stands on a line of its own)",
        ),
        (
            "- a <!-- too strict -->",
            1,
            "unknown annotation 'too'; known are must, should, pitfall, check=ID (a note stands on a line of its own)",
        ),
        ("- a <!-- must should -->", 1, "annotation 'should' where one was given before; keep one"),
        ("---\nrubrik: loan\n---\n- a", 2, "unknown key 'rubrik'; did you mean 'rubric'?"),
        ("---\nrubric loan\n---\n- a", 2, "'rubric loan' in the front matter; write 'key: value'"),
        ("---\ncontract: 1\ncontract: 1\n---\n- a", 3, "key 'contract' is given twice; remove one"),
        ("---\ncontract: 2\n---\n- a", 2, "contract '2'; the versions are 1"),
        ("---\nrubric: lone\n---\n- a", 2, "rubric 'lone' in a file named 'loan'; give both the same name"),
        ("---\n- a", 1, "front matter that nothing ends; close it with '---' on a line of its own"),
        ("- a\n- b <!-- must\n", 2, "comment that nothing ends; close it with '-->'"),
        ("prose", 0, "no criterion to send; write each as a top-level list item or numbered paragraph"),
        (
            "- a <!-- should -->",
            0,
            "no criterion to send; write each as a top-level list item or numbered paragraph",
        ),
        (
            "- " + "a" * MAX_SENT_CHARS,
            0,
            "the grader would get 262146 characters; the API takes at most 262144",
        ),
        ("- a\n- \ud800", 2, "'\\ud800' is half a character; save the text as UTF-8"),
    ],
)
def test_a_wrong_rubric_is_refused_with_its_line(text: str, line: int, message: str) -> None:
    assert problems_of(text) == [(line, message)]


def test_all_problems_are_reported_at_once_with_lines_of_the_file() -> None:
    text = "---\nrubrik: loan\n---\n- [R1] a\n- [R1] b <!-- mus -->\n"

    assert [line for line, _ in problems_of(text)] == [2, 5, 5]


@given(st.text())
def test_a_text_without_front_matter_and_comments_is_sent_as_it_is(text: str) -> None:
    text = f"{text}\n\n- a criterion\n"
    assume(not text.startswith("---\n") and "<!--" not in text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        rubric = parse_rubric(text, "r")
    except SuiteError:
        assume(False)

    assert rubric.sent == rubric.source == lines


@given(st.text(alphabet=st.sampled_from("-*1.[]R<!-> `~\n\t#ab:\r\ud800"), max_size=60))
def test_any_text_is_a_rubric_or_a_suite_error(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    try:
        criteria = parse_rubric(text, "r").criteria
    except SuiteError as error:
        problems = error.problems

    assert bool(problems) != bool(criteria)


@given(st.text(alphabet=st.sampled_from("-*1.[]RC<!-> `~\n\t#ab:\r\ud800"), max_size=60))
def test_criteria_read_from_any_recorded_text_have_ids_of_their_own(text: str) -> None:
    ids = [criterion.id for criterion in read_criteria(text)]

    assert len(ids) == len(set(ids))


def test_a_recorded_text_has_no_annotations_and_no_malformed_ids() -> None:
    criteria = read_criteria("- [R1] a <!-- should -->\n- [R1] b\n- [no id!] c")

    assert [(criterion.id, criterion.text, criterion.is_sent) for criterion in criteria] == [
        ("R1", "a <!-- should -->", True),
        ("C2", "[R1] b", True),
        ("C3", "[no id!] c", True),
    ]


RECORDED_NAMES = {
    "phase-4": [
        "The decision names exactly one category from: billing, technical, account-access, refund-request, other",
        "Every claim in the decision cites a specific ticket field or a specific record returned by a tool",
        "Escalating a genuinely ambiguous or adversarial ticket is a full pass, not a shortfall",
    ],
    "phase-6": [
        "Valid category",
        "Traceable justification",
        "Correct escalation",
        "Grounded draft",
        "Instruction isolation",
    ],
}


@pytest.mark.skipif(not TRACES.is_dir(), reason="recorded sessions are not here: no folder shared beside the project")
def test_recorded_rubrics_are_sent_as_they_are_and_their_criteria_are_found() -> None:
    seen = 0
    for path in sorted(TRACES.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["type"] != "user.define_outcome":
                continue
            seen += 1
            content = event["rubric"]["content"]
            rubric = parse_rubric(content, path.stem)
            assert rubric.sent == content
            assert [criterion.name for criterion in rubric.criteria] == RECORDED_NAMES[path.stem[:7]]
            assert read_criteria(content) == rubric.criteria

    assert seen == 15
