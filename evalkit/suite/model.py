"""A suite as values: what `load` returns once every file it names was read and found good."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from evalkit.checks.result import CheckSpec, Json
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
class Variant:
    """One agent under test: the suite's agent, or a named change to it."""

    name: str
    agent_body: Mapping[str, Json]
    """The API's create body, complete: `system_file` read in, overrides applied; `name` as in the file."""
    model: str
    """`agent_body["model"]`, or its `id`."""
    agent_hash: str
    """SHA-256 of the body without name, metadata and model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The container the agent works in."""

    body: Mapping[str, Json]
    """The API's create body; `name` as in the file."""
    sha256: str
    """Of the body without name and metadata, as canonical JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One deliverable asked for."""

    id: str
    description: str
    rubric: Rubric
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """One trial to run: its spec, and the values needed to run it."""

    spec: TrialSpec
    task: Task
    variant: Variant
    environment: Environment
    session_metadata: Mapping[str, str] = field(default_factory=dict)
    """`evalkit_task`, `_variant`, `_repeat`, `_key`; the runner adds `evalkit_run` and `evalkit_attempt`."""
