"""What a page shows of a delivered file: rows, text, a picture, or why there is nothing to see.

Files are hostile. Nothing of one is ever live in the page: tables and text become text nodes, pictures and PDFs
are handed to the browser's own viewers as data of a type that we chose by looking at the first bytes.
"""

import csv
import json
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from itertools import islice
from pathlib import PurePosixPath

from openpyxl import load_workbook

from evalkit.checks.result import Json
from evalkit.report.plain import plain, plain_lines
from evalkit.report.redact import Secrets, masked_text, secrets_of
from evalkit.trial.model import ArtifactRecord, RunRecord

Preview = dict[str, Json]

LONGEST_TEXT = 40_000
MOST_ROWS = 200
MOST_COLUMNS = 30
LARGEST_MEDIA = 400_000
"""Bytes of a picture or PDF document that is shown."""
LARGEST_WORKBOOK = 2_000_000
_LARGEST_UNPACKED = 30_000_000
PAGE_BUDGET = 6_000_000
"""Characters of all previews in one page; files beyond it are named and not shown."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_KNOWN_SECRETS = secrets_of()


def read_previews(
    run: RunRecord, read: Callable[[str], bytes], secrets: Secrets = _KNOWN_SECRETS
) -> dict[str, Preview]:
    """A preview of every delivered file of `run`, by its SHA-256, as far as the page's budget goes.

    `read` gives the content for a SHA-256 and may raise OSError; what `secrets` find is masked in texts and tables.
    """
    previews: dict[str, Preview] = {}
    left = PAGE_BUDGET
    for artifact in _files(run):
        if artifact.sha256 in previews:
            continue
        if left <= 0:
            previews[artifact.sha256] = _nothing("not shown: the page is full; `evalkit view` shows every file")
            continue
        preview = preview_of(artifact.name, read, artifact.sha256, secrets)
        left -= len(json.dumps(preview))
        previews[artifact.sha256] = preview
    return previews


def preview_of(name: str, read: Callable[[str], bytes], sha256: str, secrets: Secrets = _KNOWN_SECRETS) -> Preview:
    """What to show of one file called `name`; when nothing can be shown, why."""
    try:
        content = read(sha256)
    except OSError:
        return _nothing("not shown: the file is no longer in the run's folder")
    try:
        return masked_preview(_preview(name, content), secrets)
    except Exception as error:  # noqa: BLE001  (a hostile file may raise anything in a parser; no report fails for it)
        return _nothing(f"not shown: {type(error).__name__} while reading it")


def masked_preview(value: Preview, secrets: Secrets) -> Preview:
    """`value` with secrets masked in everything but pictures and documents."""

    def mask(part: Json) -> Json:
        match part:
            case str():
                return masked_text(part, secrets)
            case list():
                return [mask(item) for item in part]
            case dict():
                return {key: item if key == "data" else mask(item) for key, item in part.items()}
            case _:
                return part

    return {key: part if key == "data" else mask(part) for key, part in value.items()}


def _files(run: RunRecord) -> Iterator[ArtifactRecord]:
    for record in run.trials:
        yield from record.artifacts


def _preview(name: str, content: bytes) -> Preview:
    suffix = PurePosixPath(name.lower()).suffix
    media = _media_type(content)
    if media is not None:
        return _media(media, content)
    if content[:4] == b"PK\x03\x04":
        return _workbook(content) if suffix in {".xlsx", ".xlsm"} else _nothing("not shown: an archive or a document")
    if b"\0" in content[:4096]:
        return _nothing("not shown: not text")
    text = content[: 4 * LONGEST_TEXT].decode("utf-8-sig", errors="replace")
    if suffix in {".csv", ".tsv"}:
        return _csv(text, "\t" if suffix == ".tsv" else ",")
    if suffix == ".json" and len(content) <= LONGEST_TEXT:
        text = _indented(text)
    return _text(text, "markdown" if suffix in {".md", ".markdown"} else "text", len(content))


def _media_type(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((media for magic, media in _MAGIC if content.startswith(magic)), None)


def _media(media: str, content: bytes) -> Preview:
    if len(content) > LARGEST_MEDIA:
        return _nothing(f"not shown: {media} of more than {LARGEST_MEDIA:,} bytes")
    kind = "pdf" if media == "application/pdf" else "image"
    return {"kind": kind, "media": media, "data": b64encode(content).decode()}


def _text(text: str, kind: str, size: int) -> Preview:
    shown = plain_lines(text[:LONGEST_TEXT])
    cut = f"the first {LONGEST_TEXT:,} characters of {size:,} bytes" if len(text) > LONGEST_TEXT else None
    return {"kind": kind, "text": shown, "cut": cut}


def _csv(text: str, delimiter: str) -> Preview:
    rows = list(islice(csv.reader(StringIO(text, newline=""), delimiter=delimiter), MOST_ROWS + 1))
    return _table([("", [[plain(cell) for cell in row] for row in rows])])


def _workbook(content: bytes) -> Preview:
    if len(content) > LARGEST_WORKBOOK:
        return _nothing(f"not shown: a workbook of more than {LARGEST_WORKBOOK:,} bytes")
    with zipfile.ZipFile(BytesIO(content)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > _LARGEST_UNPACKED:
        return _nothing(f"not shown: a workbook of {unpacked:,} bytes unpacked")
    book = load_workbook(BytesIO(content), read_only=True, data_only=True)
    sheets: list[tuple[str, list[list[str]]]] = []
    for sheet in book.worksheets[:10]:
        rows = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS + 1, values_only=True)
        sheets.append((plain(sheet.title), [["" if v is None else plain(str(v)) for v in row] for row in rows]))
    book.close()
    return _table(sheets)


def _table(sheets: list[tuple[str, list[list[str]]]]) -> Preview:
    """Every row as long as the longest, at most `MOST_ROWS` and `MOST_COLUMNS`."""
    is_cut = any(len(rows) > MOST_ROWS or any(len(row) > MOST_COLUMNS for row in rows) for _, rows in sheets)
    shown: list[Json] = []
    for name, rows in sheets:
        kept = [row[:MOST_COLUMNS] for row in rows[:MOST_ROWS]]
        width = max(map(len, kept), default=0)
        shown.append({"name": name or "table", "rows": [[*row, *[""] * (width - len(row))] for row in kept]})
    cut = f"at most {MOST_ROWS} rows and {MOST_COLUMNS} columns are shown" if is_cut else None
    return {"kind": "table", "sheets": shown, "cut": cut}


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _nothing(why: str) -> Preview:
    return {"kind": "nothing", "why": why}
