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
        time_s: {request: [2, 6], grading: [17, 60]}     # or gradings: [20, 31.5], one an evaluation
        threads: [{agent: reviewer, task: "Read it.", calls: […], report: "Fine."}]   # subagents, in the first turn
        turns: [[{says: "I'll look.", thinks: true, calls: […]}, {says: "Done."}]]     # instead of drawn ones
        auto: {bash: deny}                               # allow, ask or deny, for tools whose policy is `auto`
        compacts_after: 12                               # model requests of a thread
        refuses: {request: 2, category: cyber, explanation: "No."}   # that request of the session; category if named
        faults: [{drop_stream: {after_event: 12, partial_frame: true}}, {outputs_listed_after: 2},
                 {status: 429, on: create_session, times: 2, retry_after_s: 1}]
    faults: [{rate_limit: {creates: 60, others: 600}}]   # of every session; each kind: `read_faults.py`

Only `format`, `seed`, `sessions` and in a session `match`, `grader`, and `deliver` or `turns` are required. Paths are
relative to the scenario and stay inside the project. `judged` gives one answer, or a list of one an iteration. Calls,
turns and threads: `read_turns.py`. The n-th item of `turns` is the session's n-th turn: the first draft, each revision,
the one after the verdict, an answer to a message.
"""

import ast
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from evalkit.emulator.faults import Fault
from evalkit.emulator.permissions import Permission
from evalkit.emulator.read_faults import read_server_fault, read_session_fault
from evalkit.emulator.read_turns import MAX_SUBAGENTS, read_call, read_subagent, read_turn
from evalkit.emulator.script import (
    REFUSAL_CATEGORIES,
    TOOLS,
    AfterVerdict,
    CostRanges,
    Deliver,
    Files,
    Flaw,
    GraderErrors,
    GraderScript,
    Judgement,
    Judgements,
    Make,
    Match,
    Refusal,
    SessionScript,
    Subagent,
    TimeRanges,
)
from evalkit.emulator.strict_yaml import Document, Problem, Value

FORMAT: Final = "evalkit-scenario/1"
_SESSION_KEYS: Final = (
    "match",
    "deliver",
    "flaws",
    "after_verdict",
    "calls",
    "threads",
    "turns",
    "grader",
    "auto",
    "compacts_after",
    "refuses",
    "cost",
    "time_s",
    "faults",
)


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
    faults: tuple[Fault, ...] = ()
    """Of the whole server, or of every session, whatever its script."""

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
    root = document.root
    seed, sessions, faults = (0, (), ()) if root is None else _read_scenario(root)
    if document.problems:
        raise ScenarioError(document.problems)
    return Scenario(seed=seed, sha256=_hash(content, document), sessions=sessions, faults=faults)


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


def _read_scenario(value: Value) -> tuple[int, tuple[SessionScript, ...], tuple[Fault, ...]]:
    keys = ("format", "seed", "sessions")
    at = value.fields((*keys, "faults"), needed=keys)
    first = next((key for key, _ in value.entries()), None)
    if first is not None and first.text() != "format":
        first.wrong(f"first key {first}; begin the file with 'format: {FORMAT}'")
    at.take("format", FORMAT, lambda v: v.choice((FORMAT,)))
    seed = at.take("seed", 0, lambda v: v.whole(0, 2**53))
    return seed, at.each("sessions", _read_session), at.each("faults", read_server_fault)


def _read_session(value: Value) -> SessionScript:
    at = value.fields(_SESSION_KEYS, needed=("match", "grader"))
    grader = at.take("grader", GraderScript(probes=None, judged={}, errors={}), _read_grader)
    decided = (*probe_names(grader.probes), *grader.judged)
    flaws = tuple(_read_flaw(key, body, decided) for key, body in at.entries("flaws"))
    names = tuple(flaw.name for flaw in flaws)
    deliver = at.take("deliver", None, _read_deliver)
    turns = at.each("turns", read_turn)
    if deliver is None and not turns:
        value.wrong("no key 'deliver'; add it, or write the turns out")
    if flaws and isinstance(deliver, Files):
        value.wrong("flaws of files that are only copied; deliver with a make.py, or drop the flaws")
    return SessionScript(
        match=at.take("match", Match(metadata={}, description=None), _read_match),
        deliver=deliver,
        flaws=flaws,
        after_verdict=at.take("after_verdict", AfterVerdict(), lambda v: _read_after_verdict(v, names)),
        calls=at.each("calls", read_call),
        grader=grader,
        cost=at.take("cost", CostRanges(), _read_cost),
        time_s=at.take("time_s", TimeRanges(), _read_time),
        faults=at.each("faults", read_session_fault),
        turns=turns,
        subagents=at.take("threads", (), _read_subagents),
        auto={key.name(TOOLS): Permission(item.choice(tuple(Permission))) for key, item in at.entries("auto")},
        compacts_after=at.take("compacts_after", None, lambda v: v.whole(1, 1000)),
        refuses=at.take("refuses", None, _read_refusal),
    )


def _read_refusal(value: Value) -> Refusal:
    at = value.fields(("request", "category", "explanation"), needed=("request",))
    return Refusal(
        request=at.take("request", 1, lambda v: v.whole(1, 1000)),
        category=at.take("category", None, lambda v: v.choice(REFUSAL_CATEGORIES)),
        explanation=at.take("explanation", None, Value.text),
    )


def _read_subagents(value: Value) -> tuple[Subagent, ...]:
    subagents = value.each(read_subagent)
    if len(subagents) > MAX_SUBAGENTS:
        value.wrong(f"{len(subagents)} threads; at most {MAX_SUBAGENTS} work at once")
    return subagents


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


def _read_grader(value: Value) -> GraderScript:
    at = value.fields(("probes", "judged", "errors"))
    probes = at.take("probes", None, _read_probes)
    probed = probe_names(probes)
    judged = {key.name(): _read_judgements(item) for key, item in at.entries("judged")}
    for twice in set(judged).intersection(probed):
        value.wrong(f"criterion {twice!r} has a probe and a judged answer; keep one")
    return GraderScript(
        probes=probes,
        judged=judged,
        errors={key.name(probed): _read_errors(item) for key, item in at.entries("errors")},
    )


def _read_judgements(value: Value) -> Judgements:
    if not value.is_list:
        return Judgement(value.choice(tuple(Judgement)))
    answers = value.each(lambda item: Judgement(item.choice(tuple(Judgement))))
    if not answers:
        value.wrong("no answer; give one, or one an iteration")
    return answers or Judgement.MET


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
    at = value.fields(("request", "grading", "gradings"))
    usual = TimeRanges()
    return TimeRanges(
        request=at.take("request", usual.request, lambda v: v.number_span(0, 3600)),
        grading=at.take("grading", usual.grading, lambda v: v.number_span(0, 3600)),
        gradings=at.each("gradings", lambda v: v.number(0, 3600)),
    )


def _probability(value: Value) -> float:
    return value.number(0, 1)
