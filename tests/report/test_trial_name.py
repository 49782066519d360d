import pytest
from trial_records import run, trial

from evalkit.report.trial_name import find_trials, name_trials
from evalkit.trial.model import RunRecord

PLAIN = run([trial("loan"), trial("memo")])
VARIANTS = run([trial("loan"), trial("loan", variant="v2")])
REPEATS = run([trial("loan"), trial("loan", repeat=1), trial("memo")])
BOTH = run([trial("loan", variant=variant, repeat=repeat) for variant in ("base", "v2") for repeat in (0, 1)])


@pytest.mark.parametrize(
    ("run_", "names"),
    [
        (PLAIN, ["loan", "memo"]),
        (VARIANTS, ["loan/base", "loan/v2"]),
        (REPEATS, ["loan#0", "loan#1", "memo#0"]),
        (BOTH, ["loan/base#0", "loan/base#1", "loan/v2#0", "loan/v2#1"]),
    ],
    ids=["plain", "variants", "repeats", "both"],
)
def test_a_name_holds_only_what_tells_trials_apart(run_: RunRecord, names: list[str]) -> None:
    made = name_trials(run_.trials)

    assert [made.name(record) for record in run_.trials] == names


@pytest.mark.parametrize("run_", [PLAIN, VARIANTS, REPEATS, BOTH], ids=["plain", "variants", "repeats", "both"])
def test_the_name_shown_finds_that_trial_alone(run_: RunRecord) -> None:
    made = name_trials(run_.trials)

    assert all(find_trials(run_, made.name(record)) == (record,) for record in run_.trials)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("loan", 4),
        ("loan/v2", 2),
        ("loan#1", 2),
        ("loan/v2#1", 1),
        ("loa", 0),
        ("loan/", 0),
        ("", 0),
        ("9f3c1a5d", 4),
        ("9f3c1a5", 0),
    ],
)
def test_a_name_with_a_part_left_out_finds_every_trial_it_fits(name: str, count: int) -> None:
    assert len(find_trials(BOTH, name)) == count
