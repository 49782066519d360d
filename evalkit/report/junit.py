"""A run as JUnit XML, for the test pages of CI systems.

    <testsuites>  the run
    <testsuite>   a task and variant
    <testcase>    a trial: <failure> when it is not ok, <error> when it was not measured or a check errored,
                  <skipped> when it was not run

What the model or the grader wrote stays out: CI logs are read by more people than reports. A message names checks,
criteria, boundaries and causes; the evidence is in the other formats.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from evalkit.report.headline import headline
from evalkit.report.plain import plain
from evalkit.report.reason import short_reason
from evalkit.report.tables import verdict_sequence
from evalkit.report.trial_name import TrialNames, name_trials
from evalkit.trial.metrics import Standing, standing_of, summarise
from evalkit.trial.model import RunRecord, TrialRecord

_OUTCOMES = {
    Standing.NOT_OK: "failure",
    Standing.CHECK_ERROR: "error",
    Standing.UNMEASURED: "error",
    Standing.NOT_RUN: "skipped",
}


def render_junit(run: RunRecord) -> str:
    """`run` as an XML document; ends without a line break."""
    names = name_trials(run.trials)
    root = ET.Element("testsuites", {"name": plain(headline(run, summarise(run))), **_counts(run.trials)})
    groups: dict[str, list[TrialRecord]] = {}
    for record in run.trials:
        groups.setdefault(names.group(record.spec.task, record.spec.variant), []).append(record)
    for group, records in groups.items():
        suite = ET.SubElement(root, "testsuite", {"name": plain(group), **_counts(records)})
        properties = ET.SubElement(suite, "properties")
        for name, value in (("run", run.id), ("backend", run.backend_label)):
            ET.SubElement(properties, "property", {"name": name, "value": plain(value)})
        for record in records:
            _append_case(suite, names, record)
    ET.indent(root)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + ET.tostring(root, encoding="unicode")


def _append_case(suite: ET.Element, names: TrialNames, record: TrialRecord) -> None:
    attributes = {"classname": plain(f"{record.spec.suite}.{record.spec.task}"), "name": plain(names.name(record))}
    if record.time_s.total is not None:
        attributes["time"] = f"{record.time_s.total:.3f}"
    case = ET.SubElement(suite, "testcase", attributes)
    outcome = _OUTCOMES.get(standing_of(record))
    if outcome is None:
        return
    message = short_reason(record)
    if record.failure is not None and not record.end.is_measured:
        message = f"{message}: {record.failure.boundary.value}, {record.failure.cause}"
    ET.SubElement(
        case, outcome, {"message": plain(message), "type": standing_of(record).value}
    ).text = f"verdicts: {plain(verdict_sequence(record)) or 'none'}"


def _counts(records: Sequence[TrialRecord]) -> dict[str, str]:
    """The attributes of a suite; `time` is the sum of the times that are known."""
    outcomes = [_OUTCOMES.get(standing_of(record)) for record in records]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
        "time": f"{sum(record.time_s.total or 0 for record in records):.3f}",
    }
