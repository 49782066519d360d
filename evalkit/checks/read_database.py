"""SQLite databases, opened so that nothing in them can write, reach another file, or run for ever.

A delivered view or trigger is a program of its author: it gets ten seconds of the processor and no function that loads
or writes.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from evalkit.checks.adapters import Table
from evalkit.checks.cell import Cell, NoValue
from evalkit.checks.evidence import one_line, quoted
from evalkit.checks.problems import BadDeliverableError, NotMeasuredError
from evalkit.checks.quantity import decimal_of
from evalkit.checks.result import Place
from evalkit.checks.rows import Rows, refuse_repeated

Stored: TypeAlias = str | int | float | bytes | None
"""What SQLite keeps in a field."""

_QUERY_S = 10.0
_MAX_ROWS = 200_000
_STEPS_BETWEEN_LOOKS = 10_000
_REFUSED = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA}


@contextmanager
def opened_database(path: Path, name: str, *, pragmas: bool = False) -> Iterator[sqlite3.Connection]:
    """The database at `path`, to be read only; with `pragmas`, for questions of our own.

    Inside, an error of SQLite means that the file is bad.

    Raises:
        BadDeliverableError: it is no database, is damaged, or a query took too long.
    """
    with _bad_when_it_fails(name):
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
        try:
            _restrict(connection, pragmas=pragmas)
            yield connection
        finally:
            connection.close()


@contextmanager
def copied_database(path: Path, name: str) -> Iterator[sqlite3.Connection]:
    """A copy in memory of the database at `path`, to be written to; foreign keys are enforced in it.

    Raises:
        BadDeliverableError: as `opened_database`.
    """
    with _bad_when_it_fails(name), opened_database(path, name, pragmas=True) as source:
        copy = sqlite3.connect(":memory:")
        try:
            source.backup(copy)
            copy.execute("PRAGMA foreign_keys = ON")
            _restrict(copy, pragmas=False)
            yield copy
        finally:
            copy.close()


@contextmanager
def empty_database(name: str) -> Iterator[sqlite3.Connection]:
    """An empty database in memory, for the statements of the delivered script `name`.

    Raises:
        BadDeliverableError: a statement fails, or takes too long.
    """
    with _bad_when_it_fails(name):
        empty = sqlite3.connect(":memory:")
        try:
            _restrict(empty, pragmas=True)
            yield empty
        finally:
            empty.close()


def rows_of_query(path: Path, table: Table) -> Rows:
    """The result of the table's query.

    Raises:
        BadDeliverableError: the database is bad, or has not what the query names.
        NotMeasuredError: there are more rows than a check compares.
    """
    assert table.query is not None, "a table of a database has a query"
    with opened_database(path, table.name) as connection:
        cursor = connection.execute(table.query)
        found = cursor.fetchmany(_MAX_ROWS + 1)
        header = tuple(column[0] for column in cursor.description or ())
    if len(found) > _MAX_ROWS:
        raise NotMeasuredError(f"{table.name!r}: the query gives more than {_MAX_ROWS} rows; narrow it")
    if not header:
        raise NotMeasuredError(f"{table.name!r}: the query gives no table; write a SELECT")
    refuse_repeated(header, Place(file=table.name))

    def place_of(row: int | None, column: str | None) -> Place:
        where = f"row {row + 1}" if row is not None else None
        return Place(file=table.name, cell=" ".join(part for part in (where, column) if part) or None)

    rows = [tuple(cell_of_field(field) for field in record) for record in found]
    return Rows(header=header, rows=rows, untyped=False, place_of=place_of)


def cell_of_field(field: Stored) -> Cell:
    """What a field of a result holds, as a cell."""
    if isinstance(field, bytes):
        return NoValue(f"a blob of {len(field)} bytes")
    if isinstance(field, int):
        return Decimal(field)
    if isinstance(field, float):
        number = decimal_of(field)
        return NoValue(f"the number {field}") if number is None else number
    return field


def _restrict(connection: sqlite3.Connection, *, pragmas: bool) -> None:
    deadline = time.monotonic() + _QUERY_S
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS_BETWEEN_LOOKS)
    refused = _REFUSED - ({sqlite3.SQLITE_PRAGMA} if pragmas else set())

    def allow(action: int, *_: str | None) -> int:
        return sqlite3.SQLITE_DENY if action in refused else sqlite3.SQLITE_OK

    connection.set_authorizer(allow)


@contextmanager
def _bad_when_it_fails(name: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if str(error) == "interrupted":
            raise BadDeliverableError(
                f"a query that does not end within {_QUERY_S:g} s", wanted="an answer", at=Place(file=name)
            ) from error
        found = f"SQLite says {quoted(one_line(str(error), 120))}"
        raise BadDeliverableError(found, wanted="a database with what is asked for", at=Place(file=name)) from error
