"""From the path of a suite file to a `Suite` in which nothing that is named is missing, or to every reason why not."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from evalkit.checks.result import Json
from evalkit.suite.agent import make_variants, read_agent, read_environment
from evalkit.suite.content_hash import hash_of
from evalkit.suite.model import Backend, DeployedAgent, Environment, SessionExtras, Suite, Task, Variant
from evalkit.suite.problems import Findings, Location, Rule
from evalkit.suite.schema import SuiteDraft, VariantDraft, read_draft
from evalkit.suite.sources import Sources, project_root
from evalkit.suite.task import TaskReader
from evalkit.suite.tools import ToolReader
from evalkit.suite.values import Remote, to_json
from evalkit.suite.yaml_text import Document, Steps


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
    agent = _agent(draft.agent, document, suite_file, sources)
    environment = _environment(draft.environment, document, suite_file, sources)
    variant_drafts = draft.variants or [VariantDraft(name="base")]
    variants = make_variants(agent or {}, variant_drafts, document, suite_file, sources)
    tasks = _tasks(draft, document, suite_file, sources, variants if agent is not None else ())
    if backend is Backend.EMULATOR:
        _refuse_remote(draft, document, findings)
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
        session=_session(document),
        notices=tuple(findings.notices),
    )


def _agent(
    given: str | Remote | None, document: Document, suite_file: Path, sources: Sources
) -> Mapping[str, Json] | DeployedAgent | None:
    if isinstance(given, Remote):
        assert given.version is not None, "an agent's version is part of its form"
        return DeployedAgent(id=given.id, version=given.version)
    file = _file(given, "agent", document, suite_file, sources)
    return read_agent(file, sources) if file is not None else None


def _environment(
    given: str | Remote | None, document: Document, suite_file: Path, sources: Sources
) -> Environment | None:
    if isinstance(given, Remote):
        return Environment(body={}, sha256=hash_of({"id": given.id}), id=given.id)
    file = _file(given, "environment", document, suite_file, sources)
    return read_environment(file, sources) if file is not None else None


def _session(document: Document) -> SessionExtras:
    written = {key: to_json(value) for key, value in document.mapping("session").items()}
    vault_ids, resources = written.get("vault_ids"), written.get("resources")
    return SessionExtras(
        vault_ids=tuple(str(vault) for vault in vault_ids) if isinstance(vault_ids, list) else (),
        resources=tuple(item for item in resources if isinstance(item, dict)) if isinstance(resources, list) else (),
    )


def _refuse_remote(draft: SuiteDraft, document: Document, findings: Findings) -> None:
    """Findings for what is named by its id at the provider: a local server starts without any of it."""
    named: list[tuple[Steps, str]] = []
    if isinstance(draft.agent, Remote):
        named.append((("agent",), f"agent {draft.agent.id!r}"))
    if isinstance(draft.environment, Remote):
        named.append((("environment",), f"environment {draft.environment.id!r}"))
    for number, task in enumerate(draft.tasks or ()):
        if task.rubric is not None and task.rubric.form == "file_id":
            named.append((("tasks", number, "rubric"), f"rubric {task.rubric.value!r}"))
    for number, resource in enumerate(draft.session.resources):
        if resource["type"] == "file":
            named.append((("session", "resources", number), f"file {resource.get('file_id')!r}"))
    for path, what in named:
        message = f"{what} of the platform, which the emulator does not have; choose backend 'anthropic', or a file"
        findings.add(Rule.HOSTED, document.at(*path), message)


def _tasks(
    draft: SuiteDraft, document: Document, suite_file: Path, sources: Sources, variants: Sequence[Variant]
) -> Sequence[Task]:
    tools = ToolReader(sources=sources, document=document, suite=suite_file, variants=variants)
    reader = TaskReader(
        sources=sources,
        document=document,
        suite=suite_file,
        defaults=draft.defaults,
        tool_reader=tools,
        tools=tools.handlers(draft.tools, ("tools",)),
        permissions=tools.rules(draft.permissions, ("permissions",)),
    )
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
