"""A run, or two side by side, as one HTML page: no network, no server, every trial, its files, filters.

The page is `page/page.html` with its style and its script inside, and an island of data: gzip, then base64, so that no
text of a model can end the element it stands in, and ten thousand trials fit into a few megabytes. A content security
policy names the script and the style by their hashes and allows nothing else.
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from evalkit.checks.result import CheckResult, Json
from evalkit.report.facts import seconds_between
from evalkit.report.headline import counts_lines, headline
from evalkit.report.plain import plain, plain_lines
from evalkit.report.preview import Preview
from evalkit.report.reason import failure_text, full_reason, short_reason
from evalkit.report.table import Table
from evalkit.report.tables import report_tables, verdict_sequence, verdict_word
from evalkit.report.trial_json import exact_usd
from evalkit.report.trial_name import TrialNames, name_trials
from evalkit.trial.metrics import Agreement, agreement_of, standing_of, summarise
from evalkit.trial.model import Cost, IterationRecord, RunRecord, TrialRecord

_LONGEST_TABLE = 2_000
"""Rows of one table in the page; the trials themselves are all there."""

_BY_TRIAL = {"Trials", "Iterations", "Cost in USD", "Checks that failed or errored"}
"""Tables that only repeat what the page shows trial by trial."""


def render_page(
    runs: tuple[RunRecord, ...],
    previews: Mapping[str, Preview],
    *,
    comparison: tuple[Table, ...] = (),
    is_lazy: bool = False,
) -> str:
    """The page of one run, or of two to compare, the earlier first; `comparison` are tables about both.

    `previews` are what is shown of delivered files, by SHA-256. When `is_lazy` the page asks the server that it came
    from for those that are missing.
    """
    island: dict[str, Json] = {
        "runs": [_run(run) for run in runs],
        "files": dict(previews),
        "comparison": [_table(table) for table in comparison],
        "lazy": is_lazy,
    }
    packed = gzip.compress(json.dumps(island, separators=(",", ":"), ensure_ascii=False).encode(), mtime=0)
    script, style = _part("page.js"), _part("page.css")
    source = "'self'" if is_lazy else "'none'"
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src blob:; frame-src blob:;"
        f" object-src blob:; connect-src {source}; base-uri 'none'; form-action 'none'"
    )
    heads = [headline(run, summarise(run)) for run in runs]
    labels = dict.fromkeys(run.backend_label for run in runs)
    return Template(_part("page.html")).substitute(
        csp=escape(policy),
        title=escape(plain(f"{' against '.join(heads)} – evalkit")),
        style=style,
        backend=escape(plain(f"backend: {', '.join(labels)}; {', '.join(run.id for run in runs)}")),
        headline=escape(plain(" → ".join(heads))),
        counts="".join(f"<p>{escape(plain(line))}</p>" for run in runs for line in counts_lines(summarise(run))),
        island=b64encode(packed).decode(),
        script=script,
    )


def _part(name: str) -> str:
    return files("evalkit.report").joinpath("page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _run(run: RunRecord) -> Json:
    summary = summarise(run)
    names = name_trials(run.trials)
    tables = [table for table in report_tables(run, summary) if table.title not in _BY_TRIAL]
    return {
        "id": run.id,
        "headline": plain(headline(run, summary)),
        "counts": [plain(line) for line in counts_lines(summary)],
        "tables": [_table(table.first(_LONGEST_TABLE)) for table in tables],
        "trials": [_trial(names, record) for record in run.trials],
    }


def _table(table: Table) -> Json:
    return {
        "title": plain(table.title),
        "headers": [plain(header) for header in table.headers],
        "text": [column.is_text for column in table.columns],
        "rows": [list(row) for row in table.texts()],
        "notes": list(table.legend()),
    }


def _trial(names: TrialNames, record: TrialRecord) -> Json:
    agreement = agreement_of(record) if record.end.is_measured else None
    return {
        "name": plain(names.name(record)),
        "group": plain(names.group(record.spec.task, record.spec.variant)),
        "task": plain(record.spec.task),
        "variant": plain(record.spec.variant),
        "standing": standing_of(record).value,
        "measured": record.end.is_measured,
        "ok": record.ok,
        "satisfied": record.satisfied,
        "verified": record.verified,
        "grader_only": record.is_grader_only,
        "agreement": None if agreement is None else agreement.value,
        "disagrees": agreement in {Agreement.FALSE_SATISFIED, Agreement.CHECKS_ONLY},
        "sequence": plain(verdict_sequence(record)),
        "reason": plain(short_reason(record)),
        "full": plain(full_reason(record)),
        "failure": plain(failure_text(record)),
        "usd": exact_usd(record.cost.usd),
        "seconds": record.time_s.total,
        "iterations": [_iteration(iteration) for iteration in record.iterations],
        "checks": [_check(check) for check in record.checks],
        "files": [
            {
                "name": plain(artifact.name),
                "sha256": artifact.sha256,
                "size_bytes": artifact.size_bytes,
                "since_grading": artifact.since_grading.value,
                "rebuilt": artifact.rebuilt,
            }
            for artifact in record.artifacts
        ],
        "cost": _cost(record.cost),
        "model": None if record.spec.model is None else plain(record.spec.model),
        "session": None if record.session.id is None else plain(record.session.id),
        "attempt": record.attempt,
    }


def _iteration(iteration: IterationRecord) -> Json:
    return {
        "iteration": iteration.iteration,
        "word": plain(verdict_word(iteration)),
        "verdict": iteration.verdict,
        "criteria": {plain(id_): state.value for id_, state in iteration.criteria.items()},
        "explanation": None if iteration.explanation is None else plain_lines(iteration.explanation),
        "agent_usd": exact_usd(iteration.agent_usd),
        "working": seconds_between(iteration.started_at, iteration.graded_at),
        "grading": seconds_between(iteration.graded_at, iteration.ended_at),
    }


def _check(check: CheckResult) -> Json:
    return {
        "status": check.status.value,
        "required": check.required,
        "id": plain(check.id),
        "found": plain(check.found or ""),
        "wanted": plain(check.wanted or ""),
        "at": "" if check.at is None else plain(str(check.at)),
        "criterion": plain(", ".join(check.criterion)),
    }


def _cost(cost: Cost) -> Json:
    return {
        "billed": exact_usd(cost.billed_usd),
        "computed": exact_usd(cost.computed_usd),
        "agent": exact_usd(cost.agent_usd),
        "grader": exact_usd(cost.grader_usd),
        "runtime": exact_usd(cost.runtime_usd),
        "web search": exact_usd(cost.web_search_usd),
    }
