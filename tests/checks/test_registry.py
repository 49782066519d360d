import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from evalkit.checks.problems import ParameterError
from evalkit.checks.registry import (
    UnknownCheckError,
    bind_parameters,
    check,
    checks_hash,
    find_check,
    known_checks,
    resolve_references,
)
from evalkit.checks.result import CheckSpec, Finding, Json
from evalkit.errors import UsageError

LOCAL = '''
from dataclasses import dataclass

from evalkit.checks import Check, File, Finding, check
from evalkit.checks.table import row_count


@dataclass(frozen=True, kw_only=True)
class Style:
    """A record of the author's own."""

    words: int


@check(version=3)
def memo_agrees(on: Check, *, memo: File, style: Style | None = None) -> Finding:
    """The memo has some words."""
    words = len(on.text(memo).split())
    return on.passed() if words else on.failed("no words", wanted="some", at=on.place(memo))
'''


@pytest.fixture
def checks_module(tmp_path: Path) -> Path:
    path = tmp_path / "checks.py"
    path.write_text(LOCAL)
    return path


def test_a_check_is_found_by_module_and_function() -> None:
    found = find_check("table.row_count")

    assert found.name == "table.row_count"
    assert found.version == 1


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("csv_table.rowcount", "no check named 'csv_table.rowcount'; did you mean 'csv_table.row_count'?"),
        ("csv_tabel.columns", "no check named 'csv_tabel.columns'; did you mean 'csv_table.columns'?"),
        ("registry.check", "no check named 'registry.check'; "),
        ("table.judge_columns", "no check named 'table.judge_columns'; did you mean 'table.columns'?"),
        (
            "csv_table.judge_row_count",
            "no check named 'csv_table.judge_row_count'; did you mean 'csv_table.row_count'?",
        ),
        ("os.system", "no check named 'os.system'; "),
        ("", "no check named ''; "),
        ("local.memo", "no check named 'local.memo'; write it in a checks.py beside the suite"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, why: str) -> None:
    with pytest.raises(UnknownCheckError) as caught:
        find_check(name)

    assert str(caught.value).startswith(why)


def test_every_check_documents_itself_with_an_example_that_binds() -> None:
    for name in known_checks():
        definition = find_check(name)
        example = re.search(r"^\{check: .*\}$", definition.documentation, re.MULTILINE)
        assert example is not None, name
        written = yaml.safe_load(example[0])

        assert written["check"] == name
        bind_parameters(definition, written.get("with", {}))


def test_every_parameter_of_every_check_stands_in_its_documentation_or_example() -> None:
    missing = []
    for name in known_checks():
        definition = find_check(name)
        words = set(re.findall(r"\w+", definition.documentation))
        parameters = list(inspect.signature(definition.function).parameters)[1:]
        missing += [f"{name}: {parameter}" for parameter in parameters if parameter not in words]

    assert missing == []


def test_a_suites_own_check_is_found_under_local(checks_module: Path) -> None:
    found = find_check("local.memo_agrees", checks_module=checks_module)

    assert (found.name, found.version) == ("local.memo_agrees", 3)
    assert set(bind_parameters(found, {"memo": "memo.md", "style": {"words": 3}})) == {"memo", "style"}


def test_checks_that_an_author_imports_to_build_on_do_not_become_local(checks_module: Path) -> None:
    local = [name for name in known_checks(checks_module) if name.startswith("local.")]

    assert local == ["local.memo_agrees"]


def test_a_near_miss_of_a_local_name_is_suggested(checks_module: Path) -> None:
    with pytest.raises(UnknownCheckError, match=r"did you mean 'local\.memo_agrees'\?"):
        find_check("local.memo_agree", checks_module=checks_module)


@pytest.mark.parametrize(
    "source", ["import nothing_of_this_name", "def (", "1 / 0", "\x00", "raise SystemError('x\\n\\x1b')"]
)
def test_a_checks_module_that_cannot_be_imported_is_one_line_of_error(tmp_path: Path, source: str) -> None:
    path = tmp_path / "checks.py"
    path.write_text(source)

    with pytest.raises(UnknownCheckError) as caught:
        find_check("local.x", checks_module=path)

    assert str(caught.value).startswith(f"{path}: cannot be imported: ")
    assert str(caught.value).isprintable()


def test_a_checks_module_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnknownCheckError, match="cannot be read"):
        find_check("local.x", checks_module=tmp_path / "checks.py")


def test_a_changed_checks_module_is_read_anew(checks_module: Path) -> None:
    find_check("local.memo_agrees", checks_module=checks_module)
    checks_module.write_text(LOCAL.replace("version=3", "version=4"))

    assert find_check("local.memo_agrees", checks_module=checks_module).version == 4


def test_a_function_that_no_suite_could_call_is_refused_where_it_is_written() -> None:
    def positional(on: object, name: str) -> Finding:
        raise NotImplementedError

    with pytest.raises(UsageError, match="parameter 'name' is positional or has no type"):
        check(version=1)(positional)


def test_looking_up_and_listing_checks_imports_nothing_heavy() -> None:
    program = (
        "import sys; from evalkit.checks import check, Check, Finding, Table, Value, File, Files, Text; "
        "from evalkit.checks.registry import find_check, known_checks; "
        "find_check('xlsx_workbook.cell'); assert len(known_checks()) > 20; "
        "print(sorted({'openpyxl', 'pandas', 'numpy', 'yaml', 'pydantic', 'anthropic'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_finding_a_check_imports_its_module_alone() -> None:
    program = (
        "import sys; from evalkit.checks.registry import find_check; find_check('any_file.safe'); "
        "print([name for name in ('csv_table', 'json_document', 'table', 'value', 'xlsx_workbook') "
        "if f'evalkit.checks.{name}' in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_references_are_replaced_by_what_the_oracle_says() -> None:
    oracle: Json = {"rows": [{"id": 1}], "payment": 4804.19, "of": {"a": None}}
    raw: dict[str, Json] = {
        "expected": {"expected": "/rows"},
        "nested": [{"expected": "/payment"}, {"x": {"expected": "/of/a"}}],
        "table": {"input": "a.csv"},
        "literal": "/rows",
    }

    assert resolve_references(raw, oracle) == {
        "expected": [{"id": 1}],
        "nested": [4804.19, {"x": None}],
        "table": {"input": "a.csv"},
        "literal": "/rows",
    }


def test_a_parameter_called_expected_is_not_a_reference() -> None:
    assert resolve_references({"expected": "/rows"}, {"rows": 1}) == {"expected": "/rows"}
    assert resolve_references({"row": {"expected": 3}}, None) == {"row": {"expected": 3}}


def test_every_reference_that_leads_nowhere_is_told() -> None:
    with pytest.raises(ParameterError) as caught:
        resolve_references({"a": {"expected": "/x"}, "b": [{"expected": "y"}]}, {"z": 1})

    assert caught.value.problems == (
        "expected.json: nothing at '/x'; there are 1 keys: 'z'",
        "expected.json: 'y' is no JSON Pointer; write '/' before each step, as in '/totals/0'",
    )


SPEC = CheckSpec(id="a", check="table.sums", version=1, parameters={"expected": 1.5}, criterion=("R1",))


def test_the_hash_moves_with_whatever_a_check_decides_by() -> None:
    variants = [
        SPEC,
        CheckSpec(id="b", check="table.sums", version=1, parameters={"expected": 1.5}, criterion=("R1",)),
        CheckSpec(id="a", check="table.equals", version=1, parameters={"expected": 1.5}, criterion=("R1",)),
        CheckSpec(id="a", check="table.sums", version=2, parameters={"expected": 1.5}, criterion=("R1",)),
        CheckSpec(id="a", check="table.sums", version=1, parameters={"expected": 1.6}, criterion=("R1",)),
        CheckSpec(id="a", check="table.sums", version=1, parameters={"expected": 1.5}),
        CheckSpec(
            id="a", check="table.sums", version=1, parameters={"expected": 1.5}, criterion=("R1",), required=False
        ),
    ]

    assert len({checks_hash([spec], None) for spec in variants}) == len(variants)


def test_the_hash_does_not_depend_on_the_order_of_parameters() -> None:
    one = CheckSpec(id="a", check="x.y", version=1, parameters={"a": 1, "b": {"c": 1, "d": 2}})
    other = CheckSpec(id="a", check="x.y", version=1, parameters={"b": {"d": 2, "c": 1}, "a": 1})

    assert checks_hash([one], None) == checks_hash([other], None)


def test_the_source_of_local_checks_is_part_of_the_hash_when_one_is_used(checks_module: Path) -> None:
    local = CheckSpec(id="a", check="local.memo_agrees", version=3)
    before, untouched = checks_hash([local], checks_module), checks_hash([SPEC], checks_module)

    checks_module.write_text(LOCAL.replace("some words", "a few words"))

    assert checks_hash([local], checks_module) != before
    assert checks_hash([SPEC], checks_module) == untouched


def test_the_hash_is_the_same_with_other_line_ends(checks_module: Path) -> None:
    local = CheckSpec(id="a", check="local.memo_agrees", version=3)
    before = checks_hash([local], checks_module)

    checks_module.write_bytes(LOCAL.replace("\n", "\r\n").encode())

    assert checks_hash([local], checks_module) == before


def install(folder: Path, module: str, source: str) -> None:
    """A package called `acme` lies in `folder` as if installed; its checks are `finance.*`."""
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    (folder / "acme-1.dist-info").mkdir()
    (folder / "acme-1.dist-info" / "METADATA").write_text("Name: acme\nVersion: 1\n", encoding="utf-8")
    (folder / "acme-1.dist-info" / "entry_points.txt").write_text(
        f"[evalkit.checks]\nfinance = {module}\n", encoding="utf-8"
    )


PLUG_IN = """
from evalkit.checks import Check, Finding, check

@check(version=3)
def books_balance(on: Check) -> Finding:
    return on.passed()
"""


def test_an_installed_package_brings_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "acme_checks", PLUG_IN)
    monkeypatch.syspath_prepend(tmp_path)

    assert find_check("finance.books_balance").version == 3
    assert "finance.books_balance" in known_checks()


def test_a_package_that_cannot_be_imported_is_said_so_only_when_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "broken_checks", "import nothing_of_that_name")
    monkeypatch.syspath_prepend(tmp_path)

    assert "value.equals" in known_checks()
    with pytest.raises(UnknownCheckError, match=r"broken_checks: cannot be imported: ModuleNotFoundError"):
        find_check("finance.books_balance")
