import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.emulator.fields import Fields
from evalkit.emulator.problems import ApiProblem
from evalkit.emulator.sessions import budget_of, is_within, mount_path

UPLOADS = "/mnt/session/uploads"


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("x", "x"),
        ("/tmp/x", "tmp/x"),
        ("a/./b", "a/b"),
        (f"{UPLOADS}/x.json", "x.json"),
        ("..x", "..x"),
    ],
)
def test_a_mount_path_is_rooted_in_the_uploads(asked: str, place: str) -> None:
    assert mount_path(asked) == f"{UPLOADS}/{place}"


@given(st.text(alphabet="./ax\0", max_size=12))
def test_no_mount_path_leaves_the_uploads(asked: str) -> None:
    place = f"{UPLOADS}/refused"
    with contextlib.suppress(ApiProblem):
        place = mount_path(asked)

    assert place.startswith(f"{UPLOADS}/")
    assert ".." not in place.split("/")


@pytest.mark.parametrize("asked", ["../x", "a/../../x", f"{UPLOADS}/../../x", "", "/", UPLOADS + "/..", "a" * 300])
def test_a_path_that_escapes_or_names_nothing_is_refused(asked: str) -> None:
    with pytest.raises(ApiProblem, match="Invalid file resource"):
        mount_path(asked)


@pytest.mark.parametrize("amount", ["0", "-5", "2.50", "05", "", "ten", "1e3", "٣", None, 5])
def test_a_budget_is_a_whole_number_of_cents(amount: object) -> None:
    budget = Fields({"type": "limit", "max_list_cost": {"amount": amount, "currency": "USD"}})

    with pytest.raises(ApiProblem):
        budget_of(budget, "budget")


@pytest.mark.parametrize(
    ("word", "bound", "inside"),
    [
        ("gt", "2026-08-05T00:00:00Z", False),
        ("gte", "2026-08-05T00:00:00Z", True),
        ("lt", "2026-08-05T02:00:00+02:00", False),
        ("lte", "2026-08-05T02:00:00+02:00", True),
        ("gt", "2026-08-04T23:59:59.999999Z", True),
    ],
)
def test_the_bounds_of_a_time_filter_are_exact(word: str, bound: str, inside: bool) -> None:
    assert is_within("2026-08-05T00:00:00.000000Z", {f"created_at[{word}]": bound}) is inside
