import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from trial_records import check, cost, failure, iteration, random_runs, trial

from evalkit.checks.result import Json, Status
from evalkit.report.trial_json import trial_to_json
from evalkit.trial.model import End, RunRecord, Verdict

FORMATS = Path(__file__).parents[2].parent / "shared" / "design" / "formats.md"


def full() -> dict[str, Json]:
    """The JSON of a trial in which every field is known, as a reader gets it."""
    record = trial(
        "loan",
        [iteration(0, Verdict.SATISFIED, explanation="good")],
        [check("sum", Status.FAILED, found="41", wanted="42", file="out.csv")],
        spent=cost("0.13"),
    )
    read: dict[str, Json] = json.loads(json.dumps(trial_to_json(record)))
    return read


def paths(node: Json, at: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield f"{at}/{key}"
            yield from paths(value, f"{at}/{key}")
    elif isinstance(node, list):
        for value in node:
            yield from paths(value, f"{at}/*")


@pytest.mark.skipif(not FORMATS.exists(), reason="the design pages are not beside the project")
def test_every_field_of_the_documented_format_is_there() -> None:
    section = FORMATS.read_text().split("## 9.")[1]
    block = section.split("```json\n")[1].split("```")[0]
    documented = json.loads(re.sub(r'\*":', '":', block))
    free = re.compile(r"/criteria/")

    missing = {path for path in paths(documented) if not free.search(path)} - set(paths(full()))
    assert missing == set()


def test_money_is_the_exact_decimal_as_text() -> None:
    money = full()["cost"]

    assert isinstance(money, dict)
    assert (money["usd"], money["computed_usd"], money["web_search_usd"]) == ("0.13", "0.0357", "0")


def test_times_are_utc_in_rfc_3339() -> None:
    assert full()["started_at"] == "2026-11-22T10:14:03Z"


def test_a_place_names_its_file_and_leaves_the_rest_null() -> None:
    checks = full()["checks"]

    assert isinstance(checks, list)
    assert isinstance(checks[0], dict)
    assert checks[0]["at"] == {"file": "out.csv", "sheet": None, "cell": None, "line": 3}


def test_what_is_not_known_is_null() -> None:
    record = trial_to_json(trial("t", [iteration(0, None)], end=End.UNMEASURED, why=failure(), session=None))

    assert [record[name] for name in ("verdict", "satisfied", "verified", "ok", "first_draft")] == [None] * 5
    assert set(paths(record["cost"])) == {f"/{name}" for name, value in record["cost"].items() if value is None}  # type: ignore[union-attr]  # cost is an object


def test_a_failure_keeps_its_boundary_and_whether_it_may_be_retried() -> None:
    assert trial_to_json(trial("t", end=End.UNMEASURED, why=failure("gone")))["failure"] == {
        "cause": "retries_exhausted",
        "boundary": "platform",
        "message": "gone",
        "may_retry": True,
    }


def test_a_word_that_nobody_knows_is_kept() -> None:
    iterations = trial_to_json(trial("t", [iteration(0, None, word="splendid")]))["iterations"]

    assert isinstance(iterations, list)
    assert isinstance(iterations[0], dict)
    assert (iterations[0]["verdict"], iterations[0]["verdict_word"]) == (None, "splendid")


@settings(max_examples=25, deadline=None)
@given(random_runs())
def test_no_unknown_is_an_empty_string_or_a_zero_and_all_is_json(any_run: RunRecord) -> None:
    for record in any_run.trials:
        read = json.loads(json.dumps(trial_to_json(record)))
        assert read["cost"]["usd"] == (None if record.cost.usd is None else f"{record.cost.usd:f}")
        assert [item["verdict"] for item in read["iterations"]] == [item.verdict for item in record.iterations]
        assert [item["status"] for item in read["checks"]] == [item.status for item in record.checks]
        assert (read["ok"], read["end"]) == (record.ok, record.end)
