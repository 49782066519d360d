from pathlib import Path

import pytest
from loan_project import write_project

from evalkit.errors import UsageError
from evalkit.suite.load import load_suite
from evalkit.suite.model import Suite
from evalkit.suite.plan import trial_key
from evalkit.suite.selection import select_variants


@pytest.fixture(name="suite")
def suite_of_two_variants(tmp_path: Path) -> Suite:
    return load_suite(write_project(tmp_path))


def test_only_the_variants_named_are_left_in_file_order(suite: Suite) -> None:
    assert [variant.name for variant in select_variants(suite, ["v2"]).variants] == ["v2"]
    assert [variant.name for variant in select_variants(suite, ["v2", "base"]).variants] == ["base", "v2"]


def test_without_a_name_or_a_model_nothing_changes(suite: Suite) -> None:
    assert select_variants(suite) == suite


def test_a_variant_that_is_not_there_is_refused_with_what_is_meant(suite: Suite) -> None:
    with pytest.raises(UsageError, match="no variant 'v3'; known are base, v2"):
        select_variants(suite, ["v3"])


def test_another_model_is_in_every_variant_and_in_every_key(suite: Suite) -> None:
    changed = select_variants(suite, model="claude-opus-5-5")

    assert {variant.model for variant in changed.variants} == {"claude-opus-5-5"}
    keys = {trial_key(s, s.tasks[0], variant, 0, None) for s in (suite, changed) for variant in s.variants}
    assert len(keys) == 4


def test_a_model_without_a_price_is_noted_with_the_one_that_may_be_meant(suite: Suite) -> None:
    (notice,) = select_variants(suite, model="claude-haiku-45").notices

    words = "no price for model 'claude-haiku-45', so that its cost will be unknown; did you mean 'claude-haiku-4-5'?"
    assert str(notice) == f"--model: {words}"
    assert select_variants(suite, model="claude-haiku-4-5").notices == ()


def test_a_model_without_a_name_is_refused(suite: Suite) -> None:
    with pytest.raises(UsageError, match="the name of a model would do"):
        select_variants(suite, model=" ")
