from collections.abc import Mapping

import pytest
from deliverables import Content, check_files
from hypothesis import given
from hypothesis import strategies as st
from made_files import deck_bytes, memo_bytes, pdf_bytes

from evalkit.checks.read_markdown import parse_markdown
from evalkit.checks.result import Json, Status

NOTE = """# Incident

Summary in one line.

## Impact

We lost 41 requests [1] and EUR 5.

```text
## not a heading
```

<!-- ## nor this -->

## Sources
[1] "lost forty requests" - app.txt
"""
HTML = "<h1>Title</h1><p>Total <b>EUR</b> 5</p><h2>Risks</h2><p>currency &amp; rates</p><script>TBD</script>"

PASSING: list[tuple[str, str, Content, Mapping[str, Json]]] = [
    ("contains", "a.md", NOTE, {"words": ["EUR 5", "Incident"]}),
    ("contains", "a.md", NOTE, {"words": ["incident"], "ignore_case": True}),
    ("contains", "a.html", HTML, {"text": {"file": "a.html", "section": "Risks"}, "words": ["currency & rates"]}),
    ("contains", "a.html", HTML, {"words": ["Total EUR 5"]}),
    ("contains", "a.docx", memo_bytes(), {"words": ["4 decisions", "12.5", "Larchmont", "2026-03-31"]}),
    ("contains", "a.docx", memo_bytes(), {"text": {"file": "a.docx", "section": "Results"}, "words": ["Churn"]}),
    ("contains", "a.pptx", deck_bytes(), {"words": ["Costs fell", "Point 1", "Say that"]}),
    ("contains", "a.pptx", deck_bytes(), {"text": {"file": "a.pptx", "section": "Costs fell"}, "words": ["Point 1"]}),
    ("contains", "a.pdf", pdf_bytes(["Balance 12.50", "Page 2"]), {"words": ["Balance 12.50", "Page 2"]}),
    ("lacks", "a.md", NOTE, {"words": ["TBD", "incident"]}),
    ("lacks", "a.html", HTML, {"words": ["TBD"]}),
    ("matches", "a.md", NOTE, {"pattern": "(?m)^## ", "at_least": 2, "at_most": 4}),
    ("word_count", "a.txt", "Twelve words? No: four.", {"at_least": 4, "at_most": 4}),
    ("word_count", "a.txt", "1,234.50 - it's", {"at_least": 2, "at_most": 2}),
    ("no_placeholders", "a.md", NOTE, {}),
    ("citations_resolved", "a.md", NOTE, {}),
]

FAILING: list[tuple[str, str, Content, Mapping[str, Json], str, str, str]] = [
    ("contains", "a.md", NOTE, {"words": ["EUR 5", "incident"]}, "without 'incident'", "text with 'EUR 5'", "a.md"),
    (
        "contains",
        "a.md",
        NOTE,
        {"text": {"file": "a.md", "section": "Impact"}, "words": ["Incident"]},
        "without",
        "text with",
        "a.md:5",
    ),
    (
        "contains",
        "a.md",
        NOTE,
        {"text": {"file": "a.md", "section": "impact"}, "words": ["x"]},
        "no such section; 'Impact' differs only by case",
        "one section 'impact'",
        "a.md",
    ),
    (
        "contains",
        "a.md",
        "# A\n# A\n",
        {"text": {"file": "a.md", "section": "A"}, "words": ["x"]},
        "2 such sections",
        "one section 'A'",
        "a.md",
    ),
    ("contains", "b.md", NOTE, {"text": "a.md", "words": ["x"]}, "no such file", "the file 'a.md'", "a.md"),
    ("lacks", "a.md", NOTE, {"words": ["TBD", "EUR"]}, "'EUR'", "text without 'TBD', 'EUR'", "a.md:7"),
    ("lacks", "a.md", NOTE, {"words": ["eur"], "ignore_case": True}, "'EUR'", "text without", "a.md:7"),
    ("lacks", "a.md", " \n", {"words": ["TBD"]}, "no text", "text without", "a.md"),
    ("lacks", "a.docx", memo_bytes(), {"words": ["12.5"]}, "'12.5'", "text without", "a.docx block 4"),
    ("lacks", "a.pptx", deck_bytes(), {"words": ["grew."]}, "'grew.'", "text without", "a.pptx slide 1 notes"),
    ("lacks", "a.pdf", pdf_bytes(["one", "two"]), {"words": ["two"]}, "'two'", "text without", "a.pdf page 2"),
    ("matches", "a.md", NOTE, {"pattern": "(?m)^## ", "at_least": 5}, "3 places", "at least 5 places", "a.md"),
    ("matches", "a.md", NOTE, {"pattern": "(?m)^## ", "at_most": 2}, "3 places", "between 1 and 2", "a.md:15"),
    ("matches", "a.md", "\n", {"pattern": "x", "at_least": 0}, "no text", "text with x", "a.md"),
    ("word_count", "a.txt", "one two", {"at_least": 3}, "2 words", "at least 3 words", "a.txt"),
    ("word_count", "a.txt", "one two", {"at_most": 1}, "2 words", "exactly 1 words", "a.txt"),
    ("no_placeholders", "a.md", "fine\n[insert name]", {}, "'[insert name]'", "without placeholders", "a.md:2"),
    ("no_placeholders", "a.md", "{{party}} and TODO", {}, "'{{party}}', and 1 more", "without placeholders", "a.md:1"),
    ("no_placeholders", "a.md", "", {}, "no text", "without placeholders", "a.md"),
    ("citations_resolved", "a.md", "A [2].\n# Sources\n[1] x", {}, "[2] has no entry", "one entry", "a.md:1"),
    ("citations_resolved", "a.md", "A [1].\n# Sources\n[1] x\n[3] y", {}, "[3] is never cited", "cited", "a.md:4"),
    ("citations_resolved", "a.md", "A.\n# Sources\n[1] x", {}, "no citations", "citations", "a.md"),
]


@pytest.mark.parametrize(("name", "file", "content", "parameters"), PASSING)
def test_a_good_text_passes(name: str, file: str, content: Content, parameters: Mapping[str, Json]) -> None:
    result = check_files(f"text.{name}", {file: content}, {"text": file, **parameters})

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(("name", "file", "content", "parameters", "found", "wanted", "at"), FAILING)
def test_a_bad_text_fails_where_it_is_bad(  # noqa: PLR0917 - the columns of the table
    name: str, file: str, content: Content, parameters: Mapping[str, Json], found: str, wanted: str, at: str
) -> None:
    result = check_files(f"text.{name}", {file: content}, {"text": file, **parameters})

    assert result.status is Status.FAILED, result
    assert found in (result.found or "")
    assert wanted in (result.wanted or "")
    assert str(result.at) == at


QUOTES = 'He said “the rate is 5 %”  and "of   2024".'


@pytest.mark.parametrize(
    ("text", "parameters", "status", "found"),
    [
        (QUOTES, {}, Status.PASSED, "2 quotations"),
        (QUOTES, {"at_most_words": 4}, Status.PASSED, "2 quotations"),
        (QUOTES, {"at_most_words": 3}, Status.FAILED, "a quotation of 4 words"),
        (QUOTES, {"at_least": 3}, Status.FAILED, "2 quotations"),
        ('"the rate was 5 %"', {}, Status.FAILED, "the quotation 'the rate was 5 %'"),
        (QUOTES, {"sources": {"globs": ["*.md"]}}, Status.ERRORED, "the task gave no input like '*.md'"),
    ],
)
def test_a_quotation_is_verbatim_or_fails(
    text: str, parameters: Mapping[str, Json], status: Status, found: str
) -> None:
    given_files = {"s.txt": "In short: the rate\nis 5 % as of 2024."}

    result = check_files(
        "text.quotes_verbatim", {"a.md": text}, {"text": "a.md", "sources": "*.txt", **parameters}, given_files
    )

    assert (result.status, result.found) == (status, found)


def test_headings_in_fences_and_comments_are_none() -> None:
    headings = parse_markdown(NOTE.encode(), "a.md").document.headings

    assert [(heading.level, heading.text) for heading in headings] == [(1, "Incident"), (2, "Impact"), (2, "Sources")]


def test_underlined_headings_count_and_rules_do_not() -> None:
    text = "Title\n=====\n\nPart\n---\n\n---\n\n- item\n---\n"

    headings = parse_markdown(text.encode(), "a.md").document.headings

    assert [(heading.level, heading.text) for heading in headings] == [(1, "Title"), (2, "Part")]


@given(st.text(st.sampled_from("#|-=`~ \n<!>ab[]()*_\\"), max_size=200))
def test_any_text_is_read_as_markdown_with_every_line_kept(text: str) -> None:
    document = parse_markdown(text.encode(), "a.md").document

    assert "\n".join(line.text for line in document.lines) == text
    assert all(len(row) == len(grid.rows[0]) for grid in document.grids for row in grid.rows)
