"""How long each rendering of a big run takes, and how big it gets: 10,000 trials of 3 iterations and 5 checks.

`PYTHONPATH=tests python benchmarks/report.py [text html xlsx …]` prints one line a rendering: processor seconds beyond
imports, megabytes written, and the peak of memory so far. The run is made in memory; no reading is in it.
"""

# ruff: noqa: INP001  (a folder of scripts)

import random
import resource
import sys
import time
from collections.abc import Callable

from trial_records import ALL_MET, FIRST, GAPS, check, cost, iteration, run, trial

from evalkit.checks.result import Status
from evalkit.report.csv_text import render_facts
from evalkit.report.facts import run_facts
from evalkit.report.frames import trials
from evalkit.report.html_page import render_page
from evalkit.report.junit import render_junit
from evalkit.report.markdown import render_markdown
from evalkit.report.redact import masked_run, secrets_of
from evalkit.report.text import render_report
from evalkit.report.workbook import render_workbook
from evalkit.trial.model import RunRecord, TrialRecord, Verdict

TASKS, REPEATS = 200, 50


def big_run() -> RunRecord:
    """The run, the same each time: words differ from trial to trial, as a grader's do."""
    draw = random.Random(7)  # noqa: S311  (reproducible, nothing secret)
    return run([_trial(draw, f"task-{task:03}", repeat) for task in range(TASKS) for repeat in range(REPEATS)])


def _trial(draw: random.Random, task: str, repeat: int) -> TrialRecord:
    words = [f"{GAPS}\n{' '.join(str(draw.random()) for _ in range(10))}" for _ in range(2)]
    revisions = [iteration(at, Verdict.NEEDS_REVISION, explanation=words[at], criteria=FIRST) for at in range(2)]
    last = iteration(2, Verdict.SATISFIED, explanation="All criteria are met.", criteria=ALL_MET)
    statuses = [Status.FAILED if draw.random() < 0.05 else Status.PASSED for _ in range(5)]
    checks = [check(f"c{at}", status, found="41", wanted="42", file="out.csv") for at, status in enumerate(statuses)]
    return trial(task, [*revisions, last], checks, repeat=repeat, spent=cost(f"{draw.random():.2f}"))


def main() -> None:
    """Print one line for each rendering named on the command line, or for all of them."""
    record = big_run()
    renderings: dict[str, Callable[[], object]] = {
        "masking": lambda: str(masked_run(record, secrets_of()).id),
        "text": lambda: render_report(record, 120),
        "markdown": lambda: render_markdown(record),
        "csv": lambda: "".join(map(render_facts, run_facts(record))),
        "junit": lambda: render_junit(record),
        "frames": lambda: str(len(trials(record))),
        "html": lambda: render_page((record,), {}),
        "xlsx": lambda: render_workbook(record, lambda sha256: f"artifacts/{sha256}"),
    }
    for name in sys.argv[1:] or renderings:
        begun = time.process_time()
        made = renderings[name]()
        seconds = time.process_time() - begun
        size = len(made) if isinstance(made, bytes | str) else 0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name:9} {seconds:6.2f} s {size / 1e6:8.2f} MB  peak {peak:,.0f} MB")  # noqa: T201  (its output)


if __name__ == "__main__":
    main()
