"""Reading a request's JSON: each field once, by name and type; what was not read is refused.

Messages have the form that was recorded: `tools[0].configs[0].name: …`.
"""

from collections.abc import Collection, Mapping

from evalkit.emulator.problems import ApiProblem, refused

JsonObject = dict[str, object]

_MAX_METADATA = 16
_MAX_METADATA_KEY = 64
_MAX_METADATA_VALUE = 512


class Fields:
    """One JSON object of a request."""

    def __init__(self, value: object, at: str = "") -> None:
        if not isinstance(value, dict):
            raise refused(f"{at or 'body'}: an object is required")
        self._values: dict[str, object] = value
        self._at = at
        self._read: set[str] = set()

    def place(self, key: str) -> str:
        """Where `key` stands, for a message."""
        return f"{self._at}.{key}" if self._at else key

    def problem(self, key: str, message: str) -> ApiProblem:
        """A 400 about one field."""
        return refused(f"{self.place(key)}: {message}")

    def has(self, key: str) -> bool:
        """Whether the field was sent, null included."""
        return key in self._values

    def value(self, key: str) -> object:
        """The raw value; None when absent or null."""
        self._read.add(key)
        return self._values.get(key)

    def text(self, key: str, *, longest: int = 262_144, shortest: int = 1) -> str:
        """A required string between `shortest` and `longest` characters."""
        found = self.optional_text(key, longest=longest, shortest=shortest)
        if found is None:
            raise self.problem(key, "field required")
        return found

    def optional_text(self, key: str, *, longest: int = 262_144, shortest: int = 0) -> str | None:
        """A string, or None when absent or null."""
        found = self.value(key)
        if found is None:
            return None
        if not isinstance(found, str):
            raise self.problem(key, "a string is required")
        if not shortest <= len(found) <= longest:
            raise self.problem(key, f"{shortest} to {longest} characters are allowed, found {len(found)}")
        return found

    def choice(self, key: str, allowed: Collection[str], *, default: str | None = None) -> str:
        """One of `allowed`; required unless there is a default."""
        found = self.optional_text(key)
        if found is None:
            found = default
        if found is None:
            raise self.problem(key, "field required")
        if found not in allowed:
            raise self.problem(key, f"{found!r} is not one of {', '.join(sorted(allowed))}")
        return found

    def flag(self, key: str, *, default: bool) -> bool:
        """A boolean; the default when absent or null."""
        found = self.value(key)
        if found is None:
            return default
        if not isinstance(found, bool):
            raise self.problem(key, "a boolean is required")
        return found

    def integer(self, key: str, *, low: int, high: int) -> int | None:
        """A whole number within the bounds, or None when absent or null."""
        found = self.value(key)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int):
            raise self.problem(key, "an integer is required")
        if not low <= found <= high:
            raise self.problem(key, f"{low} to {high} is allowed, found {found}")
        return found

    def child(self, key: str) -> "Fields | None":
        """The object below `key`, or None when absent or null."""
        found = self.value(key)
        return None if found is None else Fields(found, self.place(key))

    def items(self, key: str, *, most: int) -> "list[Fields]":
        """The objects of the list below `key`; none when absent or null."""
        return [Fields(item, f"{self.place(key)}[{index}]") for index, item in enumerate(self._list(key, most))]

    def texts(self, key: str, *, most: int = 1000) -> list[str]:
        """The strings of the list below `key`; none when absent or null."""
        found = self._list(key, most)
        strings = [item for item in found if isinstance(item, str)]
        if len(strings) != len(found):
            raise self.problem(key, "a list of strings is required")
        return strings

    def metadata(self, key: str = "metadata") -> dict[str, str]:
        """A map of at most 16 strings (documented bounds)."""
        return patched_metadata({}, self, key)

    def end(self) -> None:
        """Every field sent was read; an unknown one is refused."""
        unknown = sorted(set(self._values) - self._read)
        if unknown:
            raise self.problem(unknown[0], "extra inputs are not permitted")

    def _list(self, key: str, most: int) -> list[object]:
        found = self.value(key)
        if found is None:
            return []
        if not isinstance(found, list):
            raise self.problem(key, "a list is required")
        if len(found) > most:
            raise self.problem(key, f"at most {most} items are allowed, found {len(found)}")
        return found


def patched_metadata(current: Mapping[str, str], body: Fields, key: str = "metadata") -> dict[str, str]:
    """`current` with the patch below `key`: a string sets, null removes, a missing key keeps."""
    patch = body.value(key)
    if patch is None:
        return dict(current)
    if not isinstance(patch, dict):
        raise body.problem(key, "an object is required")
    result = dict(current)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif not isinstance(value, str) or len(value) > _MAX_METADATA_VALUE or not 0 < len(name) <= _MAX_METADATA_KEY:
            raise ApiProblem(
                400,
                f"{body.place(key)}: keys of 1 to {_MAX_METADATA_KEY} and string values of up to "
                f"{_MAX_METADATA_VALUE} characters are allowed",
                error_code="invalid_metadata",
            )
        else:
            result[name] = value
    if len(result) > _MAX_METADATA:
        raise ApiProblem(400, f"{body.place(key)}: at most {_MAX_METADATA} pairs", error_code="invalid_metadata")
    return result
