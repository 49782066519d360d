"""The pytest plug-in: a suite's trials as test items, and the emulator as a fixture.

    pytest suites/quickstart.yaml                               # each trial an item: suites/quickstart.yaml::loan#0
    pytest suites/quickstart.yaml --evalkit-backend anthropic   # on the hosted API: needs a key, costs money

A suite is collected only where its file is named on the command line: a plain `pytest` never starts a session. Trials
of one file run together, as `evalkit run` runs them; one that is not ok fails, one that could not be measured is an
error.

    @pytest.mark.managed_agents(scenario="scenario.yaml")       # relative to the test's own file; may be left out
    def test_my_client(managed_agents):
        client = Anthropic(base_url=managed_agents.base_url, api_key="any")

Nothing of evalkit is imported before a suite or the fixture is used: the plug-in is loaded by every run of pytest.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evalkit.emulator import Emulator
    from evalkit.suite.model import Suite, TrialPlan
    from evalkit.trial.model import TrialRecord

_FORMAT = b"format: evalkit-suite/"
_HEAD_BYTES = 4_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options are known to pytest."""
    group = parser.getgroup("evalkit", "suites of evalkit")
    words = "Where a suite's trials run, in place of the suite's own backend."
    group.addoption("--evalkit-backend", choices=["emulator", "anthropic"], help=words)
    group.addoption("--evalkit-reports", type=Path, metavar="FOLDER", help="The run root of the trials.")


def pytest_configure(config: pytest.Config) -> None:
    """The marker is known to pytest."""
    words = "managed_agents(scenario=None, time_scale=0): what the emulator of the fixture plays"
    config.addinivalue_line("markers", words)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "SuiteFile | None":
    """The suite at `file_path`, where that file was named on the command line."""
    if file_path.suffix != ".yaml" or not parent.session.isinitpath(file_path):
        return None
    with file_path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return SuiteFile.from_parent(parent, path=file_path) if _FORMAT in head else None


@pytest.fixture
def managed_agents(request: pytest.FixtureRequest) -> Iterator["Emulator"]:
    """A local server that speaks the Managed Agents API, of this test alone."""
    from evalkit.emulator import Emulator

    marker = request.node.get_closest_marker("managed_agents")
    asked = dict(marker.kwargs) if marker is not None else {}
    scenario = asked.get("scenario")
    if scenario is not None:
        asked["scenario"] = request.path.parent / scenario
    with Emulator(**asked) as emulator:
        yield emulator


class SuiteFile(pytest.File):
    """One suite, whose items are its trials."""

    _suite: "Suite | None" = None
    _records: "Mapping[str, TrialRecord] | None" = None

    def collect(self) -> Iterable["TrialItem"]:
        """One item a trial, in plan order. A suite that is wrong is an error of collection, with every problem."""
        from evalkit.api import load_suite, plan_suite
        from evalkit.errors import UsageError

        try:
            self._suite = load_suite(self.path, backend=self.config.getoption("--evalkit-backend"))
            plans = plan_suite(self._suite)
        except UsageError as error:
            raise self.CollectError(str(error)) from error
        has_variants = len(self._suite.variants) > 1
        for plan in plans:
            variant = f"/{plan.variant.name}" if has_variants else ""
            yield TrialItem.from_parent(self, name=f"{plan.task.id}{variant}#{plan.spec.repeat}", plan=plan)

    def record_of(self, item: "TrialItem") -> "TrialRecord":
        """The record of the item's trial; the first call runs the trials of all items of this file that were chosen."""
        if self._records is None or item.plan.spec.key not in self._records:
            self._records = {**(self._records or {}), **self._run(self._due(item))}
        return self._records[item.plan.spec.key]

    def _due(self, item: "TrialItem") -> "list[TrialPlan]":
        if hasattr(self.config, "workerinput"):
            return [item.plan]  # of several processes each has all items, and would pay for all trials
        return [other.plan for other in self.session.items if isinstance(other, TrialItem) and other.parent is self]

    def _run(self, plans: "list[TrialPlan]") -> "Mapping[str, TrialRecord]":
        from evalkit.api import run_suite

        assert self._suite is not None, "items come from collect"
        run = run_suite(self._suite, trials=plans, reports=self.config.getoption("--evalkit-reports"))
        return {trial.spec.key: trial for trial in run.trials}


class TrialItem(pytest.Item):
    """One trial: it passes when its answer is ok. Secrets in its reason are masked as in every report."""

    def __init__(self, *, plan: "TrialPlan", **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]  # pytest's own keywords, passed on
        self.plan = plan

    def setup(self) -> None:
        """The trial has run. Raises NotMeasuredError where nobody can say whether it is ok: an error, not a failure."""
        trial = self._record()
        if trial.ok is None:
            raise _NotKnownError(_told(trial, self.path))

    def runtest(self) -> None:
        """Raises where the trial is not ok."""
        trial = self._record()
        if not trial.ok:
            raise _NotOkError(_told(trial, self.path))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:  # noqa: ARG002  # pytest's
        """What a person needs, without our own stack."""
        from evalkit.errors import EvalkitError

        if isinstance(excinfo.value, _NotOkError | _NotKnownError | EvalkitError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the item comes from, for pytest's own lines."""
        return self.path, None, self.name

    def _record(self) -> "TrialRecord":
        assert isinstance(self.parent, SuiteFile)
        return self.parent.record_of(self)


class _NotOkError(Exception):
    """The trial was measured and is not ok."""


class _NotKnownError(Exception):
    """Whether the trial is ok could not be known."""


def _told(trial: "TrialRecord", suite: Path) -> str:
    from evalkit.report.reason import full_reason
    from evalkit.report.redact import masked_text, secrets_of
    from evalkit.settings import load_settings

    spec = trial.spec
    reason = masked_text(full_reason(trial), secrets_of(load_settings(suite.parent).redact))
    return f"{reason}\nevalkit show {trial.run} {spec.task}/{spec.variant}#{spec.repeat}"
