"""Server-sent events as the official SDKs read them.

Every frame has an `event:` line (a frame without one is dropped by the SDK without a word) and ends with a blank line
(the last frame is otherwise not delivered). `ping` is the one name that the SDK skips.
"""

import json
from collections.abc import Mapping

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
HEARTBEAT_S = 15.0
"""Real seconds of silence before a `ping`; the SDK gives a stream up after 600."""


def json_line(value: object) -> str:
    """`value` as one line of JSON with sorted keys, as recorded events have them."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def frame(event: Mapping[str, object]) -> bytes:
    """One event as a frame, named by its `type`."""
    return f"event: {event['type']}\ndata: {json_line(event)}\n\n".encode()
