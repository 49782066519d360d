"""Running a task's checks on delivered files, in a limited child process."""

import json
import math
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.checks.evidence import one_line
from evalkit.checks.request import Request, request_to_json
from evalkit.checks.result import CheckResult, CheckSpec, Status, UnreadableResultError, result_from_json
from evalkit.checks.worker import OUT_OF_MEMORY
from evalkit.sandbox.process import Finished, Limits, run_limited

_STARTUP_S = 20.0
"""For the interpreter to start, on a machine that is busy with trials."""

_ANSWER_BYTES = 1 << 16
"""More than any answer has: six pieces of evidence, each bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLimits:
    """How much one check may take before it is errored."""

    check_s: float = 30.0
    """Wall clock, reading the deliverable included."""
    memory_bytes: int = 2 << 30
    """Address space of the process that runs the checks."""


def run_checks(
    specs: Sequence[CheckSpec],
    *,
    delivered: Path,
    inputs: Path | None,
    checks_module: Path | None,
    limits: CheckLimits = CheckLimits(),
) -> tuple[CheckResult, ...]:
    """Exactly one result for each of `specs`, in their order.

    `delivered` is a folder with the delivered files under their delivered names; `inputs` one with the files given to
    the agent, None when the task gave none; `checks_module` the `checks.py` beside the suite, if a check is `local.*`.
    Blocks; call it from a thread. Nothing that a file or check does raises here: a check that crashes, hangs or needs
    too much memory is *errored* with the reason, and those after it run in a fresh process.
    """
    results: list[CheckResult] = []
    while len(results) < len(specs):
        remaining = specs[len(results) :]
        request = Request(
            delivered=delivered.resolve(),
            inputs=None if inputs is None else inputs.resolve(),
            checks_module=None if checks_module is None else checks_module.resolve(),
            check_s=limits.check_s,
            specs=remaining,
        )
        finished = _run_worker(request, limits)
        answers = _read_answers(finished.stdout, remaining)
        results += answers
        if len(answers) < len(remaining):
            results.append(_errored(remaining[len(answers)], _reason(finished, limits)))
    return tuple(results)


def _run_worker(request: Request, limits: CheckLimits) -> Finished:
    # The worker itself bounds each check; these bounds are for a worker that no longer does.
    whole_s = _STARTUP_S + limits.check_s * len(request.specs)
    with tempfile.TemporaryDirectory(prefix="evalkit-checks-") as folder:
        return run_limited(
            [sys.executable, "-I", "-m", "evalkit.checks.worker"],
            cwd=Path(folder),
            limits=Limits(
                wall_s=whole_s,
                cpu_s=math.ceil(whole_s),
                memory_bytes=limits.memory_bytes,
                output_bytes=_ANSWER_BYTES * (len(request.specs) + 1),
            ),
            # numpy, which openpyxl imports if it is there, reserves address space for every core of the machine.
            env={"OPENBLAS_NUM_THREADS": "1"},
            stdin=request_to_json(request),
        )


def _read_answers(output: bytes, specs: Sequence[CheckSpec]) -> list[CheckResult]:
    """The answers to `specs` in `output`, up to the first that is missing, cut off or unreadable."""
    answers: list[CheckResult] = []
    lines = output.split(b"\n")[:-1]
    for line, spec in zip(lines, specs, strict=False):
        try:
            answer = result_from_json(json.loads(line))
        except (UnreadableResultError, ValueError, RecursionError):
            break
        if answer.id != spec.id:
            break
        answers.append(answer)
    return answers


def _reason(finished: Finished, limits: CheckLimits) -> str:
    """Why the worker gave no further answer."""
    code = finished.returncode
    if code is None or code == -signal.SIGALRM:
        return f"not measured: no answer within {limits.check_s:g} s"
    if code == OUT_OF_MEMORY:
        return f"not measured: more than {limits.memory_bytes >> 20} MiB of memory needed"
    if finished.output_truncated:
        return "not measured: the check printed without end"
    if code == 0:
        return "not measured: the process that ran the check ended without a readable answer"
    last_words = finished.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"not measured: the process that ran the check ended with {how}" + (f": {last_words}" if last_words else "")


def _errored(spec: CheckSpec, reason: str) -> CheckResult:
    return CheckResult(
        id=spec.id,
        check=spec.check,
        version=spec.version,
        status=Status.ERRORED,
        required=spec.required,
        criterion=spec.criterion,
        found=one_line(reason),
    )
