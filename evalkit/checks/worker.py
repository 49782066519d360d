"""The child process that checks run in: one request on standard input, one JSON line on standard output per check.

    request   {"delivered": path, "inputs": path or null, "checks_module": path or null, "check_s": s, "checks": […]}
    answer    a `CheckResult` as `result_to_json` writes it, flushed as soon as the check has ended, in order

A check that takes too long, needs too much memory, or crashes the interpreter ends the process: the parent sees which
answer is missing, and runs the checks after it in a fresh process.
"""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import one_line
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.registry import bind_parameters, find_check
from evalkit.checks.request import request_from_json
from evalkit.checks.result import CheckResult, CheckSpec, Finding, Place, result_to_json
from evalkit.errors import EvalkitError

OUT_OF_MEMORY = 77
"""Exit code: a check ran into the memory limit. Nothing in the process can be trusted after that."""


def main() -> None:
    """Every check of the request was run and answered for, or the process has ended on the way."""
    answers = _private_stdout()
    request = request_from_json(sys.stdin.buffer.read())
    on = Check(delivered=request.delivered, inputs=request.inputs)
    for spec in request.specs:
        # The default action of SIGALRM ends the process at once, in the middle of a regular expression too.
        signal.setitimer(signal.ITIMER_REAL, request.check_s)
        try:
            result = run_check(spec, on, request.checks_module)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(json.dumps(result_to_json(result)) + "\n")
        answers.flush()


def run_check(spec: CheckSpec, on: Check, checks_module: Path | None) -> CheckResult:
    """The check was run here, in this process and without limits.

    Raises:
        MemoryError: to be treated as the end of the process.
    """
    version = spec.version
    on.engine = None
    try:
        definition = find_check(spec.check, checks_module=checks_module)
        version = definition.version
        finding = definition(on, **bind_parameters(definition, spec.parameters))
        if not isinstance(finding, Finding):
            finding = on.errored(f"the check returned a {type(finding).__name__}; it must return a Finding")
    except BadDeliverableError as error:
        finding = on.failed(error.found, wanted=error.wanted, at=error.at)
    except EvalkitError as error:
        finding = on.errored(str(error))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug in a check is that check's error, and no other's
        finding = on.errored(f"the check raised {type(error).__name__}: {error}")
    return CheckResult(
        id=spec.id,
        check=spec.check,
        version=version,
        status=finding.status,
        required=spec.required,
        criterion=spec.criterion,
        found=None if finding.found is None else one_line(finding.found),
        wanted=None if finding.wanted is None else one_line(finding.wanted),
        at=None if finding.at is None else _on_one_line(finding.at),
        score=finding.score,
        engine=finding.engine or on.engine,
    )


def _on_one_line(place: Place) -> Place:
    return replace(
        place,
        file=one_line(place.file),
        sheet=None if place.sheet is None else one_line(place.sheet),
        cell=None if place.cell is None else one_line(place.cell),
    )


def _private_stdout() -> TextIO:
    """The answers' stream. What a check prints goes to standard error instead, and cannot pass for an answer."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers


if __name__ == "__main__":
    main()
