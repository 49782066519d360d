import pytest
from hypothesis import given, settings
from trial_records import GAPS, check, iteration, quickstart_run, random_runs, run, trial

from evalkit.checks.result import Status
from evalkit.report.html_page import render_page
from evalkit.report.redact import MASK, masked_run, masked_text, secrets_of
from evalkit.report.run_json import run_to_json
from evalkit.trial.model import RunRecord, Verdict

KNOWN = secrets_of()


@pytest.mark.parametrize(
    "secret",
    [
        "sk-ant-api03-AbCdEf0123456789",
        "ghp_0123456789abcdefghijABCDEFGHIJ",
        "AKIAIOSFODNN7EXAMPLE",
        "Bearer abcdefghijklmnop0123",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_well_known_keys_are_masked_in_every_text_of_a_run(secret: str) -> None:
    words = iteration(0, Verdict.SATISFIED, explanation=f"{GAPS} {secret}")
    wrong = check("sum", Status.FAILED, found=secret, wanted="x", file=f"{secret}.csv")
    shown = str(run_to_json(masked_run(run([trial("t", [words], [wrong])]), KNOWN)))

    assert secret not in shown
    assert repr(secret)[1:-1] not in shown
    assert shown.count(MASK) == 3


def test_a_projects_own_patterns_are_masked_too_each_with_its_own_flags() -> None:
    assert masked_text("ACME-123 acme-9", secrets_of([r"(?i)acme-\d+", "x*"])) == f"{MASK} {MASK}"


@settings(max_examples=25, deadline=None)
@given(random_runs())
def test_a_run_without_secrets_is_the_same_run(any_run: RunRecord) -> None:
    assert masked_run(any_run, KNOWN) is any_run


def test_a_masked_run_still_renders() -> None:
    masked = masked_run(quickstart_run(), secrets_of(["sum", "csv"]))

    assert MASK in masked.trials[0].spec.task
    assert render_page((masked,), {})
