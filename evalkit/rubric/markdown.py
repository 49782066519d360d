"""Just enough Markdown for rubrics: where comments, code and top-level list items are.

Follows CommonMark 0.31 for fences, list item indentation, lazy continuation and the rule that only `1.` may interrupt a
paragraph; knows nothing of tables, block quotes or reference links, which cannot hold a criterion.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
_INLINE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|<!--")
_MARKER = re.compile(r"(?P<indent> {0,3})(?P<marker>[-*+]|(?P<number>\d{1,9})[.)])(?P<space> +)(?=\S)")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One `<!-- … -->` outside code."""

    start: int
    end: int
    """Offsets in the text, delimiters included."""
    line: int
    """1-based line of its first character."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A text's comments and code blocks."""

    comments: tuple[Comment, ...]
    code_lines: frozenset[int]
    """1-based lines of fenced code, fences included."""
    open_comment_line: int | None
    """Where a comment begins that nothing ends; None when all are closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One top-level list item or numbered paragraph."""

    first_line: int
    last_line: int
    """1-based, inclusive; trailing blank lines are not part of it."""
    text: str
    """Without its marker, white space folded to single spaces."""


def scan_markdown(text: str) -> Scan:
    """Every comment and every fenced line of `text`, in order. Text in code is neither."""
    line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
    comments: list[Comment] = []
    code: set[int] = set()
    open_comment_line: int | None = None
    fence = ""
    position = 0
    while position < len(text):
        end = _end_of_line(text, position)
        content = text[position:end]
        opener = _FENCE.match(content)
        if fence or opener is not None:
            code.add(bisect_right(line_starts, position))
            if not fence and opener is not None:
                fence = opener[1]
            elif _closes(content.strip(" \t"), fence):
                fence = ""
        else:
            for start, stop in _comments_from(text, position, end):
                line = bisect_right(line_starts, start)
                if stop < 0:
                    open_comment_line, end = line, len(text)
                else:
                    end = end if stop <= end else _end_of_line(text, stop)
                    comments.append(Comment(start=start, end=stop, line=line, text=text[start + 4 : stop - 3].strip()))
        position = end + 1
    return Scan(comments=tuple(comments), code_lines=frozenset(code), open_comment_line=open_comment_line)


def blank_comments(text: str, comments: tuple[Comment, ...]) -> str:
    """`text` with every comment turned to spaces; line ends stay, so that lines keep their numbers."""
    parts: list[str] = []
    position = 0
    for comment in comments:
        parts.append(text[position : comment.start])
        parts.append(re.sub(r"[^\n]", " ", text[comment.start : comment.end]))
        position = comment.end
    return "".join([*parts, text[position:]])


def remove_comment(text: str, comment: Comment) -> tuple[int, int]:
    """The span to cut so that no trace of `comment` stays: its whole line when it stands alone."""
    start = comment.start
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    begins_line = start == 0 or text[start - 1] == "\n"
    end = comment.end
    while end < len(text) and text[end] in " \t":
        end += 1
    ends_line = end == len(text) or text[end] == "\n"
    if begins_line and ends_line:
        return start, min(end + 1, len(text))
    if ends_line:
        return start, end
    if begins_line or end == comment.end:
        return comment.start, comment.end
    return start, comment.end


def find_items(text: str, code_lines: frozenset[int]) -> Iterator[Item]:
    """Top-level list items and numbered paragraphs of `text` (comments already blanked), in order."""
    item: _OpenItem | None = None
    begins_paragraph = True
    for number, raw_line in enumerate(text.split("\n"), start=1):
        line = raw_line.expandtabs(4)
        if not line.strip():
            begins_paragraph = True
            continue
        is_code = number in code_lines
        is_break = _HEADING.match(line) is not None or _RULE.match(line) is not None
        marker = None if is_code or is_break else _item_marker(line, item, begins_paragraph=begins_paragraph)
        # A line left of the item's content still belongs to it where it only goes on with a paragraph.
        goes_on = not (begins_paragraph or is_code or is_break or marker)
        if item is not None and (goes_on or len(line) - len(line.lstrip(" ")) >= item.content_column):
            item.take(number, line)
        else:
            if item is not None:
                yield item.close()
            item = _OpenItem(number, line, marker) if marker else None
        begins_paragraph = is_break
    if item is not None:
        yield item.close()


class _OpenItem:
    """An item whose end has not been seen."""

    def __init__(self, number: int, line: str, marker: re.Match[str]) -> None:
        space = len(marker["space"])
        self.content_column = marker.end() if space <= 4 else marker.end() - space + 1
        self.is_ordered = marker["number"] is not None
        self._first = self._last = number
        self._parts = [line[marker.end() :]]

    def take(self, number: int, line: str) -> None:
        self._last = number
        self._parts.append(line)

    def close(self) -> Item:
        return Item(first_line=self._first, last_line=self._last, text=" ".join(" ".join(self._parts).split()))


def _item_marker(line: str, item: _OpenItem | None, *, begins_paragraph: bool) -> re.Match[str] | None:
    """The marker with which `line` begins an item; None where it is prose that looks like one."""
    marker = _MARKER.match(line)
    if marker is None or begins_paragraph or marker["number"] is None or int(marker["number"]) == 1:
        return marker
    return marker if item is not None and item.is_ordered else None


def _comments_from(text: str, position: int, end: int) -> Iterator[tuple[int, int]]:
    """Begin and end of every comment in the line from `position` to `end`; the end is -1 where nothing closes it.

    A comment may close lines below: the rest of the line it closes in is then part of this one.
    """
    while (token := _INLINE.search(text, position, end)) is not None:
        position = token.end()
        if token.group() == "<!--":
            close = text.find("-->", position)
            if close < 0:
                yield token.start(), -1
                return
            position = close + 3
            yield token.start(), position
            end = end if position <= end else _end_of_line(text, position)


def _closes(line: str, fence: str) -> bool:
    return len(line) >= len(fence) and line.strip(fence[0]) == ""


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end
