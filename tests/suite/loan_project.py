"""A small project that loads: what the tests of this folder change one thing in."""

from pathlib import Path

SUITE = """\
format: evalkit-suite/1
name: loans
backend: emulator
scenario: loans/scenario.yaml
agent: loans/agent.yaml
environment: loans/environment.yaml
variants:
  - {name: base}
  - {name: v2, agent: {system_file: loans/v2.md}}
defaults: {max_iterations: 3, trials: 2, timeout: 30m, budget_usd: 1.50}
tasks:
  - id: loan
    description: Build the schedule of the loan.
    rubric: loan
    inputs:
      - {path: loans/loan.json, as: loan.json}
    deliverables: [loan.csv]
    expected: loans/expected.json
    checks:
      - id: payment
        check: value.equals
        with: {value: {file: loan.csv, column: Payment, row: 1}, expected: {expected: /payment}, abs_tol: 0.01}
        criterion: R1
    tags: [csv]
"""

AGENT = """\
name: analyst
model: claude-sonnet-5-5
system_file: v1.md
tools:
  - {type: agent_toolset_20260401}
  - {type: custom, name: rate, description: Looks up a rate., input_schema: {type: object}}
"""

FILES = {
    "suites/loans.yaml": SUITE,
    "suites/loans/agent.yaml": AGENT,
    "suites/loans/environment.yaml": "name: box\nconfig: {type: cloud}\n",
    "suites/loans/scenario.yaml": "format: evalkit-scenario/1\n",
    "suites/loans/v1.md": "You are an analyst.\n",
    "suites/loans/v2.md": "You are a careful analyst.\n",
    "suites/loans/loan.json": '{"principal": 250000}\n',
    "suites/loans/expected.json": '{"payment": 4804.19}\n',
    "suites/loans/tools.py": """\
def rate(input, call):
    return "0.0675"


async def later(input, call):
    return "0.0675"


def one(input):
    return "0.0675"
""",
    "suites/loans/rates.json": """\
{"format": "evalkit-fixtures/1", "calls": [{"tool": "rate", "input": {"code": "EUR"}, "text": "0.0675"}]}
""",
    "suites/loans/rate.sh": "echo 0.0675\n",
    "rubrics/loan.md": "- [R1] Payment. It is the level annuity payment.\n- [R2] Dates. They are month ends.\n",
}


def write_project(root: Path) -> Path:
    """The path of a suite that loads, with every file it names."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root / "suites" / "loans.yaml"


def change(root: Path, name: str, old: str, new: str) -> None:
    """In the file `name`, `new` stands where `old` stood."""
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} must stand once in {name}"
    path.write_text(text.replace(old, new), encoding="utf-8")
