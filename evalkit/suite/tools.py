"""Who answers the agent: handlers of custom tools and rules for permissions, found and read; nothing is run yet."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.checks.result import Json
from evalkit.suite.content_hash import hash_of
from evalkit.suite.fixtures import parse_fixtures
from evalkit.suite.model import (
    CommandTool,
    FixtureTool,
    Permission,
    PermissionRule,
    PythonTool,
    ToolHandler,
    Variant,
)
from evalkit.suite.problems import Findings, Location, Rule, did_you_mean
from evalkit.suite.schema import PermissionDraft
from evalkit.suite.sources import Sources, shown
from evalkit.suite.values import HandlerForm
from evalkit.suite.yaml_text import Document, Steps

ANY_TOOL = "*"
DEFAULT_TIMEOUT_S = 30.0
"""Of one call; the session is idle meanwhile, and not billed."""
_TOOLSET = "agent_toolset_20260401"
_BUILT_IN = ("bash", "read", "write", "edit", "glob", "grep", "web_fetch", "web_search")
_ARGUMENTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReader:
    """Reads `tools:` and `permissions:` of one suite. What is wrong goes to `sources.findings`."""

    sources: Sources
    document: Document
    suite: Path
    variants: Sequence[Variant]
    """The agents whose calls are to be answered; empty where they could not be read."""

    def handlers(self, forms: Mapping[str, HandlerForm], path: Steps) -> tuple[ToolHandler, ...]:
        """The handlers written at `path`, by tool name."""
        known = _custom_tools(self.variants)
        found: list[ToolHandler] = []
        for name, form in forms.items():
            at = self.document.at(*path, name)
            if known is not None and name not in known:
                message = f"the agent has no custom tool {name!r}; {did_you_mean(name, known)}"
                self.sources.findings.add(Rule.NO_TOOL, at, message)
            handler = self._handler(name, form, at)
            if handler is not None:
                found.append(handler)
        return tuple(sorted(found, key=lambda handler: handler.name))

    def rules(self, drafts: Sequence[PermissionDraft], path: Steps) -> tuple[PermissionRule, ...]:
        """The rules written at `path`, in order."""
        known = _askable_tools(self.variants)
        rules: list[PermissionRule] = []
        for number, draft in enumerate(drafts):
            at = self.document.at(*path, number)
            if draft.tool is None or draft.answer is None:
                continue
            if known is not None and draft.tool not in known:
                message = f"the agent has no tool {draft.tool!r} that asks; {did_you_mean(draft.tool, known)}"
                self.sources.findings.add(Rule.NO_TOOL, at, message)
            if draft.message is not None and draft.answer == Permission.ALLOW:
                message = "a message with 'allow', and the platform takes one with 'deny' alone; remove it"
                self.sources.findings.add(Rule.DENIAL, at, message)
            answer = Permission(draft.answer)
            rules.append(PermissionRule(tool=draft.tool, matches=draft.matches, answer=answer, message=draft.message))
        return tuple(rules)

    def _handler(self, name: str, form: HandlerForm, at: Location) -> ToolHandler | None:
        source: PythonTool | FixtureTool | CommandTool | None
        if form.form == "python":
            source, digest = self._python(*form.words, at=at)
        elif form.form == "fixtures":
            source, digest = self._fixtures(name, *form.words, at=at)
        else:
            source, digest = self._command(form.words, at)
        if source is None:
            return None
        timeout_s = form.timeout_s or DEFAULT_TIMEOUT_S
        return ToolHandler(name=name, source=source, timeout_s=timeout_s, sha256=digest)

    def _python(self, name: str, function: str, *, at: Location) -> tuple[PythonTool | None, str]:
        path = self.sources.find(name, self.suite, at)
        text = self.sources.text(path) if path is not None else None
        if path is None or text is None:
            return None, ""
        try:
            tree = ast.parse(text, filename=str(path))
        except (SyntaxError, ValueError, RecursionError) as error:
            line = error.lineno or 0 if isinstance(error, SyntaxError) else 0
            words = error.msg if isinstance(error, SyntaxError) else str(error)
            message = f"no Python: {words}; correct it"
            self.sources.findings.add(Rule.HANDLER, Location(shown(path), line), message)
            return None, ""
        _check_function(tree, function, path, at, self.sources.findings)
        return PythonTool(path=path, function=function), hash_of({"source": text, "function": function})

    def _fixtures(self, tool: str, name: str, *, at: Location) -> tuple[FixtureTool | None, str]:
        path = self.sources.find(name, self.suite, at)
        text = self.sources.text(path) if path is not None else None
        if path is None or text is None:
            return None, ""
        try:
            answers = parse_fixtures(text)
        except ValueError as error:
            self.sources.findings.add(Rule.FIXTURES, Location(shown(path), 0), str(error))
            return None, ""
        own = tuple(answer for answer in answers if answer.tool == tool)
        if not own:
            others = {answer.tool for answer in answers}
            message = f"no call of {tool!r} in {shown(path)!r}; {did_you_mean(tool, others)}"
            self.sources.findings.add(Rule.FIXTURES, at, message)
        hashed: list[Json] = [[dict(answer.input), answer.text, answer.is_error] for answer in own]
        return FixtureTool(path=path, answers=own), hash_of(hashed)

    def _command(self, argv: tuple[str, ...], at: Location) -> tuple[CommandTool | None, str]:
        """A program of the project is found now; one without a folder in its name is looked up when it runs."""
        program = argv[0]
        if "/" in program:
            own = self.sources.find(program, self.suite, at)
            if own is None:
                return None, ""
            program = str(own)
        files = [self.sources.find(word, self.suite, at) for word in argv if _is_file(self.suite.parent / word)]
        digests: list[Json] = [self.sources.sha256(file, at) for file in files if file is not None]
        source = CommandTool(argv=(program, *argv[1:]), folder=self.suite.parent)
        return source, hash_of({"argv": list(argv), "files": digests})


def _check_function(tree: ast.Module, function: str, path: Path, at: Location, findings: Findings) -> None:
    """A finding unless the module has a plain `function` that can be called with an input and a call.

    A name that is imported or assigned is taken as it is: what it is, only running the module would tell.
    """
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    node = functions.get(function)
    if node is None and function in _bound_names(tree):
        return
    if node is None:
        known = {name for name in functions if not name.startswith("_")}
        findings.add(Rule.HANDLER, at, f"no function {function!r} in {shown(path)!r}; {did_you_mean(function, known)}")
        return
    place = Location(shown(path), node.lineno)
    if isinstance(node, ast.AsyncFunctionDef):
        message = f"{function!r} is async; write 'def {function}(input, call)', it runs in a thread of its own"
        findings.add(Rule.HANDLER, place, message)
        return
    given = [*node.args.posonlyargs, *node.args.args]
    needed = len(given) - len(node.args.defaults)
    takes_two = needed <= _ARGUMENTS and (len(given) >= _ARGUMENTS or node.args.vararg is not None)
    if not takes_two or None in node.args.kw_defaults:
        message = f"{function!r} cannot be called with an input and a call; write 'def {function}(input, call)'"
        findings.add(Rule.HANDLER, place, message)


def _bound_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _custom_tools(variants: Sequence[Variant]) -> set[str] | None:
    """The names of the agents' custom tools; None where an agent may have others that the suite does not show."""
    tools = _shown_tools(variants)
    if tools is None:
        return None
    return {str(tool.get("name")) for tool in tools if tool.get("type") == "custom"}


def _askable_tools(variants: Sequence[Variant]) -> set[str] | None:
    """Names that a permission rule can be about; None where MCP servers or unseen agents bring names of their own."""
    tools = _shown_tools(variants)
    if tools is None or any(tool.get("type") not in {"custom", _TOOLSET} for tool in tools):
        return None
    return {ANY_TOOL, *_BUILT_IN} if tools else {ANY_TOOL}


def _shown_tools(variants: Sequence[Variant]) -> list[Mapping[str, object]] | None:
    """Every tool of every variant; None where one has tools, or agents beside it, that the suite does not show."""
    if not variants:
        return None
    found: list[Mapping[str, object]] = []
    for variant in variants:
        tools = variant.agent_body.get("tools")
        if variant.agent_body.get("multiagent") is not None or (variant.deployed is not None and tools is None):
            return None
        found += [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return found
