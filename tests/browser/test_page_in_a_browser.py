"""The page in a real Chromium: a script that only clicks finds the answers, and hostile text does nothing."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from trial_records import cost, hostile_run, iteration, quickstart_run, run, trial

from evalkit.report.comparison import Pair, comparison_tables
from evalkit.report.html_page import render_page
from evalkit.report.preview import Preview
from evalkit.trial.model import RunRecord, Verdict

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Request

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

PREVIEW: Preview = {"kind": "table", "sheets": [{"name": "table", "rows": [["a"], ["<b>2</b>"]]}], "cut": None}


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Reader:
    """A person before the page: clicks, keys, and the text in sight. No error and no dialog may occur."""

    def __init__(self, browser: "Browser", file: Path, *records: RunRecord) -> None:
        tables = comparison_tables(Pair(before=records[0], after=records[1])) if len(records) == 2 else ()
        file.write_text(render_page(records, {"ab" * 32: PREVIEW}, comparison=tables), encoding="utf-8")
        self.troubles: list[str] = []
        self.page = browser.new_page()
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", lambda message: self.troubles.append(message.text))
        self.page.on("dialog", self._close)
        self.page.on("request", self._note_outside)
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("html[data-ready]")

    def _close(self, dialog: "Dialog") -> None:
        self.troubles.append("dialog")
        dialog.dismiss()

    def _note_outside(self, request: "Request") -> None:
        if not request.url.startswith(("file:", "blob:")):
            self.troubles.append(request.url)

    def click(self, role: Literal["link", "button"], name: str) -> str:
        self.page.get_by_role(role, name=name, exact=True).first.click()
        return self.text()

    def press(self, key: str) -> str:
        self.page.keyboard.press(key)
        return self.text()

    def text(self) -> str:
        self.page.wait_for_timeout(30)
        return str(self.page.locator("main").inner_text())


def test_a_reader_who_only_clicks_finds_ten_answers(browser: "Browser", tmp_path: Path) -> None:
    reader = Reader(browser, tmp_path / "page.html", quickstart_run())

    overview = reader.text()
    assert "launched 8 = 3 ok" in overview, "how many are ok?"
    assert "platform: retries_exhausted" in overview, "why could one not be measured?"
    assert "false satisfied" in overview, "how often was the grader wrong?"
    assert "4/6" in overview, "how many needed one draft?"
    failing = reader.click("link", "Trials") and reader.click("button", "failing")
    assert "2 of 8 trials" in failing, "which are not ok?"
    assert "budget-xlsx" in failing
    disagreeing = reader.click("button", "disagreeing")
    assert "invoice-csv" in disagreeing, "where do grader and checks disagree?"
    assert "orders-csv" not in disagreeing
    costly = reader.click("button", "costly")
    assert "budget-xlsx" in costly, "which cost most?"
    assert "1 of 8 trials" in costly
    trial_text = reader.click("link", "budget-xlsx")
    assert "The last row says 41" in trial_text, "why did it need three iterations?"
    assert "0.0300" in trial_text, "what did its grader cost?"
    assert "<b>2</b>" in trial_text, "what did it deliver?"
    assert reader.troubles == []


def test_keys_walk_and_addresses_can_be_kept(browser: "Browser", tmp_path: Path) -> None:
    reader = Reader(browser, tmp_path / "page.html", quickstart_run())

    assert "Trials" in reader.press("t")
    first = reader.click("link", "budget-xlsx")
    second = reader.press("ArrowRight")
    assert "invoice-csv" in second
    assert reader.press("ArrowLeft") == first
    kept = reader.page.url
    reader.press("o")
    reader.page.goto(kept)
    assert reader.text() == first
    assert reader.troubles == []


@pytest.mark.parametrize("record", [hostile_run(), run([])], ids=["hostile", "empty"])
def test_hostile_text_is_only_text_and_an_empty_run_says_so(
    browser: "Browser", tmp_path: Path, record: RunRecord
) -> None:
    reader = Reader(browser, tmp_path / "page.html", record)

    for name in ("Trials", "Tables", "Compare", "Overview"):
        reader.click("link", name)
    for link in reader.page.locator(".matrix a").all():
        link.click()
        assert "alert(1)" in reader.text()
        reader.press("o")
    assert reader.page.locator("main script, main img, main iframe, main a[href^='http']").count() == 0
    assert ("Nothing ran." in reader.text()) is (not record.trials)
    assert reader.troubles == []


def test_two_runs_stand_side_by_side(browser: "Browser", tmp_path: Path) -> None:
    worse = [trial("orders-csv", [iteration(0, Verdict.MAX_ITERATIONS_REACHED)], spent=cost("0.09"))]
    reader = Reader(browser, tmp_path / "page.html", quickstart_run(), replace(run(worse), id="after"))

    compared = reader.click("link", "Compare")
    assert "worse" in compared
    assert "-100.0 pt" in compared
    assert "not satisfied" in reader.click("link", "orders-csv")
    assert reader.troubles == []


def test_a_filter_on_ten_thousand_trials_answers_at_once(browser: "Browser", tmp_path: Path) -> None:
    satisfied, not_yet = iteration(0, Verdict.SATISFIED), iteration(0, Verdict.MAX_ITERATIONS_REACHED)
    many = [
        trial(f"task-{at % 100}", [not_yet if at % 7 == 0 else satisfied], repeat=at // 100, spent=cost("0.04"))
        for at in range(10_000)
    ]
    reader = Reader(browser, tmp_path / "page.html", run(many))
    reader.click("link", "Trials")
    button = reader.page.get_by_role("button", name="failing", exact=True)
    took = reader.page.evaluate(
        """() => new Promise((done) => { const begun = performance.now();
        window.addEventListener("hashchange", () => done(performance.now() - begun), { once: true });
        [...document.querySelectorAll("button")].find((one) => one.textContent === "failing").click(); })"""
    )

    assert button.get_attribute("aria-pressed") == "true"
    assert "1429 of 10000 trials" in reader.text()
    assert took < 500, f"{took} ms"  # 100 ms on an idle machine; tests share theirs
