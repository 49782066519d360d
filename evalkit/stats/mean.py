"""The mean of some numbers, with Student's interval."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from evalkit.stats.estimate import Estimate, FloatArray, Method, NotEstimableError, student_quantile


def mean_interval(values: Sequence[float] | FloatArray, confidence: float = 0.95) -> Estimate:
    """The mean of `values` with Student's interval over them; `n` is how many there are.

    Over the per-task rates of a run, or the per-task differences of two, it is the cluster t interval (Miller 2024,
    arXiv 2411.00640): for "on new tasks", and with at least fifty of them. Its width is 0 when all values are equal,
    and it may leave the range the values have.

    Raises:
        NotEstimableError: fewer than two values.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size < 2:
        raise NotEstimableError(f"mean: {array.size} values; an interval needs at least 2")
    mean = float(np.mean(array))
    half = student_quantile(confidence, array.size - 1) * float(np.std(array, ddof=1)) / sqrt(array.size)
    return Estimate(
        estimate=mean, low=mean - half, high=mean + half, confidence=confidence, n=array.size, method=Method.STUDENT
    )
