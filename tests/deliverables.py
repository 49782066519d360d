"""Deliverables made for a test, and one check run on them in this process."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import openpyxl

from evalkit.checks.deliverables import Check
from evalkit.checks.result import CheckResult, CheckSpec, Json
from evalkit.checks.worker import run_check

Content: TypeAlias = bytes | str | Mapping[str, Mapping[str, object]]
"""Bytes, text, or a workbook as sheets of addressed cells."""


def workbook_bytes(sheets: Mapping[str, Mapping[str, object]]) -> bytes:
    """A workbook as openpyxl writes it: values as they are, formulas without stored values."""
    book = openpyxl.Workbook()
    spare = book.worksheets[0]
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for address, value in cells.items():
            sheet[address] = value
    book.remove(spare)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def to_bytes(content: Content) -> bytes:
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else workbook_bytes(content)


def write_files(folder: Path, files: Mapping[str, Content]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(to_bytes(content))
    return folder


def spec(name: str, parameters: Mapping[str, Json]) -> CheckSpec:
    return CheckSpec(id=name, check=name, version=1, parameters=parameters)


def check_files(
    name: str,
    files: Mapping[str, Content],
    parameters: Mapping[str, Json],
    inputs: Mapping[str, Content] | None = None,
    *,
    calculates: bool = False,
) -> CheckResult:
    """What the check `name` says of the files, its parameters written as in a suite.

    Formulas keep their stored values unless told: whether LibreOffice is installed must not decide a test.
    """
    with TemporaryDirectory() as folder:
        delivered = write_files(Path(folder) / "delivered", files)
        given = None if inputs is None else write_files(Path(folder) / "inputs", inputs)
        return run_check(spec(name, parameters), Check(delivered=delivered, inputs=given, calculates=calculates), None)
