"""The run's money, to the cent."""

import asyncio
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from evalkit.runner.spend import Purse

USD = st.decimals(min_value="0.01", max_value="9.99", places=2)


def test_a_cap_can_be_spent_to_its_last_cent_and_not_one_more() -> None:
    async def spend() -> tuple[bool, bool]:
        purse = Purse(Decimal("0.30"))
        first = all([await purse.reserve(Decimal("0.10"), may_wait=False) for _ in range(3)])
        return first, await purse.reserve(Decimal("0.01"), may_wait=False)

    assert asyncio.run(spend()) == (True, False)


def test_a_session_whose_cost_nobody_can_tell_counts_with_its_whole_cap() -> None:
    async def spend() -> Decimal:
        purse = Purse(Decimal(1))
        await purse.reserve(Decimal("0.40"))
        await purse.settle(Decimal("0.40"), None)
        return purse.spent

    assert asyncio.run(spend()) == Decimal("0.40")


def test_a_launch_waits_for_what_a_cheaper_session_leaves() -> None:
    async def spend() -> tuple[bool, Decimal]:
        purse = Purse(Decimal("1.00"))
        await purse.reserve(Decimal("0.60"))
        waiting = asyncio.create_task(purse.reserve(Decimal("0.60")))
        await asyncio.sleep(0)
        assert not waiting.done()
        await purse.settle(Decimal("0.60"), Decimal("0.40"))
        return await waiting, purse.spent + purse.at_risk

    assert asyncio.run(spend()) == (True, Decimal("1.00"))


def test_a_launch_that_can_never_fit_does_not_wait_for_ever() -> None:
    async def spend() -> bool:
        purse = Purse(Decimal("1.00"))
        await purse.reserve(Decimal("0.60"))
        waiting = asyncio.create_task(purse.reserve(Decimal("0.60")))
        await asyncio.sleep(0)
        await purse.settle(Decimal("0.60"), Decimal("0.50"))
        return await waiting

    assert asyncio.run(spend()) is False


def test_sessions_of_an_earlier_process_are_at_risk_though_they_do_not_fit() -> None:
    purse = Purse(Decimal("1.00"), spent=Decimal("0.90"))
    purse.commit(Decimal("0.50"))

    assert not purse.fits(Decimal("0.01"))


@given(USD, st.lists(st.tuples(USD, st.none() | st.decimals(min_value=0, max_value=1, places=4)), max_size=30))
def test_at_no_launch_do_spent_and_at_risk_exceed_the_cap(
    cap: Decimal, sessions: list[tuple[Decimal, Decimal | None]]
) -> None:
    async def spend() -> None:
        purse = Purse(cap)
        for own, part in sessions:
            if await purse.reserve(own, may_wait=False):
                assert purse.spent + purse.at_risk <= cap
                await purse.settle(own, None if part is None else own * part)
        assert purse.at_risk == 0

    asyncio.run(spend())


@given(st.integers(1, 40), st.integers(1, 40))
def test_as_many_equal_caps_fit_as_the_arithmetic_of_money_says(cents: int, sessions: int) -> None:
    async def launched() -> int:
        purse = Purse(Decimal(cents) / 100 * sessions)
        count = 0
        while count <= sessions and await purse.reserve(Decimal(cents) / 100, may_wait=False):
            count += 1
        return count

    assert asyncio.run(launched()) == sessions
