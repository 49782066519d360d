"""A table as values: a header, rows of cells, and where each of them stands in its file."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from evalkit.checks.cell import Cell
from evalkit.checks.evidence import listed, quoted
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.result import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What an adapter `Table` found. Every row has as many cells as the header has names; the names are distinct."""

    header: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    untyped: bool
    """The source knows only text."""
    place_of: Callable[[int | None, str | None], Place]
    """Where the 0-based row, or the header for None, and a column of it stand."""

    def index_of(self, column: str) -> int:
        """The position of `column` in each row.

        Raises:
            BadDeliverableError: there is no such column.
        """
        try:
            return self.header.index(column)
        except ValueError:
            raise BadDeliverableError(
                f"no column {quoted(column)}{near_miss(column, self.header)}",
                wanted=f"the column {quoted(column)}",
                at=self.place_of(None, None),
            ) from None

    def column(self, column: str) -> list[Cell]:
        """The cells of `column`, from the first row to the last.

        Raises:
            BadDeliverableError: there is no such column.
        """
        position = self.index_of(column)
        return [row[position] for row in self.rows]


def near_miss(wanted: str, present: Sequence[str]) -> str:
    """A hint for a name that is missing: which present one differs only by case or space, or is near."""
    for name in present:
        if "".join(name.split()).casefold() == "".join(wanted.split()).casefold():
            return f"; {quoted(name)} differs only by case or space"
    near = get_close_matches(wanted, present, n=1)
    if near:
        return f"; the nearest is {quoted(near[0])}"
    return f"; there is {listed(present)}" if present else "; there is none"


def refuse_repeated(header: Sequence[str], at: Place) -> None:
    """Every name of `header` is there once.

    Raises:
        BadDeliverableError: one is repeated, so that its column cannot be addressed.
    """
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise BadDeliverableError(f"columns named twice: {listed(repeated)}", wanted="distinct column names", at=at)
