"""From the path of a suite file to a `Suite` in which nothing that is named is missing, or to every reason why not."""

from collections.abc import Sequence
from pathlib import Path

from evalkit.suite.agent import make_variants, read_agent, read_environment
from evalkit.suite.model import Backend, Suite, Task
from evalkit.suite.problems import Findings, Location, Rule
from evalkit.suite.schema import SuiteDraft, VariantDraft, read_draft
from evalkit.suite.sources import Sources, project_root
from evalkit.suite.task import TaskReader
from evalkit.suite.yaml_text import Document


def load_suite(path: Path, *, backend: Backend | None = None) -> Suite:
    """The suite at `path`, whole: every file read, every rubric parsed, every check's parameters bound.

    `backend` is what `--backend` says and wins over the file. The suite's own `checks.py` is imported when a check is
    `local.*`.

    Raises:
        SuiteError: with every problem of the suite and of the files it names.
    """
    findings = Findings()
    suite = read_suite(path, findings, backend)
    findings.raise_if_any()
    assert suite is not None, "a suite without a finding is whole"
    return suite


def read_suite(path: Path, findings: Findings, backend: Backend | None = None) -> Suite | None:
    """The suite at `path`; None where it could not be put together, and then `findings` says why."""
    at = Location(str(path), 0)
    try:
        suite_file = path.resolve()
        is_file = suite_file.is_file()
    except (OSError, RuntimeError, ValueError):
        is_file = False
    if not is_file:
        findings.add(Rule.NO_FILE, at, "no file there; give the path of a suite")
        return None
    root = project_root(suite_file)
    if root is None:
        findings.add(
            Rule.ROOT, at, "no folder around it has .git, pyproject.toml or rubrics/; make one the project root"
        )
        return None
    sources = Sources(root=root, findings=findings)
    document = sources.yaml(suite_file)
    draft = read_draft(SuiteDraft, document, findings) if document is not None else None
    if document is None or draft is None:
        return None
    return _bind(draft, document, suite_file, sources, backend)


def _bind(
    draft: SuiteDraft, document: Document, suite_file: Path, sources: Sources, override: Backend | None
) -> Suite | None:
    backend = override or Backend(draft.backend)
    findings = sources.findings
    if draft.name is not None and draft.name != suite_file.stem:
        message = f"name {draft.name!r} in a file named {suite_file.name!r}; give both the same name"
        findings.add(Rule.SUITE_NAME, document.at("name"), message)
    scenario = _file(draft.scenario, "scenario", document, suite_file, sources)
    if backend is Backend.EMULATOR and "scenario" not in document.mapping():
        message = "backend 'emulator' without a scenario; add 'scenario: FILE', or choose 'anthropic'"
        findings.add(Rule.SCENARIO, document.at("backend"), message)
    agent_file = _file(draft.agent, "agent", document, suite_file, sources)
    environment_file = _file(draft.environment, "environment", document, suite_file, sources)
    agent = read_agent(agent_file, sources) if agent_file is not None else None
    environment = read_environment(environment_file, sources) if environment_file is not None else None
    variant_drafts = draft.variants or [VariantDraft(name="base")]
    variants = make_variants(agent or {}, variant_drafts, document, suite_file, sources)
    tasks = _tasks(draft, document, suite_file, sources)
    if environment is None or findings.problems:
        return None
    return Suite(
        name=suite_file.stem,
        path=suite_file,
        root=sources.root,
        backend=backend,
        scenario=scenario,
        variants=variants,
        environment=environment,
        tasks=tuple(tasks),
    )


def _tasks(draft: SuiteDraft, document: Document, suite_file: Path, sources: Sources) -> Sequence[Task]:
    reader = TaskReader(sources=sources, document=document, suite=suite_file, defaults=draft.defaults)
    first_line: dict[str, int] = {}
    tasks: list[Task] = []
    for number, task_draft in enumerate(draft.tasks or ()):
        at = document.at("tasks", number, "id")
        if task_draft.id in first_line:
            message = f"task {task_draft.id!r} is in line {first_line[task_draft.id]} already; rename one"
            sources.findings.add(Rule.UNIQUE_TASK, at, message)
        first_line.setdefault(task_draft.id or "", at.line)
        task = reader.read(task_draft, number)
        if task is not None:
            tasks.append(task)
    return tasks


def _file(name: str | None, key: str, document: Document, suite_file: Path, sources: Sources) -> Path | None:
    return sources.find(name, suite_file, document.at(key)) if name is not None else None
