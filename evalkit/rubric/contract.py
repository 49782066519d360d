"""What is asked of the grader's words, and what they say about each criterion.

The platform's explanation is undocumented prose. Recorded in August 2026, one bullet a criterion:

    An independent grader found the following criteria are not fully met:

    - Valid category (not met): <evidence>
    - Traceable justification (partially met): <evidence>

    Please revise your work to address these gaps.

A rubric with `contract: 1` asks for lines that name criteria by id:

    VERDICT 3/5
    R1: MET – <evidence>
    R7: NOT MET – <evidence> – <what to change>

Both are read, mixed as they come. Only what begins at the left margin, outside code fences, is the grader speaking of a
criterion; everything after a state is evidence, which may quote the delivered file and is never read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from evalkit.rubric.criterion import CRITERION_ID, Criterion

CONTRACT_VERSIONS = (1,)

_CONTRACT_1 = """\
## Verdict format

Begin the explanation with one line `VERDICT <met>/<total>`: how many of the {total} criteria are met, and {total}.
Then write one line for every criterion, met or not, in this order: {ids}.
A criterion that is met: `<id>: MET – <evidence: file, cell or line>`
A criterion that is not: `<id>: NOT MET – <evidence: file, cell or line> – <what to change>`
Write these lines as plain text at the left margin, without bullets and code fences.
"""


class CriterionState(StrEnum):
    """What the grader's words say about one criterion at one iteration."""

    MET = "met"
    PARTLY = "partly"
    NOT_MET = "not_met"
    NOT_LISTED = "not_listed"
    """Not mentioned. Not thereby met; stays out of numerator and denominator."""
    UNPARSED = "unparsed"
    """Words were there, and we could not read them."""


_STATES = {
    "met": CriterionState.MET,
    "not met": CriterionState.NOT_MET,
    "partially met": CriterionState.PARTLY,
    "partly met": CriterionState.PARTLY,
}
_WORD = r"(?P<word>not met|partially met|partly met|met)"
_FENCE = re.compile(r"`{3,}|~{3,}")
_BULLET = re.compile(r"(?:[-*+•]|\d{1,9}[.)])[ \t]+")
_ID = re.compile(rf"\[?(?P<id>{CRITERION_ID})\]?(?![A-Za-z0-9_-])")
_AFTER_ID = re.compile(rf"\s*[:–—-]\s*{_WORD}\s*(?=$|[–—:;.,(-])", re.IGNORECASE)
_IN_BRACKETS = re.compile(rf"\(\s*{_WORD}\s*\)", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*(?:$|[:(–—-])")


def contract_text(version: int, ids: Sequence[str]) -> str:
    """The section appended to a rubric whose front matter says `contract: <version>`."""
    if version not in CONTRACT_VERSIONS:
        raise ValueError(version)
    return _CONTRACT_1.format(total=len(ids), ids=", ".join(ids))


def parse_explanation(
    explanation: str, criteria: Iterable[Criterion], verdict_word: str
) -> Mapping[str, CriterionState]:
    """What `explanation` says about each criterion that was sent, by id, in rubric order.

    A criterion is listed when a line begins with its id or its name; contradictory lines make it `unparsed`, and so
    does a label that fits several criteria. One that is not listed is `not_listed`, but `met` where `verdict_word` is
    `satisfied`, because the platform's text then claims every criterion. Never raises: the text is a model's.
    """
    sent = tuple(criterion for criterion in criteria if criterion.is_sent)
    labels = _Labels(sent)
    said: dict[str, set[CriterionState]] = {criterion.id: set() for criterion in sent}
    # Not str.splitlines: a form feed or U+2028 inside evidence must not begin a line of the grader's.
    for line in _outside_fences(explanation.replace("\r\n", "\n").split("\n")):
        ids, state = labels.read(line)
        for criterion_id in ids:
            said[criterion_id].add(state)
    unlisted = CriterionState.MET if verdict_word == "satisfied" else CriterionState.NOT_LISTED
    return {criterion_id: _one_state(states, unlisted) for criterion_id, states in said.items()}


def _outside_fences(lines: Iterable[str]) -> Iterator[str]:
    """The lines that no code fence holds; a fence that nothing closes is no fence, or it would silence what follows."""
    fence = ""
    held: list[str] = []
    for line in lines:
        opener = _FENCE.match(line)
        if not fence and opener is None:
            yield line
        elif not fence and opener is not None:
            fence, held = opener.group(), [line]
        elif opener is not None and opener.group().startswith(fence) and line.rstrip() == opener.group():
            fence, held = "", []
        else:
            held.append(line)
    yield from held


def _one_state(states: set[CriterionState], unlisted: CriterionState) -> CriterionState:
    if not states:
        return unlisted
    readable = states - {CriterionState.UNPARSED}
    return readable.pop() if len(readable) == 1 else CriterionState.UNPARSED


class _Labels:
    """The ids and names by which the grader may call the criteria of one rubric."""

    def __init__(self, criteria: Sequence[Criterion]) -> None:
        self._ids = frozenset(criterion.id for criterion in criteria)
        self._names = {criterion.id: _plain(criterion.name) for criterion in criteria}
        self._texts = {criterion.id: _plain(criterion.text) for criterion in criteria}

    def read(self, line: str) -> tuple[tuple[str, ...], CriterionState]:
        """Which criteria `line` lists (none for prose and evidence), and the state it gives them."""
        bullet = _BULLET.match(line)
        statement = (line[bullet.end() :] if bullet else line).replace("*", "")
        if (called := _ID.match(statement)) is not None and called["id"] in self._ids:
            rest = statement[called.end() :]
            if (word := _AFTER_ID.match(rest)) is not None:
                return (called["id"],), _STATES[_fold(word["word"])]
            if _SEPARATOR.match(rest) and _IN_BRACKETS.search(rest) is None:
                return (called["id"],), CriterionState.UNPARSED
        if (brackets := _IN_BRACKETS.search(statement)) is not None:
            ids = self._called(statement[: brackets.start()])
            return ids, _STATES[_fold(brackets["word"])] if len(ids) == 1 else CriterionState.UNPARSED
        return self._begun_by(statement, is_bullet=bullet is not None), CriterionState.UNPARSED

    def _called(self, label: str) -> tuple[str, ...]:
        """The criteria that `label`, the words before a state, can mean; the closest kind of likeness decides.

        Recorded labels are the name, the name with its full stop, the whole text, or a first part of the text.
        """
        if (called := _ID.match(label)) is not None and called["id"] in self._ids:
            return (called["id"],)
        plain = _plain(label)
        if plain == "":
            return ()
        exact = tuple(key for key in self._names if plain in (self._names[key], self._texts[key]))
        if exact:
            return exact
        first_part = tuple(key for key, text in self._texts.items() if _begins(text, plain))
        if first_part:
            return first_part
        return self._longest_name_beginning(plain)

    def _begun_by(self, statement: str, *, is_bullet: bool) -> tuple[str, ...]:
        """The criterion that an unreadable line is about; outside bullets a colon or dash must follow its name."""
        plain = _plain(statement)
        ids = self._longest_name_beginning(plain)
        return tuple(key for key in ids if is_bullet or _SEPARATOR.match(plain[len(self._names[key]) :]))

    def _longest_name_beginning(self, plain: str) -> tuple[str, ...]:
        begun = {key: len(name) for key, name in self._names.items() if _begins(plain, name)}
        longest = max(begun.values(), default=0)
        return tuple(key for key, length in begun.items() if length == longest)


def _begins(text: str, beginning: str) -> bool:
    """True when `text` begins with `beginning` and no word is cut."""
    return (
        beginning != ""
        and text.startswith(beginning)
        and not (text[len(beginning) :][:1].isalnum() and beginning[-1].isalnum())
    )


def _plain(text: str) -> str:
    """`text` as two writers of the same words agree on it: no emphasis, one case, single spaces, no stop at the end."""
    return _fold(re.sub(r"[*`\"“”]", "", text)).strip(" .:")


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())
