"""Chance that can be repeated: every draw is a hash of the scenario's seed, the trial and the name of the draw.

Nothing is consumed in order, so a draw does not depend on which draws came before it, on other sessions, or on time. A
fresh repeat or attempt is a fresh draw; two variants of one task are independent.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Final, TypeVar

_TRIAL_KEYS: Final = ("evalkit_task", "evalkit_variant", "evalkit_repeat", "evalkit_attempt")
_STEPS: Final = 1 << 53
"""As many equal steps as a float in [0, 1) can hold exactly."""

Number = TypeVar("Number", int, float)


class Draws:
    """The draws of one session. `metadata` is the session's; keys that are absent count as empty text."""

    def __init__(self, seed: int, metadata: Mapping[str, str]) -> None:
        self._trial = [str(seed), *(metadata.get(key, "") for key in _TRIAL_KEYS)]

    def chance(self, name: str) -> float:
        """A number in [0, 1), even over names: `chance(n) < p` holds with probability `p`, never at 0, always at 1."""
        return self._step(name) / _STEPS

    def between(self, name: str, low: Number, high: Number) -> Number:
        """A number from `low` to `high`, both included, even over names; whole if both are whole."""
        if isinstance(low, int) and isinstance(high, int):
            return low + self._step(name) * (high - low + 1) // _STEPS
        return low + (high - low) * (self._step(name) / (_STEPS - 1))

    def _step(self, name: str) -> int:
        text = json.dumps([*self._trial, name], separators=(",", ":"))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 11
