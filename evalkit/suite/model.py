"""A suite as values: what `load` returns once every file it names was read and found good."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from evalkit.checks.result import CheckSpec, Json
from evalkit.errors import Problem
from evalkit.rubric.document import Rubric
from evalkit.trial.model import TrialSpec


class Backend(StrEnum):
    """Where trials run. Only the suite or `--backend` selects it; no variable and no key does."""

    EMULATOR = "emulator"
    ANTHROPIC = "anthropic"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file mounted for the agent at `/mnt/session/uploads/<mount_as>`."""

    path: Path
    mount_as: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedAgent:
    """An agent that is at the provider already: sessions are opened on this version, and it is never changed."""

    id: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One agent under test: the suite's agent, or a named change to it."""

    name: str
    agent_body: Mapping[str, Json]
    """The API's create body, complete: `system_file` read in, changes applied; `name` as in the file.

    Of a deployed agent: only the fields that its sessions override, in the API's form.
    """
    model: str | None
    """`agent_body["model"]`, or its `id`. None for a deployed agent's own model, which only the provider knows."""
    agent_hash: str
    """SHA-256 of the body without name, metadata and model; of a deployed agent with its id and version."""
    deployed: DeployedAgent | None = None
    """None for an agent that the suite describes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The container the agent works in."""

    body: Mapping[str, Json]
    """The API's create body; `name` as in the file. Empty for one that is at the provider already."""
    sha256: str
    """Of the body without name and metadata, or of the id, as canonical JSON."""
    id: str | None = None
    """Of an environment that is at the provider already, and is never changed; None for one the suite describes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionExtras:
    """What every session of a suite is opened with besides agent, environment and inputs; passed on as it is."""

    vault_ids: tuple[str, ...] = ()
    """Credentials for MCP servers."""
    resources: tuple[Mapping[str, Json], ...] = ()
    """Repositories, memory stores, files that are at the provider already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonTool:
    """A function `(input, call) -> str` in a file beside the suite."""

    path: Path
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureTool:
    """Answers that were recorded or written down, by input."""

    path: Path
    answers: tuple["RecordedAnswer", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """What one call of a custom tool was answered."""

    tool: str
    input: Mapping[str, Json]
    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandTool:
    """A program: the call as JSON on its standard input, the answer on its standard output."""

    argv: tuple[str, ...]
    folder: Path
    """Where it runs: the folder of the suite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolHandler:
    """Who answers the agent's calls of one custom tool."""

    name: str
    """The custom tool's."""
    source: PythonTool | FixtureTool | CommandTool
    timeout_s: float
    sha256: str
    """Of what decides its answers: the source text, the recorded answers, the program's words and files."""


class Permission(StrEnum):
    """The answer to a request for permission, spelled as on the wire."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionRule:
    """One rule of several; the first that matches a request decides it."""

    tool: str
    """A tool's name, or `*` for all."""
    matches: tuple[tuple[str, str], ...]
    """(input field, regular expression found anywhere in its text); all must match."""
    answer: Permission
    message: str | None = None
    """What the agent is told with a denial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One deliverable asked for."""

    id: str
    description: str
    rubric: Rubric
    """Without text and criteria where `rubric_file_id` is given: the platform has them, and the session's echo of its
    outcome brings them into the record."""
    inputs: tuple[InputFile, ...]
    deliverables: tuple[str, ...]
    checks: tuple[CheckSpec, ...]
    """The always-on checks first, then the suite's in file order."""
    checks_module: Path | None
    """`checks.py` beside the suite, when a check is `local.*`."""
    max_iterations: int
    trials: int
    timeout_s: float
    budget_usd: Decimal | None
    tags: tuple[str, ...] = ()
    checks_hash: str | None = None
    """SHA-256 over everything the checks decide by; None for a task that no suite file describes."""
    rubric_file_id: str | None = None
    """A rubric at the provider, in place of a text."""
    tools: tuple[ToolHandler, ...] = ()
    """By custom tool; a call of one that is not here is answered with an error, and the report says so."""
    permissions: tuple[PermissionRule, ...] = ()
    """In order; a request that none matches is denied, and the report says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A suite, whole and bound: nothing it names is missing."""

    name: str
    path: Path
    root: Path
    """The project root: every path the suite names lies below it."""
    backend: Backend
    scenario: Path | None
    variants: tuple[Variant, ...]
    environment: Environment
    tasks: tuple[Task, ...]
    session: SessionExtras = SessionExtras()
    notices: tuple[Problem, ...] = ()
    """What was read in another way than it is written; nothing in it keeps the suite from running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """One trial to run: its spec, and the values needed to run it."""

    spec: TrialSpec
    task: Task
    variant: Variant
    environment: Environment
    session: SessionExtras = SessionExtras()
    session_metadata: Mapping[str, str] = field(default_factory=dict)
    """`evalkit_task`, `_variant`, `_repeat`, `_key`; the runner adds `evalkit_run` and `evalkit_attempt`."""
