"""A trial's record as JSON, `evalkit-trial/1`: what `evalkit show RUN TRIAL --json` prints.

Money is a string of the exact decimal, times are RFC 3339 in UTC, and unknown is null, never 0 or "". A field may be
added without a new format number; a field whose meaning changes makes `/2`.
"""

from datetime import UTC, datetime
from decimal import Decimal

from evalkit.checks.result import CheckResult, Json
from evalkit.trial.model import Cost, IterationRecord, ThreadRecord, Tokens, TrialRecord

FORMAT = "evalkit-trial/1"


def trial_to_json(record: TrialRecord) -> dict[str, Json]:
    """`record` as values that `json.dumps` takes as they are."""
    spec = record.spec
    return {
        "format": FORMAT,
        "key": spec.key,
        "run": record.run,
        "suite": spec.suite,
        "task": spec.task,
        "variant": spec.variant,
        "repeat": spec.repeat,
        "attempt": record.attempt,
        "backend": spec.backend,
        "simulated": spec.simulated,
        "evalkit": spec.evalkit or None,
        "commit": spec.commit,
        "model": spec.model,
        "max_iterations": spec.max_iterations,
        "tags": list(spec.tags),
        "hashes": {
            "agent": spec.hashes.agent,
            "task": spec.hashes.task,
            "rubric": spec.hashes.rubric,
            "checks": spec.hashes.checks,
            "scenario": spec.hashes.scenario,
        },
        "session": {
            "id": record.session.id,
            "agent_id": record.session.agent_id,
            "agent_version": record.session.agent_version,
            "environment_id": record.session.environment_id,
            "outcome_id": record.session.outcome_id,
        },
        "verdict": record.verdict,
        "satisfied": record.satisfied,
        "verified": record.verified,
        "ok": record.ok,
        "first_draft": record.first_draft,
        "end": record.end,
        "failure": _failure(record),
        "iterations": [_iteration(iteration) for iteration in record.iterations],
        "checks": [_check(check) for check in record.checks],
        "artifacts": _artifacts(record),
        "cost": _cost(record.cost),
        "time_s": {
            "working": record.time_s.working,
            "grading": record.time_s.grading,
            "waiting_on_us": record.time_s.waiting_on_us,
            "total": record.time_s.total,
        },
        "unanswered": [{"tool": request.tool, "answer": request.answer} for request in record.unanswered],
        "threads": [_thread(thread) for thread in record.threads],
        "started_at": utc_text(record.started_at),
        "ended_at": utc_text(record.ended_at),
    }


def _thread(thread: ThreadRecord) -> Json:
    return {
        "id": thread.id,
        "agent": thread.agent,
        "model": thread.model,
        "requests": thread.requests,
        "tokens": _tokens(thread.tokens) if thread.tokens is not None else None,
        "usd": exact_usd(thread.usd),
        "billed_usd": exact_usd(thread.billed_usd),
    }


def _failure(record: TrialRecord) -> Json:
    failure = record.failure
    if failure is None:
        return None
    return {
        "cause": failure.cause,
        "boundary": failure.boundary,
        "message": failure.message,
        "may_retry": failure.may_retry,
    }


def _iteration(iteration: IterationRecord) -> Json:
    return {
        "iteration": iteration.iteration,
        "verdict": iteration.verdict,
        "verdict_word": iteration.verdict_word or None,
        "criteria": dict(iteration.criteria),
        "explanation": iteration.explanation,
        "started_at": utc_text(iteration.started_at),
        "graded_at": utc_text(iteration.graded_at),
        "ended_at": utc_text(iteration.ended_at),
        "agent_usd": exact_usd(iteration.agent_usd),
        "grader_usd": exact_usd(iteration.grader_usd),
        "tokens": _tokens(iteration.tokens),
    }


def _check(check: CheckResult) -> Json:
    at = check.at
    place: Json = None
    if at is not None:
        place = {"file": at.file, "sheet": at.sheet, "cell": at.cell, "line": at.line}
    return {
        "id": check.id,
        "check": check.check,
        "version": check.version,
        "status": check.status,
        "required": check.required,
        "criterion": list(check.criterion),
        "found": check.found,
        "wanted": check.wanted,
        "at": place,
        "score": check.score,
        "engine": check.engine,
    }


def _artifacts(record: TrialRecord) -> Json:
    return [
        {
            "name": artifact.name,
            "sha256": artifact.sha256,
            "size_bytes": artifact.size_bytes,
            "media_type": artifact.media_type,
            "since_grading": artifact.since_grading,
            "rebuilt": artifact.rebuilt,
        }
        for artifact in record.artifacts
    ]


def _cost(cost: Cost) -> Json:
    return {
        "usd": exact_usd(cost.usd),
        "source": cost.source,
        "billed_usd": exact_usd(cost.billed_usd),
        "computed_usd": exact_usd(cost.computed_usd),
        "agent_usd": exact_usd(cost.agent_usd),
        "grader_usd": exact_usd(cost.grader_usd),
        "runtime_usd": exact_usd(cost.runtime_usd),
        "web_search_usd": exact_usd(cost.web_search_usd),
        "tokens": None if cost.tokens is None else _tokens(cost.tokens),
        "price_table": cost.price_table,
    }


def _tokens(tokens: Tokens) -> Json:
    return {
        "input": tokens.input,
        "output": tokens.output,
        "cache_read": tokens.cache_read,
        "cache_write": tokens.cache_write,
    }


def exact_usd(usd: Decimal | None) -> str | None:
    """The exact decimal, without an exponent."""
    return None if usd is None else f"{usd:f}"


def utc_text(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
