"""A session that already ran, as a suite of one task: its own description and rubric, its inputs and outputs named.

An event list shows what was asked and what was written. It does not show the bytes of inputs, nor agent and container:
what nobody gives is named in the suite's comments, never made up.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from evalkit.errors import UsageError
from evalkit.suite.starter import check_name
from evalkit.suite.values import MAX_ITERATIONS, RefusedError, parse_flat_name
from evalkit.trial.fold import fold
from evalkit.trial.rebuild import rebuild_outputs
from evalkit.trial.wire import parse_event

_AGENT_KEYS = ("name", "model", "description", "system", "tools", "mcp_servers", "skills", "multiagent")
_ENVIRONMENT_KEYS = ("name", "description", "config")
_STANDARD_AGENT: Mapping[str, Any] = {"name": "agent", "tools": [{"type": "agent_toolset_20260401"}]}
_STANDARD_ENVIRONMENT: Mapping[str, Any] = {"name": "plain", "config": {"type": "cloud"}}
_FILE_NAME = r"\w[\w.()+-]*\.\w+"
"""Without spaces: in a sentence nobody can tell where such a name ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTask:
    """What a session's events show of its task."""

    description: str
    rubric: str
    max_iterations: int
    inputs: tuple[str, ...]
    """Names below `/mnt/session/uploads/` that stand anywhere in the events, sorted."""
    deliverables: tuple[str, ...]
    """Names that the session wrote, or that its description or rubric asks for; sorted. Empty where none shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is known of the session beside its events."""

    source: str
    """What the suite's comment calls it."""
    deliverables: Sequence[str] = ()
    """In place of those that the events show."""
    inputs: Mapping[str, bytes]
    """Bytes by mounted name."""
    model: str | None = None
    agent: Mapping[str, Any] | None = None
    """The API's agent object; None where only the events are known."""
    environment: Mapping[str, Any] | None = None


def see_task(events: Sequence[Mapping[str, Any]]) -> SeenTask:
    """The task that the session's last outcome states.

    Raises:
        UsageError: there is no outcome, or its rubric is a file whose text the events do not show.
    """
    outcome = fold(parse_event(raw) for raw in events).outcome
    if outcome is None:
        raise UsageError("the session defined no outcome; one with a description and a rubric would do")
    if outcome.rubric is None:
        raise UsageError("the session's rubric is not in its events; one whose rubric was sent as text would do")
    everything = json.dumps(list(events), ensure_ascii=False)
    asked = _names("outputs", outcome.description + "\n" + outcome.rubric)
    written = set(rebuild_outputs(events))
    return SeenTask(
        description=outcome.description,
        rubric=outcome.rubric,
        max_iterations=min(MAX_ITERATIONS, outcome.max_iterations or 3),
        inputs=tuple(sorted(_names("uploads", everything))),
        deliverables=tuple(sorted((asked | written) or _names("outputs", everything))),
    )


def task_files(name: str, seen: SeenTask, beside: Beside) -> Mapping[str, bytes]:
    """Path below the project root to bytes, for a suite called `name` with this one task.

    Raises:
        UsageError: no suite can have that name, or no deliverable is known.
    """
    check_name(name)
    deliverables = tuple(beside.deliverables) or seen.deliverables
    if not deliverables:
        raise UsageError(f"{beside.source}: no file below /mnt/session/outputs/ shows in it; --deliverable names one")
    for file in deliverables:
        _check_flat(file)
    own = f"suites/{name}"
    agent = {key: beside.agent[key] for key in _AGENT_KEYS if beside.agent.get(key)} if beside.agent else None
    environment = beside.environment or _STANDARD_ENVIRONMENT
    files = {
        f"{own}.yaml": _suite_text(name, seen, beside, deliverables),
        f"rubrics/{name}.md": seen.rubric,
        f"{own}/task.md": seen.description,
        f"{own}/agent.yaml": _agent_text(agent, beside.model),
        f"{own}/environment.yaml": _yaml({key: environment[key] for key in _ENVIRONMENT_KEYS if environment.get(key)}),
    }
    return {path: text.encode() for path, text in files.items()} | {
        f"{own}/inputs/{file}": content for file, content in beside.inputs.items()
    }


def missing_inputs(seen: SeenTask, beside: Beside) -> tuple[str, ...]:
    """Inputs that the session used and whose bytes nobody gave."""
    return tuple(file for file in seen.inputs if file not in beside.inputs)


def _names(folder: str, text: str) -> set[str]:
    return set(re.findall(rf"/mnt/session/{folder}/({_FILE_NAME})", text))


def _check_flat(name: str) -> None:
    try:
        parse_flat_name(name)
    except RefusedError as error:
        raise UsageError(f"deliverable: found {error}") from error


_SUITE = """\
# yaml-language-server: $schema=suite.schema.json
# Made from {source}: description and rubric are its own. Next: give the task checks, so that not only the grader's word
# counts; `evalkit suite validate suites/{name}.yaml` tells whether they fit.
format: evalkit-suite/1
name: {name}
backend: anthropic # the hosted platform: a run needs a key and costs money. A scenario would let it run offline.
agent: {name}/agent.yaml
environment: {name}/environment.yaml
defaults: {{max_iterations: {max_iterations}, trials: 3, timeout: 30m, budget_usd: 1.00}}
tasks:
  - id: {name}
    description: {{file: {name}/task.md}}
    rubric: {name} # rubrics/{name}.md
{inputs}    deliverables: [{deliverables}]
"""


def _suite_text(name: str, seen: SeenTask, beside: Beside, deliverables: Iterable[str]) -> str:
    def entry(file: str) -> str:
        return f"- {{path: {_quoted(f'{name}/inputs/{file}')}, as: {_quoted(file)}}}\n"

    given = "".join(f"      {entry(file)}" for file in sorted(beside.inputs))
    lines = f"    inputs:\n{given}" if given else ""
    missing = missing_inputs(seen, beside)
    if missing:
        lines += "    # Used by the session; put the file there and make the line an entry of inputs:\n"
        lines += "".join(f"    #  {entry(file)}" for file in missing)
    return _SUITE.format(
        source=" ".join(beside.source.split()),
        name=name,
        max_iterations=seen.max_iterations,
        inputs=lines,
        deliverables=", ".join(map(_quoted, deliverables)),
    )


def _agent_text(agent: Mapping[str, Any] | None, model: str | None) -> str:
    if agent is not None:
        return "# The session's agent, as the platform showed it.\n" + _yaml(
            {**agent, "model": model or agent["model"]}
        )
    note = "# An event list shows neither prompt nor tools of its agent: write yours here.\n"
    return note + _yaml({**_STANDARD_AGENT, "model": model or "claude-haiku-4-5"})


def _quoted(text: str) -> str:
    """A JSON string, which is a YAML string too, whatever stands in it."""
    return json.dumps(text, ensure_ascii=False)


class _Dumper(yaml.SafeDumper):
    """Without aliases, which suites may not have."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # the signature is PyYAML's
        return True


def _yaml(value: Mapping[str, Any]) -> str:
    return yaml.dump(dict(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
