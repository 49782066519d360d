import json
from pathlib import Path
from typing import Any

import pytest
from anthropic import AsyncAnthropic, BadRequestError, NotFoundError
from stage import with_client

from evalkit.emulator import Emulator

PRICED = list(json.loads((Path(__file__).parents[2] / "evalkit" / "prices.json").read_text())["models"])


def test_the_models_are_those_with_a_price_and_the_list_ends(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[str]:
        return [model.id async for model in client.models.list(limit=4)]

    assert with_client(emulator, act) == PRICED


def test_pages_of_models_lead_both_ways(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        newer = await client.models.list(before_id=PRICED[5], limit=2)
        older = await client.models.list(after_id=PRICED[5], limit=2)
        return [m.id for m in newer.data], newer.has_more, [m.id for m in older.data], older.last_id

    assert with_client(emulator, act) == (PRICED[3:5], True, PRICED[6:8], PRICED[7])


def test_a_model_is_looked_up_by_id(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> Any:
        model = await client.beta.models.retrieve("claude-sonnet-5-5")
        with pytest.raises(NotFoundError):
            await client.models.retrieve("claude-nobody-1")
        with pytest.raises(BadRequestError, match="claude-nobody-1"):
            await client.models.list(after_id="claude-nobody-1")
        return model.display_name, model.line, model.lifecycle

    assert with_client(emulator, act) == ("Claude Sonnet 5.5", "sonnet", "active")
