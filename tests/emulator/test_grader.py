import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from evalkit.emulator.draws import Draws
from evalkit.emulator.grader import GraderError, GradeResult, Grading, grade
from evalkit.emulator.hands import Hands
from evalkit.emulator.script import GraderErrors, GraderScript, Judgement

RUBRIC = "# Rubric\n- [R1] Greeting. `a.txt` begins with hello.\n- [R2] Farewell. It ends\n  with goodbye.\n"
PROBES = """\
def R1(outputs, inputs):
    print("a probe may print")
    text = (outputs / "a.txt").read_text()
    return text.startswith("hello"), f"It begins with {text[:5]!r}."

def R2(outputs, inputs):
    return (outputs / "a.txt").read_text().endswith("goodbye"), "Its end was\\nread."
"""
DRAWS = Draws(7, {"evalkit_task": "t"})


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return Hands(tmp_path / "session")


def write(hands: Hands, text: str, name: str = "a.txt") -> None:
    asyncio.run(hands.call("write", {"file_path": f"/mnt/session/outputs/{name}", "content": text}))


def ask(
    hands: Hands,
    *,
    rubric: str = RUBRIC,
    probes: str | None = PROBES,
    judged: Mapping[str, Judgement] | None = None,
    errors: Mapping[str, GraderErrors] | None = None,
    iteration: int = 0,
    draws: Draws = DRAWS,
) -> Grading:
    path = hands.uploads.parents[3] / "probes.py"
    path.write_text(probes or "", "utf-8")
    script = GraderScript(probes=path if probes else None, judged=judged or {}, errors=errors or {})
    return asyncio.run(grade(rubric, script, hands, draws, iteration=iteration, max_iterations=3))


def test_satisfied_lists_every_criterion_in_the_recorded_form(hands: Hands) -> None:
    write(hands, "hello and goodbye")

    assert ask(hands) == Grading(
        result=GradeResult.SATISFIED,
        explanation=(
            "An independent grader found all criteria met:\n\n"
            "- Greeting (met): It begins with 'hello'.\n"
            "- Farewell (met): Its end was read."
        ),
        states={"R1": Judgement.MET, "R2": Judgement.MET},
    )


def test_needs_revision_lists_only_what_fails(hands: Hands) -> None:
    write(hands, "hullo and goodbye")
    grading = ask(hands, iteration=1)

    assert grading.result is GradeResult.NEEDS_REVISION
    assert grading.not_met == {"R1"}
    assert grading.explanation == (
        "An independent grader found the following criteria are not fully met:\n\n"
        "- Greeting (not met): It begins with 'hullo'.\n\n"
        "Please revise your work to address these gaps."
    )


def test_the_last_failing_evaluation_says_how_many_cycles_there_were(hands: Hands) -> None:
    write(hands, "hullo")
    grading = ask(hands, iteration=2)

    assert grading.result is GradeResult.MAX_ITERATIONS_REACHED
    assert grading.explanation.startswith(
        "Reached 3 revision cycles without satisfying the rubric. An independent grader found the following criteria "
        "are not fully met:\n\n- Greeting (not met): "
    )
    assert grading.explanation.endswith("\n\nPlease revise your work to address these gaps.")


def test_the_last_evaluation_can_satisfy(hands: Hands) -> None:
    write(hands, "hello goodbye")

    assert ask(hands, iteration=2).result is GradeResult.SATISFIED


def test_the_verdict_follows_the_file_that_is_there(hands: Hands, tmp_path: Path) -> None:
    write(hands, "hello goodbye")
    before = ask(hands)
    (tmp_path / "session/mnt/session/outputs/a.txt").write_text("something else", "utf-8")

    assert (before.result, ask(hands).result) == (GradeResult.SATISFIED, GradeResult.NEEDS_REVISION)


def test_no_deliverable_is_every_criterion_not_met(hands: Hands) -> None:
    grading = ask(hands, judged={"R9": Judgement.MET})

    assert grading.result is GradeResult.NEEDS_REVISION
    assert grading.not_met == {"R1", "R2"}
    assert grading.explanation.count("(not met): No deliverable could be found") == 2


@pytest.mark.parametrize("rubric", ["", "# Title\n\nThe file is good.\n"])
def test_a_rubric_without_criteria_fails(hands: Hands, rubric: str) -> None:
    write(hands, "hello goodbye")
    grading = ask(hands, rubric=rubric)

    assert (grading.result, grading.states) == (GradeResult.FAILED, {})


def test_judged_answers_need_no_probe(hands: Hands) -> None:
    write(hands, "x")
    grading = ask(hands, probes=None, judged={"R1": Judgement.MET, "R2": Judgement.NOT_MET})

    assert grading.states == {"R1": Judgement.MET, "R2": Judgement.NOT_MET}


def test_a_certain_miss_calls_met_what_is_not(hands: Hands) -> None:
    write(hands, "hullo goodbye")
    grading = ask(hands, errors={"R1": GraderErrors(misses=1)})

    assert grading.result is GradeResult.SATISFIED
    assert "hullo" not in grading.explanation


def test_a_certain_invention_calls_not_met_what_is(hands: Hands) -> None:
    write(hands, "hello goodbye")

    assert ask(hands, errors={"R2": GraderErrors(invents=1)}).not_met == {"R2"}


def test_errors_of_the_other_kind_change_nothing(hands: Hands) -> None:
    write(hands, "hello and so on")
    errors = {"R1": GraderErrors(misses=1), "R2": GraderErrors(invents=1)}

    assert ask(hands, errors=errors).states == {"R1": Judgement.MET, "R2": Judgement.NOT_MET}


def test_an_error_is_drawn_anew_for_another_trial_iteration_or_file(hands: Hands) -> None:
    errors = {"R1": GraderErrors(invents=0.5)}

    def verdicts(text: str, draws: Draws = DRAWS) -> str:
        write(hands, text)
        judged = {"R2": Judgement.MET}
        asked = (
            ask(hands, probes=PROBES.partition("def R2")[0], judged=judged, errors=errors, draws=draws, iteration=i)
            for i in range(2)
        )
        return "".join("-" if grading.not_met else "+" for grading in asked)

    seen = {verdicts(f"hello {number}") for number in range(4)}
    assert len(seen) > 1
    assert {sign for verdict in seen for sign in verdict} == {"+", "-"}
    assert verdicts("hello 1") == verdicts("hello 1")
    assert len({verdicts("hello 1", Draws(seed, {})) for seed in range(4)}) > 1


def test_a_probe_cannot_change_what_is_graded(hands: Hands) -> None:
    write(hands, "hello")
    vandal = "def R1(outputs, inputs):\n    (outputs / 'a.txt').unlink()\n    return True, ''\n"
    ask(hands, probes=vandal, judged={"R2": Judgement.MET})

    assert [file.name for file in hands.outputs()] == ["a.txt"]


def test_probes_see_the_inputs(hands: Hands) -> None:
    hands.mount("/mnt/session/uploads/in.txt", b"wanted")
    write(hands, "x")
    probe = "def R1(outputs, inputs):\n    return True, (inputs / 'in.txt').read_text()\n"

    assert "(met): wanted" in ask(hands, rubric="- [R1] One.", probes=probe).explanation


@pytest.mark.parametrize(
    ("probes", "words"),
    [
        ("def R1(outputs, inputs):\n    raise ValueError('broken')\n", "status 1: ValueError: broken"),
        ("def R1(outputs, inputs):\n    return 'yes', 'words'\n", "R1 returned 'yes', 'words'; return (bool, str)"),
        ("import sys\ndef R1(outputs, inputs): ...\nsys.exit(0)\n", "no answer"),
        ("import os\ndef R1(outputs, inputs):\n    os._exit(0)\n", "no answer"),
    ],
)
def test_a_probe_that_breaks_says_nothing_about_the_deliverable(hands: Hands, probes: str, words: str) -> None:
    write(hands, "hello")
    with pytest.raises(GraderError) as caught:
        ask(hands, rubric="- [R1] One.", probes=probes)

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_criterion_that_nothing_decides_is_refused(hands: Hands) -> None:
    write(hands, "hello")

    with pytest.raises(GraderError, match="no probe and no judged answer for R3, C4; add one for each"):
        ask(hands, rubric=RUBRIC + "- [R3] Three.\n- Four.\n")


def test_a_rubric_that_asks_for_a_verdict_form_gets_it_inside_the_recorded_words(hands: Hands) -> None:
    write(hands, "hello")
    rubric = f"{RUBRIC}\n## Verdict format\n\nBegin with one line `VERDICT <met>/<total>`.\n"

    assert ask(hands, rubric=rubric).explanation == (
        "An independent grader found the following criteria are not fully met:\n\n"
        "VERDICT 1/2\n"
        "R1: MET – It begins with 'hello'.\n"
        "R2: NOT MET – Its end was read.\n\n"
        "Please revise your work to address these gaps."
    )
    write(hands, "hello goodbye")
    assert ask(hands, rubric=rubric).explanation.startswith(
        "An independent grader found all criteria met:\n\nVERDICT 2/2\nR1: MET – "
    )


def test_words_of_a_probe_stay_on_their_line_and_within_bounds(hands: Hands) -> None:
    write(hands, "hello")
    probe = "def R1(outputs, inputs):\n    return True, 'a\\n- R2 (met): b' * 500\n"
    (line,) = ask(hands, rubric="- [R1] One.", probes=probe).explanation.splitlines()[2:]

    assert len(line) < 600
