"""What a session cost: as billed, and computed from its token totals; the agent's part and the grader's.

The grader's tokens are inside the session's totals and in none of its spans (recorded: 40–63 % of all tokens with a
grader, none without one), so its share is the totals minus the agent's own requests. Session totals are exact only in
the snapshot directly before an idle.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from evalkit.errors import UnknownModelError
from evalkit.trial.events import Usage
from evalkit.trial.fold import Progress, Work
from evalkit.trial.model import Cost, Source, ThreadRecord, Tokens
from evalkit.trial.prices import ModelPrice, price_table

_SECONDS_PER_HOUR = 3600


def session_cost(progress: Progress, model: str | None, threads: Sequence[ThreadRecord] = ()) -> Cost:
    """The cost of the session so far, every part None where it is not known.

    US dollars, not rounded (except `billed_usd`, which the platform rounds to cents). `usd` is what was billed where
    the platform said so, else what was computed. `threads` are the other agents' threads: the session's totals hold
    their tokens too, so where one is missing nothing is known of how the totals are shared.
    """
    table = price_table()
    usage = progress.usage
    price = _price(model, progress.started_at.date() if progress.started_at else None)
    agent, tokens_usd = _shared_cost(progress, price, threads)
    runtime = web = None
    if usage is not None:
        web = usage.web_searches * table.web_search_usd_each
        if usage.active_seconds is not None:
            runtime = Decimal(str(usage.active_seconds)) * table.runtime_usd_per_hour / _SECONDS_PER_HOUR
    computed = None
    if tokens_usd is not None and runtime is not None and web is not None:
        computed = tokens_usd + runtime + web
    billed = usage.list_cost if usage is not None else None
    return Cost(
        usd=billed if billed is not None else computed,
        source=Source.LIST_COST if billed is not None else Source.COMPUTED if computed is not None else None,
        billed_usd=billed,
        computed_usd=computed,
        agent_usd=agent,
        grader_usd=_share(tokens_usd, agent),
        runtime_usd=runtime,
        web_search_usd=web,
        tokens=usage.tokens if usage is not None else None,
        price_table=table.dated,
    )


def _share(total: Decimal | None, agent: Decimal | None) -> Decimal | None:
    """What is left for the grader; None where a part is unknown, or where the parts do not fit into the total."""
    if total is None or agent is None or agent > total:
        return None
    return total - agent


def _shared_cost(
    progress: Progress, price: ModelPrice | None, threads: Sequence[ThreadRecord]
) -> tuple[Decimal | None, Decimal | None]:
    """List price of all agents' requests, and of the session's token totals.

    With other agents, each thread is priced by its own model, and what is left, the grader's, by the agent's.
    """
    agent = work_cost(progress.session_work, price)
    if not progress.threads:
        return agent, _tokens_cost(progress.usage, progress.session_work, price)
    if agent is None or not set(progress.threads) <= {thread.id for thread in threads}:
        return None, None
    tokens = progress.session_work.tokens
    for thread in threads:
        if thread.usd is None or thread.tokens is None:
            return None, None
        agent, tokens = agent + thread.usd, tokens + thread.tokens
    if progress.usage is None or progress.usage.tokens is None or price is None:
        return agent, None
    grader = progress.usage.tokens - tokens
    if price.band_tokens is not None and _prompt(grader) > price.band_tokens:
        return agent, None
    rest = price.rates.cost_of(grader)
    return agent, agent + rest if rest is not None else None


def work_cost(work: Work, price: ModelPrice | None) -> Decimal | None:
    """List price of the agent's own requests in `work`; None when one was not metered or has no price.

    The spans do not say for how long a cache entry was written; five minutes is assumed.
    """
    if price is None or work.unmetered:
        return None
    total = Decimal(0)
    for tokens in work.requests:
        cost = price.request_cost(tokens)
        if cost is None:
            return None
        total += cost
    return total


def iteration_cost(work: Work, model: str | None, on: date | None) -> Decimal | None:
    """List price of one cycle's agent requests; None when it cannot be known."""
    return work_cost(work, _price(model, on))


def _price(model: str | None, on: date | None) -> ModelPrice | None:
    if model is None:
        return None
    try:
        return price_table().price_of(model, on)
    except UnknownModelError:
        return None


def _tokens_cost(usage: Usage | None, agent: Work, price: ModelPrice | None) -> Decimal | None:
    """List price of the session's token totals.

    A model whose price depends on the length of each prompt can be priced from totals only where the grader's part is
    so small that none of its prompts can have been a long one.
    """
    if usage is None or usage.tokens is None or price is None:
        return None
    if price.band_tokens is None:
        return price.rates.cost_of(usage.tokens, usage.cache_write_1h)
    own = work_cost(agent, price)
    grader = usage.tokens - agent.tokens
    if own is None or _prompt(grader) > price.band_tokens:
        return None
    rest = price.rates.cost_of(grader)
    return own + rest if rest is not None else None


def _prompt(tokens: Tokens) -> int:
    return tokens.input + tokens.cache_read + tokens.cache_write
