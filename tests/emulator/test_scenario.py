import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.emulator.faults import DropStream, OutputsListedAfter, StatusFault
from evalkit.emulator.scenario import Scenario, ScenarioError, load_scenario, probe_names, uncovered_criteria
from evalkit.emulator.script import (
    AfterVerdict,
    CostRanges,
    CustomCall,
    Files,
    GraderErrors,
    Judgement,
    Make,
    Refusal,
    TimeRanges,
    ToolCall,
)

SHIPPED = Path(__file__).parents[2] / "suites/quickstart/scenario.yaml"
FORMATS = Path(__file__).parents[3] / "shared/design/formats.md"

PROBES = "def R1(outputs, inputs): ...\ndef R3(outputs, inputs): ...\ndef _open(path): ...\n"
HEAD = "format: evalkit-scenario/1\nseed: 7\nsessions:\n"
SESSION = """\
  - match: {metadata: {evalkit_task: loan}}
    deliver: {make: make.py}
    grader: {probes: probes.py, judged: {R9: met}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts/a.csv").write_text("a\n", "utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "make.py").write_text("", "utf-8")
    (tmp_path / "probes.py").write_text(PROBES, "utf-8")
    (tmp_path / "bad.py").write_text("def R1(:\n", "utf-8")
    (tmp_path / "none.py").write_text("x = 1\n", "utf-8")
    return tmp_path


def load(folder: Path, text: str) -> Scenario:
    path = folder / "scenario.yaml"
    path.write_text(text, "utf-8")
    return load_scenario(path)


def problems_of(folder: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(ScenarioError) as caught:
        load(folder, text)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_session_needs_only_match_deliver_and_grader(folder: Path) -> None:
    (script,) = load(folder, HEAD + SESSION).sessions

    assert script.deliver == Make(script=folder / "make.py")
    assert (script.flaws, script.calls, script.faults) == ((), (), ())
    assert (script.cost, script.time_s, script.after_verdict) == (CostRanges(), TimeRanges(), AfterVerdict())


def test_everything_a_session_can_say_is_read(folder: Path) -> None:
    (script,) = load(
        folder,
        HEAD
        + SESSION.replace("judged: {R9: met}", "judged: {R9: not_met}, errors: {R3: {misses: 0.05, invents: 0.02}}")
        + """\
    flaws:
      typed_in: {first_draft: 0.4, repaired: 0.9, breaks: [R3, R9], when_system: {"(?i)no typing": 0.05, x: 1}}
    after_verdict: {rewrites: 0.5, flaws: [typed_in]}
    calls: [{tool: read, input: {file_path: /a, view_range: [1, 2]}}, {custom: rate, input: {code: EUR, live: true}}]
    cost: {requests: [3, 6], grader_tokens: [1, 2]}
    time_s: {request: [2, 6.5]}
    refuses: {request: 2, category: bio}
    faults:
      - {drop_stream: {after_event: 12, partial_frame: true}}
      - {outputs_listed_after: 2}
      - {status: 429, on: create_session, times: 2, retry_after_s: 1}
      - {status: 529, on: send_events}
""",
    ).sessions

    (flaw,) = script.flaws
    assert (flaw.name, flaw.first_draft, flaw.repaired, flaw.breaks) == ("typed_in", 0.4, 0.9, ("R3", "R9"))
    assert [(pattern.pattern, chance) for pattern, chance in flaw.when_system] == [("(?i)no typing", 0.05), ("x", 1.0)]
    assert script.after_verdict == AfterVerdict(rewrites=0.5, flaws=("typed_in",))
    assert script.calls == (
        ToolCall(tool="read", tool_input={"file_path": "/a", "view_range": [1, 2]}),
        CustomCall(name="rate", tool_input={"code": "EUR", "live": True}),
    )
    assert script.grader.judged == {"R9": Judgement.NOT_MET}
    assert script.grader.errors == {"R3": GraderErrors(misses=0.05, invents=0.02)}
    assert (script.cost.requests, script.cost.input_tokens, script.cost.grader_tokens) == ((3, 6), (800, 3000), (1, 2))
    assert (script.time_s.request, script.time_s.grading) == ((2.0, 6.5), (17.0, 60.0))
    assert script.refuses == Refusal(request=2, category="bio", explanation=None)
    assert script.faults == (
        DropStream(after_event=12, partial_frame=True, reset=False),
        OutputsListedAfter(listings=2),
        StatusFault(status=429, on="create_session", times=2, retry_after_s=1.0),
        StatusFault(status=529, on="send_events", times=1, retry_after_s=None),
    )


def test_the_first_matching_session_is_played(folder: Path) -> None:
    text = HEAD + SESSION + SESSION.replace("{metadata: {evalkit_task: loan}}", "{description: '(?i)loan'}")
    scenario = load(folder, text)
    by_metadata, by_description = scenario.sessions

    assert scenario.match({"evalkit_task": "loan", "x": "y"}, "A Loan") is by_metadata
    assert scenario.match({"evalkit_task": "dcf"}, "A Loan") is by_description
    assert scenario.match({}, "A memo") is None


def test_all_that_a_match_gives_must_hold(folder: Path) -> None:
    match = "{metadata: {evalkit_task: loan, evalkit_variant: v2}, description: xlsx}"
    scenario = load(folder, HEAD + SESSION.replace("{metadata: {evalkit_task: loan}}", match))
    both = {"evalkit_task": "loan", "evalkit_variant": "v2"}

    assert scenario.match(both, "an xlsx file") is not None
    assert scenario.match(both, "a csv file") is None
    assert scenario.match({"evalkit_task": "loan"}, "an xlsx file") is None


def test_the_hash_covers_the_scenario_and_every_file_it_names(folder: Path) -> None:
    text = HEAD + SESSION + SESSION.replace("make: make.py", "files: drafts").replace("loan", "copy")
    hashes = [load(folder, text).sha256, load(folder, text + "# a comment\n").sha256]
    for name in ("make.py", "probes.py", "drafts/a.csv"):
        (folder / name).write_bytes((folder / name).read_bytes() + b"#")
        hashes.append(load(folder, text).sha256)
    (folder / "drafts/b.csv").write_text("", "utf-8")
    hashes.append(load(folder, text).sha256)

    assert len(set(hashes)) == len(hashes) == 6


def test_the_hash_does_not_depend_on_where_the_project_lies(folder: Path) -> None:
    first = load(folder, HEAD + SESSION).sha256
    moved = folder.rename(folder.parent / "moved")

    assert load(moved, HEAD + SESSION).sha256 == first


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("format: evalkit-scenario/1\n", "", 1, "no key 'format'; add it"),
        ("evalkit-scenario/1", "evalkit-scenario/2", 1, "'evalkit-scenario/2'; did you mean 'evalkit-scenario/1'?"),
        (
            HEAD,
            "seed: 7\nformat: evalkit-scenario/1\nsessions:\n",
            1,
            "first key 'seed'; begin the file with 'format: ",
        ),
        ("seed: 7\n", "seeds: 7\n", 2, "unknown key 'seeds'; did you mean 'seed'?"),
        ("seed: 7\n", "seed: 7\nseed: 8\n", 3, "key 'seed' a second time; keep one"),
        ("seed: 7\n", "seed: 0x7\n", 2, "'0x7'; write a whole number from 0 to "),
        ("seed: 7\n", "seed: -1\n", 2, "'-1'; write a whole number from 0 to "),
        ("seed: 7\n", "seed: '7'\n", 2, "'7'; write a whole number from 0 to "),
        ("seed: 7\n", "seed: [7]\n", 2, "a list; write a whole number from 0 to "),
        ("loan}}", "no}}", 4, "'no' is not text to YAML; put it in quotes"),
        ("loan}}", "2026-01-31}}", 4, "'2026-01-31' is not text to YAML; put it in quotes"),
        ("loan}}", "[loan]}}", 4, "a list where text was expected; write one quoted value"),
        ("{metadata: {evalkit_task: loan}}", "{}", 4, "matches every session; give metadata or description"),
        ("{metadata: {evalkit_task: loan}}", "{description: '('}", 4, "'(' is not a regular expression"),
        (
            "{metadata: {evalkit_task: loan}}",
            "loan",
            4,
            "'loan' where a mapping was expected; write 'key: value' lines",
        ),
        ("{make: make.py}", "{}", 5, "not exactly one of 'make' and 'files'; give one"),
        ("{make: make.py}", "{make: make.py, files: drafts}", 5, "not exactly one of 'make' and 'files'; give one"),
        ("make.py", "made.py", 5, "no file 'made.py'; paths are relative to "),
        ("make.py", "../make.py", 5, "'../make.py' lies outside the project "),
        ("make.py", "/etc/hostname", 5, "'/etc/hostname' lies outside the project "),
        ("make.py", "''", 5, "'' is not a path; name a file relative to this one"),
        ("make: make.py", "files: empty", 5, "no folder with files at 'empty'; paths are relative to "),
        ("    deliver: {make: make.py}\n", "", 4, "no key 'deliver'; add it"),
        ("probes.py", "bad.py", 6, "'bad.py' is not Python "),
        ("probes.py", "none.py", 6, "'none.py' defines no function; define one a criterion, named as its id"),
        ("R9: met", "R9: yes", 6, "'yes' is not text to YAML; put it in quotes"),
        ("R9: met", "R9: nearly", 6, "'nearly'; use one of: met, not_met"),
        ("R9: met", "R1: met", 6, "criterion 'R1' has a probe and a judged answer; keep one"),
        ("judged: {R9: met}", "errors: {R8: {misses: 1}}", 6, "'R8' is not known here; "),
        ("judged: {R9: met}", "errors: {R3: {misses: 1.5}}", 6, "'1.5'; write a number from 0 to 1"),
        ("judged: {R9: met}", "errors: {R3: {misses: .5}}", 6, "'.5'; write a number from 0 to 1"),
        ("seed: 7", "seed: *x", 2, "alias '*x'; write the value out"),
        ("seed: 7", "seed: &x 7\nx: *x", 3, "alias '*x'; write the value out"),
        ("seed: 7", "seed: {", 4, "not YAML ("),
    ],
)
def test_a_wrong_line_is_refused_by_its_number(folder: Path, old: str, new: str, line: int, message: str) -> None:
    found = problems_of(folder, (HEAD + SESSION).replace(old, new))

    assert [text for number, text in found if number == line and text.startswith(message)], found


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("flaws: {f: {first_draft: 1, repaired: 1}}", "no key 'breaks'; add it"),
        ("flaws: {f: {first_draft: 2, repaired: 1, breaks: []}}", "'2'; write a number from 0 to 1"),
        ("flaws: {f: {first_draft: 1, repaired: 1, breaks: [R4]}}", "'R4' is not known here; "),
        ("flaws: {-f: {first_draft: 1, repaired: 1, breaks: []}}", "'-f' is not a name; start with a letter, then "),
        ("flaws: [f]", "a list where a mapping was expected; write 'key: value' lines"),
        ("after_verdict: {rewrites: 1, flaws: [f]}", "'f' is not known here; use one of: (none)"),
        ("calls: [{tool: reed}]", "'reed'; did you mean 'read'?"),
        ("calls: [{tool: read, custom: x}]", "not exactly one of 'tool' and 'custom'; give one"),
        ("calls: [{input: {}}]", "not exactly one of 'tool' and 'custom'; give one"),
        ("calls: [{custom: x, input: {day: 2026-01-01}}]", "'2026-01-01' is read differently by different tools; put "),
        ("refuses: {category: cyber}", "no key 'request'; add it"),
        ("refuses: {request: 0}", "'0'; write a whole number from 1 to 1000"),
        ("refuses: {request: 1, category: cybr}", "'cybr'; did you mean 'cyber'?"),
        ("cost: {requests: [6, 3]}", "not a range; write [from, to], the smaller first"),
        ("cost: {requests: [3]}", "not a range; write [from, to], the smaller first"),
        ("cost: {requests: [0, 3]}", "'0'; write a whole number from 1 to 100"),
        ("cost: {request: [1, 3]}", "unknown key 'request'; did you mean 'requests'?"),
        ("time_s: {grading: 17}", "'17' where a list was expected; write '[…]' or '- ' lines"),
        ("faults: [{drop_stream: {partial_frame: true}}]", "no key 'after_event'; add it"),
        ("faults: [{drop_stream: {after_event: 1, partial_frame: yes}}]", "'yes'; write true or false"),
        ("faults: [{status: 200, on: list_files}]", "'200'; write a whole number from 400 to 599"),
        ("faults: [{status: 500, on: list_file}]", "'list_file'; did you mean 'list_files'?"),
        ("faults: [{status: 500}]", "no key 'on'; add it"),
        ("faults: [{explode: true}]", "unknown key 'explode'; use one of: status, on, times, retry_after_s"),
        ("faults: [{}]", "no key 'status'; add it"),
    ],
)
def test_a_wrong_line_of_a_session_is_refused_by_its_number(folder: Path, written: str, message: str) -> None:
    found = problems_of(folder, f"{HEAD}{SESSION}    {written}\n")

    assert [text for number, text in found if number == 7 and text.startswith(message)], found


def test_flaws_of_copied_files_are_refused(folder: Path) -> None:
    text = SESSION.replace("make: make.py", "files: drafts")
    flaws = "    flaws: {f: {first_draft: 1, repaired: 1, breaks: []}}\n"

    assert load(folder, HEAD + text).sessions[0].deliver == Files(folder=folder / "drafts")
    assert problems_of(folder, HEAD + text + flaws) == [
        (4, "flaws of files that are only copied; deliver with a make.py, or drop the flaws")
    ]


def test_all_problems_are_told_at_once_in_line_order(folder: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(folder, "format: x\nseed: -1\nsessions:\n  - match: {}\n    deliver: {make: gone.py}\n")

    lines = str(caught.value).splitlines()
    assert [int(line.split(":")[1]) for line in lines] == [1, 2, 4, 4, 5]
    assert all(re.fullmatch(r".*scenario\.yaml:\d+: .+; .+[^.]", line) for line in lines)


def test_a_scenario_that_is_not_there_is_one_plain_line(tmp_path: Path) -> None:
    with pytest.raises(
        ScenarioError, match=r"gone\.yaml: cannot be read \(No such file or directory\); name a scenario"
    ):
        load_scenario(tmp_path / "gone.yaml")


@pytest.mark.parametrize("content", [b"\xff", b"", b"[" * 3000, b"#" * 1_000_001, b"a: !!python/name:os.system x"])
def test_a_file_that_is_no_plain_yaml_is_refused(folder: Path, content: bytes) -> None:
    path = folder / "scenario.yaml"
    path.write_bytes(content)

    with pytest.raises(ScenarioError):
        load_scenario(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.text(alphabet="ab:{}[]-? &*!|>'\"\n\t#%@`,0.R", max_size=40))
def test_any_text_in_place_of_a_session_is_a_scenario_or_a_scenario_error(folder: Path, text: str) -> None:
    try:
        loaded = load(folder, f"{HEAD}  - {text}\n")
    except ScenarioError as error:
        assert error.problems  # noqa: PT017 - either way out is fine, and each has something to say
    else:
        assert loaded.sha256


def test_criteria_with_neither_probe_nor_judged_answer_are_named(folder: Path) -> None:
    (script,) = load(folder, HEAD + SESSION).sessions

    assert uncovered_criteria(script, ["R1", "R2", "R9", "_open", "R4"]) == ("R2", "_open", "R4")


def test_probes_are_parsed_and_not_run(folder: Path) -> None:
    (folder / "probes.py").write_text("raise SystemExit\ndef R1(outputs, inputs): ...\n", "utf-8")

    assert probe_names(folder / "probes.py") == ("R1",)


def test_the_shipped_scenario_loads() -> None:
    assert len(load_scenario(SHIPPED).sessions) == 4


@pytest.mark.skipif(not FORMATS.exists(), reason="the design pages are not here")
def test_the_example_of_the_design_page_loads(folder: Path) -> None:
    """The only change: the example gives R3 and R4 to probes that are made here."""
    _, _, section = FORMATS.read_text("utf-8").partition("## 8. scenario.yaml")
    example = section.split("```yaml\n")[1].split("```")[0]
    (folder / "loan").mkdir()
    (folder / "loan/make.py").write_text("", "utf-8")
    (folder / "loan/probes.py").write_text(PROBES.replace("R1", "R4"), "utf-8")
    (script,) = load(folder, example).sessions

    assert [flaw.name for flaw in script.flaws] == ["rate_typed_in", "off_by_one"]
    assert script.after_verdict.rewrites == 0.05
