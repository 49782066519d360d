import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.json_pointer import PointerError, escaped_step, find_at, steps_of
from evalkit.checks.result import Json

# The document and the pointers of RFC 6901, section 5, as far as they differ.
DOCUMENT: Json = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, " ": 7}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("", DOCUMENT), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/m~0n", 8), ("/ ", 7)],
)
def test_the_examples_of_the_standard_hold(pointer: str, value: Json) -> None:
    assert find_at(DOCUMENT, pointer) == value


@pytest.mark.parametrize(
    ("pointer", "why"),
    [
        ("foo", "'foo' is no JSON Pointer; write '/' before each step"),
        ("/foo/2", "nothing at '/foo/2'; there are 2 elements"),
        ("/foo/-1", "nothing at '/foo/-1'"),
        ("/foo/¹", "nothing at '/foo/¹'"),
        ("/bar", "nothing at '/bar'; there are 5 keys: 'foo'"),
        ("/a~1b/c", "nothing at '/a/b/c'; the value before it has no parts"),
    ],
)
def test_a_pointer_that_leads_nowhere_says_where_it_ends(pointer: str, why: str) -> None:
    with pytest.raises(PointerError) as caught:
        find_at(DOCUMENT, pointer)

    assert why in str(caught.value)


@given(st.lists(st.text(max_size=4), max_size=4))
def test_escaped_steps_are_read_back(steps: list[str]) -> None:
    assert steps_of("".join(map(escaped_step, steps))) == tuple(steps)
