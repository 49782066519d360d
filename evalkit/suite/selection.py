"""Part of a suite, or the suite on another model: what the command line may say without editing the file."""

from collections.abc import Sequence
from dataclasses import replace

from evalkit.errors import Problem, UsageError
from evalkit.suite.agent import unpriced, with_model
from evalkit.suite.model import Suite
from evalkit.suite.problems import did_you_mean


def select_variants(suite: Suite, names: Sequence[str] = (), model: str | None = None) -> Suite:
    """The suite with the variants named, all where none is, each on `model` where one is given.

    A trial on another model has another key: it is never taken for one on the suite's own.

    Raises:
        UsageError: the suite has no variant of that name, or the model's name is empty.
    """
    known = [variant.name for variant in suite.variants]
    for name in names:
        if name not in known:
            raise UsageError(f"{suite.path}: no variant {name!r}; {did_you_mean(name, known)}")
    if model is not None and not model.strip():
        raise UsageError(f"--model: found {model!r}; the name of a model would do")
    chosen = [variant for variant in suite.variants if not names or variant.name in names]
    if model is None:
        return replace(suite, variants=tuple(chosen))
    words = unpriced(model)
    notices = () if words is None else (Problem("--model", 0, words),)
    variants = tuple(with_model(variant, model) for variant in chosen)
    return replace(suite, variants=variants, notices=(*suite.notices, *notices))
