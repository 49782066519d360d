"""The grader: a rubric and the files, nothing else.

It is given neither the agent's events nor the flaws the agent was told to make: a file that is swapped behind the
agent's back changes the verdict. Each criterion is decided by a probe, a function of the scenario's author that looks
at a copy of the files, or by a fixed answer; then the grader's own errors are drawn. Explanations have the recorded
form.
"""

import asyncio
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from evalkit.emulator.criteria import Criterion, asks_for_contract, parse_criteria
from evalkit.emulator.draws import Draws
from evalkit.emulator.hands import SCRIPT_ENV, Hands
from evalkit.emulator.scenario import probe_names
from evalkit.emulator.script import GraderErrors, GraderScript, Judgement
from evalkit.sandbox.process import Limits, run_limited

_PROBE_LIMITS: Final = Limits(wall_s=60, cpu_s=60)

# Answers go to the real stdout, last; what probes print goes to stderr, so that it cannot be taken for an answer.
_RUN_PROBES: Final = """
import json, os, pathlib, runpy, sys
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
script, outputs, inputs, *criteria = sys.argv[1:]
probes = runpy.run_path(script)
found = {}
for criterion in criteria:
    met, words = probes[criterion](pathlib.Path(outputs), pathlib.Path(inputs))
    if not isinstance(met, bool) or not isinstance(words, str):
        raise TypeError(f"{criterion} returned {met!r}, {words!r}; return (bool, str)")
    found[criterion] = [met, words]
json.dump(found, answers)
answers.close()
"""


class GraderError(Exception):
    """The scenario cannot grade this: its probes broke, or miss a criterion. Says nothing about the deliverable."""


class GradeResult(StrEnum):
    """The verdict of one evaluation, in the API's spelling."""

    SATISFIED = "satisfied"
    NEEDS_REVISION = "needs_revision"
    MAX_ITERATIONS_REACHED = "max_iterations_reached"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """What one evaluation says."""

    result: GradeResult
    explanation: str
    states: Mapping[str, Judgement]
    """By criterion id, in rubric order; empty under `failed`."""

    @property
    def not_met(self) -> frozenset[str]:
        """Ids of the criteria the explanation names as failing."""
        return frozenset(criterion for criterion, state in self.states.items() if state is Judgement.NOT_MET)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """What the grader says of one criterion."""

    criterion: Criterion
    state: Judgement
    words: str


async def grade(
    rubric: str, script: GraderScript, hands: Hands, draws: Draws, *, iteration: int, max_iterations: int
) -> Grading:
    """The verdict on the files that are in the outputs now.

    `rubric` is the text as it was sent; `iteration` counts from 0 to `max_iterations` - 1.

    Raises:
        GraderError: a criterion has neither a probe nor a judged answer, or a probe did not answer. One plain line.
    """
    criteria = parse_criteria(rubric)
    if not criteria:
        words = "The rubric lists no criterion that a deliverable could be graded against."
        return Grading(result=GradeResult.FAILED, explanation=words, states={})
    findings = await _find(criteria, script, hands, draws, iteration)
    result = _result(findings, is_last=iteration + 1 >= max_iterations)
    return Grading(
        result=result,
        explanation=_explain(findings, result, max_iterations, as_contract=asks_for_contract(rubric)),
        states={finding.criterion.id: finding.state for finding in findings},
    )


async def _find(
    criteria: tuple[Criterion, ...], script: GraderScript, hands: Hands, draws: Draws, iteration: int
) -> tuple[_Finding, ...]:
    outputs = hands.outputs()
    if not outputs:
        words = "No deliverable could be found in /mnt/session/outputs."
        return tuple(_Finding(criterion=each, state=Judgement.NOT_MET, words=words) for each in criteria)
    answers = await asyncio.to_thread(_ask_probes, criteria, script, hands, iteration)
    files = hashlib.sha256(json.dumps([(file.path, file.sha256) for file in outputs]).encode()).hexdigest()
    return tuple(_with_error(finding, script, draws, f"{iteration}/{files}") for finding in answers)


def _ask_probes(
    criteria: tuple[Criterion, ...], script: GraderScript, hands: Hands, iteration: int
) -> tuple[_Finding, ...]:
    """The true answers, before the grader's own errors."""
    probed = set(probe_names(script.probes))
    unknown = [each.id for each in criteria if each.id not in probed and each.id not in script.judged]
    if unknown:
        raise GraderError(f"{script.probes}: no probe and no judged answer for {', '.join(unknown)}; add one for each")
    answers = _run_probes(script.probes, [each.id for each in criteria if each.id in probed], hands)
    return tuple(_finding(each, script, answers, iteration) for each in criteria)


def _run_probes(probes: Path | None, criteria: list[str], hands: Hands) -> Mapping[str, tuple[bool, str]]:
    if probes is None or not criteria:
        return {}
    # Probes look at a copy: what is graded cannot be changed by grading it.
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        hands.copy_outputs(copy)
        argv: list[str | Path] = [sys.executable, "-I", "-B", "-c", _RUN_PROBES, probes, copy, hands.uploads, *criteria]
        finished = run_limited(argv, cwd=copy, limits=_PROBE_LIMITS, env=SCRIPT_ENV)
    if finished.returncode != 0:
        raise GraderError(f"{probes}: {finished.ending}; correct the probes")
    try:
        found = json.loads(finished.stdout)
    except ValueError:
        # They ended the process themselves, or said more than is kept.
        raise GraderError(f"{probes}: no answer came back; return (bool, str) from every probe") from None
    return {criterion: (met, words) for criterion, (met, words) in found.items()}


def _finding(
    criterion: Criterion, script: GraderScript, answers: Mapping[str, tuple[bool, str]], iteration: int
) -> _Finding:
    if criterion.id in script.judged:
        judged = script.judged[criterion.id]
        state = judged[min(iteration, len(judged) - 1)] if isinstance(judged, tuple) else judged
        return _Finding(criterion=criterion, state=state, words="Judged by reading the deliverable.")
    met, words = answers[criterion.id]
    return _Finding(
        criterion=criterion, state=Judgement.MET if met else Judgement.NOT_MET, words=" ".join(words.split())[:500]
    )


def _with_error(finding: _Finding, script: GraderScript, draws: Draws, look: str) -> _Finding:
    """The finding, or the opposite with the probability that the script gives. One draw a criterion and look."""
    errors = script.errors.get(finding.criterion.id, GraderErrors())
    is_met = finding.state is Judgement.MET
    if draws.chance(f"grade/{look}/{finding.criterion.id}") >= (errors.invents if is_met else errors.misses):
        return finding
    if is_met:
        words = "The deliverable does not show clearly enough that this holds."
        return _Finding(criterion=finding.criterion, state=Judgement.NOT_MET, words=words)
    words = "The deliverable was inspected and this appears to hold."
    return _Finding(criterion=finding.criterion, state=Judgement.MET, words=words)


def _result(findings: Iterable[_Finding], *, is_last: bool) -> GradeResult:
    if all(finding.state is Judgement.MET for finding in findings):
        return GradeResult.SATISFIED
    return GradeResult.MAX_ITERATIONS_REACHED if is_last else GradeResult.NEEDS_REVISION


def _explain(findings: tuple[_Finding, ...], result: GradeResult, max_iterations: int, *, as_contract: bool) -> str:
    """The text in the form of the recorded explanations; where the rubric asks for a verdict form, that inside it."""
    if result is GradeResult.SATISFIED:
        head, shown, tail = "An independent grader found all criteria met:", findings, ""
    else:
        head = "An independent grader found the following criteria are not fully met:"
        shown = tuple(finding for finding in findings if finding.state is Judgement.NOT_MET)
        tail = "\n\nPlease revise your work to address these gaps."
    if result is GradeResult.MAX_ITERATIONS_REACHED:
        head = f"Reached {max_iterations} revision cycles without satisfying the rubric. {head}"
    lines = _contract_lines(findings) if as_contract else [_bullet(finding) for finding in shown]
    return f"{head}\n\n" + "\n".join(lines) + tail


def _bullet(finding: _Finding) -> str:
    state = "met" if finding.state is Judgement.MET else "not met"
    return f"- {finding.criterion.name} ({state}): {finding.words}"


def _contract_lines(findings: tuple[_Finding, ...]) -> list[str]:
    met = sum(finding.state is Judgement.MET for finding in findings)
    return [
        f"VERDICT {met}/{len(findings)}",
        *(
            f"{finding.criterion.id}: {'MET' if finding.state is Judgement.MET else 'NOT MET'} – {finding.words}"
            for finding in findings
        ),
    ]
