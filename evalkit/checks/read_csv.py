"""CSV and TSV, read strictly as text: nothing about the file is guessed, and a row of another width is a finding.

Why not pandas: its defaults turn `NA` into a missing value, drop leading zeros, and shift the columns of a ragged file.
"""

import csv
import io

from evalkit.checks.adapters import Table
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.read_text import decode_utf8
from evalkit.checks.result import Place
from evalkit.checks.rows import Rows, refuse_repeated


def parse_csv(content: bytes, table: Table) -> Rows:
    """The rows of the file; a byte order mark is dropped, any line ending will do.

    Raises:
        BadDeliverableError: not UTF-8, broken quoting, no header, a repeated column name, a blank line, or a row with
            more or fewer fields than the header.
    """
    delimiter = table.delimiter or ("\t" if table.suffix == ".tsv" else ",")
    text = decode_utf8(content, table.name).removeprefix("\ufeff")
    # newline="" leaves line ends inside quoted fields as they are.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[tuple[str, ...]] = []
    lines: list[int] = []
    last_line = 0
    try:
        for record in reader:
            records.append(tuple(record))
            lines.append(last_line + 1)
            last_line = reader.line_num
    except csv.Error as error:
        at = Place(file=table.name, line=reader.line_num)
        raise BadDeliverableError(f"broken csv: {error}", wanted="well-formed csv", at=at) from error
    top = table.header_row - 1
    if len(records) <= top or not records[top]:
        at = Place(file=table.name, line=lines[top] if len(records) > top else None)
        raise BadDeliverableError("no header row", wanted=f"column names in row {table.header_row}", at=at)
    header, rows, row_lines = records[top], records[top + 1 :], lines[top + 1 :]
    refuse_repeated(header, Place(file=table.name, line=lines[top]))
    for row, line in zip(rows, row_lines, strict=True):
        if len(row) != len(header):
            found = f"{len(row)} fields" if row else "a blank line"
            wanted = f"{len(header)} fields, as in the header"
            raise BadDeliverableError(found, wanted=wanted, at=Place(file=table.name, line=line))

    def place_of(row: int | None, column: str | None) -> Place:
        return Place(file=table.name, line=lines[top] if row is None else row_lines[row], cell=column)

    return Rows(header=header, rows=rows, untyped=True, place_of=place_of)
