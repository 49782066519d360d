"""Checks in their child process: whatever a file or check does, each check has one result and the others go on."""

import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from deliverables import Content, spec, write_files

from evalkit.checks.execute import CheckLimits, run_checks
from evalkit.checks.result import CheckResult, CheckSpec, Json, Status

LOCAL = """
import os, sys, time
from evalkit.checks import Check, Finding, check

@check(version=2)
def fine(on: Check) -> Finding:
    print('{"id": "forged"}')
    return on.passed()

@check(version=1)
def raises(on: Check) -> Finding:
    raise KeyError("gone\\n\\x1b")

@check(version=1)
def returns_nothing(on: Check) -> Finding:
    return None

@check(version=1)
def exits(on: Check) -> Finding:
    sys.exit("the author said so")

@check(version=1)
def leaves(on: Check) -> Finding:
    os._exit(0)

@check(version=1)
def dies(on: Check) -> Finding:
    os.kill(os.getpid(), 11)

@check(version=1)
def hangs(on: Check) -> Finding:
    while True:
        pass

@check(version=1)
def grows(on: Check) -> Finding:
    return on.passed("x" * (3 << 30))

@check(version=1)
def prints(on: Check) -> Finding:
    sys.stderr.write("noise" * 100_000)
    return on.passed()

@check(version=1)
def talks(on: Check) -> Finding:
    return on.failed("\\u202e" + "y" * 5000, wanted="\\x1b[2J", at=on.place("a\\nb", sheet="\\x07", cell="\\x08"))
"""

SHORT = CheckLimits(check_s=0.5)
AMPLE = CheckLimits()


def local(*names: str) -> list[CheckSpec]:
    return [spec(f"local.{name}", {}) for name in names]


def run(
    specs: Sequence[CheckSpec],
    folder: Path,
    files: dict[str, Content] | None = None,
    limits: CheckLimits = AMPLE,
) -> tuple[CheckResult, ...]:
    checks_module = folder / "checks.py"
    checks_module.write_text(LOCAL)
    delivered = write_files(folder / "delivered", files or {})
    return run_checks(specs, delivered=delivered, inputs=None, checks_module=checks_module, limits=limits)


def test_no_checks_give_no_results(tmp_path: Path) -> None:
    assert run_checks([], delivered=tmp_path, inputs=None, checks_module=None) == ()


def test_results_come_one_a_check_in_order_with_what_the_suite_said_of_it(tmp_path: Path) -> None:
    bound = CheckSpec(
        id="b",
        check="csv_table.columns",
        version=1,
        parameters={"file": "a.csv", "names": ["x"]},
        criterion=("R1", "R2"),
        required=False,
    )

    first, second = run([spec("any_file.safe", {}), bound], tmp_path, {"a.csv": "y\n1\n"})

    assert (first.id, first.status, first.required) == ("any_file.safe", Status.PASSED, True)
    assert (second.id, second.status, second.required, second.criterion) == ("b", Status.FAILED, False, ("R1", "R2"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("raises", "the check raised KeyError: 'gone\\n\\x1b'"),
        ("returns_nothing", "the check returned a NoneType; it must return a Finding"),
        ("exits", "not measured: the process that ran the check ended with exit code 1: the author said so"),
        ("leaves", "not measured: the process that ran the check ended without a readable answer"),
        ("dies", "not measured: the process that ran the check ended with SIGSEGV"),
        ("grows", "not measured: more than 2048 MiB of memory needed"),
        ("unknown", "no check named 'local.unknown'; "),
    ],
)
def test_our_own_trouble_is_one_errored_check_and_the_others_go_on(tmp_path: Path, name: str, reason: str) -> None:
    before, troubled, after = run(local("fine", name, "fine"), tmp_path)

    assert (before.status, troubled.status, after.status) == (Status.PASSED, Status.ERRORED, Status.PASSED)
    assert (troubled.found or "").startswith(reason)


def test_a_check_that_hangs_is_errored_and_the_others_go_on(tmp_path: Path) -> None:
    troubled, after = run(local("hangs", "fine"), tmp_path, limits=SHORT)

    assert (troubled.status, troubled.found) == (Status.ERRORED, "not measured: no answer within 0.5 s")
    assert after.status is Status.PASSED


def test_what_a_check_prints_is_no_answer(tmp_path: Path) -> None:
    results = run(local("fine", "prints", "fine"), tmp_path)

    assert [result.status for result in results] == [Status.PASSED] * 3
    assert results[0].version == 2


def test_evidence_is_bounded_and_printable(tmp_path: Path) -> None:
    (result,) = run(local("talks"), tmp_path)

    assert result.status is Status.FAILED
    assert len(result.found or "") == 300
    assert result.at is not None
    for text in (result.found, result.wanted, result.at.file, result.at.sheet, result.at.cell):
        assert text is not None
        assert text.isprintable()


def test_parameters_that_do_not_fit_are_errored_when_nobody_looked_before(tmp_path: Path) -> None:
    (result,) = run([spec("table.row_count", {"tabel": "a.csv"})], tmp_path)

    assert result.status is Status.ERRORED
    assert "no parameter 'tabel'; did you mean 'table'?" in (result.found or "")


def sheet_zip(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(f"xl/{name}.xml", content)
    return stream.getvalue()


def lying(size: int) -> bytes:
    content = sheet_zip(workbook=b"x" * 1_234_567)
    return content.replace(struct.pack("<L", 1_234_567), struct.pack("<L", size))


BOOK_CHECK: dict[str, Json] = {"file": "a.xlsx"}
HOSTILE: dict[str, tuple[str, Content, CheckSpec, Status]] = {
    "a lone cell in the far corner": (
        "a.xlsx",
        {"S": {"A1": "id", "A2": 1, "XFD1048576": "far"}},
        spec("table.sums", {"table": "a.xlsx", "column": "id", "expected": 2}),
        Status.FAILED,
    ),
    "a zip that lies": ("a.xlsx", lying(10), spec("xlsx_workbook.no_error_cells", BOOK_CHECK), Status.FAILED),
    "a zip that declares a bomb": ("a.xlsx", lying(900_000_000), spec("any_file.safe", {}), Status.FAILED),
    "a document type": (
        "a.xlsx",
        sheet_zip(workbook=b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
        spec("xlsx_workbook.sheets", {**BOOK_CHECK, "names": ["S"]}),
        Status.FAILED,
    ),
    "deep JSON": ("a.json", "[" * 200_000, spec("json_document.well_formed", {"file": "a.json"}), Status.FAILED),
    "a number without end": (
        "a.json",
        "1" * 5_000_000,
        spec("json_document.well_formed", {"file": "a.json"}),
        Status.FAILED,
    ),
    "a header of many columns": (
        "a.csv",
        ",".join(map(str, range(200_000))) + "\n",
        spec("csv_table.columns", {"file": "a.csv", "names": ["x"]}),
        Status.FAILED,
    ),
    "a field of megabytes": (
        "a.csv",
        "a\n" + "x" * 5_000_000 + "\n",
        spec("csv_table.not_null", {"file": "a.csv", "columns": ["a"]}),
        Status.FAILED,
    ),
    "control characters": (
        "a.csv",
        "a\n\x1b[2J\u202e\x00\n",
        spec("csv_table.types", {"file": "a.csv", "types": {"a": "integer"}}),
        Status.FAILED,
    ),
}


def test_a_regular_expression_that_never_ends_is_stopped(tmp_path: Path) -> None:
    endless = spec("value.matches", {"value": {"file": "a.json", "path": "/x"}, "pattern": "(a+)+$"})

    (result,) = run([endless], tmp_path, {"a.json": '{"x": "' + "a" * 40 + '!"}'}, SHORT)

    assert (result.status, result.found) == (Status.ERRORED, "not measured: no answer within 0.5 s")


@pytest.mark.parametrize("trait", HOSTILE)
def test_a_hostile_file_ends_as_one_result_and_the_next_check_runs(tmp_path: Path, trait: str) -> None:
    name, content, hostile, status = HOSTILE[trait]
    good = spec("any_file.size", {"file": "good.csv"})

    result, after = run([hostile, good], tmp_path, {name: content, "good.csv": "a\n1\n"}, CheckLimits(check_s=10))

    assert result.status is status, result
    assert result.found is not None
    assert result.found.isprintable()
    assert after.status is Status.PASSED
