"""The script that the emulator's agent and grader play, read from YAML and refused as a whole if anything is wrong.

    format: evalkit-scenario/1
    seed: 7
    sessions:                                            # first match wins
      - match: {metadata: {evalkit_task: loan}}          # and/or {description: regex}
        deliver: {make: loan/make.py}                    # or {files: loan/drafts}
        flaws:
          off_by_one: {first_draft: 0.1, repaired: 0.5, breaks: [R3], when_system: {"(?i)check twice": 0.02}}
        after_verdict: {rewrites: 0.05, flaws: [off_by_one]}
        calls: [{tool: read, input: {file_path: /workspace/a.txt}}, {custom: lookup_rate, input: {code: EUR}}]
        grader: {probes: loan/probes.py, judged: {R9: met}, errors: {R3: {misses: 0.05, invents: 0.02}}}
        cost: {requests: [3, 6], input_tokens: [800, 3000], output_tokens: [200, 900], grader_tokens: [4000, 9000]}
        time_s: {request: [2, 6], grading: [17, 60]}
        faults: [{drop_stream: {after_event: 12, partial_frame: true}}, {outputs_listed_after: 2},
                 {status: 429, on: create_session, times: 2, retry_after_s: 1}]

Only `match`, `deliver` and `grader` are required. Paths are relative to the scenario and stay inside the project.
"""

import ast
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from evalkit.emulator.script import (
    OPERATIONS,
    TOOLS,
    AfterVerdict,
    Call,
    CostRanges,
    CustomCall,
    Deliver,
    DropStream,
    Fault,
    Files,
    Flaw,
    GraderErrors,
    GraderScript,
    Judgement,
    Make,
    Match,
    OutputsListedAfter,
    SessionScript,
    StatusFault,
    TimeRanges,
    ToolCall,
)
from evalkit.emulator.strict_yaml import Document, Problem, Value

FORMAT: Final = "evalkit-scenario/1"


class ScenarioError(Exception):
    """A scenario is wrong. Carries every problem found, in file and line order; its text is one line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario, whole: every file it names was there when it was read."""

    seed: int
    sha256: str
    """Over the scenario and the names and bytes of every file it names."""
    sessions: tuple[SessionScript, ...] = field(repr=False)

    def match(self, metadata: Mapping[str, str], description: str) -> SessionScript | None:
        """The first script meant for a session, or None."""
        for script in self.sessions:
            wanted = script.match
            if not all(metadata.get(key) == value for key, value in wanted.metadata.items()):
                continue
            if wanted.description is None or wanted.description.search(description):
                return script
        return None


def load_scenario(path: Path) -> Scenario:
    """The scenario at `path`, every file it names found and every probe module parsed.

    Raises:
        ScenarioError: the file cannot be read, or anything in it is wrong; all problems at once.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = Problem(str(path), 0, f"cannot be read ({error.strerror}); name a scenario file")
        raise ScenarioError([problem]) from error
    document = Document(path, content)
    seed, sessions = (0, ()) if document.root is None else _read_scenario(document.root)
    if document.problems:
        raise ScenarioError(document.problems)
    return Scenario(seed=seed, sha256=_hash(content, document), sessions=sessions)


def uncovered_criteria(script: SessionScript, criteria: Iterable[str]) -> tuple[str, ...]:
    """The ids among `criteria` that have neither a probe nor a judged answer, in the order given."""
    covered = {*probe_names(script.grader.probes), *script.grader.judged}
    return tuple(criterion for criterion in criteria if criterion not in covered)


def probe_names(probes: Path | None) -> tuple[str, ...]:
    """Names of the public functions that `probes.py` defines at its top; the file is parsed, not run.

    Raises:
        SyntaxError, UnicodeDecodeError, OSError: it cannot be parsed; never for a loaded scenario that has not changed.
    """
    if probes is None:
        return ()
    tree = ast.parse(probes.read_bytes(), filename=str(probes))
    return tuple(n.name for n in tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_"))


def _hash(content: bytes, document: Document) -> str:
    digest = hashlib.sha256(hashlib.sha256(content).digest())
    folder = document.path.resolve().parent
    for named in document.named:
        digest.update(hashlib.sha256(os.path.relpath(named, folder).encode()).digest())
        digest.update(hashlib.sha256(named.read_bytes()).digest())
    return digest.hexdigest()


def _read_scenario(value: Value) -> tuple[int, tuple[SessionScript, ...]]:
    keys = ("format", "seed", "sessions")
    at = value.fields(keys, needed=keys)
    first = next((key for key, _ in value.entries()), None)
    if first is not None and first.text() != "format":
        first.wrong(f"first key {first}; begin the file with 'format: {FORMAT}'")
    at.take("format", FORMAT, lambda v: v.choice((FORMAT,)))
    seed = at.take("seed", 0, lambda v: v.whole(0, 2**53))
    return seed, at.each("sessions", _read_session)


def _read_session(value: Value) -> SessionScript:
    known = ("match", "deliver", "flaws", "after_verdict", "calls", "grader", "cost", "time_s", "faults")
    at = value.fields(known, needed=("match", "deliver", "grader"))
    grader = at.take("grader", GraderScript(probes=None, judged={}, errors={}), _read_grader)
    decided = (*probe_names(grader.probes), *grader.judged)
    flaws = tuple(_read_flaw(key, body, decided) for key, body in at.entries("flaws"))
    names = tuple(flaw.name for flaw in flaws)
    deliver = at.take("deliver", Make(script=value.document.path), _read_deliver)
    if flaws and isinstance(deliver, Files):
        value.wrong("flaws of files that are only copied; deliver with a make.py, or drop the flaws")
    return SessionScript(
        match=at.take("match", Match(metadata={}, description=None), _read_match),
        deliver=deliver,
        flaws=flaws,
        after_verdict=at.take("after_verdict", AfterVerdict(), lambda v: _read_after_verdict(v, names)),
        calls=at.each("calls", _read_call),
        grader=grader,
        cost=at.take("cost", CostRanges(), _read_cost),
        time_s=at.take("time_s", TimeRanges(), _read_time),
        faults=at.each("faults", _read_fault),
    )


def _read_match(value: Value) -> Match:
    at = value.fields(("metadata", "description"))
    if not len(at):
        value.wrong("matches every session; give metadata or description")
    return Match(
        metadata={key.text(): item.text() for key, item in at.entries("metadata")},
        description=at.take("description", None, Value.pattern),
    )


def _read_deliver(value: Value) -> Deliver:
    at = value.fields(("make", "files"))
    if len(at) != 1:
        value.wrong("not exactly one of 'make' and 'files'; give one")
    if "files" in at:
        return Files(folder=at.take("files", value.document.path, Value.folder))
    return Make(script=at.take("make", value.document.path, Value.file))


def _read_flaw(key: Value, value: Value, decided: tuple[str, ...]) -> Flaw:
    at = value.fields(
        ("first_draft", "repaired", "breaks", "when_system"), needed=("first_draft", "repaired", "breaks")
    )
    return Flaw(
        name=key.name(),
        first_draft=at.take("first_draft", 0.0, _probability),
        repaired=at.take("repaired", 0.0, _probability),
        breaks=at.each("breaks", lambda item: item.name(decided)),
        when_system=tuple((pattern.pattern(), _probability(item)) for pattern, item in at.entries("when_system")),
    )


def _read_after_verdict(value: Value, flaws: tuple[str, ...]) -> AfterVerdict:
    at = value.fields(("rewrites", "flaws"), needed=("rewrites",))
    return AfterVerdict(
        rewrites=at.take("rewrites", 0.0, _probability),
        flaws=at.each("flaws", lambda item: item.name(flaws)),
    )


def _read_call(value: Value) -> Call:
    at = value.fields(("tool", "custom", "input"))
    if ("tool" in at) == ("custom" in at):
        value.wrong("not exactly one of 'tool' and 'custom'; give one")
    tool_input = {key.text(): item.json() for key, item in at.entries("input")}
    if "custom" in at:
        return CustomCall(name=at.take("custom", "", Value.text), tool_input=tool_input)
    return ToolCall(tool=at.take("tool", "", lambda v: v.choice(TOOLS)), tool_input=tool_input)


def _read_grader(value: Value) -> GraderScript:
    at = value.fields(("probes", "judged", "errors"))
    probes = at.take("probes", None, _read_probes)
    probed = probe_names(probes)
    judged = {key.name(): Judgement(item.choice(tuple(Judgement))) for key, item in at.entries("judged")}
    for twice in set(judged).intersection(probed):
        value.wrong(f"criterion {twice!r} has a probe and a judged answer; keep one")
    return GraderScript(
        probes=probes,
        judged=judged,
        errors={key.name(probed): _read_errors(item) for key, item in at.entries("errors")},
    )


def _read_probes(value: Value) -> Path | None:
    path = value.file()
    try:
        names = probe_names(path)
    except (SyntaxError, ValueError) as error:
        value.wrong(f"{value} is not Python ({error}); correct it")
        return None
    if not names:
        value.wrong(f"{value} defines no function; define one a criterion, named as its id")
    return path


def _read_errors(value: Value) -> GraderErrors:
    at = value.fields(("misses", "invents"))
    return GraderErrors(misses=at.take("misses", 0.0, _probability), invents=at.take("invents", 0.0, _probability))


def _read_cost(value: Value) -> CostRanges:
    at = value.fields(("requests", "input_tokens", "output_tokens", "grader_tokens"))
    usual = CostRanges()

    def tokens(v: Value) -> tuple[int, int]:
        return v.whole_span(0, 1_000_000)

    return CostRanges(
        requests=at.take("requests", usual.requests, lambda v: v.whole_span(1, 100)),
        input_tokens=at.take("input_tokens", usual.input_tokens, tokens),
        output_tokens=at.take("output_tokens", usual.output_tokens, tokens),
        grader_tokens=at.take("grader_tokens", usual.grader_tokens, tokens),
    )


def _read_time(value: Value) -> TimeRanges:
    at = value.fields(("request", "grading"))
    usual = TimeRanges()
    return TimeRanges(
        request=at.take("request", usual.request, lambda v: v.number_span(0, 3600)),
        grading=at.take("grading", usual.grading, lambda v: v.number_span(0, 3600)),
    )


def _read_fault(value: Value) -> Fault:
    """The fault that one item describes; its kind is the first key."""
    kind = next((key.text() for key, _ in value.entries()), "")
    if kind == "drop_stream":
        usual = DropStream(after_event=1, partial_frame=False)
        return value.fields((kind,)).take(kind, usual, _read_drop)
    if kind == "outputs_listed_after":
        return OutputsListedAfter(listings=value.fields((kind,)).take(kind, 1, lambda v: v.whole(1, 1000)))
    at = value.fields(("status", "on", "times", "retry_after_s"), needed=("status", "on"))
    return StatusFault(
        status=at.take("status", 500, lambda v: v.whole(400, 599)),
        on=at.take("on", OPERATIONS[0], lambda v: v.choice(OPERATIONS)),
        times=at.take("times", 1, lambda v: v.whole(1, 1000)),
        retry_after_s=at.take("retry_after_s", None, lambda v: v.number(0, 3600)),
    )


def _read_drop(value: Value) -> DropStream:
    at = value.fields(("after_event", "partial_frame"), needed=("after_event",))
    return DropStream(
        after_event=at.take("after_event", 1, lambda v: v.whole(1, 100_000)),
        partial_frame=at.take("partial_frame", False, Value.flag),
    )


def _probability(value: Value) -> float:
    return value.number(0, 1)
