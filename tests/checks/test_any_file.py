import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from deliverables import Content, check_files, spec, workbook_bytes

from evalkit.checks.deliverables import Check
from evalkit.checks.result import Json, Status
from evalkit.checks.worker import run_check

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
BOOK = workbook_bytes({"S": {"A1": 1}})

PASSING: list[tuple[str, Mapping[str, Content], Mapping[str, Json]]] = [
    ("delivered", {"a.csv": "x", "b.csv": "y"}, {"names": ["a.csv"]}),
    ("delivered", {"a.csv": "x"}, {"names": ["a.csv"], "only": True}),
    ("safe", {"a.xlsx": BOOK, "b.txt": "<!DOCTYPE html>"}, {}),
    ("not_an_input", {"a.csv": "x"}, {}),
    ("size", {"a.csv": "abc"}, {"file": "a.csv", "at_least": 3, "at_most": 3}),
    ("media_type", {"a.png": PNG, "b.xlsx": BOOK, "c.csv": "é"}, {"files": "*"}),
    ("encoding_utf8", {"a.md": "é", "b.md": "e"}, {"files": "*.md"}),
    ("encoding_utf8", {"a.md": "\ufeffé"}, {"files": "a.md", "allow_bom": True}),
]

FAILING: list[tuple[str, Mapping[str, Content], Mapping[str, Json], str, str]] = [
    ("delivered", {"b.csv": "y"}, {"names": ["a.csv", "c.csv"]}, "'a.csv' is missing, and 1 more", "'a.csv', 'c.csv'"),
    ("delivered", {"A.csv": "y"}, {"names": ["a.csv"]}, "'A.csv' differs only by case or space", "'a.csv'"),
    ("delivered", {}, {"names": ["a.csv"]}, "nothing was delivered", "'a.csv'"),
    (
        "delivered",
        {"a.csv": "", "z.csv": ""},
        {"names": ["a.csv"], "only": True},
        "also delivered: 'z.csv'",
        "nothing else",
    ),
    ("safe", {}, {}, "nothing was delivered", "safe to open"),
    ("safe", {"a.xlsx": b"PK\x03\x04damaged"}, {}, "not a readable zip", "its program can open"),
    ("not_an_input", {}, {}, "nothing was delivered", "differ from every input"),
    ("size", {"a.csv": ""}, {"file": "a.csv"}, "0 bytes", "at least 1 bytes"),
    ("size", {"a.csv": "ab"}, {"file": "a.csv", "at_least": 3}, "2 bytes", "at least 3 bytes"),
    ("size", {"a.csv": "abcd"}, {"file": "a.csv", "at_most": 3}, "4 bytes", "between 1 and 3 bytes"),
    ("size", {}, {"file": "a.csv"}, "nothing was delivered", "the file 'a.csv'"),
    ("media_type", {"a.png": "text"}, {"files": "*.png"}, "other content", ".png content"),
    ("media_type", {"a.xlsx": "a,b"}, {"files": "*.xlsx"}, "other content", ".xlsx content"),
    ("media_type", {"a.docx": BOOK}, {"files": "*.docx"}, "other content", ".docx content"),
    ("media_type", {"a.csv": "a\0b"}, {"files": "*.csv"}, "other content", ".csv content"),
    ("media_type", {"a.csv": "x"}, {"files": "*.png"}, "no such file; delivered: 'a.csv'", "a file like '*.png'"),
    ("encoding_utf8", {"a.md": "\ufeffé"}, {"files": "a.md"}, "a byte order mark", "without one"),
    (
        "encoding_utf8",
        {"a.md": "ok", "b.md": "a\nb\ufffd"},
        {"files": {"globs": ["a.md", "b.md"]}},
        "U+FFFD",
        "intact text",
    ),
    ("encoding_utf8", {"a.md": "é".encode("latin-1")}, {"files": "a.md"}, "byte 0xe9 at offset 0", "UTF-8"),
    ("encoding_utf8", {"a.md": "é".encode("utf-16")}, {"files": "a.md"}, "UTF-16", "UTF-8"),
]


@pytest.mark.parametrize(("name", "files", "parameters"), PASSING)
def test_a_good_file_passes(name: str, files: Mapping[str, Content], parameters: Mapping[str, Json]) -> None:
    result = check_files(f"any_file.{name}", files, parameters)

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(("name", "files", "parameters", "found", "wanted"), FAILING)
def test_a_bad_file_fails_and_the_result_says_why(
    name: str, files: Mapping[str, Content], parameters: Mapping[str, Json], found: str, wanted: str
) -> None:
    result = check_files(f"any_file.{name}", files, parameters)

    assert result.status is Status.FAILED, result
    assert found in (result.found or "")
    assert wanted in (result.wanted or "")


def test_a_copy_of_an_input_under_another_name_fails() -> None:
    files = {"new.csv": "fresh", "renamed.csv": "a,b\n"}

    result = check_files("any_file.not_an_input", files, {}, inputs={"raw.csv": "a,b\n"})

    assert result.status is Status.FAILED
    assert result.found == "the same bytes as the input 'raw.csv'"
    assert result.at is not None
    assert result.at.file == "renamed.csv"


def test_the_line_of_a_forbidden_word_is_named() -> None:
    result = check_files("text.lacks", {"a.md": "fine\nfine\nTBD"}, {"text": "a.md", "words": ["TBD"]})

    assert str(result.at) == "a.md:3"


def test_a_kind_of_file_that_nothing_is_known_of_is_errored_and_not_passed() -> None:
    result = check_files("any_file.media_type", {"a.xyz": "?"}, {"files": "a.xyz"})

    assert result.status is Status.ERRORED
    assert "nothing is known of '.xyz' files" in (result.found or "")


@pytest.mark.parametrize("name", ["delivered", "safe"])
def test_a_link_is_not_a_delivered_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.csv").symlink_to("/etc/passwd")
    parameters: dict[str, Json] = {"names": ["a.csv"]} if name == "delivered" else {}

    result = run_check(spec(f"any_file.{name}", parameters), Check(delivered=tmp_path, inputs=None), None)

    assert result.status is Status.FAILED
    assert result.wanted == "a regular file"


def test_the_safety_check_names_the_first_unsafe_file_and_counts_the_others() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../out.txt", "x")

    result = check_files("any_file.safe", {"a.zip": stream.getvalue(), "b.zip": stream.getvalue(), "c.txt": "x"}, {})

    assert result.found == "the member '../out.txt' would be written elsewhere, and 1 more like it"
