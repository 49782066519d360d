"""The emulator in the place of the hosted API: reached through ANTHROPIC_BASE_URL, with any key."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evalkit.api import load_suite, plan_suite
from evalkit.claude.client import Target
from evalkit.emulator import Emulator
from evalkit.runner.suite import run_suite
from evalkit.settings import load_settings
from evalkit.store.history import load_run
from evalkit.trial.model import RunRecord


@contextmanager
def hosted(monkeypatch: pytest.MonkeyPatch, scenario: Path | None = None) -> Iterator[Emulator]:
    """A server that commands take for the hosted API while the block is open."""
    with Emulator(scenario) as emulator:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", emulator.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "any-text-will-do")
        yield emulator


def run_there(server: Emulator, path: Path) -> RunRecord:
    """A run of the suite on that very server, without the patience that the hosted API needs."""
    suite = load_suite(path)
    target = Target(base_url=server.base_url, api_key=None)
    folder = asyncio.run(run_suite(suite, plan_suite(suite), load_settings(path.parent), target))
    return load_run(folder)
