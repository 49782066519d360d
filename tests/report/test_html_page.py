"""The page as text; what it does in a browser is in tests/browser."""

import gzip
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from trial_records import hostile_run, quickstart_run, random_runs, run

from evalkit.report.html_page import render_page
from evalkit.trial.model import RunRecord


def island(page: str) -> dict[str, list[dict[str, list[dict[str, object]]]]]:
    found = re.search(r'id="island">([A-Za-z0-9+/=]*)</script>', page)
    assert found is not None
    whole: dict[str, list[dict[str, list[dict[str, object]]]]] = json.loads(gzip.decompress(b64decode(found[1])))
    return whole


class Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def test_hostile_text_adds_no_element_to_the_page() -> None:
    calm, hostile = Elements(render_page((quickstart_run(),), {})), Elements(render_page((hostile_run(),), {}))

    assert hostile.tags.count("script") == calm.tags.count("script") == 2
    assert set(hostile.tags) == set(calm.tags)


@settings(max_examples=15, deadline=None)
@given(random_runs())
def test_every_trial_and_every_iteration_is_in_the_page(any_run: RunRecord) -> None:
    (shown,) = island(render_page((any_run,), {}))["runs"]

    assert len(shown["trials"]) == len(any_run.trials)
    for trial, record in zip(shown["trials"], any_run.trials, strict=True):
        assert len(list(trial["iterations"])) == len(record.iterations)  # type: ignore[call-overload]
        assert trial["ok"] is record.ok


def test_the_policy_allows_this_script_and_this_style_and_no_network() -> None:
    page = render_page((quickstart_run(),), {})
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])  # type: ignore[index]
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]  # type: ignore[index]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]  # type: ignore[index]

    assert policy.startswith("default-src 'none';")
    assert "connect-src 'none'" in policy
    for text in (script, style):
        assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
    assert "http:" not in page
    assert "https:" not in page


def test_the_same_records_give_the_same_bytes() -> None:
    assert render_page((quickstart_run(),), {}) == render_page((quickstart_run(),), {})


@pytest.mark.parametrize("record", [run([]), hostile_run()], ids=["empty", "hostile"])
def test_the_counts_can_be_read_without_javascript(record: RunRecord) -> None:
    assert f"launched {len(record.trials)} = " in render_page((record,), {})
