"""Reading a delivered file with somebody else's library: whatever it raises means that the file cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager

from evalkit.checks.evidence import one_line
from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.result import Place
from evalkit.errors import EvalkitError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Begins a password-protected or an old binary Office file. Source: MS-CFB 2.2."""


@contextmanager
def reading_as(kind: str, name: str) -> Iterator[None]:
    """Inside, every exception of a library that reads the file `name` as `kind` is a `BadDeliverableError`.

    Running out of memory is a limit of ours and no fault of the file, and what we raised ourselves stays what it is.
    """
    try:
        yield
    except (MemoryError, EvalkitError):
        raise
    except Exception as error:
        found = f"not readable as {kind}: {type(error).__name__}: {one_line(str(error), 120)}"
        raise BadDeliverableError(found, wanted=f"{kind} that can be read", at=Place(file=name)) from error


def refuse_ole(content: bytes, name: str, kind: str) -> None:
    """The Office file is neither encrypted nor in the old binary format.

    Raises:
        BadDeliverableError: it is.
    """
    if content.startswith(OLE):
        found = "encrypted, or in the old binary format"
        raise BadDeliverableError(found, wanted=f"{kind} without a password", at=Place(file=name))
