"""What no SDK sends, and what every answer has."""

import json
import socket
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage import MANAGED

from evalkit.emulator import Emulator, EmulatorStartError

HEADERS = {"authorization": "Bearer k", "anthropic-version": "2023-06-01", "anthropic-beta": f"other, {MANAGED}"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("name", "model", "tools", "system", "metadata", "agent", "environment_id", "resources", "events", "budget")
BODIES = st.dictionaries(st.sampled_from((*FIELDS, "config", "type", "initial_events")), JSON, max_size=5)


@pytest.fixture(scope="module")
def wire(emulator: Emulator) -> Any:
    with httpx2.Client(base_url=emulator.base_url, headers=HEADERS, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def session_path(wire: httpx2.Client) -> str:
    agent = wire.post("/v1/agents", json={"name": "a", "model": "claude-sonnet-5-5"}).json()
    environment = wire.post("/v1/environments", json={"name": "wire"}).json()
    body = {"agent": agent["id"], "environment_id": environment["id"]}
    return f"/v1/sessions/{wire.post('/v1/sessions', json=body).json()['id']}"


def assert_is_an_error(answer: httpx2.Response, status: int | None = None) -> dict[str, Any]:
    body = answer.json()
    assert 400 <= answer.status_code < 500
    assert status in (None, answer.status_code)
    assert set(body) == {"type", "error", "request_id"}
    assert body["request_id"] == answer.headers["request-id"]
    assert isinstance(body["error"]["message"], str)
    error: dict[str, Any] = body["error"]
    return error


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"authorization": ""}, 401, "authentication_error"),
        ({"anthropic-version": None}, 400, "invalid_request_error"),
        ({"anthropic-beta": "other"}, 404, "not_found_error"),
    ],
)
def test_a_request_that_lacks_a_header_is_refused(
    wire: httpx2.Client, change: dict[str, str | None], status: int, kind: str
) -> None:
    headers = {key: value for key, value in (HEADERS | change).items() if value is not None}
    with httpx2.Client(base_url=wire.base_url, headers=headers, trust_env=False) as bare:
        answer = bare.get("/v1/agents")

    assert assert_is_an_error(answer, status)["type"] == kind


def test_both_forms_of_a_key_open_the_door_and_are_witnessed(emulator: Emulator) -> None:
    for header in ({"x-api-key": "old-form"}, {"authorization": "Bearer new-form"}):
        httpx2.get(
            f"{emulator.base_url}/v1/agents",
            headers={**header, "anthropic-version": "x", "anthropic-beta": MANAGED},
            trust_env=False,
        ).raise_for_status()

    assert [seen.credential for seen in emulator.requests[-2:]] == ["old-form", "new-form"]
    assert "old-form" not in repr(emulator.requests[-2])


def test_files_need_no_beta_header(wire: httpx2.Client) -> None:
    headers = {key: value for key, value in HEADERS.items() if key != "anthropic-beta"}
    with httpx2.Client(base_url=wire.base_url, headers=headers, trust_env=False) as bare:
        assert bare.get("/v1/files").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("PUT", "/v1/agents", 405), ("GET", "/v1/agents/", 404), ("GET", "/", 404)],
)
def test_a_path_that_is_not_served_is_an_error_of_the_api(
    wire: httpx2.Client, method: str, path: str, status: int
) -> None:
    assert_is_an_error(wire.request(method, path), status)


@pytest.mark.parametrize(
    "content", [b"{", b"\xff", b"[]", b'"text"', b'{"a": NaN}', b"[" * 100_000, b'{"name": "\\ud800"}']
)
def test_a_body_that_is_no_object_of_text_is_refused(wire: httpx2.Client, content: bytes) -> None:
    assert_is_an_error(wire.post("/v1/agents", content=content), 400)


@given(body=BODIES)
def test_no_agent_body_breaks_the_server(wire: httpx2.Client, body: Any) -> None:
    answer = wire.post("/v1/agents", content=json.dumps(body))

    assert answer.status_code == 200 or assert_is_an_error(answer)


@given(body=BODIES)
def test_no_session_body_breaks_the_server(wire: httpx2.Client, body: Any) -> None:
    assert_is_an_error(wire.post("/v1/sessions", content=json.dumps(body)))


@given(
    kind=st.sampled_from(["user.message", "user.define_outcome", "user.tool_confirmation", "user.custom_tool_result"]),
    fields=st.dictionaries(
        st.sampled_from(["content", "rubric", "description", "max_iterations", "tool_use_id", "result"]), JSON
    ),
)
def test_no_event_breaks_the_server(wire: httpx2.Client, session_path: str, kind: str, fields: Any) -> None:
    event = {**fields, "type": kind}
    if kind == "user.message":
        event["content"] = [{"type": "image", "source": fields}]

    assert_is_an_error(wire.post(f"{session_path}/events", content=json.dumps({"events": [event]})), 400)


@settings(max_examples=40)
@given(
    query=st.dictionaries(
        st.sampled_from(["limit", "page", "order", "created_at[gt]", "types[]", "scope_id"]), st.text()
    )
)
@pytest.mark.parametrize("path", ["/v1/agents", "/v1/files", "/v1/sessions", "events"])
def test_no_query_breaks_a_list(wire: httpx2.Client, session_path: str, path: str, query: dict[str, str]) -> None:
    answer = wire.get(f"{session_path}/events" if path == "events" else path, params=query)

    assert answer.status_code == 200 or assert_is_an_error(answer)


@settings(max_examples=40)
@given(content=st.binary(max_size=300), boundary=st.sampled_from(["b", "", "x" * 300]))
def test_no_upload_breaks_the_server(wire: httpx2.Client, content: bytes, boundary: str) -> None:
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}

    assert_is_an_error(wire.post("/v1/files", content=content, headers=headers), 400)


def test_a_body_above_the_limit_is_refused_without_being_read(wire: httpx2.Client) -> None:
    answer = wire.post("/v1/agents", content=b" " * (33 * 1024 * 1024))

    assert assert_is_an_error(answer, 413)["type"] == "request_too_large"


def test_the_server_listens_on_the_loopback_interface_alone(emulator: Emulator) -> None:
    port = int(emulator.base_url.rpartition(":")[2])

    assert emulator.base_url == f"http://127.0.0.1:{port}"
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))


def test_a_taken_port_is_one_plain_line(emulator: Emulator) -> None:
    port = int(emulator.base_url.rpartition(":")[2])

    with pytest.raises(EmulatorStartError) as refused, Emulator(port=port):
        pytest.fail("two servers on one port")

    assert str(refused.value).startswith(f"emulator: port {port} of 127.0.0.1 cannot be used (")
    assert "\n" not in str(refused.value)


def test_a_wrong_scenario_is_refused_before_anything_listens(tmp_path: Path) -> None:
    (tmp_path / "scenario.yaml").write_text("format: evalkit-scenario/1\nseed: 1\nsessions: []\nsurprise: 1\n")

    with pytest.raises(EmulatorStartError, match="surprise"), Emulator(tmp_path / "scenario.yaml"):
        pytest.fail("started")


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("this is a text, and longer than the header of a database is")

    with (
        pytest.raises(EmulatorStartError, match="cannot be opened as a journal"),
        Emulator(journal=tmp_path / "journal"),
    ):
        pytest.fail("started")


def test_the_base_url_is_known_only_while_the_server_runs() -> None:
    with pytest.raises(EmulatorStartError, match="not running"):
        _ = Emulator().base_url
