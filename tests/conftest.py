"""Fixtures that every room's tests may ask for by name."""

from pathlib import Path

import pytest
from hypothesis import settings

PROJECT = Path(__file__).parents[1]

settings.register_profile("evalkit", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("evalkit")


@pytest.fixture(autouse=True)
def _a_bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of this machine reaches a test, and every API answer of the whole test run is held to its types."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "EVALKIT_REPORTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EVALKIT_STRICT_RESPONSES", "1")


@pytest.fixture
def traces() -> Path:
    """The folder of recorded production sessions, which is not part of the project."""
    folder = PROJECT.parent / "shared" / "traces"
    if not folder.is_dir():
        pytest.skip("the recorded sessions are not beside this checkout")
    return folder
