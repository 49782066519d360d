import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from evalkit.checks import inspection
from evalkit.checks.inspection import inspect_file, inspect_zip
from evalkit.checks.problems import BadDeliverableError


def zip_with(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def declaring(content: bytes, size: int) -> bytes:
    """The zip with one member, whose headers claim that it unpacks to `size` bytes."""
    real = struct.pack("<L", zipfile.ZipFile(io.BytesIO(content)).infolist()[0].file_size)
    return content.replace(real, struct.pack("<L", size))


def link(target: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        member = zipfile.ZipInfo("link")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, target)
    return stream.getvalue()


def encrypted(content: bytes) -> bytes:
    """The zip with the flag of encryption set in both of the member's headers."""
    changed = bytearray(content)
    changed[6] |= 1
    changed[changed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


UNSAFE = {
    "it leaves its folder": (zip_with(("a/../../x", b"")), "the member 'a/../../x' would be written elsewhere"),
    "it is absolute": (zip_with(("/etc/x", b"")), "the member '/etc/x' would be written elsewhere"),
    "it has a drive": (zip_with(("C:x", b"")), "the member 'C:x' would be written elsewhere"),
    "it goes back with backslashes": (zip_with(("..\\x", b"")), "would be written elsewhere"),
    "it is a link": (link("/etc/passwd"), "the member 'link' would be written elsewhere"),
    "it is encrypted": (encrypted(zip_with(("a", b"secret"))), "the member 'a' is encrypted"),
    "it claims to be larger": (declaring(zip_with(("a", b"x" * 999)), 300_000_000), "unpacks to 300000000 bytes"),
    "it claims to be smaller": (declaring(zip_with(("a", b"x" * 999_999)), 10), "not a readable zip: Bad CRC-32"),
    "it declares a type": (
        zip_with(("xl/a.xml", b'<?xml?><!DOCTYPE x SYSTEM "/etc/passwd">')),
        "declared in 'xl/a.xml'",
    ),
    "it declares an entity": (zip_with(("a.RELS", b"<!ENTITY x 'y'>")), "declared in 'a.RELS'"),
    "it declares in UTF-16": (zip_with(("a.xml", "<!DOCTYPE x>".encode("utf-16"))), "declared in 'a.xml'"),
    "it declares late": (zip_with(("a.xml", b" " * ((1 << 20) - 4) + b"<!DOCTYPE x>")), "declared in 'a.xml'"),
    "it is cut off": (zip_with(("a", b"x" * 99))[:-9], "not a readable zip"),
}


@pytest.mark.parametrize("why", UNSAFE)
def test_a_zip_is_refused_because(tmp_path: Path, why: str) -> None:
    content, found = UNSAFE[why]
    (tmp_path / "a.zip").write_bytes(content)

    with pytest.raises(BadDeliverableError) as caught:
        inspect_zip(tmp_path / "a.zip", "a.zip")

    assert found in caught.value.found


def test_an_ordinary_zip_is_let_through(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_with(("a/b.xml", b"<x>doctype</x>"), ("page.html", b"<!DOCTYPE html>")))

    inspect_zip(tmp_path / "a.zip", "a.zip")


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_with(*((str(n), b"") for n in range(inspection.MAX_MEMBERS + 1))))

    with pytest.raises(BadDeliverableError, match="5001 members; at most 5000 members"):
        inspect_zip(tmp_path / "a.zip", "a.zip")


def test_a_zip_that_lies_about_its_size_is_refused_without_being_unpacked_whole(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(declaring(zip_with(("a", b"\0" * 40_000_000)), 10))
    tracemalloc.start()

    with pytest.raises(BadDeliverableError, match="Bad CRC-32"):
        inspect_zip(tmp_path / "a.zip", "a.zip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8_000_000


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("wb") as stream:
        stream.truncate(inspection.MAX_FILE_BYTES + 1)

    with pytest.raises(BadDeliverableError, match="50000001 bytes; at most 50000000 bytes"):
        inspect_file(tmp_path / "a.csv", "a.csv")


def test_folders_are_not_files(tmp_path: Path) -> None:
    with pytest.raises(BadDeliverableError, match="a link, folder or device; a regular file"):
        inspect_file(tmp_path, "a.csv")


def test_a_name_that_no_file_can_have_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadDeliverableError, match="no such file"):
        inspect_file(tmp_path / "a\0b", "a\0b")
