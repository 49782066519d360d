"""One task of a suite, bound: its rubric parsed, its inputs hashed, its checks found and their parameters fitting."""

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evalkit.checks.adapters import File
from evalkit.checks.problems import BadDeliverableError, ParameterError
from evalkit.checks.read_json import parse_json
from evalkit.checks.registry import (
    LOCAL,
    UnknownCheckError,
    bind_parameters,
    checks_hash,
    find_check,
    resolve_references,
)
from evalkit.checks.result import CheckSpec, Json
from evalkit.errors import SuiteError
from evalkit.rubric.document import Rubric, parse_rubric
from evalkit.suite.content_hash import hash_of
from evalkit.suite.model import InputFile, PermissionRule, Task, ToolHandler
from evalkit.suite.problems import Location, Rule, did_you_mean
from evalkit.suite.schema import DELIVERED, CheckDraft, LimitsDraft, TaskDraft
from evalkit.suite.sources import Sources, shown
from evalkit.suite.tools import ToolReader
from evalkit.suite.yaml_text import Document, Steps

DEFAULT_MAX_ITERATIONS = 3
"""The API's own default. Source: its reference for `user.define_outcome`, read 2026-11."""
DEFAULT_TRIALS = 1
DEFAULT_TIMEOUT_S = 30 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReader:
    """Reads the tasks of one suite. What is wrong goes to `sources.findings`."""

    sources: Sources
    document: Document
    suite: Path
    defaults: LimitsDraft
    tool_reader: ToolReader
    tools: tuple[ToolHandler, ...]
    """The suite's, for tasks that give none of their own; likewise `permissions`."""
    permissions: tuple[PermissionRule, ...]

    def read(self, draft: TaskDraft, number: int) -> Task | None:
        """The `number`-th task of the file; None where something about the suite is wrong so far."""
        path: Steps = ("tasks", number)
        rubric = self._rubric(draft, path)
        description = self._description(draft, path)
        inputs = tuple(self._inputs(draft, path))
        deliverables = tuple(draft.deliverables or ())
        self._refuse_repeated(deliverables, (*path, "deliverables"), Rule.UNIQUE_DELIVERABLE, "deliverable")
        checks = (*_always_on(draft, deliverables), *self._checks(draft, path, rubric, inputs))
        tools, permissions = self._answers(draft, path)
        if draft.id is None or rubric is None or description is None or self.sources.findings.problems:
            return None
        is_local = any(spec.check.startswith(f"{LOCAL}.") for spec in checks)
        defaults = self.defaults
        return Task(
            id=draft.id,
            description=description,
            rubric=rubric,
            inputs=inputs,
            deliverables=deliverables,
            checks=checks,
            checks_module=self._checks_module() if is_local else None,
            checks_hash=checks_hash(checks, self._checks_module()),
            rubric_file_id=draft.rubric.value if draft.rubric is not None and draft.rubric.form == "file_id" else None,
            tools=tools,
            permissions=permissions,
            max_iterations=draft.max_iterations or defaults.max_iterations or DEFAULT_MAX_ITERATIONS,
            trials=draft.trials or defaults.trials or DEFAULT_TRIALS,
            timeout_s=draft.timeout or defaults.timeout or DEFAULT_TIMEOUT_S,
            budget_usd=draft.budget_usd or defaults.budget_usd,
            tags=tuple(draft.tags),
        )

    def _answers(self, draft: TaskDraft, path: Steps) -> tuple[tuple[ToolHandler, ...], tuple[PermissionRule, ...]]:
        """The task's own handlers and rules where it gives them, each in place of all of the suite's."""
        tools, permissions = self.tools, self.permissions
        if draft.tools is not None:
            tools = self.tool_reader.handlers(draft.tools, (*path, "tools"))
        if draft.permissions is not None:
            permissions = self.tool_reader.rules(draft.permissions, (*path, "permissions"))
        return tools, permissions

    def _rubric(self, draft: TaskDraft, path: Steps) -> Rubric | None:
        at = self.document.at(*path, "rubric")
        if draft.rubric is None:
            return None
        if draft.rubric.form == "file_id":
            return Rubric(name=draft.rubric.value, source="", sent="", sha256="", criteria=())
        if draft.rubric.form == "text":
            return self._parsed_rubric(draft.rubric.value, draft.id or "", None, at)
        if draft.rubric.form == "file":
            file = self.sources.find(draft.rubric.value, self.suite, at)
        else:
            file = self._shelved_rubric(draft.rubric.value, at)
        text = self.sources.text(file) if file is not None else None
        return self._parsed_rubric(text, file.stem, file, at) if file is not None and text is not None else None

    def _shelved_rubric(self, name: str, at: Location) -> Path | None:
        """The file of the rubric called `name` in the project's `rubrics/`."""
        shelf = {file.stem: file for file in (self.sources.root / "rubrics").glob("*.md")}
        if name not in shelf:
            message = (
                f"no rubric named {name!r} in {shown(self.sources.root / 'rubrics')!r}; {did_you_mean(name, shelf)}"
            )
            self.sources.findings.add(Rule.NO_RUBRIC, at, message)
            return None
        return self.sources.find(shelf[name].name, shelf[name], at)

    def _parsed_rubric(self, text: str, name: str, file: Path | None, at: Location) -> Rubric | None:
        try:
            return parse_rubric(text, name)
        except SuiteError as error:
            for problem in error.problems:
                # A rubric written into the suite has no file of its own to point into.
                place = Location(shown(file), problem.line) if file is not None else at
                message = (
                    problem.message if file is not None else f"rubric text, line {problem.line}: {problem.message}"
                )
                self.sources.findings.add(Rule.RUBRIC, place, message)
            return None

    def _description(self, draft: TaskDraft, path: Steps) -> str | None:
        if draft.description is None or draft.description.form == "text":
            return draft.description.value if draft.description is not None else None
        at = self.document.at(*path, "description")
        file = self.sources.find(draft.description.value, self.suite, at)
        text = self.sources.text(file) if file is not None else None
        if text is not None and not text.strip():
            self.sources.findings.add(Rule.EMPTY, at, "description: a file without text; write what is asked for")
        return text

    def _inputs(self, draft: TaskDraft, path: Steps) -> Iterator[InputFile]:
        names = [item.mount_as or PurePosixPath(item.path or "").name for item in draft.inputs]
        self._refuse_repeated(names, (*path, "inputs"), Rule.UNIQUE_INPUT, "input")
        for number, (item, name) in enumerate(zip(draft.inputs, names, strict=True)):
            at = self.document.at(*path, "inputs", number)
            file = self.sources.find(item.path, self.suite, at) if item.path is not None else None
            digest = self.sources.sha256(file, at) if file is not None else None
            if file is not None and digest is not None:
                yield InputFile(path=file, mount_as=name, sha256=digest)

    def _expected(self, draft: TaskDraft, path: Steps) -> Json:
        """The oracle's document; None where there is none, or none that can be used."""
        at = self.document.at(*path, "expected")
        file = self.sources.find(draft.expected, self.suite, at) if draft.expected is not None else None
        text = self.sources.text(file) if file is not None else None
        if file is None or text is None:
            return None
        try:
            # Read twice: first for what strict JSON forbids, then for plain numbers, which parameters are made of.
            parse_json(text.encode(), file.name)
            document: Json = json.loads(text)
            hash_of(document)
        except BadDeliverableError as error:
            place = Location(shown(file), (error.at.line if error.at else None) or 0)
            self.sources.findings.add(Rule.EXPECTED, place, f"{error.found}; write {error.wanted}")
            return None
        except ValueError:
            # What strict JSON allows and nothing can hold: half of a surrogate pair, a number like 1e999.
            message = "half a character or a number beyond all floats; write whole text and finite numbers"
            self.sources.findings.add(Rule.EXPECTED, Location(shown(file), 0), message)
            return None
        return document

    def _checks(
        self, draft: TaskDraft, path: Steps, rubric: Rubric | None, inputs: Sequence[InputFile]
    ) -> Iterator[CheckSpec]:
        ids = [check.id or check.check or "" for check in draft.checks]
        self._refuse_repeated(ids, (*path, "checks"), Rule.UNIQUE_CHECK, "check", taken=draft.always)
        expected = self._expected(draft, path)
        # A rubric that only the platform has shows no criteria; every other has some.
        known = {criterion.id for criterion in rubric.criteria} if rubric is not None and rubric.criteria else None
        for number, (check, check_id) in enumerate(zip(draft.checks, ids, strict=True)):
            here = (*path, "checks", number)
            for criterion in check.criterion:
                if known is not None and criterion not in known:
                    message = f"check {check_id!r}: the rubric has no {criterion!r}; {did_you_mean(criterion, known)}"
                    self.sources.findings.add(Rule.CRITERION, self.document.at(*here, "criterion"), message)
            bound = self._bound(check, draft, here, expected, inputs)
            if bound is not None:
                version, parameters = bound
                yield CheckSpec(
                    id=check_id,
                    check=check.check or "",
                    version=version,
                    parameters=parameters,
                    criterion=check.criterion,
                    required=check.required,
                )

    def _bound(
        self, check: CheckDraft, task: TaskDraft, path: Steps, expected: Json, inputs: Sequence[InputFile]
    ) -> tuple[int, Mapping[str, Json]] | None:
        """The check's version and its parameters, found to fit; None, with findings, where they do not."""
        if check.check is None:
            return None
        findings, at = self.sources.findings, self.document.at(*path, "with")
        try:
            definition = find_check(check.check, checks_module=self._checks_module())
        except UnknownCheckError as error:
            findings.add(Rule.NO_CHECK, self.document.at(*path, "check"), str(error))
            return None
        try:
            parameters = resolve_references(check.parameters, expected)
        except ParameterError as error:
            if task.expected is None:
                message = f"{check.check}: a reference into expected.json; give the task an 'expected' file"
                findings.add(Rule.REFERENCE, at, message)
            elif expected is not None:
                for problem in error.problems:
                    findings.add(Rule.REFERENCE, at, f"{check.check}: {problem}")
            return None
        try:
            values = bind_parameters(definition, parameters)
        except ParameterError as error:
            for problem in error.problems:
                findings.add(Rule.PARAMETER, at, f"{check.check}: {problem}")
            return None
        self._refuse_unknown_inputs(values, {item.mount_as for item in inputs}, at)
        return definition.version, parameters

    def _refuse_unknown_inputs(self, values: Mapping[str, object], given: AbstractSet[str], at: Location) -> None:
        for value in values.values():
            if isinstance(value, File) and value.input is not None and value.input not in given:
                message = f"the task has no input {value.input!r}; {did_you_mean(value.input, given)}"
                self.sources.findings.add(Rule.INPUT_NAME, at, message)

    def _checks_module(self) -> Path | None:
        """`checks.py` in the suite's own folder, where there is one."""
        module = self.suite.parent / self.suite.stem / "checks.py"
        return module if module.is_file() and module.resolve().is_relative_to(self.sources.root) else None

    def _refuse_repeated(
        self, names: Sequence[str], path: Steps, rule: Rule, what: str, taken: Sequence[str] = ()
    ) -> None:
        seen = set(taken)
        for number, name in enumerate(names):
            if name in seen:
                message = f"a second {what} {name!r}; remove it or name it differently"
                self.sources.findings.add(rule, self.document.at(*path, number), message)
            seen.add(name)


def _always_on(draft: TaskDraft, deliverables: Sequence[str]) -> Iterator[CheckSpec]:
    """The checks that are there without being asked for."""
    for name in draft.always:
        parameters: dict[str, Json] = {"names": list(deliverables)} if name == DELIVERED else {}
        yield CheckSpec(id=name, check=name, version=find_check(name).version, parameters=parameters)
