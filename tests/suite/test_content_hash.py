from hashlib import sha256

import pytest

from evalkit.suite.content_hash import hash_of


def test_the_hash_is_of_sorted_keys_without_spaces_in_utf_8() -> None:
    assert hash_of({"b": [1, 0.5], "a": "é"}) == sha256('{"a":"é","b":[1,0.5]}'.encode()).hexdigest()


def test_a_number_that_json_has_not_is_no_content() -> None:
    with pytest.raises(ValueError, match="JSON"):
        hash_of(float("nan"))
