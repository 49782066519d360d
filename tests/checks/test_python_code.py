from collections.abc import Mapping

import pytest
from deliverables import Content, check_files
from made_files import zip_bytes

from evalkit.checks.result import Json, Status
from evalkit.sandbox.bubblewrap import why_unavailable

with_sandbox = pytest.mark.skipif(why_unavailable() is not None, reason="no bubblewrap sandbox on this machine")

ADD = "def add(a, b):\n    return a + b\n"
TESTS = "from calc import add\n\ndef test_adds():\n    assert add(2, 3) == 5\n"
ECHO = "import sys\nprint(len(sys.stdin.read()), *sys.argv[1:])\nsys.exit(int(len(sys.argv) > 2))\n"

STILL: list[tuple[str, Mapping[str, Content], Mapping[str, Json], Status, str]] = [
    ("compiles", {"a.py": ADD}, {"code": "a.py"}, Status.PASSED, "1 files"),
    ("compiles", {"a.py": "def ("}, {"code": "a.py"}, Status.FAILED, "invalid syntax"),
    ("compiles", {"a.py": "x = 1\0"}, {"code": "a.py"}, Status.FAILED, "null bytes"),
    ("compiles", {"a.py": "-" * 90_000 + "1"}, {"code": "a.py"}, Status.FAILED, "nested too deeply"),
    ("compiles", {"a.zip": zip_bytes({"R.md": ""})}, {"code": "a.zip"}, Status.FAILED, "no .py file"),
    ("imports", {"a.py": "import os.path, json"}, {"code": "a.py"}, Status.PASSED, ""),
    ("imports", {"a.py": "import numpy.linalg"}, {"code": "a.py"}, Status.FAILED, "import of 'numpy.linalg'"),
    ("imports", {"a.py": "import numpy"}, {"code": "a.py", "allowed": ["numpy"]}, Status.PASSED, ""),
    ("imports", {"a.zip": zip_bytes({"p/a.py": "from p import b"})}, {"code": "a.zip"}, Status.PASSED, ""),
    (
        "lacks_calls",
        {"a.py": "import time\ntime.sleep(1)"},
        {"code": "a.py", "names": ["time.sleep"]},
        Status.FAILED,
        "a call of",
    ),
    ("lacks_calls", {"a.py": ADD}, {"code": "a.py", "names": ["eval"]}, Status.PASSED, ""),
]

TESTED: list[tuple[str, Status, str]] = [
    (ADD, Status.PASSED, "1 tests passed"),
    ("def add(a, b):\n    return a - b\n", Status.FAILED, "'test_adds' failed"),
    ("import os\nos._exit(0)\n", Status.FAILED, "no test passed: ended with status 0"),
    ("import pytest\ndef add(a, b):\n    pytest.skip()\n", Status.FAILED, "'test_adds' skipped"),
    ("raise SystemExit(0)\n", Status.FAILED, ""),
]

RUNS: list[tuple[Mapping[str, Json], Status, str]] = [
    ({"stdin": "abc", "arguments": ["x"], "stdout": "3 x"}, Status.PASSED, "1 runs"),
    ({"arguments": ["x", "y"], "exit_code": 1}, Status.PASSED, "1 runs"),
    ({"arguments": ["x", "y"]}, Status.FAILED, "ended with status 1"),
    ({"stdin": "abc", "stdout": "4"}, Status.FAILED, "printed '3"),
]


@pytest.mark.parametrize(("name", "files", "parameters", "status", "found"), STILL)
def test_code_is_looked_at_without_being_run(
    name: str, files: Mapping[str, Content], parameters: Mapping[str, Json], status: Status, found: str
) -> None:
    result = check_files(f"python_code.{name}", files, parameters)

    assert result.status is status, result
    assert found in (result.found or "")


@with_sandbox
@pytest.mark.slow
@pytest.mark.parametrize(("source", "status", "found"), TESTED)
def test_only_a_test_reported_as_passed_counts(source: str, status: Status, found: str) -> None:
    parameters: dict[str, Json] = {"code": "calc.py", "source": TESTS, "names": ["test_adds"]}

    result = check_files("python_code.passes_tests", {"calc.py": source}, parameters)

    assert result.status is status, result
    assert found in (result.found or "")


@with_sandbox
@pytest.mark.slow
def test_a_conftest_in_the_deliverable_changes_nothing() -> None:
    forced = "import pytest\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
    forced += "    result = yield\n    result.get_result().outcome = 'passed'\n"
    code = zip_bytes({"calc.py": "add = max", "conftest.py": forced, "pytest.py": "def main(*a): return 0"})
    given: dict[str, Content] = {"test_calc.py": TESTS}

    result = check_files(
        "python_code.passes_tests", {"a.zip": code}, {"code": "a.zip", "tests": {"input": "test_calc.py"}}, given
    )

    assert result.status is Status.FAILED, result


@with_sandbox
@pytest.mark.slow
@pytest.mark.parametrize(("case", "status", "found"), RUNS)
def test_a_program_runs_as_asked(case: Mapping[str, Json], status: Status, found: str) -> None:
    result = check_files("python_code.runs", {"a.py": ECHO}, {"code": "a.py", "cases": [dict(case)]})

    assert result.status is status, result
    assert found in (result.found or "")


@with_sandbox
@pytest.mark.slow
@pytest.mark.parametrize(
    ("tests", "status", "found"),
    [
        (TESTS, Status.PASSED, "1 of 1 caught"),
        ("def test_nothing():\n    pass\n", Status.FAILED, "0 of 1 caught, not 'minus'"),
        (TESTS.replace("5", "6"), Status.FAILED, "'test_adds' failed"),
    ],
)
def test_delivered_catches_faults_what_is_wrong(tests: str, status: Status, found: str) -> None:
    parameters: dict[str, Json] = {
        "tests": "test_calc.py",
        "module": "calc.py",
        "right": ADD,
        "wrong": {"minus": ADD.replace("+", "-")},
    }

    result = check_files("python_code.catches_faults", {"test_calc.py": tests}, parameters)

    assert result.status is status, result
    assert found in (result.found or "")
