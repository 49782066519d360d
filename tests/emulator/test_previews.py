from hypothesis import given
from hypothesis import strategies as st

from evalkit.emulator.previews import Previews


def pieces(text: str) -> list[str]:
    previews = Previews()
    previews.listeners = 1
    previews.write(0, "sevt_1", text)
    deltas = [preview.event["delta"] for preview in previews.after(0, up_to=0)]
    return [delta["content"]["text"] for delta in deltas if isinstance(delta, dict)]


@given(st.text(alphabet=" ab\n", max_size=200))
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_nothing_is_made_while_nobody_listens() -> None:
    previews = Previews()
    previews.start(0, "sevt_1", "agent.message")

    assert previews.latest() == 0
    assert previews.after(0, up_to=9) == ()


def test_a_preview_is_not_given_before_its_place() -> None:
    previews = Previews()
    previews.listeners = 1
    previews.start(3, "sevt_1", "agent.thinking")

    assert previews.after(0, up_to=2) == ()
    assert [preview.of for preview in previews.after(0, up_to=3)] == ["agent.thinking"]


def test_a_reader_that_is_far_behind_loses_the_oldest_and_memory_stays_bounded() -> None:
    previews = Previews()
    previews.listeners = 1
    for number in range(1000):
        previews.start(number, f"sevt_{number}", "agent.message")

    kept = previews.after(0, up_to=1000)
    assert kept[-1].number == 1000
    assert len(kept) < 100
