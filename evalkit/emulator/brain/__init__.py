"""What decides the agent's next words and tool uses, woken with nothing but the fold of a session's journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from evalkit.emulator.fields import JsonObject
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
    mcp_server: str | None = None
    """None: no tool of an MCP server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """A task for another agent, in a thread of its own."""

    agent: str
    task: str
    number: int
    """Which of the scenario's threads it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one model request comes back with."""

    thinks: bool
    text: str | None
    uses: tuple[ToolUse, ...]
    """None: the agent has nothing more to do in this turn."""
    tokens: Tokens
    duration_s: float
    thinks_after_s: float | None = None
    """None: a good part of the time before the answer."""
    usage_after_s: float | None = None
    """When the snapshot that an evaluation owes is sent, should it owe one; None: drawn, within the request."""
    delegations: tuple[Delegation, ...] = ()
    is_report: bool = False
    """A subagent's last words, for its coordinator."""
    refusal: Mapping[str, object] | None = None
    """Category and explanation where the model refused: there is nothing else then. None: it did not."""


class Brain(Protocol):
    """An agent loop without a memory of its own: it may be dropped and made anew between any two calls."""

    is_trusted: ClassVar[bool]
    """Its commands are their author's own, not a model's: they may run where no sandbox works."""

    async def reply(self, state: SessionState) -> Reply:
        """The answer to the request that is open in `state`.

        Raises:
            BrainError: there is none.
        """
        ...

    async def carry_out(self, state: SessionState, use: JsonObject, hands: Hands) -> ToolOutcome | None:
        """What one of its tool uses comes to; None where it is for the hands alone to do."""
        ...
