"""Delivered text files made again from a session's write and edit events, for recordings that came without files.

Only what is certain is rebuilt: a call counts once its result says that it was done, and a file is left out from the
moment a bash command ran after its last write, or when an edit does not fit what we have. Custom and MCP tools run
outside the container; that they changed nothing in it is likely and not certain, which is why such files are marked.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from evalkit.trial.wire import OUTPUTS, FileChange, file_change, is_bash, succeeded_call


def rebuild_outputs(raws: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    """Flat name to bytes of every deliverable whose final content the events prove, in the order of first writing.

    `raws` are in order of time, each event once.
    """
    events = tuple(raws)
    done = {call for call in map(succeeded_call, events) if call is not None}
    texts: dict[str, str] = {}
    for raw in events:
        if is_bash(raw):
            texts.clear()
            continue
        change = file_change(raw)
        if change is None or not change.path.startswith(OUTPUTS) or change.call not in done:
            continue
        name = change.path.rsplit("/", 1)[-1]
        text = _changed(texts.get(name), change)
        if text is None:
            texts.pop(name, None)
        else:
            texts[name] = text
    return {name: text.encode("utf-8", "replace") for name, text in texts.items()}


def _changed(text: str | None, change: FileChange) -> str | None:
    """The text after the change; None when it cannot be known."""
    if change.old is None:
        return change.new
    if text is None or not change.old:
        return None
    count = text.count(change.old)
    if count == 0 or (count > 1 and not change.replace_all):
        return None
    return text.replace(change.old, change.new)
