"""The events a client may send, read from a request into the form in which they are kept.

What depends on the session's state (an unknown tool-use id, a second outcome) is decided by the session; here only
shapes are. Source: SDK 2.12 params; bounds: protocol sections 1.3, 2.1.
"""

from collections.abc import Callable

from evalkit.emulator.fields import Fields, JsonObject
from evalkit.emulator.problems import refused

MAX_EVENTS = 50
"""Documented for `initial_events`; taken for `send` as well."""
_ANSWERS = ("user.tool_confirmation", "user.custom_tool_result", "user.tool_result")
INITIAL_TYPES = ("user.message", "user.define_outcome")
_MAX_RUBRIC = 262_144
_MAX_FILE_DOCUMENTS = 100
"""Documents of one request that are files (documented)."""
_MAX_ITERATIONS = 20

FileText = Callable[[str], str]
"""The text of an uploaded file, by id; raises ApiProblem where there is none."""


def read_client_events(body: Fields, key: str, file_text: FileText) -> tuple[JsonObject, ...]:
    """The events below `key`, in order, each with its `type` and without `id` or `processed_at`.

    A rubric given as a file is resolved to its text, as the platform's echo shows it.

    Raises:
        ApiProblem: 400, by field; 404, a rubric file that does not exist.
    """
    events = tuple(_read(event, file_text) for event in body.items(key, most=MAX_EVENTS))
    _check_system_message(events)
    _check_documents(events, body.place(key))
    return events


def check_initial(events: tuple[JsonObject, ...]) -> None:
    """The events may stand in a session's create call.

    Raises:
        ApiProblem: 400, another kind of event, or more than one outcome.
    """
    for index, event in enumerate(events):
        if event["type"] not in INITIAL_TYPES:
            raise refused(f"initial_events[{index}].type: only {' and '.join(INITIAL_TYPES)} are allowed")
    if sum(event["type"] == "user.define_outcome" for event in events) > 1:
        raise refused("initial_events: at most one user.define_outcome is allowed")


def _read(event: Fields, file_text: FileText) -> JsonObject:
    kind = event.choice("type", _READERS)
    kept: JsonObject = {"type": kind} | _READERS[kind](event, file_text)
    if kind in _ANSWERS:
        # Clients echo the thread that asked (documented); the id of the tool use says it already.
        event.optional_text("session_thread_id")
    event.end()
    return kept


def _message(event: Fields, _: FileText) -> JsonObject:
    return {"content": _content(event, ("text", "image", "document"), required=True)}


def _system_message(event: Fields, _: FileText) -> JsonObject:
    return {"content": _content(event, ("text",), required=True)}


def _interrupt(event: Fields, _: FileText) -> JsonObject:
    thread = event.optional_text("session_thread_id")
    return {} if thread is None else {"session_thread_id": thread}


def _confirmation(event: Fields, _: FileText) -> JsonObject:
    kept: JsonObject = {
        "tool_use_id": event.text("tool_use_id"),
        "result": event.choice("result", ("allow", "deny")),
    }
    message = event.optional_text("deny_message")
    if message is not None:
        if kept["result"] == "allow":
            raise event.problem("deny_message", "only allowed with result 'deny'")
        kept["deny_message"] = message
    return kept


def _custom_result(event: Fields, _: FileText) -> JsonObject:
    return {"custom_tool_use_id": event.text("custom_tool_use_id")} | _result(event)


def _tool_result(event: Fields, _: FileText) -> JsonObject:
    return {"tool_use_id": event.text("tool_use_id")} | _result(event)


def _result(event: Fields) -> JsonObject:
    content = _content(event, ("text", "image", "document", "search_result"), required=False)
    return {"content": content, "is_error": event.flag("is_error", default=False)}


def _define_outcome(event: Fields, file_text: FileText) -> JsonObject:
    kept: JsonObject = {
        "description": event.text("description"),
        "max_iterations": event.integer("max_iterations", low=1, high=_MAX_ITERATIONS) or 3,
    }
    rubric = event.child("rubric")
    if rubric is None:
        raise event.problem("rubric", "field required")
    if rubric.choice("type", ("text", "file")) == "text":
        text = rubric.text("content", longest=_MAX_RUBRIC)
    else:
        text = file_text(rubric.text("file_id"))
        if len(text) > _MAX_RUBRIC:
            raise rubric.problem("file_id", f"the file has more than {_MAX_RUBRIC} characters")
    rubric.end()
    return kept | {"rubric": {"type": "text", "content": text}}


def _content(event: Fields, allowed: tuple[str, ...], *, required: bool) -> list[JsonObject]:
    blocks = event.items("content", most=100)
    if required and not blocks:
        raise event.problem("content", "at least one block is required")
    return [_block(block, allowed) for block in blocks]


def _block(block: Fields, allowed: tuple[str, ...]) -> JsonObject:
    kind = block.choice("type", allowed)
    kept: JsonObject = {"type": kind}
    if kind == "text":
        kept["text"] = block.text("text", shortest=0)
    elif kind == "search_result":
        kept |= _search_result(block)
    else:
        kept["source"] = _source(block, kind)
        if kind == "document":
            kept |= {key: block.optional_text(key) for key in ("title", "context") if block.has(key)}
    block.end()
    return kept


def _source(block: Fields, kind: str) -> JsonObject:
    source = block.child("source")
    if source is None:
        raise block.problem("source", "field required")
    allowed = ("base64", "url", "file", "text") if kind == "document" else ("base64", "url", "file")
    form = source.choice("type", allowed)
    kept: JsonObject = {"type": form}
    if form == "base64":
        kept |= {"media_type": source.text("media_type"), "data": source.text("data", longest=2**25)}
    elif form == "text":
        kept |= {"media_type": source.choice("media_type", ("text/plain",)), "data": source.text("data", longest=2**25)}
    else:
        key = "url" if form == "url" else "file_id"
        kept[key] = source.text(key)
    source.end()
    return kept


def _search_result(block: Fields) -> JsonObject:
    citations = block.child("citations")
    parts = [_block(part, ("text",)) for part in block.items("content", most=100)]
    kept: JsonObject = {"source": block.text("source"), "title": block.text("title"), "content": parts}
    if citations is None:
        return kept | {"citations": {"enabled": False}}
    kept["citations"] = {"enabled": citations.flag("enabled", default=False)}
    citations.end()
    return kept


def _check_documents(events: tuple[JsonObject, ...], at: str) -> None:
    blocks = [block for event in events for block in _blocks_of(event) if block["type"] == "document"]
    sources = [block["source"] for block in blocks]
    files = sum(isinstance(source, dict) and source["type"] == "file" for source in sources)
    if files > _MAX_FILE_DOCUMENTS:
        raise refused(f"{at}: at most {_MAX_FILE_DOCUMENTS} documents may be files, found {files}")


def _blocks_of(event: JsonObject) -> list[JsonObject]:
    content = event.get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _check_system_message(events: tuple[JsonObject, ...]) -> None:
    before = ("user.message", "user.custom_tool_result", "user.tool_result")
    for index, event in enumerate(events):
        if event["type"] == "system.message":
            follows = index > 0 and events[index - 1]["type"] in before
            if index != len(events) - 1 or not follows:
                raise refused(f"events[{index}]: a system.message comes last, after a user.message or tool result")


_READERS: dict[str, Callable[[Fields, FileText], JsonObject]] = {
    "user.message": _message,
    "user.define_outcome": _define_outcome,
    "user.interrupt": _interrupt,
    "user.tool_confirmation": _confirmation,
    "user.custom_tool_result": _custom_result,
    "user.tool_result": _tool_result,
    "system.message": _system_message,
}
