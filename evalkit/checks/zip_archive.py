"""Checks of .zip archives. Every member was unpacked within limits before anything else is asked of it."""

import zipfile
from fnmatch import fnmatchcase

from evalkit.checks.adapters import ArchiveFile
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.inspection import inspect_zip
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import near_miss
from evalkit.checks.table import Names


@check(version=1)
def members(on: Check, *, file: ArchiveFile, names: Names, only: bool = False) -> Finding:
    """The archive holds a file for each of `names`, which may be globs; with `only`, every file fits one of them.

    {check: zip_archive.members, with: {file: package.zip, names: ["calc/*.py", CHANGES.md], only: true}}
    """
    present = _members(on, file)
    missing = [name for name in names if not any(fnmatchcase(member, name) for member in present)]
    if missing:
        found = and_more(f"nothing like {quoted(missing[0])}", len(missing)) + near_miss(missing[0], present)
        return on.failed(found, wanted=listed(names, 12), at=on.place(file))
    extra = [member for member in present if not any(fnmatchcase(member, name) for name in names)]
    if only and extra:
        return on.failed(f"also {listed(extra)}", wanted=f"only {listed(names, 12)}", at=on.place(file))
    return on.passed(f"{len(present)} files")


@check(version=1)
def lacks(on: Check, *, file: ArchiveFile, names: Names) -> Finding:
    """No file in the archive, which is not empty, fits one of the globs `names`; `*` crosses folders.

    {check: zip_archive.lacks, with: {file: package.zip, names: ["*.pyc", "*conftest.py", "*.pth"]}}
    """
    present = _members(on, file)
    found = [member for member in present if any(fnmatchcase(member, name) for name in names)]
    if found or not present:
        words = listed(found) if found else "an empty archive"
        return on.failed(words, wanted=f"files, none like {listed(names)}", at=on.place(file))
    return on.passed(f"{len(present)} files")


@check(version=1)
def unchanged(on: Check, *, file: ArchiveFile, base: ArchiveFile, names: Names) -> Finding:
    """The files in `base`, an input, that fit the globs `names` are in the archive with the same bytes, and no others.

    {check: zip_archive.unchanged, with: {file: calc.zip, base: {input: calc.zip}, names: ["tests/*"]}}
    """
    if base.input is None:
        raise NotMeasuredError("'base' is what the agent was given; write {input: name}")
    before, after = _contents(on, base, names), _contents(on, file, names)
    if not before:
        raise NotMeasuredError(f"the input {base.name!r} has nothing like {listed(names)}")
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            how = "is missing" if name not in after else "was added" if name not in before else "was changed"
            return on.failed(f"{quoted(name)} {how}", wanted=f"{listed(names)} as in the input", at=on.place(file))
    return on.passed(f"{len(before)} files")


def _members(on: Check, file: ArchiveFile) -> tuple[str, ...]:
    inspect_zip(on.path(file), file.name)
    with zipfile.ZipFile(on.path(file)) as archive:
        return tuple(sorted(member.filename for member in archive.infolist() if not member.is_dir()))


def _contents(on: Check, file: ArchiveFile, names: Names) -> dict[str, int]:
    """The checksum of each file that fits one of `names`."""
    inspect_zip(on.path(file), file.name)
    with zipfile.ZipFile(on.path(file)) as archive:
        return {
            member.filename: member.CRC
            for member in archive.infolist()
            if not member.is_dir() and any(fnmatchcase(member.filename, name) for name in names)
        }
