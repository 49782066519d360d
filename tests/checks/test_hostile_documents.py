"""What is delivered is hostile until shown otherwise: each of these ends as one failed check, and quickly."""

import io
import zipfile
from collections.abc import Mapping

import pytest
from deliverables import Content, check_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_files import boastful_png, database_bytes, deck_bytes, memo_bytes, pdf_bytes, picture_bytes

from evalkit.checks.result import Json, Status


def with_member(content: bytes, member: str, old: bytes, new: bytes) -> bytes:
    """The Office file with the bytes of one of its members changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == member:
                assert old in data
                data = data.replace(old, new)
            target.writestr(name, data)
    return stream.getvalue()


ENTITY = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document'

HOSTILE: list[tuple[str, str, Content, str]] = [
    ("docx_document.no_open_review", "a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, "encrypted"),
    ("docx_document.no_open_review", "a.docx", b"PK\x03\x04" + b"x" * 99, "not a readable zip"),
    ("docx_document.no_open_review", "a.docx", memo_bytes()[:-40], "not a readable zip"),
    (
        "docx_document.no_open_review",
        "a.docx",
        with_member(memo_bytes(), "word/document.xml", b"<w:document", ENTITY),
        "a document type or entity is declared",
    ),
    ("docx_document.no_open_review", "a.docx", deck_bytes(), "not readable as a Word document"),
    ("pptx_deck.slides", "a.pptx", memo_bytes(), "not readable as a presentation"),
    ("pptx_deck.slides", "a.pptx", "plain text", "not a readable zip"),
    ("pdf_document.pages", "a.pdf", "plain text", "not readable as a PDF"),
    ("pdf_document.pages", "a.pdf", pdf_bytes(["x"]).replace(b"/Count 1", b"/Count x"), ""),
    (
        "sqlite_database.sound",
        "a.db",
        database_bytes("CREATE TABLE t (a); INSERT INTO t VALUES (1)")[:4096],
        "SQLite says",
    ),
    ("zip_archive.members", "a.zip", "plain text", "not a readable zip"),
]


@pytest.mark.parametrize(("name", "file", "content", "found"), HOSTILE)
def test_a_hostile_file_fails_and_the_result_says_why(name: str, file: str, content: Content, found: str) -> None:
    parameters: dict[str, Json] = {"file": file}
    if name == "zip_archive.members":
        parameters["names"] = ["*"]

    result = check_files(name, {file: content}, parameters)

    assert result.status is Status.FAILED, result
    assert found in (result.found or "")


def test_a_picture_of_too_many_pixels_is_not_decoded() -> None:
    result = check_files("image_file.size", {"a.png": boastful_png(8_000, 8_000)}, {"files": "*.png"})

    assert result.status is Status.FAILED, result
    assert "8000 × 8000 pixels" in (result.found or "")


SAMPLES: Mapping[str, tuple[bytes, str, Mapping[str, Json]]] = {
    "docx": (memo_bytes(), "text.word_count", {"text": "a.docx"}),
    "pptx": (deck_bytes(), "text.word_count", {"text": "a.pptx"}),
    "pdf": (pdf_bytes(["one", "two"]), "pdf_document.no_active_content", {"file": "a.pdf"}),
    "png": (picture_bytes(), "image_file.not_blank", {"files": "*.png"}),
    "db": (database_bytes("CREATE TABLE t (a); INSERT INTO t VALUES (1)"), "sqlite_database.sound", {"file": "a.db"}),
}


@pytest.mark.parametrize("kind", SAMPLES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(position=st.floats(0, 1), noise=st.binary(min_size=1, max_size=20))
def test_a_damaged_file_passes_or_fails_and_never_errs(kind: str, position: float, noise: bytes) -> None:
    content, name, parameters = SAMPLES[kind]
    start = int(position * len(content))
    damaged = content[:start] + noise + content[start + len(noise) :]

    result = check_files(name, {f"a.{kind}": damaged}, parameters)

    assert result.status in {Status.PASSED, Status.FAILED}, result


@given(st.text(st.sampled_from("<>/abhtdr1=\"' !-&;\n"), max_size=120))
def test_any_text_is_read_as_html(text: str) -> None:
    result = check_files("html_page.no_script", {"a.html": text}, {"file": "a.html"})

    assert result.status in {Status.PASSED, Status.FAILED}, result


@given(st.text(st.sampled_from("ab: -[]{},\n#&*!|>'\"1.~"), max_size=60))
def test_any_text_is_yaml_or_a_bad_deliverable(text: str) -> None:
    result = check_files("json_document.well_formed", {"a.yaml": text}, {"file": "a.yaml"})

    assert result.status in {Status.PASSED, Status.FAILED}, result
