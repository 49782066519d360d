"""Formulas calculated anew by LibreOffice, if it is installed: a stored value may be missing, stale or planted.

Recalculation is forced in a private profile, because a plain conversion keeps what is stored. Values come from the
converted copy and everything else from the original: LibreOffice rewrites formulas.
"""

import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from evalkit.checks.cell import NotComputed, NoValue
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.read_workbook import SheetCell, Workbook, parse_workbook
from evalkit.sandbox.process import Limits, run_limited

_PROGRAM = "soffice"
_LAUNCH_S = 12.0
"""For all workbooks of one call. Ten thousand rows of formulas take four seconds; a check has thirty."""

_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="ODFRecalcMode" oor:op="fuse">
<value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse">
<value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse">
<value>true</value></prop></item>
</oor:items>
"""
"""0 is "always". Source: officecfg/registry/schema/org/openoffice/Office/Calc.xcs of LibreOffice 7.4."""

_APPLICATION = re.compile(r"<Application>LibreOffice/([0-9.]+)")


class NoEngineError(NotMeasuredError):
    """No program that calculates workbooks is installed."""


def calculated_anew(original: Workbook, books: Mapping[str, bytes]) -> dict[str, Workbook]:
    """Each of `books`, which are `original` or changes of it, with the values of its formulas calculated anew.

    A formula for which LibreOffice has no function, and a stored value, is `NotComputed`: the fault may be on its side.

    Raises:
        NoEngineError: LibreOffice is not installed.
        NotMeasuredError: it gives no answer.
    """
    converted = _convert(books)
    return {
        key: _with_values(original, parse_workbook(content, original.file), _engine_of(content))
        for key, content in converted.items()
    }


def _with_values(original: Workbook, calculated: Workbook, engine: str) -> Workbook:
    values = {sheet.name: sheet.cells for sheet in calculated.sheets}
    sheets = [
        replace(
            sheet,
            cells={place: _computed(place, cell, values.get(sheet.name, {})) for place, cell in sheet.cells.items()},
        )
        for sheet in original.sheets
    ]
    return replace(original, sheets=tuple(sheets), engine=engine)


def _computed(place: tuple[int, int], cell: SheetCell, values: Mapping[tuple[int, int], SheetCell]) -> SheetCell:
    found = values.get(place)
    if cell.formula is None:
        # A changed input is typed and not computed; LibreOffice rounds nothing that is typed.
        return cell if found is None else replace(cell, value=found.value)
    if found is None:
        return replace(cell, value=None)
    lacks_function = found.value == NoValue("#NAME?") and cell.value != NoValue("#NAME?")
    if lacks_function:
        return replace(cell, value=NotComputed(cell.formula, "names a function that LibreOffice lacks"))
    return replace(cell, value=found.value)


def _convert(books: Mapping[str, bytes]) -> dict[str, bytes]:
    with TemporaryDirectory(prefix="evalkit-calc-") as name:
        folder = Path(name)
        profile, output = folder / "profile", folder / "out"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        sources = []
        for key, content in books.items():
            sources.append(folder / f"{key}.xlsx")
            sources[-1].write_bytes(content)
        argv: list[str | Path] = [
            _PROGRAM,
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            "--norestore",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            output,
            *sources,
        ]
        # The first start with a fresh profile was seen to end without converting anything.
        for _ in range(2):
            try:
                finished = run_limited(argv, cwd=folder, limits=Limits(wall_s=_LAUNCH_S, memory_bytes=4 << 30))
            except FileNotFoundError as error:
                raise NoEngineError("not computed: LibreOffice is not installed; install `libreoffice-calc`") from error
            made = {key: output / f"{key}.xlsx" for key in books}
            if all(path.is_file() for path in made.values()):
                return {key: path.read_bytes() for key, path in made.items()}
    how = "no answer in time" if finished.timed_out else f"exit code {finished.returncode}"
    raise NotMeasuredError(f"not computed: LibreOffice made no workbook of it ({how})")


def _engine_of(content: bytes) -> str:
    """LibreOffice with its version, as it states it in the files it writes."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        match = _APPLICATION.search(archive.read("docProps/app.xml").decode("utf-8", "replace"))
    return f"LibreOffice {match[1]}" if match else "LibreOffice"
