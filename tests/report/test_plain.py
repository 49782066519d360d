from hypothesis import given
from hypothesis import strategies as st

from evalkit.report.plain import columns, cut, fitting, plain, wrap

PLAIN = st.text(max_size=200).map(plain)


@given(st.text())
def test_plain_text_is_printable_and_on_one_line(text: str) -> None:
    assert plain(text).isprintable()


@given(st.text())
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_a_terminal_escape_shows_instead_of_acting() -> None:
    assert plain("a\x1b[31mred\x9b0m") == "a�[31mred�0m"


def test_marks_that_turn_the_reading_direction_show() -> None:
    assert plain("\u202egnp.exe\u2066") == "�gnp.exe�"


def test_line_breaks_of_every_kind_become_one_space() -> None:
    assert plain("a\r\n\u2028\x0b\tb\u00a0c") == "a b c"


def test_letters_of_other_scripts_stay() -> None:
    assert plain("Prüfung 日本語 שלום") == "Prüfung 日本語 שלום"


@given(PLAIN, st.integers(min_value=2, max_value=80))
def test_no_wrapped_line_is_wider_than_asked(text: str, width: int) -> None:
    assert all(columns(line) <= width for line in wrap(text, width))


@given(PLAIN, st.integers(min_value=2, max_value=80))
def test_wrapping_loses_and_adds_nothing_but_spaces(text: str, width: int) -> None:
    assert "".join(wrap(text, width)).replace(" ", "") == text.replace(" ", "")


@given(PLAIN, st.integers(min_value=1, max_value=80))
def test_cut_text_fits_and_says_that_it_was_cut(text: str, width: int) -> None:
    short = cut(text, width)

    assert columns(short) <= width
    assert short == text or short.endswith("…")


def test_wide_characters_take_two_columns() -> None:
    assert columns("日本x") == 5
    assert fitting("日本x", 3) == "日"


def test_a_long_word_breaks_where_it_has_a_joint() -> None:
    assert wrap("summary-json", 10) == ["summary-", "json"]
