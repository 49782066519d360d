"""Checks of SQLite databases: integrity, tables, keys, constraints. Rows are for `table.*` with a `query`."""

import sqlite3
from collections.abc import Mapping
from typing import Annotated

from evalkit.checks.adapters import DatabaseFile, Text
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.quantity import AtLeast
from evalkit.checks.read_database import copied_database, empty_database, opened_database
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.rows import near_miss
from evalkit.checks.table import Count, Names


@check(version=1)
def sound(on: Check, *, file: DatabaseFile) -> Finding:
    """SQLite finds the file whole, no foreign key leads nowhere, and there is at least one table.

    A database whose last writes are still in a `-wal` file beside it is not whole without them.

    {check: sqlite_database.sound, with: {file: shop.db}}
    """
    with opened_database(on.path(file), file.name, pragmas=True) as database:
        report = [str(row[0]) for row in database.execute("PRAGMA integrity_check(5)")]
        dangling = database.execute("PRAGMA foreign_key_check").fetchall()
        tables = _tables(database)
    if report != ["ok"]:
        return on.failed(and_more(quoted(report[0]), len(report)), wanted="a whole database", at=on.place(file))
    if dangling:
        child, row, parent = dangling[0][:3]
        found = and_more(f"row {row} of {quoted(str(child))} refers to nothing in {quoted(str(parent))}", len(dangling))
        return on.failed(found, wanted="foreign keys that lead somewhere", at=on.place(file))
    if not tables:
        return on.failed("no tables", wanted="tables", at=on.place(file))
    return on.passed(f"{len(tables)} tables")


@check(version=1)
def tables(
    on: Check,
    *,
    file: DatabaseFile,
    columns: Annotated[Mapping[str, Names], AtLeast(1)],
    exact: bool = False,
    primary_keys: bool = True,
) -> Finding:
    """Each table has its columns and, unless `primary_keys` is false, a primary key; with `exact`, nothing else.

    {check: sqlite_database.tables, with: {file: shop.db, columns: {customers: [id, name], orders: [id, customer_id]}}}
    """
    with opened_database(on.path(file), file.name, pragmas=True) as database:
        present = _tables(database)
        details = {name: _columns(database, name) for name in present}
    for name, names in columns.items():
        at = on.place(file, cell=name)
        if name not in details:
            hint = near_miss(name, present)
            return on.failed(f"no table {quoted(name)}{hint}", wanted=f"the table {quoted(name)}", at=at)
        missing = [column for column in names if column not in details[name]]
        extra = [column for column in details[name] if column not in names]
        if missing:
            found = and_more(f"no column {quoted(missing[0])}", len(missing)) + near_miss(missing[0], [*details[name]])
            return on.failed(found, wanted=listed(names, 20), at=at)
        if exact and extra:
            return on.failed(f"also {listed(extra)}", wanted=f"exactly {listed(names, 20)}", at=at)
        if primary_keys and not any(details[name].values()):
            return on.failed("no primary key", wanted="a primary key", at=at)
    others = [name for name in present if name not in columns]
    if exact and others:
        return on.failed(f"also {listed(others)}", wanted=f"exactly {listed(columns, 20)}", at=on.place(file))
    return on.passed(listed(present, 20))


@check(version=1)
def foreign_keys(on: Check, *, file: DatabaseFile, expected: Names) -> Finding:
    """Each of `expected`, written as `orders.customer_id -> customers.id`, is a declared foreign key.

    {check: sqlite_database.foreign_keys, with: {file: shop.db, expected: ["orders.customer_id -> customers.id"]}}
    """
    declared: list[str] = []
    with opened_database(on.path(file), file.name, pragmas=True) as database:
        for name in _tables(database):
            for row in database.execute(f"PRAGMA foreign_key_list({_identifier(name)})"):
                parent, child_column, parent_column = str(row[2]), str(row[3]), row[4]
                target = parent_column or next(iter(_primary(database, parent)), "")
                declared.append(f"{name}.{child_column} -> {parent}.{target}")
    known = {_folded(key) for key in declared}
    missing = [key for key in expected if _folded(key) not in known]
    if missing:
        found = and_more(f"no key {quoted(missing[0])}", len(missing)) + near_miss(missing[0], declared)
        return on.failed(found, wanted=listed(expected, 20), at=on.place(file))
    return on.passed(listed(declared, 20))


@check(version=1)
def row_counts(on: Check, *, file: DatabaseFile, expected: Annotated[Mapping[str, Count], AtLeast(1)]) -> Finding:
    """Each table has so many rows.

    {check: sqlite_database.row_counts, with: {file: shop.db, expected: {customers: 9, orders: 210}}}
    """
    with opened_database(on.path(file), file.name) as database:
        for name, count in expected.items():
            found = database.execute(f"SELECT count(*) FROM {_identifier(name)}").fetchone()[0]  # noqa: S608 - the name is quoted
            if found != count:
                return on.failed(f"{found} rows", wanted=f"{count} rows", at=on.place(file, cell=name))
    return on.passed(f"{len(expected)} tables")


@check(version=1)
def refuses(on: Check, *, file: DatabaseFile, statements: Names) -> Finding:
    """Each of `statements` is refused by a constraint; it is tried on a copy, with foreign keys enforced.

    A statement that fails for another reason, such as a column that is not there, does not count as refused.

    {check: sqlite_database.refuses, with: {file: shop.db, statements: ["INSERT INTO lines(qty) VALUES (0)"]}}
    """
    for number, statement in enumerate(statements, start=1):
        at = on.place(file, cell=f"statement {number}")
        with copied_database(on.path(file), file.name) as copy:
            try:
                copy.execute(statement)
                copy.commit()
            except sqlite3.IntegrityError:
                continue
        return on.failed("the statement is accepted", wanted=f"a constraint that refuses {quoted(statement)}", at=at)
    return on.passed(f"{len(statements)} statements refused")


@check(version=1)
def schema_from(on: Check, *, file: DatabaseFile, script: Text) -> Finding:
    """The SQL in `script`, run on an empty database, makes the tables, columns and keys that the database has.

    {check: sqlite_database.schema_from, with: {file: shop.db, script: schema.sql}}
    """
    if script.suffix != ".sql":
        raise NotMeasuredError(f"{script.name!r} is no SQL; name a .sql file")
    source = on.text(script)
    with opened_database(on.path(file), file.name, pragmas=True) as database:
        present = {name: _columns(database, name) for name in _tables(database)}
    with empty_database(script.name) as empty:
        empty.executescript(source)
        made = {name: _columns(empty, name) for name in _tables(empty)}
    for name in sorted({*present, *made}):
        if present.get(name) != made.get(name):
            found = f"{quoted(name)} differs: {listed(made.get(name, {}), 12)}"
            wanted = f"the database's {listed(present.get(name, {}), 12)}"
            return on.failed(found, wanted=wanted, at=on.place(script))
    if not present:
        return on.failed("no tables", wanted="tables", at=on.place(file))
    return on.passed(f"{len(present)} tables")


def _tables(database: sqlite3.Connection) -> list[str]:
    query = (
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    )
    return [str(row[0]) for row in database.execute(query)]


def _columns(database: sqlite3.Connection, table: str) -> dict[str, int]:
    """The table's columns, each with its 1-based position in the primary key, 0 outside it."""
    return {str(row[1]): int(row[5]) for row in database.execute(f"PRAGMA table_info({_identifier(table)})")}


def _primary(database: sqlite3.Connection, table: str) -> list[str]:
    return [column for column, position in _columns(database, table).items() if position]


def _identifier(name: str) -> str:
    """`name` as SQL writes a name, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _folded(key: str) -> str:
    return "".join(key.split()).casefold()
