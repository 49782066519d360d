"""Checks that hold for a file of any kind: it is there, it is safe, it is new, it is what its name says."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Annotated, Literal

from evalkit.checks.adapters import File, Files
from evalkit.checks.deliverables import Check, delivered_words
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.inspection import file_size, inspect_file, inspect_zip, sha256_of
from evalkit.checks.problems import BadDeliverableError, NotMeasuredError
from evalkit.checks.quantity import AtLeast, Bounds
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import near_miss

_SIGNATURES: dict[str, tuple[bytes, ...]] = {
    ".gif": (b"GIF87a", b"GIF89a"),
    ".gz": (b"\x1f\x8b",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".jpg": (b"\xff\xd8\xff",),
    ".pdf": (b"%PDF-",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".sqlite": (b"SQLite format 3\x00",),
}
"""How files begin. Source: each format's specification; collected at en.wikipedia.org/wiki/List_of_file_signatures."""

_ZIP_MEMBERS = {
    ".docx": "word/document.xml",
    ".pptx": "ppt/presentation.xml",
    ".xlsm": "xl/workbook.xml",
    ".xlsx": "xl/workbook.xml",
    ".zip": None,
}
"""The member that makes a zip this kind of file."""

_TEXT = (".csv", ".html", ".json", ".jsonl", ".md", ".py", ".sql", ".svg", ".tsv", ".txt", ".xml", ".yaml", ".yml")

_SECRET = re.compile(
    rb"(?P<an_Anthropic_key>sk-ant-[A-Za-z0-9_-]{20,})|(?P<an_OpenAI_key>sk-(?:proj-)?[A-Za-z0-9_]{32,})"
    rb"|(?P<an_AWS_key>\bAKIA[0-9A-Z]{16}\b)|(?P<a_GitHub_token>\bgh[pousr]_[A-Za-z0-9]{36,})"
    rb"|(?P<a_Google_key>\bAIza[0-9A-Za-z_-]{35})|(?P<a_Slack_token>\bxox[abprs]-[0-9A-Za-z-]{10,})"
    rb"|(?P<a_private_key>-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY-----)"
)
"""Source: the formats that each provider documents, as secret scanners collect them."""


@check(version=1)
def delivered(on: Check, *, names: Annotated[tuple[str, ...], AtLeast(1)], only: bool = False) -> Finding:
    """Every one of `names` was delivered as a regular file; with `only`, nothing else was.

    {check: any_file.delivered, with: {names: [summary.csv, report.json], only: true}}
    """
    present = on.names()
    wanted = listed(names, 12) + (" and nothing else" if only else "")
    missing = [name for name in names if name not in present]
    if missing:
        hint = near_miss(missing[0], present) if present else "; nothing was delivered"
        found = and_more(f"{quoted(missing[0])} is missing", len(missing)) + hint
        return on.failed(found, wanted=wanted, at=on.place(missing[0]))
    extra = [name for name in present if name not in names]
    if only and extra:
        return on.failed(f"also delivered: {listed(extra)}", wanted=wanted, at=on.place(extra[0]))
    for name in names:
        file_size(on.delivered / name, name)
    return on.passed(delivered_words(present))


@check(version=1)
def safe(on: Check) -> Finding:
    """Every delivered file is a regular file of bearable size; Office files and zips unpack to what they declare.

    Refused are links, devices, zips with members that would be written elsewhere, bombs, encryption, and XML parts that
    declare a document type or entities.

    {check: any_file.safe}
    """
    names = on.names()
    if not names:
        return on.failed("nothing was delivered", wanted="files that are safe to open")
    problems: list[BadDeliverableError] = []
    for name in names:
        try:
            inspect_file(on.delivered / name, name)
        except BadDeliverableError as error:
            problems.append(error)
    if problems:
        first = problems[0]
        return on.failed(and_more(first.found, len(problems)), wanted=first.wanted, at=first.at)
    return on.passed(delivered_words(names))


@check(version=1)
def not_an_input(on: Check) -> Finding:
    """No delivered file is, byte for byte, one that the agent was given.

    {check: any_file.not_an_input}
    """
    names = on.names()
    if not names:
        return on.failed("nothing was delivered", wanted="files that differ from every input")
    given: dict[str, str] = {}
    for path in sorted(on.inputs.rglob("*")) if on.inputs is not None else ():
        if path.is_file():
            given[hashlib.sha256(path.read_bytes()).hexdigest()] = path.name
    copies = [(name, given[digest]) for name in names if (digest := sha256_of(on.delivered / name, name)) in given]
    if copies:
        name, original = copies[0]
        found = and_more(f"the same bytes as the input {quoted(original)}", len(copies))
        return on.failed(found, wanted="files that differ from every input", at=on.place(name))
    return on.passed(f"{len(names)} delivered, {len(given)} inputs")


@check(version=1)
def size(
    on: Check,
    *,
    file: File,
    at_least: Annotated[int, AtLeast(0)] = 1,
    at_most: Annotated[int, AtLeast(0)] | None = None,
) -> Finding:
    """The file has between `at_least` (1 unless told) and `at_most` bytes.

    {check: any_file.size, with: {file: report.json, at_most: 100000}}
    """
    bounds = Bounds(low=at_least, high=at_most)
    found = file_size(on.path(file), file.name)
    if not bounds.allows(found):
        return on.failed(f"{found} bytes", wanted=f"{bounds} bytes", at=on.place(file))
    return on.passed(f"{found} bytes")


@check(version=1)
def media_type(on: Check, *, files: Files) -> Finding:
    """The content of each file is what its extension says: `.png` is PNG, `.xlsx` a workbook, `.csv` UTF-8 text.

    {check: any_file.media_type, with: {files: "*.xlsx"}}
    """
    for file in on.matching(files):
        if not _is_what_it_is_called(on, file):
            return on.failed(
                "other content than the extension says", wanted=f"{file.suffix} content", at=on.place(file)
            )
    return on.passed()


@check(version=1)
def encoding_utf8(on: Check, *, files: Files, allow_bom: bool = False) -> Finding:
    """Each file is UTF-8 without the replacement character U+FFFD and, without `allow_bom`, no byte order mark.

    {check: any_file.encoding_utf8, with: {files: {globs: ["*.csv", "*.md"]}}}
    """
    for file in on.matching(files):
        text = on.text(file)
        if text.startswith("\ufeff") and not allow_bom:
            return on.failed("a byte order mark", wanted="UTF-8 without one", at=on.place(file))
        if "\ufffd" in text:
            line = text.count("\n", 0, text.index("\ufffd")) + 1
            return on.failed("a replacement character U+FFFD", wanted="intact text", at=on.place(file, line=line))
    return on.passed()


@check(version=1)
def sha256(on: Check, *, file: File, equals: Annotated[str, AtLeast(64)]) -> Finding:
    """The file has this SHA-256, in hexadecimal: it is exactly the file that was meant.

    {check: any_file.sha256, with: {file: a, equals: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}}
    """
    found = sha256_of(on.path(file), file.name)
    if found != equals.lower():
        return on.failed(found, wanted=equals.lower(), at=on.place(file))
    return on.passed(found)


@check(version=1)
def newlines(on: Check, *, files: Files, kind: Literal["LF", "CRLF"] = "LF") -> Finding:
    """Every line of each file ends in `kind` alone, the last one too.

    {check: any_file.newlines, with: {files: "*.csv", kind: LF}}
    """
    for file in on.matching(files):
        text = on.text(file)
        ends = {"CRLF": text.count("\r\n"), "LF": text.count("\n") - text.count("\r\n")}
        ends["CR"] = text.count("\r") - ends["CRLF"]
        others = [name for name, count in ends.items() if count and name != kind]
        if others or not text.endswith("\r\n" if kind == "CRLF" else "\n"):
            found = f"line ends {', '.join(others)}" if others else "a last line without an end"
            return on.failed(found, wanted=f"{kind} after every line", at=on.place(file))
    return on.passed()


@check(version=1)
def no_secrets(on: Check, *, files: Files = Files(globs=("*",))) -> Finding:  # noqa: B008 - a frozen value
    """No file holds what looks like a key: of Anthropic, OpenAI, AWS, GitHub, Google or Slack, or a private key.

    The key itself is not repeated in the result. Looked at are the bytes of each file, and of each member of a zip.

    {check: any_file.no_secrets, with: {files: "*"}}
    """
    for file in on.matching(files):
        for name, content in _contents(on, file):
            if match := _SECRET.search(content):
                kind = next(key for key, value in match.groupdict().items() if value).replace("_", " ")
                line = content.count(b"\n", 0, match.start()) + 1
                found = f"what looks like {kind} in {quoted(name)}"
                return on.failed(found, wanted="no keys", at=on.place(file, line=line if name == file.name else None))
    return on.passed()


def _contents(on: Check, file: File) -> Iterator[tuple[str, bytes]]:
    """The bytes of the file; of a zip, those of each member, unpacked within the limits."""
    content = on.bytes(file)
    if not content.startswith(b"PK"):
        yield file.name, content
        return
    inspect_zip(content, file.name)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.namelist():
            yield member, archive.read(member)


def _is_what_it_is_called(on: Check, file: File) -> bool:
    """Whether the content begins, or is composed, as files of this extension are.

    Raises:
        NotMeasuredError: nothing is known here of that extension.
    """
    content = on.bytes(file)
    if file.suffix in _SIGNATURES:
        return content.startswith(_SIGNATURES[file.suffix])
    if file.suffix in _ZIP_MEMBERS:
        if not content.startswith(b"PK"):
            return False
        inspect_zip(on.path(file), file.name)
        with zipfile.ZipFile(on.path(file)) as archive:
            return _ZIP_MEMBERS[file.suffix] in {None, *archive.namelist()}
    if file.suffix in _TEXT:
        return "\0" not in on.text(file)
    known = listed([*_SIGNATURES, *_ZIP_MEMBERS, *_TEXT], 99)
    raise NotMeasuredError(f"nothing is known of {quoted(file.suffix)} files; known: {known}")
