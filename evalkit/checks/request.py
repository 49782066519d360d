"""What the parent process asks of the process that runs checks; `worker` describes the conversation."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.checks.result import CheckSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Checks to run on one trial's files."""

    delivered: Path
    inputs: Path | None
    checks_module: Path | None
    check_s: float
    specs: Sequence[CheckSpec]


def request_to_json(request: Request) -> bytes:
    return json.dumps(
        {
            "delivered": str(request.delivered),
            "inputs": None if request.inputs is None else str(request.inputs),
            "checks_module": None if request.checks_module is None else str(request.checks_module),
            "check_s": request.check_s,
            "checks": [
                {
                    "id": spec.id,
                    "check": spec.check,
                    "version": spec.version,
                    "parameters": dict(spec.parameters),
                    "criterion": list(spec.criterion),
                    "required": spec.required,
                }
                for spec in request.specs
            ],
        }
    ).encode()


def request_from_json(content: bytes) -> Request:
    """The request that `request_to_json` wrote. It comes from our own parent process and is taken at its word."""
    raw = json.loads(content)
    return Request(
        delivered=Path(raw["delivered"]),
        inputs=None if raw["inputs"] is None else Path(raw["inputs"]),
        checks_module=None if raw["checks_module"] is None else Path(raw["checks_module"]),
        check_s=raw["check_s"],
        specs=tuple(CheckSpec(**{**spec, "criterion": tuple(spec["criterion"])}) for spec in raw["checks"]),
    )
