import json
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from trial_records import quickstart_run

from evalkit.report.preview import LONGEST_TEXT, MOST_ROWS, Preview, preview_of, read_previews


def preview(name: str, content: bytes) -> Preview:
    return preview_of(name, lambda _: content, "ab")


def workbook() -> bytes:
    book = Workbook()
    assert book.active is not None
    book.active.append(["a", "=1+1"])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", b"a,b\n1,<b>\n", "table"),
        ("a.xlsx", workbook(), "table"),
        ("a.md", b"# A\n", "markdown"),
        ("a.py", b"print(1)\n", "text"),
        ("a.html", b"<script>alert(1)</script>", "text"),
        ("a.svg", b"<svg onload='alert(1)'/>", "text"),
        ("a.txt", b"\x89PNG\r\n\x1a\n....", "image"),
        ("a.png", b"%PDF-1.7", "pdf"),
        ("a.png", b"\0\1\2", "nothing"),
        ("a.docx", workbook(), "nothing"),
    ],
)
def test_the_kind_follows_the_content_and_markup_is_text(name: str, content: bytes, kind: str) -> None:
    assert preview(name, content)["kind"] == kind


def test_rows_have_one_length_and_what_was_left_out_is_said() -> None:
    shown = preview("a.csv", b"a\n" + b"1,2\n" * (MOST_ROWS + 5))

    assert shown["sheets"][0]["rows"][0] == ["a", ""]  # type: ignore[index,call-overload]
    assert str(MOST_ROWS) in str(shown["cut"])
    assert f"{LONGEST_TEXT:,}" in str(preview("a.txt", b"w" * (LONGEST_TEXT + 1))["cut"])


def test_a_workbook_that_unpacks_to_too_much_is_not_opened() -> None:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 40_000_000)

    assert "unpacked" in str(preview("bomb.xlsx", out.getvalue())["why"])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.xlsx", "a.json", "a.md", "a.png", "a"]))
def test_no_content_makes_a_preview_fail(content: bytes, name: str) -> None:
    for start in (b"", b"PK\x03\x04", b"%PDF-"):
        json.dumps(preview(name, start + content))


def test_secrets_in_a_file_are_masked() -> None:
    assert "sk-ant" not in str(preview("a.txt", b"key sk-ant-api03-abcdefghijklmnop"))
    assert "sk-ant" not in str(preview("a.csv", b"key,sk-ant-api03-abcdefghijklmnop"))


def test_a_file_that_is_gone_is_said_to_be_gone() -> None:
    def gone(_: str) -> bytes:
        raise FileNotFoundError

    (shown,) = read_previews(quickstart_run(), gone).values()

    assert "no longer" in str(shown["why"])
