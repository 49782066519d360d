import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.emulator.paging import ASCENDING, DESCENDING, limit_of, order_of, page_of
from evalkit.emulator.problems import ApiProblem


@given(count=st.integers(0, 40), limit=st.integers(1, 9), order=st.sampled_from([ASCENDING, DESCENDING]))
def test_pages_give_every_row_once_in_order_and_end(count: int, limit: int, order: str) -> None:
    rows = [(number, f"row {number}") for number in range(count)]
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(count // limit + 1):
        page = page_of(rows, limit=limit, order=order, cursor=cursor, prefix="page_")
        seen += page.rows
        cursor = page.next_page
        if cursor is None:
            break

    assert cursor is None
    assert seen == [row for _, row in (rows if order == ASCENDING else reversed(rows))]


@given(count=st.integers(0, 40), limit=st.integers(1, 9), order=st.sampled_from([ASCENDING, DESCENDING]))
def test_the_way_back_has_the_same_pages(count: int, limit: int, order: str) -> None:
    rows = [(number, number) for number in range(count)]
    there = [page_of(rows, limit=limit, order=order, cursor=None)]
    while there[-1].next_page is not None:
        there.append(page_of(rows, limit=limit, order=order, cursor=there[-1].next_page))
    back = [there[-1]]
    while back[-1].prev_page is not None:
        back.append(page_of(rows, limit=limit, order=order, cursor=back[-1].prev_page))

    assert [page.rows for page in back] == [page.rows for page in reversed(there)]


@pytest.mark.parametrize("order", [ASCENDING, DESCENDING])
def test_a_row_added_between_two_pages_is_neither_repeated_nor_in_the_way(order: str) -> None:
    first = page_of([(1, "a"), (2, "b"), (3, "c")], limit=2, order=order, cursor=None)

    grown = page_of([(1, "a"), (2, "b"), (3, "c"), (4, "d")], limit=2, order=order, cursor=first.next_page)

    assert grown.rows == (("c", "d") if order == ASCENDING else ("a",))


@pytest.mark.parametrize("cursor", ["x", "%%%", "WzEsMl0", "page_", "bnVsbA", "eyJhIjoxfQ", "W251bGwsdHJ1ZV0"])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(ApiProblem, match="invalid page cursor"):
        page_of([(1, "a")], limit=1, order=ASCENDING, cursor=cursor)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "", "1.5", "¹", "9" * 5000])
def test_a_limit_out_of_bounds_is_refused(limit: str) -> None:
    with pytest.raises(ApiProblem, match="limit: 1 to 100 is allowed"):
        limit_of({"limit": limit}, default=20, most=100)


def test_an_order_that_is_no_order_is_refused() -> None:
    with pytest.raises(ApiProblem, match="order: 'up' is not one of asc, desc"):
        order_of({"order": "up"}, default=ASCENDING)
