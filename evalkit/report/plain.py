"""Text from outside made safe to show, and measured in terminal columns. The one place where that happens.

Model text is hostile: it may hold terminal escapes, marks that reverse the reading direction, invisible characters and
line breaks. After `plain` there are none, so every renderer may place the text anywhere.
"""

import unicodedata


def plain(text: str) -> str:
    """`text` on one line, with nothing in it that a terminal obeys or a reader cannot see.

    White space folds to single spaces; each control, format, surrogate, private or unassigned character becomes
    U+FFFD, so that what was there shows.
    """
    if not text.isprintable():
        text = "".join(_visible(char) for char in text)
    return " ".join(text.split())


def plain_lines(text: str) -> str:
    """`text` with its lines and its indentation, and as `plain` in all else."""
    return "\n".join(line if line.isprintable() else _plain_line(line) for line in text.splitlines())


def columns(text: str) -> int:
    """How many terminal columns plain `text` takes, at most.

    East Asian wide characters take two. A combining mark counts as one: too many is a ragged column, too few would
    break the line.
    """
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def fitting(text: str, width: int) -> str:
    """The longest beginning of plain `text` that takes at most `width` columns."""
    used = 0
    for index, char in enumerate(text):
        used += columns(char)
        if used > width:
            return text[:index]
    return text


def cut(text: str, width: int) -> str:
    """Plain `text` in at most `width` columns, ending in `…` where something was left out."""
    if len(text) <= width and columns(text) <= width:
        return text
    return fitting(text, width - 1).rstrip() + "…"


def wrap(text: str, width: int) -> list[str]:
    """Plain `text` as lines of at most `width` columns, broken at spaces; a word that is too long, at `-`, `/` or `_`.

    `width` is at least 2. Empty text has no lines.
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if len(joined) <= width and columns(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while len(line) > width or columns(line) > width:
            head = fitting(line, width)
            at = max(head.rfind(mark) for mark in "-/_") + 1 or len(head)
            lines.append(head[:at])
            line = line[at:]
    return [*lines, line] if line else lines


def _plain_line(line: str) -> str:
    return "".join(char if char == "\t" else _visible(char) for char in line)


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    return " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"
