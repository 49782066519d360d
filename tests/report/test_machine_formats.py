"""CSV, JSON and JUnit: what other programs read."""

import csv
import json
from decimal import Decimal
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from trial_records import GAPS, NASTY, cost, hostile_run, iteration, quickstart_run, random_runs, run, trial

from evalkit.report.csv_text import render_facts
from evalkit.report.facts import run_facts, trial_facts
from evalkit.report.junit import render_junit
from evalkit.report.run_json import run_to_json
from evalkit.report.spreadsheet_text import LONGEST_CELL, inert
from evalkit.trial.metrics import summarise
from evalkit.trial.model import RunRecord, Verdict

LAW = settings(max_examples=25, deadline=None)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " ="])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert inert(f"{start}cmd()").startswith("'")


def test_text_fits_into_a_cell_and_other_text_stays() -> None:
    assert len(inert("=" + "w" * 40_000)) == LONGEST_CELL
    assert inert("3 - 1") == "3 - 1"


@LAW
@given(random_runs())
def test_a_csv_file_has_one_line_a_row_and_no_cell_that_runs(any_run: RunRecord) -> None:
    for table in run_facts(any_run):
        rows = list(csv.reader(StringIO(render_facts(table), newline="")))

        assert len(rows) == len(table.rows) + 1
        assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for row in rows for cell in row)


def test_csv_tells_not_known_from_zero_and_keeps_money_exact() -> None:
    rows = {row["trial"]: row for row in rows_of(render_facts(trial_facts(quickstart_run())))}

    assert (rows["later-csv"]["usd"], rows["report-csv"]["computed_usd"]) == ("", "0.0357")
    assert (rows["orders-csv"]["ok"], rows["budget-xlsx"]["ok"], rows["slow-csv"]["ok"]) == ("true", "false", "")
    assert rows["orders-csv"]["started_at"] == "2026-11-22T10:14:03Z"


@LAW
@given(random_runs())
def test_the_groups_of_the_json_add_up_to_its_total(any_run: RunRecord) -> None:
    whole = json.loads(json.dumps(run_to_json(any_run)))

    for part in ("launched", "ok", "not_ok", "check_error", "unmeasured", "not_run", "earlier_attempts"):
        assert sum(group[part] for group in whole["groups"]) == whole["total"][part]
    assert len(whole["trials"]) == whole["total"]["launched"]
    spent = Decimal(whole["total"]["cost"]["usd"]["usd"]) + Decimal(whole["total"]["earlier_cost"]["usd"]["usd"])
    assert spent == summarise(any_run).total.whole_cost.usd.usd
    for rate in whole["rates"]:
        assert 0 <= rate["low"] <= rate["rate"] <= rate["high"] <= 1


@LAW
@given(random_runs())
def test_junit_counts_every_trial_once(any_run: RunRecord) -> None:
    root = ET.fromstring(render_junit(any_run))
    counts = summarise(any_run).total.counts

    assert int(root.attrib["tests"]) == len(root.findall(".//testcase")) == counts.launched
    assert int(root.attrib["failures"]) == len(root.findall(".//failure")) == counts.not_ok
    assert int(root.attrib["errors"]) == len(root.findall(".//error")) == counts.check_error + counts.unmeasured
    assert int(root.attrib["skipped"]) == len(root.findall(".//skipped")) == counts.not_run


def test_junit_leaves_out_what_the_grader_wrote_and_what_was_found() -> None:
    words = iteration(0, Verdict.MAX_ITERATIONS_REACHED, explanation=GAPS)
    text = render_junit(run([trial("t", [words], spent=cost("0.04"))]))

    assert "not satisfied" in text
    assert "41" not in text
    assert "typed number" not in text


def test_hostile_text_stays_text_in_xml() -> None:
    root = ET.fromstring(render_junit(hostile_run()))

    assert {suite.tag for suite in root} == {"testsuite"}
    assert "\x1b" not in render_junit(hostile_run())
    assert "alert(1)" in (root.findall("testsuite")[0].attrib["name"])
    assert NASTY not in render_junit(hostile_run())
