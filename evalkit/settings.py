"""What belongs to the machine, resolved once: flags over environment over `[tool.evalkit]` over defaults.

What belongs to the experiment is in the suite. In particular no setting, variable or key selects the backend.
The only file that reads the environment.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from evalkit.errors import SettingsError

_MARKERS = (".git", "pyproject.toml", "rubrics")
_KEYS = {"concurrency", "redact", "reports", "retention_days"}
_DEFAULT_CONCURRENCY = 8
_DEFAULT_RETENTION_DAYS = 30


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
    rate_share: float
    """The part of the organisation's request limits that is ours; 1 is all."""
    api_key: Secret | None
    """ANTHROPIC_API_KEY; used by `backend: anthropic` alone."""
    base_url: str | None
    """ANTHROPIC_BASE_URL; used by `backend: anthropic` alone. None is the hosted API."""
    retention_days: int
    """After how many days `evalkit clean` removes what a run left."""
    redact: tuple[str, ...]
    """Regular expressions for what reports must not show, beside the well-known kinds of keys."""
    is_ci: bool
    """CI is set, as every CI service does: a run is watched through a log, even where that looks like a terminal."""
    strict_responses: bool
    """Refuse an API answer or stream frame that does not fit the SDK's types. For tests of evalkit and its emulator."""


def load_settings(
    start: Path,
    *,
    reports: Path | None = None,
    concurrency: int | None = None,
    rate_share: float | None = None,
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
    if not key.isascii() or not key.isprintable():
        raise SettingsError("ANTHROPIC_API_KEY: holds characters that no key has; copy it again")
    return Settings(
        reports=_reports(reports, variables.get("EVALKIT_REPORTS"), table.get("reports"), root),
        concurrency=_concurrency(concurrency, variables.get("EVALKIT_CONCURRENCY"), table.get("concurrency")),
        rate_share=rate_share or 1.0,
        api_key=Secret(key) if key else None,
        base_url=_base_url(variables.get("ANTHROPIC_BASE_URL")),
        retention_days=_retention_days(table.get("retention_days")),
        redact=_redact(table.get("redact")),
        is_ci=variables.get("CI", "").lower() not in {"", "0", "false"},
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
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        known = ", ".join(map(repr, sorted(_KEYS)))
        raise SettingsError(f"{path}: [tool.evalkit] has no key {unknown[0]!r}; known keys are {known}")
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


def _base_url(variable: str | None) -> str | None:
    if not variable:
        return None
    try:
        address = urlsplit(variable)
        is_good = address.scheme in {"http", "https"} and bool(address.hostname) and (address.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good:
        raise SettingsError("ANTHROPIC_BASE_URL: not an address of a server; one like 'https://host' would do")
    return variable


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


def _retention_days(configured: object) -> int:
    if configured is None:
        return _DEFAULT_RETENTION_DAYS
    if not isinstance(configured, int) or isinstance(configured, bool) or not 1 <= configured <= 3650:
        raise SettingsError(f"[tool.evalkit] retention_days: found {configured!r}; a number from 1 to 3650 would do")
    return configured


def _redact(configured: object) -> tuple[str, ...]:
    if configured is None:
        return ()
    if not isinstance(configured, list):
        raise SettingsError(f"[tool.evalkit] redact: found {configured!r}; a list of regular expressions would do")
    for pattern in configured:
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            raise SettingsError(
                f"[tool.evalkit] redact: found {pattern!r} ({error}); a regular expression would do"
            ) from error
    return tuple(configured)
