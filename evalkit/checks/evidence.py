"""How evidence is worded.

Delivered text is hostile: whatever reaches a result passes through `one_line`, which bounds it and escapes every
character that a terminal, a table or a reader's eye could take for something else.
"""

from collections.abc import Iterable
from difflib import get_close_matches

MAX_EVIDENCE = 300
"""Characters of one piece of evidence; enough for a finding, too little for a file."""


def one_line(text: str, limit: int = MAX_EVIDENCE) -> str:
    """`text` on one line of at most `limit` characters, with every unprintable character escaped.

    Unprintable is what `str.isprintable` says: control characters, line ends, right-to-left marks, lone surrogates.
    """
    # Cut first: escaping a file of 50 MB to keep 300 characters would be work for the file's author to ask for.
    start = text[: limit + 1]
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in start)
    return escaped if len(escaped) <= limit else escaped[: limit - 1] + "…"


def quoted(text: str) -> str:
    """`text` in quotation marks, short enough to stand inside a sentence."""
    return repr(one_line(text, 80)) if text.isprintable() else f"'{one_line(text, 80)}'"


def listed(names: Iterable[str], most: int = 5) -> str:
    """The first `most` names, quoted, and how many more there are."""
    every = list(names)
    shown = ", ".join(quoted(name) for name in every[:most])
    return shown + (f" and {len(every) - most} more" if len(every) > most else "")


def and_more(first: str, count: int) -> str:
    """The first finding, and how many further ones there are when `count`, the number of all, is above one."""
    return first if count == 1 else f"{first}, and {count - 1} more like it"


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known name, or the known names when none is near."""
    every = list(known)
    near = get_close_matches(name, every, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {listed(every, 12)}" if every else "; none is known here"
