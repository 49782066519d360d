import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from evalkit.emulator.sse import frame


@given(text=st.text())
def test_a_frame_is_two_lines_and_a_blank_one_whatever_the_text(text: str) -> None:
    event: dict[str, Any] = {"type": "agent.message", "content": [{"text": text}]}

    name, data, blank, nothing = frame(event).decode().split("\n")

    assert name == "event: agent.message"
    assert json.loads(data.removeprefix("data: ")) == event
    assert (blank, nothing) == ("", "")
