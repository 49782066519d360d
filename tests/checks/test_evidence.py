import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.evidence import MAX_EVIDENCE, and_more, listed, one_line, quoted, suggestion


@given(st.text())
def test_evidence_is_short_and_printable_whatever_was_delivered(text: str) -> None:
    line = one_line(text)

    assert len(line) <= MAX_EVIDENCE
    assert line.isprintable()


@given(st.text(max_size=500).filter(str.isprintable))
def test_printable_text_is_shown_as_it_is_up_to_the_limit(text: str) -> None:
    assert one_line(text) == text or (len(text) > MAX_EVIDENCE and one_line(text) == text[: MAX_EVIDENCE - 1] + "…")


@pytest.mark.parametrize("mark", ["\x1b[2J", "\u202e", "\n", "\x00", "\ud800", "\u2028"])
def test_what_could_deceive_a_reader_is_escaped(mark: str) -> None:
    assert mark not in one_line(f"a{mark}b")
    assert quoted(f"a{mark}b").isprintable()


def test_a_finding_tells_how_many_more_there_are() -> None:
    assert and_more("blank", 1) == "blank"
    assert and_more("blank", 3) == "blank, and 2 more like it"


def test_a_list_of_names_is_cut_and_counted() -> None:
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed([str(n) for n in range(9)], 2) == "'0', '1' and 7 more"


def test_the_nearest_known_name_is_suggested() -> None:
    assert suggestion("rowcount", ["row_count", "columns"]) == "; did you mean 'row_count'?"
    assert suggestion("zzz", ["row_count"]) == "; known: 'row_count'"
    assert suggestion("zzz", []) == "; none is known here"
