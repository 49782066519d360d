"""Text, read as UTF-8 and as nothing else: guessing an encoding would let the same file mean two things."""

from evalkit.checks.problems import BadDeliverableError
from evalkit.checks.result import Place


def decode_utf8(content: bytes, name: str) -> str:
    """`content` as text; a byte order mark is kept.

    Raises:
        BadDeliverableError: it is not UTF-8; the line and offset of the first wrong byte are named.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        at = Place(file=name, line=content.count(b"\n", 0, error.start) + 1)
        if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            raise BadDeliverableError("UTF-16", wanted="UTF-8", at=Place(file=name)) from error
        found = f"byte 0x{content[error.start]:02x} at offset {error.start}"
        raise BadDeliverableError(found, wanted="UTF-8", at=at) from error
