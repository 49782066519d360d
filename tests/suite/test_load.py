from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loan_project import SUITE, change, write_project

from evalkit.errors import SuiteError
from evalkit.suite.load import load_suite
from evalkit.suite.model import Backend

FORMATS = Path(__file__).parents[2].parent / "shared" / "design" / "formats.md"

S = "suites/loans.yaml"


@pytest.fixture(name="suite_file")
def path_of_a_suite_that_loads(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def test_a_suite_is_read_with_everything_it_names(suite_file: Path, tmp_path: Path) -> None:
    suite = load_suite(suite_file)

    (task,) = suite.tasks
    assert (suite.name, suite.root, suite.backend) == ("loans", tmp_path, Backend.EMULATOR)
    assert suite.scenario == tmp_path / "suites/loans/scenario.yaml"
    assert suite.environment.body == {"name": "box", "config": {"type": "cloud"}}
    assert (task.id, task.description, task.rubric.name) == ("loan", "Build the schedule of the loan.", "loan")
    assert (task.max_iterations, task.trials, task.timeout_s, task.budget_usd) == (3, 2, 1800.0, Decimal("1.50"))
    assert (task.deliverables, task.tags) == (("loan.csv",), ("csv",))


def test_an_input_is_known_by_the_hash_of_its_bytes(suite_file: Path, tmp_path: Path) -> None:
    (given_file,) = load_suite(suite_file).tasks[0].inputs

    assert given_file.mount_as == "loan.json"
    assert given_file.path == tmp_path / "suites/loans/loan.json"
    assert given_file.sha256 == sha256(given_file.path.read_bytes()).hexdigest()


def test_an_input_without_as_keeps_its_file_name(suite_file: Path, tmp_path: Path) -> None:
    change(tmp_path, S, ", as: loan.json", "")

    assert load_suite(suite_file).tasks[0].inputs[0].mount_as == "loan.json"


def test_the_always_on_checks_come_first_and_references_are_values(suite_file: Path) -> None:
    checks = load_suite(suite_file).tasks[0].checks

    assert [check.id for check in checks] == [
        "any_file.delivered",
        "any_file.safe",
        "any_file.not_an_input",
        "payment",
    ]
    assert checks[0].parameters == {"names": ["loan.csv"]}
    assert checks[3].parameters == {
        "value": {"file": "loan.csv", "column": "Payment", "row": 1},
        "expected": 4804.19,
        "abs_tol": 0.01,
    }
    assert (checks[3].criterion, checks[3].required) == (("R1",), True)


def test_always_can_be_emptied(suite_file: Path, tmp_path: Path) -> None:
    change(tmp_path, S, "    tags: [csv]", "    always: []")

    assert [check.id for check in load_suite(suite_file).tasks[0].checks] == ["payment"]


def test_a_task_overrides_defaults_and_defaults_have_defaults(suite_file: Path, tmp_path: Path) -> None:
    change(tmp_path, S, "    tags: [csv]", "    max_iterations: 5\n    timeout: 90s")
    change(tmp_path, S, "defaults: {max_iterations: 3, trials: 2, timeout: 30m, budget_usd: 1.50}\n", "")

    task = load_suite(suite_file).tasks[0]

    assert (task.max_iterations, task.trials, task.timeout_s, task.budget_usd) == (5, 1, 90.0, None)


def test_the_caller_chooses_the_backend_over_the_suite(suite_file: Path, tmp_path: Path) -> None:
    change(tmp_path, S, "scenario: loans/scenario.yaml\n", "")

    assert load_suite(suite_file, backend=Backend.ANTHROPIC).backend is Backend.ANTHROPIC


def test_without_variants_there_is_one_named_base(suite_file: Path, tmp_path: Path) -> None:
    text = suite_file.read_text(encoding="utf-8")
    start, end = text.index("variants:"), text.index("defaults:")
    suite_file.write_text(text[:start] + text[end:], encoding="utf-8")

    assert [variant.name for variant in load_suite(suite_file).variants] == ["base"]


def test_a_description_and_a_rubric_may_stand_in_files_beside_the_suite(suite_file: Path, tmp_path: Path) -> None:
    (tmp_path / "suites/loans/task.md").write_bytes(b"Build it.\r\nNow.")
    (tmp_path / "suites/loans/strict.md").write_text("- [R1] a\n", encoding="utf-8")
    change(tmp_path, S, "description: Build the schedule of the loan.", "description: {file: loans/task.md}")
    change(tmp_path, S, "rubric: loan", "rubric: {file: loans/strict.md}")

    task = load_suite(suite_file).tasks[0]

    assert task.description == "Build it.\nNow."
    assert (task.rubric.name, task.rubric.sent) == ("strict", "- [R1] a\n")


def test_a_check_of_the_suites_own_checks_py_is_found(suite_file: Path, tmp_path: Path) -> None:
    module = tmp_path / "suites/loans/checks.py"
    module.write_text(
        "from evalkit.checks.deliverables import Check\n"
        "from evalkit.checks.registry import check\n"
        "from evalkit.checks.result import Finding\n"
        "@check(version=4)\n"
        "def mine(on: Check, *, word: str) -> Finding:\n"
        "    return on.passed(word)\n",
        encoding="utf-8",
    )
    change(tmp_path, S, "    checks:", "    checks:\n      - {check: local.mine, with: {word: x}}")

    task = load_suite(suite_file).tasks[0]

    assert task.checks_module == module
    assert [(check.id, check.version) for check in task.checks[3:]] == [("local.mine", 4), ("payment", 1)]


def test_a_link_that_stays_inside_the_project_is_followed(suite_file: Path, tmp_path: Path) -> None:
    real = tmp_path / "suites/loans/loan.json"
    real.rename(tmp_path / "shared-loan.json")
    real.symlink_to(tmp_path / "shared-loan.json")

    assert load_suite(suite_file).tasks[0].inputs[0].path == tmp_path / "shared-loan.json"


def test_problems_name_files_as_they_are_typed_from_the_working_directory(
    suite_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(tmp_path, S, "backend: emulator", "backend: nowhere")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SuiteError, match=r"^suites/loans\.yaml:3: backend: 'nowhere'"):
        load_suite(Path("suites/loans.yaml"))


def test_a_session_is_opened_with_what_the_suite_says_word_for_word(suite_file: Path, tmp_path: Path) -> None:
    repository = "{type: github_repository, url: 'https://example.com/r', checkout: {type: branch, name: main}}"
    change(tmp_path, S, "defaults:", f"session: {{vault_ids: [vlt_01], resources: [{repository}]}}\ndefaults:")

    session = load_suite(suite_file).session

    assert session.vault_ids == ("vlt_01",)
    assert session.resources == (
        {
            "type": "github_repository",
            "url": "https://example.com/r",
            "checkout": {"type": "branch", "name": "main"},
        },
    )


def test_an_environment_and_a_rubric_may_be_at_the_provider(suite_file: Path, tmp_path: Path) -> None:
    change(tmp_path, S, "environment: loans/environment.yaml", "environment: {id: env_01}")
    change(tmp_path, S, "rubric: loan", "rubric: {file_id: file_01}")

    suite = load_suite(suite_file, backend=Backend.ANTHROPIC)

    assert (suite.environment.id, suite.environment.body) == ("env_01", {})
    assert (suite.tasks[0].rubric_file_id, suite.tasks[0].rubric.criteria) == ("file_01", ())


def load_or_refuse(suite_file: Path) -> bool:
    """Whether the suite loads; any exception but SuiteError goes through."""
    try:
        load_suite(suite_file)
    except SuiteError as error:
        return not error.problems
    return True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_suite_or_a_suite_error(content: bytes, suite_file: Path) -> None:
    suite_file.write_bytes(content)

    assert load_or_refuse(suite_file) is False


LINES = SUITE.splitlines(keepends=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, len(SUITE)),
    length=st.integers(0, 30),
    text=st.text(st.sampled_from("{}[]:,-&*!|>'\"\\%@` \n\t#~<=.0123aenox/\x00\ud7ff\u2028"), max_size=8),
)
def test_any_small_damage_to_a_suite_leaves_a_suite_or_a_suite_error(
    place: int, length: int, text: str, suite_file: Path
) -> None:
    suite_file.write_text(SUITE[:place] + text + SUITE[place + length :], encoding="utf-8")

    load_or_refuse(suite_file)


LATER = ("isolation:", "gate:")
NOT_YET = (
    "xlsx_workbook.perturb",
    "local.memo_agrees",
    "check: pytest",
    "check: command",
    "selftest:",
    "# may override",
)


def blocks_of(page: str) -> list[str]:
    return [block.split("\n```", 1)[0] for block in page.split("```yaml\n")[1:]]


def without_later_keys(example: str) -> str:
    """The example suite as this version reads it: keys of later issues and checks that are not built yet cut out."""
    kept: list[str] = []
    cutting = False
    for line in example.split("\n"):
        if line[:1] not in {" ", ""}:
            cutting = line.startswith(LATER)
        if not cutting and not any(word in line for word in NOT_YET):
            kept.append(line)
    return "\n".join(kept)


@pytest.mark.skipif(not FORMATS.is_file(), reason="the design pages are not here: no folder shared beside the project")
def test_the_example_of_the_formats_page_loads_without_the_keys_of_later_versions(tmp_path: Path) -> None:
    page = FORMATS.read_text(encoding="utf-8")
    suite_text, agent_text = blocks_of(page)[:2]
    rubric_text = page.split("```markdown\n")[1].split("\n```", 1)[0]
    files = {
        "suites/finance.yaml": without_later_keys(suite_text),
        "suites/finance/agent.yaml": agent_text,
        "suites/finance/environment.yaml": "name: box\n",
        "suites/finance/prompts/v1.md": "v1",
        "suites/finance/prompts/v2.md": "v2",
        "suites/finance/tools.py": "def lookup_rate(input, call):\n    return '1.08'\n",
        "suites/finance/scenario.yaml": "",
        "suites/finance/loan/task.md": "Build it.",
        "suites/finance/loan/inputs/loan.json": "{}",
        "suites/finance/loan/expected.json": '{"payment": 4804.19}',
        "rubrics/loan.md": rubric_text,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    suite = load_suite(tmp_path / "suites/finance.yaml")

    assert [variant.agent_body["system"] for variant in suite.variants] == ["v1", "v2"]
    assert [criterion.id for criterion in suite.tasks[0].rubric.criteria] == ["R1", "R3", "R4", "R9"]
    assert [check.id for check in suite.tasks[0].checks[3:]] == ["sheets", "payment"]
    assert suite.tasks[0].budget_usd == Decimal("1.50")
    assert [handler.name for handler in suite.tasks[0].tools] == ["lookup_rate"]
    assert [(rule.tool, rule.matches, rule.answer.value) for rule in suite.tasks[0].permissions] == [
        ("bash", (("command", "^python "),), "allow"),
        ("*", (), "deny"),
    ]
