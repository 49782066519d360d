"""A process that has imported everything and forks a child for each run asked for; a child may be told to die.

Reads one JSON object a line: {"base_url", "suite", "reports", "resume": folder or null, "die_at": n or null}.
The child runs or resumes the suite; before its n-th SQL statement it kills itself with SIGKILL, as a machine that
vanishes would. Answers one line: {"died": bool, "statements": n or null}.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from evalkit.claude.client import Target
from evalkit.runner.suite import match_run, resume_run, run_suite
from evalkit.settings import load_settings
from evalkit.suite.load import load_suite
from evalkit.suite.plan import plan_trials


class Counter:
    """Counts the statements of every connection that is opened from now on."""

    def __init__(self, die_at: int | None) -> None:
        self.seen = 0
        self._die_at = die_at
        connect: Callable[..., sqlite3.Connection] = sqlite3.connect

        def traced(*args: Any, **more: Any) -> sqlite3.Connection:
            connection = connect(*args, **more)
            connection.set_trace_callback(self._on_statement)
            return connection

        sqlite3.connect = traced  # type: ignore[assignment]  # the children's only door to their statements

    def _on_statement(self, _: str) -> None:
        self.seen += 1
        if self.seen == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def work(order: dict[str, Any]) -> int:
    counter = Counter(order["die_at"])
    suite = load_suite(Path(order["suite"]))
    plans = plan_trials(suite, version="0", commit=None, scenario_hash="s")
    settings = load_settings(suite.root, reports=Path(order["reports"]), concurrency=1)
    target = Target(base_url=order["base_url"], api_key=None)
    if order["resume"] is None:
        asyncio.run(run_suite(suite, plans, settings, target))
    else:
        asyncio.run(resume_run(suite, match_run(Path(order["resume"]), plans), settings, target))
    return counter.seen


def live(order: dict[str, Any], writing: int) -> NoReturn:
    """The child's whole life."""
    try:
        os.write(writing, str(work(order)).encode())
        os._exit(0)
    except BaseException:  # noqa: BLE001  # whatever it was, the parent hears that the child failed
        traceback.print_exc()
    finally:
        os._exit(1)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            live(order, writing)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        died = os.WIFSIGNALED(status)
        sys.stdout.write(json.dumps({"died": died, "statements": int(said) if said else None}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
