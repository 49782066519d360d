"""Many p-values at once: adjusted, so that each can be compared with the level meant for all."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values, in the order given: for whatever gates.

    Rejecting those at most at the level makes any false rejection at all no likelier than the level, however the tests
    depend on each other. Source: Holm 1979 (Scand J Stat 6:65); R p.adjust(method="holm").
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return _in_order_given(adjusted, order)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini and Hochberg's adjusted p-values, in the order given: for lists of things to look at.

    Listing those at most q keeps the expected share of false entries at most q when tests are independent or depend
    positively. Source: Benjamini & Hochberg 1995; R p.adjust(method="BH").
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    steps = p[order] * p.size / np.arange(1, p.size + 1)
    adjusted = np.minimum.accumulate(steps[::-1])[::-1]
    return _in_order_given(adjusted, order)


def _checked(p_values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    p = np.asarray(p_values, dtype=np.float64)
    if not bool(np.all((p >= 0) & (p <= 1))):
        raise ValueError(f"p-values: {tuple(p_values)!r}; must lie between 0 and 1")
    return p


def _in_order_given(adjusted: np.ndarray, order: np.ndarray) -> tuple[float, ...]:
    back = np.empty_like(adjusted)
    back[order] = np.minimum(adjusted, 1.0)
    return tuple(float(value) for value in back)
