from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evalkit.emulator.files import FileTable, StoredFile, upload_name
from evalkit.emulator.journal_file import JournalFile
from evalkit.emulator.problems import ApiProblem

AT = datetime(2026, 8, 5, tzinfo=UTC)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[FileTable]:
    file = JournalFile(tmp_path / "journal.sqlite")
    yield FileTable(tmp_path / "files", file)
    file.close()


def uploaded(table: FileTable, name: str = "a.txt", *, expires_in_s: int | None = None) -> StoredFile:
    path = table.new_path()
    path.write_bytes(b"content")
    return table.add_upload(name, None, path, expires_in_s)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\a.txt", "a.txt"),
        ("", "unnamed"),
        (".csv", "unnamed.csv"),
        ("folder/", "folder"),
    ],
)
def test_only_the_last_component_of_a_name_is_kept(sent: str, kept: str) -> None:
    assert upload_name(sent) == kept


def test_a_mounted_copy_is_another_record_of_the_same_bytes(table: FileTable) -> None:
    upload = uploaded(table)

    copy = table.add_mounted(upload.file_id, "sesn_1")

    assert copy.file_id != upload.file_id
    assert table.place_of(copy.file_id).samefile(table.place_of(upload.file_id))
    assert [record for _, record in table.listing("sesn_1")] == [copy]


def test_bytes_go_with_their_last_record(table: FileTable) -> None:
    upload = uploaded(table)
    copy = table.add_mounted(upload.file_id, "sesn_1")

    table.delete(upload.file_id)
    assert table.place_of(copy.file_id).read_bytes() == b"content"

    table.delete_session("sesn_1")
    assert not table.place_of(copy.file_id).exists()


def test_only_outputs_have_content_to_send(table: FileTable) -> None:
    path = table.new_path()
    path.write_bytes(b"\0")
    output = table.add_output("out.bin", path, "sesn_1", AT)

    assert table.content_of(output.file_id).read_bytes() == b"\0"
    with pytest.raises(ApiProblem, match="is not downloadable"):
        table.content_of(uploaded(table).file_id)


def test_an_expired_file_is_a_404_of_its_own_kind(table: FileTable) -> None:
    file = uploaded(table, expires_in_s=-1)

    with pytest.raises(ApiProblem) as gone:
        table.get(file.file_id)

    assert (gone.value.status, gone.value.error_code) == (404, "file_expired")


def test_the_old_shape_has_no_expiry(table: FileTable) -> None:
    file = uploaded(table)

    assert file.as_resource(old_shape=False).keys() - file.as_resource(old_shape=True).keys() == {"expires_at"}
