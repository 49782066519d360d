"""Every rule of the suite format, shown by an example that this rule and no other refuses."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from loan_project import change, write_project

from evalkit.errors import SuiteError
from evalkit.suite.load import load_suite, read_suite
from evalkit.suite.problems import Findings, Rule

S = "suites/loans.yaml"
A = "suites/loans/agent.yaml"
E = "suites/loans/environment.yaml"
X = "suites/loans/expected.json"
R = "rubrics/loan.md"
CHECK = "check: value.equals"
LATER = "is not supported by this version; remove it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A change to the project that makes it wrong, and the one problem it must be refused with."""

    rule: Rule
    file: str
    old: str
    new: str
    problem: str


def bad(rule: Rule, file: str, old: str, new: str, problem: str) -> Bad:
    return Bad(rule=rule, file=file, old=old, new=new, problem=problem)


EXAMPLES = (
    bad(
        Rule.SYNTAX,
        A,
        "tools:",
        "tools: [",
        f"{A}:5: no YAML: expected the node content, but found '-'; correct the line or quote the text",
    ),
    bad(
        Rule.DEPTH,
        A,
        "tools:",
        f"metadata: {'[' * 40}{']' * 40}\ntools:",
        f"{A}:4: nested more than 32 deep; a suite is flatter",
    ),
    bad(
        Rule.ONE_DOCUMENT,
        E,
        "name: box",
        "name: box\n---",
        f"{E}:2: a second document; keep one, remove the '---' before it",
    ),
    bad(
        Rule.ANCHOR,
        A,
        "name: analyst",
        "name: &name analyst",
        f"{A}:1: anchor '&name'; remove it, aliases are not supported",
    ),
    bad(Rule.ALIAS, S, "budget_usd: 1.50", "budget_usd: *money", f"{S}:10: alias '*money'; write the value again"),
    bad(
        Rule.TAG,
        A,
        "name: analyst",
        "name: !!str analyst",
        f"{A}:1: tag 'tag:yaml.org,2002:str'; remove it, tags are not supported",
    ),
    bad(
        Rule.MERGE_KEY,
        S,
        "    tags: [csv]",
        "    <<: {tags: [csv]}",
        f"{S}:24: merge key '<<'; write the keys out, merging is not supported",
    ),
    bad(
        Rule.DUPLICATE_KEY,
        S,
        "    tags: [csv]",
        "    tags: [csv]\n    rubric: other",
        f"{S}:25: key 'rubric' is in line 14 already; remove one",
    ),
    bad(
        Rule.KEY_TYPE,
        A,
        "tools:",
        "metadata: {2026: x}\ntools:",
        f"{A}:4: a key that is the number 2026; quote it, keys are text",
    ),
    bad(
        Rule.AMBIGUOUS,
        S,
        "tags: [csv]",
        "tags: [no]",
        f"{S}:24: unquoted no, which YAML readers take differently; write false, or quote it if it is text: 'no'",
    ),
    bad(
        Rule.AMBIGUOUS,
        A,
        "tools:",
        "description: 2026-01-01\ntools:",
        f"{A}:4: unquoted 2026-01-01, which YAML readers take differently; quote it if it is text: '2026-01-01'",
    ),
    bad(
        Rule.AMBIGUOUS,
        A,
        "tools:",
        "description: 0755\ntools:",
        f"{A}:4: unquoted 0755, which YAML readers take differently; quote it if it is text: '0755'",
    ),
    bad(
        Rule.AMBIGUOUS,
        A,
        "name: analyst",
        "name: 1:30",
        f"{A}:1: unquoted 1:30, which YAML readers take differently; quote it if it is text: '1:30'",
    ),
    bad(
        Rule.AMBIGUOUS,
        A,
        "tools:",
        "metadata: {on: x}\ntools:",
        f"{A}:4: unquoted on, which YAML readers take differently; write true, or quote it if it is text: 'on'",
    ),
    bad(
        Rule.NUMBER_RANGE,
        S,
        "abs_tol: 0.01",
        "abs_tol: 1e400",
        f"{S}:22: number 1e400 is too long or too large; quote it if it is text",
    ),
    bad(
        Rule.CHARACTER,
        S,
        "Build the schedule of the loan.",
        r'"Build the schedule\0"',
        f"{S}:13: character '\\x00'; write text without control characters",
    ),
    bad(Rule.TYPE, S, "trials: 2", "trials: two", f"{S}:10: trials: the text 'two'; write a whole number"),
    bad(Rule.TYPE, S, "trials: 2", "trials: 2.0", f"{S}:10: trials: the number 2.0; write a whole number"),
    bad(Rule.TYPE, S, "    tags: [csv]", "    tags: csv", f"{S}:24: tags: the text 'csv'; write a list"),
    bad(Rule.TYPE, S, "criterion: R1", "required: 1", f"{S}:23: required: the number 1; write true or false"),
    bad(Rule.TYPE, S, "criterion: R1", "criterion: [1]", f"{S}:23: criterion: a list; write text, or a list of texts"),
    bad(Rule.TYPE, S, "  - {name: base}", "  - base", f"{S}:8: variants: the text 'base'; write a mapping"),
    bad(Rule.TYPE, A, "name: analyst", "name: 12", f"{A}:1: name: the number 12; write text, in quotes"),
    bad(
        Rule.TYPE,
        A,
        "model: claude-sonnet-5-5",
        "model: {effort: high}",
        f"{A}:2: model: a mapping; write a model's name, or {{id: …, effort: …}}",
    ),
    bad(
        Rule.ONE_FORM,
        S,
        "agent: loans/agent.yaml",
        "agent: [loans/agent.yaml]",
        f"{S}:5: agent: a list; write the path of a file or {{id: …, version: …}}",
    ),
    bad(
        Rule.MISSING_KEY,
        S,
        "    description: Build the schedule of the loan.\n",
        "",
        f"{S}:12: key 'description' is missing; add it",
    ),
    bad(
        Rule.MISSING_KEY,
        S,
        "    description: Build the schedule of the loan.\n",
        "    description:\n",
        f"{S}:12: key 'description' is missing; add it",
    ),
    bad(Rule.MISSING_KEY, A, "model: claude-sonnet-5-5\n", "", f"{A}:1: key 'model' is missing; add it"),
    bad(Rule.MISSING_KEY, E, "name: box\n", "", f"{E}:1: key 'name' is missing; add it"),
    bad(Rule.UNKNOWN_KEY, S, "    tags: [csv]", "    tag: [csv]", f"{S}:24: unknown key 'tag'; did you mean 'tags'?"),
    bad(
        Rule.UNKNOWN_KEY,
        S,
        "max_iterations: 3",
        "iterations: 3",
        f"{S}:10: unknown key 'iterations'; did you mean 'max_iterations'?",
    ),
    bad(
        Rule.UNKNOWN_KEY, A, "tools:", "sytem: You are.\ntools:", f"{A}:4: unknown key 'sytem'; did you mean 'system'?"
    ),
    bad(
        Rule.LATER_KEY,
        S,
        "defaults:",
        "gate: {policy: guard}\ndefaults:",
        f"{S}:10: key 'gate' is not supported by this version; remove it",
    ),
    bad(
        Rule.LATER_KEY,
        S,
        "defaults:",
        "isolation: shared\ndefaults:",
        f"{S}:10: key 'isolation' is not supported by this version; remove it",
    ),
    bad(
        Rule.LATER_KEY,
        S,
        "    tags: [csv]",
        "    selftest: {make: loans/make.py}",
        f"{S}:24: key 'selftest' is not supported by this version; remove it",
    ),
    bad(
        Rule.ONE_FORM,
        S,
        "Build the schedule of the loan.",
        "{path: task.md}",
        f"{S}:13: description: a mapping with 'path'; write a text or {{file: …}}",
    ),
    bad(
        Rule.ONE_FORM,
        S,
        "Build the schedule of the loan.",
        "[a, b]",
        f"{S}:13: description: a list; write a text or {{file: …}}",
    ),
    bad(
        Rule.FORMAT,
        S,
        "format: evalkit-suite/1",
        "format: evalkit-suite/2",
        f"{S}:1: format: 'evalkit-suite/2'; this version reads 'evalkit-suite/1'",
    ),
    bad(
        Rule.CHOICE,
        S,
        "backend: emulator",
        "backend: anthropc",
        f"{S}:3: backend: 'anthropc'; did you mean 'anthropic'?",
    ),
    bad(
        Rule.CHOICE,
        S,
        "    tags: [csv]",
        "    always: [any_file.saf]",
        f"{S}:24: always: 'any_file.saf'; did you mean 'any_file.safe'?",
    ),
    bad(
        Rule.ID,
        S,
        "tags: [csv]",
        "tags: [Csv]",
        f"{S}:24: tags: 'Csv'; an id is up to 64 of a–z, 0–9 and '-', and does not begin with '-'",
    ),
    bad(
        Rule.RANGE,
        S,
        "max_iterations: 3",
        "max_iterations: 21",
        f"{S}:10: max_iterations: 21; write a whole number from 1 to 20",
    ),
    bad(Rule.RANGE, S, "trials: 2", "trials: 0", f"{S}:10: trials: 0; write a whole number from 1 to 1000"),
    bad(
        Rule.TEXT_LENGTH,
        A,
        "name: analyst",
        f"name: {'a' * 257}",
        f"{A}:1: name: text of 257 characters; the API takes at most 256",
    ),
    bad(
        Rule.TEXT_LENGTH,
        "suites/loans/v2.md",
        "You are",
        "You are" * 20_000,
        f"{S}:9: system_file: text of 140020 characters; the API takes at most 100000",
    ),
    bad(
        Rule.DURATION,
        S,
        "timeout: 30m",
        "timeout: 90",
        f"{S}:10: timeout: the number 90; write a duration such as 90s, 30m or 2h",
    ),
    bad(
        Rule.DURATION,
        S,
        "timeout: 30m",
        "timeout: 0m",
        f"{S}:10: timeout: the text '0m'; write a duration such as 90s, 30m or 2h",
    ),
    bad(
        Rule.MONEY,
        S,
        "budget_usd: 1.50",
        "budget_usd: 1.505",
        f"{S}:10: budget_usd: the number 1.505; write dollars in whole cents, at least 0.01",
    ),
    bad(
        Rule.MONEY,
        S,
        "budget_usd: 1.50",
        "budget_usd: 0.001",
        f"{S}:10: budget_usd: the number 0.001; write dollars in whole cents, at least 0.01",
    ),
    bad(
        Rule.EMPTY,
        S,
        "Build the schedule of the loan.",
        "' '",
        f"{S}:13: description: the text ' '; write something, or remove the key",
    ),
    bad(
        Rule.EMPTY,
        S,
        "deliverables: [loan.csv]",
        "deliverables: []",
        f"{S}:17: deliverables: an empty list; give at least one entry",
    ),
    bad(
        Rule.EMPTY,
        "suites/loans/v1.md",
        "You are an analyst.",
        " ",
        f"{A}:3: system_file: a file without text; write the prompt or remove the key",
    ),
    bad(
        Rule.FLAT_NAME,
        S,
        "[loan.csv]",
        "[out/loan.csv]",
        f"{S}:17: deliverables: 'out/loan.csv'; write a plain file name, folders are flattened by the platform",
    ),
    bad(
        Rule.FLAT_NAME,
        S,
        "as: loan.json",
        "as: ../loan.json",
        f"{S}:16: as: '../loan.json'; write a plain file name, folders are flattened by the platform",
    ),
    bad(
        Rule.TOOL_TYPE,
        A,
        "{type: agent_toolset_20260401}",
        "{name: bash}",
        f"{A}:4: tools: a mapping without 'type' in the list; every tool is a mapping with a 'type'",
    ),
    bad(
        Rule.SUITE_NAME,
        S,
        "name: loans",
        "name: loan",
        f"{S}:2: name 'loan' in a file named 'loans.yaml'; give both the same name",
    ),
    bad(
        Rule.SCENARIO,
        S,
        "scenario: loans/scenario.yaml\n",
        "",
        f"{S}:3: backend 'emulator' without a scenario; add 'scenario: FILE', or choose 'anthropic'",
    ),
    bad(
        Rule.ABSOLUTE_PATH,
        S,
        "path: loans/loan.json",
        "path: /etc/hostname",
        f"{S}:16: path '/etc/hostname'; write it relative to suites/loans.yaml",
    ),
    bad(
        Rule.ABSOLUTE_PATH,
        S,
        "path: loans/loan.json",
        "path: ~/loan.json",
        f"{S}:16: path '~/loan.json'; write it relative to suites/loans.yaml",
    ),
    bad(
        Rule.OUTSIDE_ROOT,
        S,
        "path: loans/loan.json",
        "path: ../../outside.json",
        f"{S}:16: '../../outside.json' is 'AROUND/outside.json', outside the project root 'ROOT'; move it inside",
    ),
    bad(
        Rule.OUTSIDE_ROOT,
        S,
        "path: loans/loan.json",
        "path: loans/link.json",
        f"{S}:16: 'loans/link.json' is 'AROUND/outside.json', outside the project root 'ROOT'; move it inside",
    ),
    bad(
        Rule.NO_FILE,
        S,
        "path: loans/loan.json",
        "path: loans/lone.json",
        f"{S}:16: no file at 'loans/lone.json', looked for as 'suites/loans/lone.json'; correct the path",
    ),
    bad(
        Rule.NO_FILE,
        S,
        "path: loans/loan.json",
        "path: loans",
        f"{S}:16: a folder, or no plain file, at 'loans', looked for as 'suites/loans'; correct the path",
    ),
    bad(
        Rule.NO_FILE,
        A,
        "system_file: v1.md",
        "system_file: loans/v1.md",
        f"{A}:3: no file at 'loans/v1.md', looked for as 'suites/loans/loans/v1.md'; correct the path",
    ),
    bad(
        Rule.UNREADABLE,
        S,
        "path: loans/loan.json",
        f"path: {'a' * 300}",
        f"{S}:16: path '{'a' * 300}': File name too long; name a file that can be read",
    ),
    bad(
        Rule.UNREADABLE,
        S,
        "path: loans/loan.json",
        "path: loans/circle.json",
        f"{S}:16: path 'loans/circle.json': a link leads to itself; name a file that can be read",
    ),
    bad(
        Rule.UNIQUE_TASK,
        S,
        "tasks:",
        "tasks:\n  - {id: loan, description: d, rubric: loan, deliverables: [x]}",
        f"{S}:13: task 'loan' is in line 12 already; rename one",
    ),
    bad(Rule.UNIQUE_VARIANT, S, "{name: base}", "{name: v2}", f"{S}:9: variant 'v2' is there twice; rename one"),
    bad(
        Rule.UNIQUE_CHECK,
        S,
        "    checks:",
        "    checks:\n      - {id: payment, check: any_file.safe}",
        f"{S}:21: a second check 'payment'; remove it or name it differently",
    ),
    bad(
        Rule.UNIQUE_CHECK,
        S,
        "    checks:",
        "    checks:\n      - {check: any_file.safe}",
        f"{S}:20: a second check 'any_file.safe'; remove it or name it differently",
    ),
    bad(
        Rule.UNIQUE_DELIVERABLE,
        S,
        "[loan.csv]",
        "[loan.csv, loan.csv]",
        f"{S}:17: a second deliverable 'loan.csv'; remove it or name it differently",
    ),
    bad(
        Rule.UNIQUE_INPUT,
        S,
        "    inputs:",
        "    inputs:\n      - {path: loans/loan.json}",
        f"{S}:17: a second input 'loan.json'; remove it or name it differently",
    ),
    bad(
        Rule.NO_RUBRIC,
        S,
        "rubric: loan",
        "rubric: loans",
        f"{S}:14: no rubric named 'loans' in 'rubrics'; did you mean 'loan'?",
    ),
    bad(
        Rule.NO_RUBRIC,
        S,
        "rubric: loan",
        "rubric: ../suites/loans/v1",
        f"{S}:14: no rubric named '../suites/loans/v1' in 'rubrics'; known are loan",
    ),
    bad(Rule.RUBRIC, R, "[R2]", "[R1]", f"{R}:2: criterion id 'R1' is taken by line 1; give it another"),
    bad(
        Rule.RUBRIC,
        S,
        "rubric: loan",
        "rubric: {text: '- [R1] <!-- must -->'}",
        f"{S}:14: rubric text, line 1: criterion 'R1' says nothing: '- [R1] <!-- must -->'; add its text",
    ),
    bad(
        Rule.SYSTEM_TWICE,
        A,
        "system_file: v1.md",
        "system_file: v1.md\nsystem: You are.",
        f"{A}:3: 'system' and 'system_file'; keep one of them",
    ),
    bad(Rule.EXPECTED, X, "}", "", f"{X}:2: Expecting ',' delimiter in column 1; write strict JSON (RFC 8259)"),
    bad(Rule.EXPECTED, X, "4804.19", "NaN", f"{X}: NaN, which is not JSON; write strict JSON (RFC 8259)"),
    bad(
        Rule.EXPECTED,
        X,
        "4804.19",
        '1, "text": "\\ud800"',
        f"{X}: half a character or a number beyond all floats; write whole text and finite numbers",
    ),
    bad(
        Rule.REFERENCE,
        S,
        "/payment",
        "/payments",
        f"{S}:22: value.equals: expected.json: nothing at '/payments'; there are 1 keys: 'payment'",
    ),
    bad(
        Rule.REFERENCE,
        S,
        "    expected: loans/expected.json\n",
        "",
        f"{S}:21: value.equals: a reference into expected.json; give the task an 'expected' file",
    ),
    bad(
        Rule.INPUT_NAME,
        S,
        "{file: loan.csv,",
        "{input: lone.csv,",
        f"{S}:22: the task has no input 'lone.csv'; known are loan.json",
    ),
    bad(
        Rule.NO_CHECK,
        S,
        CHECK,
        "check: value.equal",
        f"{S}:21: no check named 'value.equal'; did you mean 'value.equals'?",
    ),
    bad(
        Rule.NO_CHECK,
        S,
        CHECK,
        "check: local.mine",
        f"{S}:21: no check named 'local.mine'; write it in a checks.py beside the suite",
    ),
    bad(
        Rule.PARAMETER,
        S,
        "abs_tol: 0.01",
        "abstol: 0.01",
        f"{S}:22: value.equals: no parameter 'abstol'; did you mean 'abs_tol'?",
    ),
    bad(
        Rule.PARAMETER,
        S,
        "abs_tol: 0.01",
        "abs_tol: some",
        f"{S}:22: value.equals: parameter 'abs_tol': 'some' found; a number is wanted",
    ),
    bad(
        Rule.CRITERION,
        S,
        "criterion: R1",
        "criterion: [R1, R3]",
        f"{S}:23: check 'payment': the rubric has no 'R3'; known are R1, R2",
    ),
    bad(
        Rule.ONE_FORM,
        S,
        "agent: loans/agent.yaml",
        "agent: {id: agent_01}",
        f"{S}:5: agent: a mapping with 'id'; write the path of a file or {{id: …, version: …}}",
    ),
    bad(
        Rule.ONE_FORM,
        S,
        "environment: loans/environment.yaml",
        "environment: {id: env_01, version: 2}",
        f"{S}:6: environment: a mapping with 'id', 'version'; write the path of a file or {{id: …}}",
    ),
    bad(
        Rule.ONE_FORM,
        S,
        "rubric: loan",
        "rubric: {id: file_01}",
        f"{S}:14: rubric: a mapping with 'id'; write a name or {{file: …}} or {{text: …}} or {{file_id: …}}",
    ),
    bad(
        Rule.ONE_FORM,
        S,
        "defaults:",
        "tools: {rate: loans/tools.py}\ndefaults:",
        f"{S}:10: rate: 'loans/tools.py'; write file.py:function",
    ),
    bad(
        Rule.ONE_FORM,
        S,
        "defaults:",
        "tools:\n  rate: {fixtures: loans/rates.json, python: loans/tools.py:rate}\ndefaults:",
        f"{S}:11: rate: a mapping with 'fixtures', 'python'; write file.py:function, {{python: file.py:function}}, "
        "{fixtures: file.json} or {command: [program, argument]}",
    ),
    bad(
        Rule.TYPE,
        S,
        "agent: loans/agent.yaml",
        "agent: {id: agent_01, version: latest}",
        f"{S}:5: agent: the text 'latest'; write a version, a whole number",
    ),
    bad(
        Rule.TYPE,
        S,
        "defaults:",
        "tools: [rate]\ndefaults:",
        f"{S}:10: tools: a list; write a mapping",
    ),
    bad(
        Rule.TYPE,
        S,
        "defaults:",
        "permissions: [{tool: bash, answer: allow, matches: python}]\ndefaults:",
        f"{S}:10: matches: the text 'python'; write {{field: regular expression}}",
    ),
    bad(
        Rule.MISSING_KEY,
        S,
        "defaults:",
        "permissions: [{tool: bash}]\ndefaults:",
        f"{S}:10: key 'answer' is missing; add it",
    ),
    bad(
        Rule.UNKNOWN_KEY,
        S,
        "defaults:",
        "permissions: [{tool: bash, answer: deny, reason: x}]\ndefaults:",
        f"{S}:10: unknown key 'reason'; known are answer, matches, message, tool",
    ),
    bad(
        Rule.UNKNOWN_KEY,
        S,
        "defaults:",
        "session: {vault_id: [vlt_01]}\ndefaults:",
        f"{S}:10: unknown key 'vault_id'; did you mean 'vault_ids'?",
    ),
    bad(
        Rule.DURATION,
        S,
        "defaults:",
        "tools: {rate: {python: 'loans/tools.py:rate', timeout: 5}}\ndefaults:",
        f"{S}:10: rate: the number 5; write a duration such as 90s, 30m or 2h",
    ),
    bad(
        Rule.CHOICE,
        S,
        "defaults:",
        "permissions: [{tool: bash, answer: ask}]\ndefaults:",
        f"{S}:10: answer: 'ask'; known are allow, deny",
    ),
    bad(
        Rule.REMOTE_ID,
        S,
        "agent: loans/agent.yaml",
        "agent: {id: ../agents, version: 3}",
        f"{S}:5: agent: '../agents'; an id of the platform is made of letters, digits, '_' and '-'",
    ),
    bad(
        Rule.REMOTE_ID,
        S,
        "defaults:",
        "session: {vault_ids: [my vault]}\ndefaults:",
        f"{S}:10: vault_ids: 'my vault'; an id of the platform is made of letters, digits, '_' and '-'",
    ),
    bad(
        Rule.RESOURCE_TYPE,
        S,
        "defaults:",
        "session: {resources: [{memory_store_id: memstore_01}]}\ndefaults:",
        f"{S}:10: resources: a mapping without 'type' in the list; every resource is a mapping with a 'type'",
    ),
    bad(
        Rule.PATTERN,
        S,
        "defaults:",
        "permissions: [{tool: bash, answer: allow, matches: {command: '(python'}}]\ndefaults:",
        f"{S}:10: matches: command: '(python' is no regular expression (missing ), unterminated subpattern at "
        "position 0); correct it",
    ),
    bad(
        Rule.DENIAL,
        S,
        "defaults:",
        "permissions: [{tool: bash, answer: allow, message: go on}]\ndefaults:",
        f"{S}:10: a message with 'allow', and the platform takes one with 'deny' alone; remove it",
    ),
    bad(
        Rule.NO_TOOL,
        S,
        "defaults:",
        "tools: {rates: loans/tools.py:rate}\ndefaults:",
        f"{S}:10: the agent has no custom tool 'rates'; did you mean 'rate'?",
    ),
    bad(
        Rule.NO_TOOL,
        S,
        "defaults:",
        "permissions: [{tool: bsh, answer: deny}]\ndefaults:",
        f"{S}:10: the agent has no tool 'bsh' that asks; did you mean 'bash'?",
    ),
    bad(
        Rule.HANDLER,
        S,
        "defaults:",
        "tools: {rate: loans/tools.py:rates}\ndefaults:",
        f"{S}:10: no function 'rates' in 'suites/loans/tools.py'; did you mean 'rate'?",
    ),
    bad(
        Rule.HANDLER,
        S,
        "    tags: [csv]",
        "    tools: {rate: loans/tools.py:later}",
        "suites/loans/tools.py:5: 'later' is async; write 'def later(input, call)', it runs in a thread of its own",
    ),
    bad(
        Rule.HANDLER,
        S,
        "defaults:",
        "tools: {rate: loans/tools.py:one}\ndefaults:",
        "suites/loans/tools.py:9: 'one' cannot be called with an input and a call; write 'def one(input, call)'",
    ),
    bad(
        Rule.HANDLER,
        S,
        "defaults:",
        "tools: {rate: loans/v1.md:rate}\ndefaults:",
        "suites/loans/v1.md:1: no Python: invalid syntax; correct it",
    ),
    bad(
        Rule.FIXTURES,
        S,
        "defaults:",
        "tools: {rate: {fixtures: loans/loan.json}}\ndefaults:",
        'suites/loans/loan.json: no fixture file; write {"format": "evalkit-fixtures/1", "calls": […]}',
    ),
    bad(
        Rule.NO_FILE,
        S,
        "defaults:",
        "tools: {rate: {command: [loans/rates.sh]}}\ndefaults:",
        f"{S}:10: no file at 'loans/rates.sh', looked for as 'suites/loans/rates.sh'; correct the path",
    ),
    bad(
        Rule.HOSTED,
        S,
        "agent: loans/agent.yaml",
        "agent: {id: agent_01, version: 3}",
        f"{S}:5: agent 'agent_01' of the platform, which the emulator does not have; "
        "choose backend 'anthropic', or a file",
    ),
    bad(
        Rule.HOSTED,
        S,
        "environment: loans/environment.yaml",
        "environment: {id: env_01}",
        f"{S}:6: environment 'env_01' of the platform, which the emulator does not have; "
        "choose backend 'anthropic', or a file",
    ),
    bad(
        Rule.HOSTED,
        S,
        "rubric: loan",
        "rubric: {file_id: file_01}",
        f"{S}:14: rubric 'file_01' of the platform, which the emulator does not have; "
        "choose backend 'anthropic', or a file",
    ),
    bad(
        Rule.HOSTED,
        S,
        "defaults:",
        "session: {resources: [{type: file, file_id: file_01}]}\ndefaults:",
        f"{S}:10: file 'file_01' of the platform, which the emulator does not have; "
        "choose backend 'anthropic', or a file",
    ),
    bad(
        Rule.OVERRIDE,
        S,
        "{system_file: loans/v2.md}",
        "{version: 4}",
        f"{S}:9: 'version' of an agent that the suite describes, whose content decides it; remove it",
    ),
    bad(
        Rule.ROSTER_TWICE,
        A,
        "tools:",
        "multiagent: {type: coordinator}\ncallable_agents: []\ntools:",
        f"{A}:5: 'callable_agents' and 'multiagent'; keep 'multiagent'",
    ),
)


def problems_of(root: Path, without: frozenset[Rule] = frozenset()) -> list[tuple[Rule, str]]:
    findings = Findings(without=without)
    read_suite(root / S, findings)
    return [
        (rule, str(problem).replace(f"{root}/", "").replace(str(root), "ROOT").replace(str(root.parent), "AROUND"))
        for rule, problem in findings.problems
    ]


@pytest.fixture(name="root")
def root_of_a_project(tmp_path: Path) -> Path:
    """A project that loads, with a way out of it and a link that leads to itself."""
    root = tmp_path / "project"
    write_project(root)
    (tmp_path / "outside.json").write_text("{}", encoding="utf-8")
    (root / "suites/loans/link.json").symlink_to(tmp_path / "outside.json")
    (root / "suites/loans/circle.json").symlink_to("circle.json")
    return root


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}: {example.new[:30]!r}")
def test_a_bad_suite_is_refused_by_its_rule_alone(example: Bad, root: Path) -> None:
    change(root, example.file, example.old, example.new)

    assert problems_of(root) == [(example.rule, example.problem)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}: {example.new[:30]!r}")
def test_without_its_rule_nothing_else_refuses_a_bad_suite(example: Bad, root: Path) -> None:
    change(root, example.file, example.old, example.new)

    assert problems_of(root, frozenset({example.rule})) == []


def test_every_rule_has_an_example() -> None:
    in_bytes = {Rule.ENCODING, Rule.FILE_SIZE, Rule.ROOT}

    assert {example.rule for example in EXAMPLES} | in_bytes == set(Rule)


def test_the_project_that_the_examples_change_loads(root: Path) -> None:
    assert load_suite(root / S).name == "loans"


def refused(root: Path) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        load_suite(root / S)
    return [str(problem).replace(f"{root}/", "") for problem in caught.value.problems]


def test_a_file_that_is_not_utf_8_is_refused_with_the_line(root: Path) -> None:
    (root / A).write_bytes(b"name: x\nmodel: \xe9t\xe9\n")

    assert refused(root) == [f"{A}:2: byte 0xe9 is not UTF-8; save the file as UTF-8"]
    assert problems_of(root, frozenset({Rule.ENCODING})) == []


def test_a_file_of_more_than_a_megabyte_is_refused(root: Path) -> None:
    (root / A).write_bytes(b"#" * 1_000_001)

    assert refused(root) == [f"{A}: 1000001 bytes; a text file of a suite has at most 1000000"]
    assert problems_of(root, frozenset({Rule.FILE_SIZE})) == []


def test_a_suite_outside_every_project_is_refused(tmp_path: Path) -> None:
    suite = tmp_path / "alone.yaml"
    suite.write_text("", encoding="utf-8")

    findings = Findings()
    read_suite(suite, findings)

    assert [rule for rule, _ in findings.problems] == [Rule.ROOT]


def test_all_problems_of_all_files_are_reported_at_once_in_order(root: Path) -> None:
    change(root, S, "trials: 2", "trials: 0")
    change(root, S, "    tags: [csv]", "    tag: [no]\n    rubric: x")
    change(root, S, "/payment", "/nothing")
    change(root, S, "criterion: R1", "criterion: R7")
    change(root, A, "model: claude-sonnet-5-5", "modell: claude-sonnet-5-5")
    change(root, R, "[R2]", "[R1]")

    assert refused(root) == [
        "rubrics/loan.md:2: criterion id 'R1' is taken by line 1; give it another",
        f"{S}:10: trials: 0; write a whole number from 1 to 1000",
        f"{S}:22: value.equals: expected.json: nothing at '/nothing'; there are 1 keys: 'payment'",
        f"{S}:24: unknown key 'tag'; did you mean 'tags'?",
        f"{S}:24: unquoted no, which YAML readers take differently; write false, or quote it if it is text: 'no'",
        f"{S}:25: key 'rubric' is in line 14 already; remove one",
        f"{A}:1: key 'model' is missing; add it",
        f"{A}:2: unknown key 'modell'; did you mean 'model'?",
    ]


def test_a_value_of_the_wrong_shape_hides_no_other_problem_of_its_task(root: Path) -> None:
    change(root, S, "    inputs:", "    max_iterations: many\n    inputs:")
    change(root, S, "rubric: loan", "rubric: lone")

    assert refused(root) == [
        f"{S}:14: no rubric named 'lone' in 'rubrics'; did you mean 'loan'?",
        f"{S}:15: max_iterations: the text 'many'; write a whole number",
    ]


@pytest.mark.parametrize("text", ["", "# nothing", "- a", "text", "1", "null"])
def test_a_suite_that_is_no_mapping_is_refused(text: str, root: Path) -> None:
    (root / S).write_text(text, encoding="utf-8")

    assert len(refused(root)) == 1


def test_a_suite_that_is_not_there_is_refused(root: Path) -> None:
    (root / S).unlink()

    assert refused(root) == [f"{S}: no file there; give the path of a suite"]
