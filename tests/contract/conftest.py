"""One emulator for all contract tests that need no particular one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import write_stage

from evalkit.emulator import Emulator


@pytest.fixture(scope="session")
def stage_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stage(tmp_path_factory.mktemp("stage"))


@pytest.fixture(scope="session")
def emulator(stage_path: Path) -> Iterator[Emulator]:
    with Emulator(stage_path) as running:
        yield running
