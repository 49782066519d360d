"""Every file the server knows: uploads, the copies mounted into sessions, and what sessions delivered.

Bytes lie in one folder, a file an upload or delivery; a mounted copy is a new record of the same bytes.
"""

import mimetypes
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from evalkit.emulator.clock import parse_stamp, stamp, wall_time
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.ids import new_id
from evalkit.emulator.problems import ApiProblem, missing, refused

_OFFICE = "application/vnd.openxmlformats-officedocument"
_MIME_TYPES = {
    ".csv": "text/csv",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".txt": "text/plain",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
}
"""Types that a machine's own table may lack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One record of the Files API."""

    number: int
    """Rises with every record: newest first means highest first."""
    file_id: str
    filename: str
    mime_type: str
    size_bytes: int
    created_at: str
    expires_at: str | None
    session_id: str | None
    """The session it belongs to; None for an upload."""
    is_output: bool
    """Only what a session delivered can be downloaded (recorded)."""
    content: Path

    def as_resource(self, *, old_shape: bool) -> JsonObject:
        """FileMetadata; the old list shape has no `expires_at`."""
        resource: JsonObject = {
            "id": self.file_id,
            "type": "file",
            "filename": self.filename,
            "mime_type": self.mime_type,
            "size_bytes": self.size_bytes,
            "created_at": self.created_at,
            "downloadable": self.is_output,
            "scope": None if self.session_id is None else {"type": "session", "id": self.session_id},
        }
        return resource if old_shape else resource | {"expires_at": self.expires_at}


class FileTable:
    """The records, by id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._records: dict[str, StoredFile] = {}
        self._number = 0

    def get(self, file_id: str) -> StoredFile:
        """The record.

        Raises:
            ApiProblem: 404, there is none, or it has expired.
        """
        record = self._records.get(file_id)
        if record is None:
            raise missing(f"File '{file_id}'")
        if record.expires_at is not None and parse_stamp(record.expires_at) <= wall_time():
            raise ApiProblem(404, f"File '{file_id}' has expired", error_code="file_expired")
        return record

    def content_of(self, file_id: str) -> Path:
        """The file to send for a download.

        Raises:
            ApiProblem: 404, there is none; 400, it is not downloadable.
        """
        record = self.get(file_id)
        if not record.is_output:
            raise ApiProblem(400, f"File '{file_id}' is not downloadable", error_code="file_not_downloadable")
        return record.content

    def text_of(self, file_id: str) -> str:
        """The content as text, for a rubric.

        Raises:
            ApiProblem: 404, there is none; 400, it is not UTF-8.
        """
        try:
            return self.get(file_id).content.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise refused(f"File '{file_id}' is not UTF-8 text") from error

    def listing(self, session_id: str | None) -> list[tuple[int, StoredFile]]:
        """Numbered records, oldest first: those of one session, or all."""
        return [
            (record.number, record)
            for record in self._records.values()
            if session_id is None or record.session_id == session_id
        ]

    def add_upload(self, filename: str, mime_type: str | None, content: Path, expires_in_s: int | None) -> StoredFile:
        """The record of an upload whose bytes lie at `content`, inside the table's folder."""
        now = wall_time()
        expires_at = None if expires_in_s is None else stamp(now + timedelta(seconds=expires_in_s))
        return self._add(
            filename=upload_name(filename),
            mime_type=mime_type,
            created_at=stamp(now),
            expires_at=expires_at,
            session_id=None,
            is_output=False,
            content=content,
        )

    def add_mounted(self, file_id: str, session_id: str) -> StoredFile:
        """A session's own copy of an upload, under a new id.

        Raises:
            ApiProblem: 404, there is no such file.
        """
        source = self.get(file_id)
        return self._add(
            filename=source.filename,
            mime_type=source.mime_type,
            created_at=stamp(wall_time()),
            expires_at=None,
            session_id=session_id,
            is_output=False,
            content=source.content,
        )

    def add_output(self, name: str, content: bytes, session_id: str, at: datetime) -> StoredFile:
        """The record of a delivered file as it was at `at`."""
        path = self.new_path()
        path.write_bytes(content)
        return self._add(
            filename=name,
            mime_type=None,
            created_at=stamp(at),
            expires_at=None,
            session_id=session_id,
            is_output=True,
            content=path,
        )

    def delete(self, file_id: str) -> None:
        """The record is gone, and its bytes where no other record has them.

        Raises:
            ApiProblem: 404, there is none.
        """
        record = self.get(file_id)
        del self._records[file_id]
        if all(other.content != record.content for other in self._records.values()):
            record.content.unlink(missing_ok=True)

    def delete_session(self, session_id: str) -> None:
        """No record of the session is left."""
        for _, record in self.listing(session_id):
            self.delete(record.file_id)

    def new_path(self) -> Path:
        """A path inside the folder that nothing uses."""
        return self.folder / new_id("bytes")

    def _add(  # noqa: PLR0913 - a record's fields, by name
        self,
        *,
        filename: str,
        mime_type: str | None,
        created_at: str,
        expires_at: str | None,
        session_id: str | None,
        is_output: bool,
        content: Path,
    ) -> StoredFile:
        self._number += 1
        record = StoredFile(
            number=self._number,
            file_id=new_id("file"),
            filename=filename,
            mime_type=mime_type or _mime_type(filename),
            size_bytes=content.stat().st_size,
            created_at=created_at,
            expires_at=expires_at,
            session_id=session_id,
            is_output=is_output,
            content=content,
        )
        self._records[record.file_id] = record
        return record


def upload_name(filename: str) -> str:
    """The last path component; `unnamed` where nothing is left of it (documented)."""
    name = PurePosixPath(filename.replace("\\", "/")).name
    stem, dot, extension = name.rpartition(".")
    if dot and not stem:
        return f"unnamed.{extension}"
    return name or "unnamed"


def _mime_type(filename: str) -> str:
    suffix = PurePosixPath(filename).suffix.lower()
    return _MIME_TYPES.get(suffix) or mimetypes.guess_type(filename)[0] or "application/octet-stream"
