"""What decides the agent's next words and tool uses, woken with nothing but the fold of a session's journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from evalkit.emulator.hands import Hands, ToolOutcome
from evalkit.emulator.state import SessionState
from evalkit.emulator.usage import Tokens


class BrainError(Exception):
    """The brain cannot go on with this turn; the text becomes a `session.error`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """One tool use that the agent asks for."""

    name: str
    tool_input: Mapping[str, object]
    is_custom: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one model request comes back with."""

    thinks: bool
    text: str | None
    uses: tuple[ToolUse, ...]
    """None: the agent has nothing more to do in this turn."""
    tokens: Tokens
    duration_s: float


class Brain(Protocol):
    """An agent loop without a memory of its own: it may be dropped and made anew between any two calls."""

    async def reply(self, state: SessionState) -> Reply:
        """The answer to the request that is open in `state`.

        Raises:
            BrainError: there is none.
        """
        ...

    async def run_command(self, state: SessionState, command: str, hands: Hands) -> ToolOutcome | None:
        """What a command of the agent's own prints; None where it is not one it brought along."""
        ...
