"""What belongs to the machine, resolved once: flags over environment over `[tool.evalkit]` over defaults.

What belongs to the experiment is in the suite. In particular no setting, variable or key selects the backend.
The only file that reads the environment.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.errors import SettingsError

_MARKERS = (".git", "pyproject.toml", "rubrics")
_DEFAULT_CONCURRENCY = 8


@dataclass(frozen=True, slots=True)
class Secret:
    """A key whose text appears in no message, log or repr."""

    reveal: str = field(repr=False)

    def __repr__(self) -> str:
        return "Secret('…')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One machine's settings, frozen."""

    reports: Path
    """The run root: one folder a run."""
    concurrency: int
    """Sessions at work at once."""
    api_key: Secret | None
    """ANTHROPIC_API_KEY; used by `backend: anthropic` alone."""
    base_url: str | None
    """ANTHROPIC_BASE_URL; used by `backend: anthropic` alone. None is the hosted API."""
    strict_responses: bool
    """Refuse an API answer or stream frame that does not fit the SDK's types. For tests of evalkit and its emulator."""


def load_settings(
    start: Path,
    *,
    reports: Path | None = None,
    concurrency: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings for a command started in, or about a file in, the folder `start`.

    Raises:
        SettingsError: a variable or `[tool.evalkit]` key that is unknown or has an impossible value.
    """
    variables = os.environ if environ is None else environ
    root = project_root(start)
    table = _tool_table(root / "pyproject.toml")
    key = variables.get("ANTHROPIC_API_KEY", "").strip()
    return Settings(
        reports=_reports(reports, variables.get("EVALKIT_REPORTS"), table.get("reports"), root),
        concurrency=_concurrency(concurrency, variables.get("EVALKIT_CONCURRENCY"), table.get("concurrency")),
        api_key=Secret(key) if key else None,
        base_url=variables.get("ANTHROPIC_BASE_URL") or None,
        strict_responses=variables.get("EVALKIT_STRICT_RESPONSES") == "1",
    )


def project_root(start: Path) -> Path:
    """The nearest folder at or above `start` with `.git`, `pyproject.toml` or `rubrics/`; else `start` itself."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if any((folder / marker).exists() for marker in _MARKERS):
            return folder
    return start


def _tool_table(path: Path) -> Mapping[str, object]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("evalkit", {})
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not readable as TOML ({error}); mend or remove it") from error
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: [tool.evalkit] is {table!r}; it must be a table")
    unknown = sorted(set(table) - {"reports", "concurrency"})
    if unknown:
        raise SettingsError(
            f"{path}: [tool.evalkit] has no key {unknown[0]!r}; known keys are 'concurrency', 'reports'"
        )
    return table


def _reports(flag: Path | None, variable: str | None, configured: object, root: Path) -> Path:
    if flag is not None:
        return flag
    if variable:
        return Path(variable)
    if configured is None:
        return root / "reports"
    if not isinstance(configured, str):
        raise SettingsError(f"[tool.evalkit] reports: found {configured!r}; a path in quotes would do")
    return root / configured


def _concurrency(flag: int | None, variable: str | None, configured: object) -> int:
    if flag is not None:
        return flag
    found: object = variable or configured
    if found is None:
        return _DEFAULT_CONCURRENCY
    text = str(found)
    if isinstance(found, bool) or not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise SettingsError(f"concurrency: found {found!r}; a whole number from 1 to 1000 would do")
    return int(text)
