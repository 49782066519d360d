"""The values every method returns, and the refusal to invent one."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from evalkit.errors import EvalkitError

FloatArray = NDArray[np.float64]


class NotEstimableError(EvalkitError):
    """The numbers at hand cannot answer the question. Never a score, never a guess."""

    cause = "not_estimable"


class Method(StrEnum):
    """How an interval was made, in the words a report prints."""

    WILSON = "Wilson"
    CLUSTER_WILSON = "cluster Wilson"
    ONE_TASK = "Wilson within one task"
    """The trials of a single task say nothing about other tasks."""
    SUITE_MOVER = "suite MOVER-Wilson"
    TANGO = "Tango score"
    STUDENT = "Student t"
    AUGMENTED_T = "augmented t"
    LOG_T = "Student t on logs"
    DELTA = "delta method on logs"
    RULE_OF_THREE = "rule of three"
    MOVER_SUM = "MOVER-Wilson"
    VERDICT_STRATIFIED = "verdict-stratified"
    ROGAN_GLADEN = "Rogan-Gladen, Lee et al. interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number and the two-sided interval around it."""

    estimate: float
    low: float
    high: float
    confidence: float
    """Two-sided coverage: .90 has 5 % on each side, and its lower end is a one-sided 95 % bound."""
    n: float
    """Independent units the interval stands on; each function says which. Fractional when it is an effective size."""
    method: Method


def normal_quantile(confidence: float) -> float:
    """The z with `confidence` of a standard normal between -z and z.

    Raises:
        ValueError: `confidence` is not between 0 and 1.
    """
    return float(ndtri(_upper(confidence)))


def student_quantile(confidence: float, df: float) -> float:
    """The t with `confidence` of Student's distribution with `df` degrees of freedom between -t and t.

    Raises:
        ValueError: `confidence` is not between 0 and 1, or `df` is not positive.
    """
    if df <= 0:
        raise ValueError(f"degrees of freedom: {df!r}; must be positive")
    return float(stdtrit(df, _upper(confidence)))


def _upper(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence!r}; must lie between 0 and 1")
    return (1 + confidence) / 2
