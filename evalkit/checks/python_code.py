"""Checks of delivered Python: a .py file, or a tree in a .zip. It runs only in the sandbox, without network.

Without a sandbox on the machine, a check that must run the code is errored.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from evalkit.checks.adapters import CodeFile, File
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.problems import BadDeliverableError, NotMeasuredError
from evalkit.checks.quantity import AtLeast
from evalkit.checks.read_python import SourceTree, parse_python, passed_tests, run_python
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.table import Count, Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a program and how it must end."""

    arguments: tuple[str, ...] = ()
    stdin: str = ""
    files: Mapping[str, str] | None = None
    """Files in the folder that the program is started in, by name."""
    exit_code: int = 0
    stdout: str | None = None
    """What is printed; white space at the ends of lines and of the whole does not count."""
    stderr_lacks: str = "Traceback (most recent call last)"


@check(version=1)
def compiles(on: Check, *, code: CodeFile) -> Finding:
    """Every .py file is valid syntax, and there is one.

    {check: python_code.compiles, with: {code: csvstat.py}}
    """
    return on.passed(f"{len(on.parsed(code, parse_python).modules)} files")


@check(version=1)
def imports(on: Check, *, code: CodeFile, allowed: tuple[str, ...] = ()) -> Finding:
    """Imported are only the standard library, the code's own modules, and the packages `allowed`.

    {check: python_code.imports, with: {code: csvstat.py, allowed: [numpy]}}
    """
    tree = on.parsed(code, parse_python)
    own = {part.removesuffix(".py") for path in tree.files for part in path.split("/")}
    for path, line, name in _imported(tree):
        package = name.partition(".")[0]
        if package not in sys.stdlib_module_names and package not in own and package not in allowed:
            wanted = f"the standard library{' and ' + listed(allowed) if allowed else ''}"
            return on.failed(f"import of {quoted(name)}", wanted=wanted, at=tree.place(path, line))
    return on.passed()


@check(version=1)
def lacks_calls(on: Check, *, code: CodeFile, names: Names) -> Finding:
    """None of `names` is called, as written in the source: `eval`, `time.sleep`.

    {check: python_code.lacks_calls, with: {code: test_limit.py, names: [time.sleep, eval]}}
    """
    tree = on.parsed(code, parse_python)
    for path, module in tree.modules.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in names:
                return on.failed(f"a call of {called}", wanted=f"no {listed(names)}", at=tree.place(path, node.lineno))
    return on.passed()


@check(version=1)
def runs(on: Check, *, code: CodeFile, cases: Annotated[tuple[Run, ...], AtLeast(1)], program: str = "") -> Finding:
    """Each of the `cases` ends as it says: exit code (0 unless told), what is printed, no traceback on standard error.

    Run is the delivered file, or the file `program` of a delivered tree.

    {check: python_code.runs, with: {code: stat.py, cases: [{arguments: [a.csv], files: {a.csv: "x"}, stdout: "1"}]}}
    """
    tree = on.parsed(code, parse_python)
    path = program or tree.name
    if path not in tree.files:
        raise BadDeliverableError(f"no file {quoted(path)}", wanted=f"the program {quoted(path)}", at=on.place(code))
    for number, case in enumerate(cases, start=1):
        finished = run_python(tree, path, case.arguments, case.stdin, case.files or {})
        printed = finished.stdout.decode("utf-8", "replace")
        at = on.place(code, cell=f"case {number}")
        if finished.returncode != case.exit_code:
            return on.failed(finished.ending, wanted=f"exit code {case.exit_code}", at=at)
        if case.stdout is not None and _trimmed(printed) != _trimmed(case.stdout):
            return on.failed(f"printed {quoted(printed)}", wanted=quoted(case.stdout), at=at)
        if case.stderr_lacks and case.stderr_lacks in finished.stderr.decode("utf-8", "replace"):
            return on.failed(f"{quoted(case.stderr_lacks)} on standard error", wanted="none", at=at)
    return on.passed(f"{len(cases)} runs")


@check(version=1)
def passes_tests(
    on: Check, *, code: CodeFile, tests: File | None = None, source: str | None = None, names: tuple[str, ...] = ()
) -> Finding:
    """Every pytest test passes on the delivered code, none is skipped, and those called `names` are among them.

    The tests are the file `tests`, an input or delivered, or their `source`, which `expected.json` can keep from the
    agent. Only what the test run reports as passed counts.

    {check: python_code.passes_tests, with: {code: calc.py, tests: {input: test_calc.py}, names: [test_adds]}}
    """
    if (tests is None) == (source is None):
        raise NotMeasuredError("no tests are named, or twice; write 'tests' or 'source'")
    content = source.encode() if source is not None else on.bytes(tests or File(file=""))
    endings, finished = passed_tests(on.parsed(code, parse_python), {"test_delivered.py": content})
    wrong = [name for name, ending in endings.items() if ending != "passed"]
    if wrong:
        found = and_more(f"{quoted(wrong[0].partition('::')[2])} {endings[wrong[0]]}", len(wrong))
        return on.failed(found, wanted=f"{len(endings)} tests passed", at=on.place(code))
    passed = {name.partition("::")[2] for name in endings}
    missing = [name for name in names if name not in passed]
    if missing or not passed:
        found = f"{listed(missing)} did not pass" if passed else f"no test passed: {finished.ending}"
        return on.failed(found, wanted="tests that pass", at=on.place(code))
    return on.passed(f"{len(passed)} tests passed")


@check(version=1)
def catches_faults(
    on: Check,
    *,
    tests: CodeFile,
    module: str,
    right: str,
    wrong: Annotated[Mapping[str, str], AtLeast(1)],
    at_least: Count | None = None,
) -> Finding:
    """The delivered tests pass on the `right` source of `module`, and fail on the `wrong` ones, or on `at_least` many.

    {check: python_code.catches_faults, with: {tests: test_a.py, module: a.py, right: "x = 1", wrong: {two: "x = 2"}}}
    """
    content = on.parsed(tests, parse_python).files
    endings, finished = passed_tests(_tree(module, right), content)
    bad = [name for name, ending in endings.items() if ending != "passed"]
    if bad or not endings:
        found = f"{quoted(bad[0].partition('::')[2])} {endings[bad[0]]}" if bad else f"no tests: {finished.ending}"
        return on.failed(found, wanted="tests that pass on the right module", at=on.place(tests))
    missed = []
    for name, source in wrong.items():
        found_endings, _ = passed_tests(_tree(module, source), content)
        if found_endings and all(ending == "passed" for ending in found_endings.values()):
            missed.append(name)
    caught, least = len(wrong) - len(missed), len(wrong) if at_least is None else at_least
    if caught < least:
        found = f"{caught} of {len(wrong)} caught, not {listed(missed)}"
        return on.failed(found, wanted=f"at least {least} caught", at=on.place(tests))
    return on.passed(f"{caught} of {len(wrong)} caught", score=caught / len(wrong))


def _tree(module: str, source: str) -> SourceTree:
    return SourceTree(name=module, files={module: source.encode()}, modules={})


def _imported(tree: SourceTree) -> Iterator[tuple[str, int, str]]:
    """Every imported module: the path and line of the import, and the name. Relative imports are the code's own."""
    for path, module in tree.modules.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                yield from ((path, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield path, node.lineno, node.module or ""


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]
