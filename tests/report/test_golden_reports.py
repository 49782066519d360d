"""Reports as a person sees them, to the byte.

After a change that is meant: `PYTHONPATH=tests python tests/report/test_golden_reports.py` rewrites the files; read the
diff before it is committed.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from trial_records import START, hostile_run, quickstart_run, run

from evalkit.report.markdown import render_markdown
from evalkit.report.runs import render_runs
from evalkit.report.show import render_trial
from evalkit.report.text import render_report, render_run
from evalkit.trial.transcript import Line

GOLDEN = Path(__file__).parents[1] / "golden" / "report"

TRANSCRIPT = [
    Line(at=START, who="agent", text="I write the file.\n\x1b[2J"),
    Line(at=None, who="write", text="out.csv"),
]

PAGES: dict[str, Callable[[], str]] = {
    "quickstart-run-80.txt": lambda: render_run(quickstart_run(), 80),
    "quickstart-run-120.txt": lambda: render_run(quickstart_run(), 120),
    "quickstart-run-60.txt": lambda: render_run(quickstart_run(), 60),
    "quickstart-report-80.txt": lambda: render_report(quickstart_run(), 80),
    "quickstart-report-120.txt": lambda: render_report(quickstart_run(), 120),
    "quickstart.md": lambda: render_markdown(quickstart_run()),
    "quickstart-show-80.txt": lambda: render_trial(quickstart_run().trials[3], width=80, transcript=TRANSCRIPT),
    "quickstart-list-80.txt": lambda: render_runs((quickstart_run(), run([])), 80),
    "empty-run-80.txt": lambda: render_run(run([]), 80),
    "empty-report-120.txt": lambda: render_report(run([]), 120),
    "empty.md": lambda: render_markdown(run([])),
    "hostile-run-80.txt": lambda: render_run(hostile_run(), 80),
    "hostile-report-120.txt": lambda: render_report(hostile_run(), 120),
    "hostile-show-80.txt": lambda: render_trial(hostile_run().trials[0], width=80, transcript=None),
    "hostile.md": lambda: render_markdown(hostile_run()),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_report_reads_to_the_byte_as_it_was_agreed(name: str) -> None:
    assert PAGES[name]() == (GOLDEN / name).read_bytes().decode().removesuffix("\n")


def test_every_golden_file_belongs_to_a_page() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(PAGES)


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for page, render in PAGES.items():
        (GOLDEN / page).write_bytes(f"{render()}\n".encode())
