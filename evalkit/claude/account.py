"""What a key opens: asked with one request that changes nothing and costs nothing."""

from dataclasses import dataclass

import anthropic
import httpx2

from evalkit.claude.client import as_measurement_error
from evalkit.errors import MeasurementError


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the server said to the key."""

    accepted: bool
    has_managed_agents: bool
    workspace: str | None
    """As the server names it; None where it does not."""
    words: str
    """What was answered where something is missing; "" otherwise."""


async def look_at_account(client: anthropic.AsyncAnthropic) -> Account:
    """What the key may do, from the status of listing one agent.

    Raises:
        MeasurementError: the server could not be reached, or answered with trouble of its own: nothing is known.
    """
    try:
        answer = await client.beta.agents.with_raw_response.list(limit=1)
    except anthropic.APIStatusError as error:
        if error.status_code not in {401, 403, 404}:
            raise as_measurement_error(error, "list agents") from error
        failure: MeasurementError = as_measurement_error(error, "list agents")
        return Account(
            accepted=error.status_code != 401,
            has_managed_agents=False,
            workspace=error.response.headers.get("anthropic-workspace-id"),
            words=str(failure),
        )
    except (anthropic.AnthropicError, httpx2.HTTPError) as error:
        raise as_measurement_error(error, "list agents") from error
    return Account(
        accepted=True,
        has_managed_agents=True,
        workspace=answer.headers.get("anthropic-workspace-id"),
        words="",
    )
