"""Live previews: what a model is about to say, sent to the streams that asked for it and kept nowhere.

Documented: per connection, best effort, in no list; `event_start` and `event_delta` come between the request's start
and the event itself, which has the same id and the whole text. A request that ends early has no such event.
"""

from collections import deque
from dataclasses import dataclass

from evalkit.emulator.fields import JsonObject

KINDS = ("agent.message", "agent.thinking")
"""Events that can be previewed."""
_KEPT = 64
"""Previews that a thread holds for readers that are behind; older ones are lost to them."""
_WORDS_A_DELTA = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One stream-only event."""

    number: int
    """Rises with every preview of the thread."""
    place: int
    """It comes before the event with this index in the thread's list."""
    of: str
    """Type of the event that is previewed."""
    event: JsonObject


class Previews:
    """The previews of one thread; nothing is made while nobody listens."""

    def __init__(self) -> None:
        self.listeners = 0
        self._kept: deque[Preview] = deque(maxlen=_KEPT)
        self._made = 0

    def start(self, place: int, event_id: str, of: str) -> None:
        """Whoever listens is told that this event is being made."""
        self._add(place, of, {"type": "event_start", "event": {"id": event_id, "type": of}})

    def write(self, place: int, event_id: str, text: str) -> None:
        """Whoever listens is given the text of a message, in pieces."""
        words = text.split(" ")
        for first in range(0, len(words), _WORDS_A_DELTA):
            piece = " " * (first > 0) + " ".join(words[first : first + _WORDS_A_DELTA])
            delta = {"type": "content_delta", "index": 0, "content": {"type": "text", "text": piece}}
            self._add(place, "agent.message", {"type": "event_delta", "event_id": event_id, "delta": delta})

    def latest(self) -> int:
        """The number of the newest preview; 0 before the first."""
        return self._made

    def after(self, number: int, *, up_to: int) -> tuple[Preview, ...]:
        """Those made after `number` whose place is not behind `up_to`."""
        return tuple(preview for preview in self._kept if preview.number > number and preview.place <= up_to)

    def _add(self, place: int, of: str, event: JsonObject) -> None:
        if self.listeners:
            self._made += 1
            self._kept.append(Preview(number=self._made, place=place, of=of, event=event))
