"""Every file the server knows: uploads, the copies mounted into sessions, and what sessions delivered.

Records are things of the journal file, owned by their session; bytes lie in one folder, each file under its record's
id. A mounted copy is another name of the same bytes.
"""

import mimetypes
import os
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from evalkit.emulator.clock import parse_stamp, stamp, wall_time
from evalkit.emulator.fields import JsonObject
from evalkit.emulator.ids import new_id
from evalkit.emulator.journal_file import JournalFile
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
_FILE = "file"
"""The kind of thing that a record is in the journal file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One record of the Files API."""

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

    def __init__(self, folder: Path, journal_file: JournalFile) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file = journal_file

    def get(self, file_id: str) -> StoredFile:
        """The record.

        Raises:
            ApiProblem: 404, there is none, or it has expired.
        """
        found = self._file.get(_FILE, file_id)
        if found is None:
            raise missing(f"File '{file_id}'")
        record = _record(found[1])
        if record.expires_at is not None and parse_stamp(record.expires_at) <= wall_time():
            raise ApiProblem(404, f"File '{file_id}' has expired", error_code="file_expired")
        return record

    def place_of(self, file_id: str) -> Path:
        """Where the bytes of a record lie."""
        return self.folder / file_id

    def content_of(self, file_id: str) -> Path:
        """The file to send for a download.

        Raises:
            ApiProblem: 404, there is none; 400, it is not downloadable.
        """
        if not self.get(file_id).is_output:
            raise ApiProblem(400, f"File '{file_id}' is not downloadable", error_code="file_not_downloadable")
        return self.place_of(file_id)

    def text_of(self, file_id: str) -> str:
        """The content as text, for a rubric.

        Raises:
            ApiProblem: 404, there is none; 400, it is not UTF-8.
        """
        self.get(file_id)
        try:
            return self.place_of(file_id).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise refused(f"File '{file_id}' is not UTF-8 text") from error

    def listing(self, session_id: str | None) -> list[tuple[int, StoredFile]]:
        """Numbered records, oldest first: those of one session, or all."""
        return [(number, _record(body)) for number, body in self._file.all(_FILE, owner=session_id)]

    def add_upload(self, filename: str, mime_type: str | None, content: Path, expires_in_s: int | None) -> StoredFile:
        """The record of an upload whose bytes lie at `content`, inside the table's folder; they are moved."""
        now = wall_time()
        record = _new_record(
            upload_name(filename),
            mime_type=mime_type,
            size_bytes=content.stat().st_size,
            created_at=stamp(now),
            expires_at=None if expires_in_s is None else stamp(now + timedelta(seconds=expires_in_s)),
        )
        content.rename(self.place_of(record.file_id))
        return self._keep(record)

    def add_mounted(self, file_id: str, session_id: str) -> StoredFile:
        """A session's own copy of an upload, under a new id.

        Raises:
            ApiProblem: 404, there is no such file.
        """
        source = self.get(file_id)
        record = _new_record(
            source.filename,
            mime_type=source.mime_type,
            size_bytes=source.size_bytes,
            created_at=stamp(wall_time()),
            session_id=session_id,
        )
        os.link(self.place_of(file_id), self.place_of(record.file_id))
        return self._keep(record)

    def add_output(self, name: str, content: Path, session_id: str, at: datetime) -> StoredFile:
        """The record of a delivered file as it was at `at`; `content`, inside the table's folder, is moved."""
        record = _new_record(
            name,
            mime_type=None,
            size_bytes=content.stat().st_size,
            created_at=stamp(at),
            session_id=session_id,
            is_output=True,
        )
        content.rename(self.place_of(record.file_id))
        return self._keep(record)

    def delete(self, file_id: str) -> None:
        """The record and its bytes are gone.

        Raises:
            ApiProblem: 404, there is none.
        """
        self.get(file_id)
        self.forget(file_id)
        self.erase(file_id)

    def delete_session(self, session_id: str) -> None:
        """No record of the session is left."""
        for _, record in self.listing(session_id):
            self.forget(record.file_id)
            self.erase(record.file_id)

    def forget(self, file_id: str) -> None:
        """There is no such record; there may have been none. Its bytes stay until they are erased."""
        self._file.remove(_FILE, file_id)

    def erase(self, file_id: str) -> None:
        """The bytes of a record that is gone are gone too."""
        self.place_of(file_id).unlink(missing_ok=True)

    def new_path(self) -> Path:
        """A path inside the folder that nothing uses."""
        return self.folder / new_id("bytes")

    def _keep(self, record: StoredFile) -> StoredFile:
        self._file.put(_FILE, record.file_id, asdict(record), owner=record.session_id or "")
        return record


def _new_record(  # noqa: PLR0913 - a record's fields, by name
    filename: str,
    *,
    mime_type: str | None,
    size_bytes: int,
    created_at: str,
    expires_at: str | None = None,
    session_id: str | None = None,
    is_output: bool = False,
) -> StoredFile:
    return StoredFile(
        file_id=new_id("file"),
        filename=filename,
        mime_type=mime_type or _mime_type(filename),
        size_bytes=size_bytes,
        created_at=created_at,
        expires_at=expires_at,
        session_id=session_id,
        is_output=is_output,
    )


def _record(body: JsonObject) -> StoredFile:
    size = body["size_bytes"]
    expires_at, session_id = body["expires_at"], body["session_id"]
    return StoredFile(
        file_id=str(body["file_id"]),
        filename=str(body["filename"]),
        mime_type=str(body["mime_type"]),
        size_bytes=size if isinstance(size, int) else 0,
        created_at=str(body["created_at"]),
        expires_at=None if expires_at is None else str(expires_at),
        session_id=None if session_id is None else str(session_id),
        is_output=body["is_output"] is True,
    )


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
