"""Looking at a delivered file before anything parses it.

Sizes, members and declarations are read without being believed: a zip's stated sizes are compared with what really
comes out of it, one megabyte at a time, so that a bomb costs a moment and never the machine.
"""

import hashlib
import stat
import zipfile
import zlib
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final

from evalkit.checks.evidence import and_more, quoted
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.result import Place

MAX_FILE_BYTES: Final = 50_000_000
MAX_MEMBERS: Final = 5_000
MAX_UNPACKED_BYTES: Final = 200_000_000

_CHUNK: Final = 1 << 20
_XML_SUFFIXES: Final = (".xml", ".rels", ".vml")
_DECLARATIONS: Final = tuple(
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
_OVERLAP: Final = max(map(len, _DECLARATIONS)) - 1
_ENCRYPTED: Final = 0x1


def file_size(path: Path, name: str) -> int:
    """The size in bytes of the regular file at `path`.

    Raises:
        BadDeliverableError: nothing is there, or it is a link, directory, device, or more than `MAX_FILE_BYTES`.
    """
    at = Place(file=name)
    try:
        status = path.lstat()
    except (OSError, ValueError) as error:
        raise BadDeliverableError("no such file", wanted=f"the file {quoted(name)}", at=at) from error
    if not stat.S_ISREG(status.st_mode):
        raise BadDeliverableError("a link, folder or device", wanted="a regular file", at=at)
    if status.st_size > MAX_FILE_BYTES:
        raise BadDeliverableError(f"{status.st_size} bytes", wanted=f"at most {MAX_FILE_BYTES} bytes", at=at)
    return status.st_size


def read_bytes(path: Path, name: str) -> bytes:
    """The whole content of the regular file at `path`.

    Raises:
        BadDeliverableError: as `file_size`.
    """
    file_size(path, name)
    return path.read_bytes()


def sha256_of(path: Path, name: str) -> str:
    """The SHA-256 of the regular file at `path`, hex.

    Raises:
        BadDeliverableError: as `file_size`.
    """
    return hashlib.sha256(read_bytes(path, name)).hexdigest()


def inspect_file(path: Path, name: str) -> None:
    """The file is regular, of bearable size and, if it is a zip (as Office files are), safe to unpack.

    Raises:
        BadDeliverableError: it is not.
    """
    file_size(path, name)
    with path.open("rb") as stream:
        begins_as_zip = stream.read(2) == b"PK"
    if begins_as_zip:
        inspect_zip(path, name)


def inspect_zip(source: Path | bytes, name: str) -> None:
    """Every member of the zip at, or in, `source` has a harmless name and unpacks to what it declares, within limits.

    Raises:
        BadDeliverableError: it is no zip, is damaged or encrypted, has too many members, or one that would leave the
            folder it is unpacked to, is a link, is more or less than it declares or is bearable, or is XML with a DTD.
    """
    at = Place(file=name)
    try:
        with zipfile.ZipFile(BytesIO(source) if isinstance(source, bytes) else source) as archive:
            members = archive.infolist()
            _inspect_directory(members, at)
            for member in members:
                _stream(archive, member, at)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        # Everything that `zipfile` raises on damaged input, RuntimeError and ValueError included.
        found = f"not a readable zip: {error}"
        raise BadDeliverableError(found, wanted="a file that its program can open", at=at) from error


def _inspect_directory(members: list[zipfile.ZipInfo], at: Place) -> None:
    if len(members) > MAX_MEMBERS:
        raise BadDeliverableError(f"{len(members)} members", wanted=f"at most {MAX_MEMBERS} members", at=at)
    declared = sum(member.file_size for member in members)
    if declared > MAX_UNPACKED_BYTES:
        raise BadDeliverableError(
            f"unpacks to {declared} bytes", wanted=f"at most {MAX_UNPACKED_BYTES} bytes unpacked", at=at
        )
    encrypted = [member.filename for member in members if member.flag_bits & _ENCRYPTED]
    if encrypted:
        found = and_more(f"the member {quoted(encrypted[0])} is encrypted", len(encrypted))
        raise BadDeliverableError(found, wanted="no password", at=at)
    unsafe = [member.filename for member in members if _leaves_its_folder(member)]
    if unsafe:
        found = and_more(f"the member {quoted(unsafe[0])} would be written elsewhere", len(unsafe))
        raise BadDeliverableError(found, wanted="members inside the archive's own folder, no links", at=at)


def _leaves_its_folder(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    has_drive = len(member.filename) > 1 and member.filename[1] == ":"
    return path.is_absolute() or ".." in path.parts or is_link or has_drive


def _stream(archive: zipfile.ZipFile, member: zipfile.ZipInfo, at: Place) -> None:
    """`member` was unpacked, piece by piece, and holds what it declares: its size, its checksum, no entities."""
    is_xml = member.filename.lower().endswith(_XML_SUFFIXES)
    tail = b""
    with archive.open(member) as stream:
        # `zipfile` gives no more than the declared size and compares the checksum at the end; only reading in pieces
        # keeps it from unpacking everything first.
        while chunk := stream.read(_CHUNK):
            window = tail + chunk
            if is_xml and any(word in window for word in _DECLARATIONS):
                found = f"a document type or entity is declared in {quoted(member.filename)}"
                raise BadDeliverableError(found, wanted="plain XML", at=at)
            tail = window[-_OVERLAP:]
