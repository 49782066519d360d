"""A rubric file: Markdown to values and back, byte for byte.

    ---
    rubric: loan                 the file's name
    contract: 1                  append the verdict format of `contract.py`
    ---
    # Loan model
    - [R1] The workbook has the sheets Assumptions, Schedule and Checks. <!-- must check=sheets -->
    - [R9] Number cells use two decimals. <!-- should -->
    <!-- A comment on a line of its own is a note and may say anything. -->

Criteria are top-level list items and numbered paragraphs outside code fences. A comment on a line with a criterion's
text annotates it: a weight, and the id of a check as a cross-reference.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from typing import TypeAlias

from evalkit.errors import Problem, SuiteError
from evalkit.rubric.contract import CONTRACT_VERSIONS, contract_text
from evalkit.rubric.criterion import CRITERION_ID, Criterion, Weight
from evalkit.rubric.markdown import Comment, Item, Scan, blank_comments, find_items, remove_comment, scan_markdown

MAX_SENT_CHARS = 262_144
"""Of `user.define_outcome.rubric.content`. Source: the API's reference, read 2026-11."""

_FRONT_LINE = re.compile(r"(?P<key>[^:\s]+):[ \t]+(?P<value>\S.*?)[ \t]*(?:[ \t]#.*)?")
_BRACKETS = re.compile(r"\[(?P<id>[^\[\]]*)\](?:\s+|$)")
_FULL_STOP = re.compile(r"\.(?=[*_\"”)]*(?:\s|$))")
_CHECK = re.compile(r"check=[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """A rubric: the file's text, its criteria, and exactly what is sent."""

    name: str
    source: str
    """The file's text, LF line ends, byte for byte."""
    sent: str
    """What the grader gets: source − front matter − comments − `should` items + verdict contract if asked for."""
    sha256: str
    """Of `sent`, UTF-8, hex: the rubric hash."""
    criteria: tuple[Criterion, ...]
    """All of them, `should` items included, in file order."""
    contract: int | None = None
    """Version of the verdict contract appended, None for none."""


def parse_rubric(text: str, name: str, *, file: str | None = None) -> Rubric:
    """The rubric that `text` is. Without front matter and comments, `sent` is `text` itself, line ends as LF.

    `file` is what problems name as their place; `name` where it is None.

    Raises:
        SuiteError: with every problem of the text and its line.
    """
    source = _unix_lines(text)
    found: list[_Found] = []
    front_end = _end_of_front_matter(source, found)
    contract = _settings(source[:front_end], name, found)
    # Line ends stand in for the front matter, so that every line keeps its number.
    front_lines = source.count("\n", 0, front_end)
    body = "\n" * front_lines + source[front_end:]
    scan = scan_markdown(body)
    if scan.open_comment_line is not None:
        found.append((scan.open_comment_line, "comment that nothing ends; close it with '-->'"))
    criteria, items = _criteria(body, scan, found)
    unsent = [item for item, criterion in zip(items, criteria, strict=True) if not criterion.is_sent]
    sent = _without(body, scan, unsent)[front_lines:]
    ids = tuple(criterion.id for criterion in criteria if criterion.is_sent)
    if not ids:
        found.append((0, "no criterion to send; write each as a top-level list item or numbered paragraph"))
    if contract is not None:
        sent = f"{sent.rstrip()}\n\n{contract_text(contract, ids)}"
    if len(sent) > MAX_SENT_CHARS:
        found.append((0, f"the grader would get {len(sent)} characters; the API takes at most {MAX_SENT_CHARS}"))
    if surrogate := re.search("[\ud800-\udfff]", source):
        line = source.count("\n", 0, surrogate.start()) + 1
        found.append((line, f"{surrogate.group()!r} is half a character; save the text as UTF-8"))
    if found:
        raise SuiteError(tuple(Problem(file or name, line, message) for line, message in found))
    return Rubric(
        name=name,
        source=source,
        sent=sent,
        sha256=sha256(sent.encode()).hexdigest(),
        criteria=criteria,
        contract=contract,
    )


def read_criteria(sent: str) -> tuple[Criterion, ...]:
    """The criteria of a text that a grader got, as a recording shows it. Never raises; empty when none is found.

    Nothing in it is evalkit's own: comments annotate nothing, and an id that is malformed or repeated is no id.
    """
    body = _unix_lines(sent)
    scan = scan_markdown(body)
    criteria: dict[str, Criterion] = {}
    for number, item in enumerate(find_items(body, scan.code_lines), start=1):
        criterion_id, text = _split_id(item.text)
        if criterion_id is None or re.fullmatch(CRITERION_ID, criterion_id) is None or criterion_id in criteria:
            criterion_id, text = f"C{number}", item.text
        criterion = Criterion(id=criterion_id, name=_name(text), text=text, line=item.first_line)
        criteria.setdefault(criterion_id, criterion)
    return tuple(criteria.values())


_Found: TypeAlias = tuple[int, str]
"""Line (0 for the whole text) and message of one problem."""


def _end_of_front_matter(source: str, found: list[_Found]) -> int:
    """Offset behind the line that closes the front matter; 0 when there is none."""
    if not source.startswith("---\n"):
        return 0
    close = re.compile(r"^---[ \t]*(?:\n+|\Z)", re.MULTILINE).search(source, 4)
    if close is None:
        found.append((1, "front matter that nothing ends; close it with '---' on a line of its own"))
        return 0
    return close.end()


def _settings(front_matter: str, name: str, found: list[_Found]) -> int | None:
    """The contract version that the front matter asks for; every line of it is looked at."""
    settings: dict[str, str] = {}
    for number, line in enumerate(front_matter.split("\n"), start=1):
        if line.strip() in {"", "---"} or line.lstrip().startswith("#"):
            continue
        setting = _FRONT_LINE.fullmatch(line)
        if setting is None:
            found.append((number, f"{line!r} in the front matter; write 'key: value'"))
        elif setting["key"] in settings:
            found.append((number, f"key {setting['key']!r} is given twice; remove one"))
        else:
            settings[setting["key"]] = setting["value"]
            found.extend((number, message) for message in _setting_problem(setting["key"], setting["value"], name))
    return next((version for version in CONTRACT_VERSIONS if str(version) == settings.get("contract")), None)


def _setting_problem(key: str, value: str, name: str) -> Iterator[str]:
    if key == "rubric":
        if value != name:
            yield f"rubric {value!r} in a file named {name!r}; give both the same name"
    elif key == "contract":
        if value not in map(str, CONTRACT_VERSIONS):
            yield f"contract {value!r}; the versions are {', '.join(map(str, CONTRACT_VERSIONS))}"
    else:
        yield f"unknown key {key!r}; {_did_you_mean(key, ('rubric', 'contract'))}"


def _criteria(body: str, scan: Scan, found: list[_Found]) -> tuple[tuple[Criterion, ...], tuple[Item, ...]]:
    """Every criterion and the item it was read from, in order."""
    lines = body.split("\n")
    visible = blank_comments(body, scan.comments)
    lines_with_text = {number for number, line in enumerate(visible.split("\n"), start=1) if line.strip()}
    notes: dict[int, list[Comment]] = {}
    for comment in scan.comments:
        if comment.line in lines_with_text:
            notes.setdefault(comment.line, []).append(comment)
    items = tuple(find_items(visible, scan.code_lines))
    criteria: list[Criterion] = []
    first_line: dict[str, int] = {}
    for number, item in enumerate(items, start=1):
        given, text = _split_id(item.text)
        if given is not None and re.fullmatch(CRITERION_ID, given) is None:
            wanted = "a letter, then up to 31 letters, digits, '-' or '_'"
            found.append((item.first_line, f"criterion id {given!r}; an id is {wanted}"))
            given = None
        criterion_id = given or f"C{number}"
        if criterion_id in first_line:
            where = f"line {first_line[criterion_id]}"
            found.append((item.first_line, f"criterion id {criterion_id!r} is taken by {where}; give it another"))
        first_line.setdefault(criterion_id, item.first_line)
        if not text:
            found.append(
                (
                    item.first_line,
                    f"criterion {criterion_id!r} says nothing: {lines[item.first_line - 1]!r}; add its text",
                )
            )
        inside = range(item.first_line, item.last_line + 1)
        weight, check = _annotation([comment for line in inside for comment in notes.get(line, [])], found)
        criteria.append(
            Criterion(id=criterion_id, name=_name(text), text=text, weight=weight, check=check, line=item.first_line),
        )
    return tuple(criteria), items


def _annotation(comments: Sequence[Comment], found: list[_Found]) -> tuple[Weight, str | None]:
    """Weight and check id that the comments in one criterion say."""
    weight: Weight | None = None
    check: str | None = None
    for comment in comments:
        for word in comment.text.split():
            if word in set(Weight) and weight is None:
                weight = Weight(word)
            elif _CHECK.fullmatch(word) and check is None:
                check = word.removeprefix("check=")
            elif word in set(Weight) or _CHECK.fullmatch(word):
                found.append((comment.line, f"annotation {word!r} where one was given before; keep one"))
            else:
                guess = _did_you_mean(word, (*Weight, "check=ID"))
                found.append(
                    (comment.line, f"unknown annotation {word!r}; {guess} (a note stands on a line of its own)")
                )
                break
    return weight or Weight.MUST, check


def _without(body: str, scan: Scan, unsent: Sequence[Item]) -> str:
    """`body` without comments and without the lines of `unsent`."""
    starts = [0]
    starts.extend(match.end() for match in re.finditer("\n", body))
    starts.append(len(body))
    cuts = [remove_comment(body, comment) for comment in scan.comments]
    cuts.extend((starts[item.first_line - 1], starts[item.last_line]) for item in unsent)
    parts: list[str] = []
    position = 0
    for start, end in sorted(cuts):
        parts.append(body[position:start])
        position = max(position, end)
    return "".join([*parts, body[position:]])


def _split_id(text: str) -> tuple[str | None, str]:
    """What stands in brackets before the text, and the text."""
    brackets = _BRACKETS.match(text)
    return (brackets["id"], text[brackets.end() :]) if brackets else (None, text)


def _name(text: str) -> str:
    return _FULL_STOP.split(text, maxsplit=1)[0].strip("*_ ")


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"did you mean {str(close[0])!r}?" if close else f"known are {', '.join(known)}"


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
