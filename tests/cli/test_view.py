import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from evalkit.cli.view import PageServer, page_server

SHA = "ab" * 32


@contextmanager
def served() -> Iterator[PageServer]:
    server = page_server(0, b"<p>page", lambda name, sha256: f'"{name}"'.encode() if sha256 == SHA else None)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def get(server: PageServer, path: str, host: str | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_page_and_its_previews_are_below_the_address_alone() -> None:
    with served() as server:
        base = "/" + server.address.split("/", 3)[3]

        assert server.address.startswith("http://127.0.0.1:")
        assert get(server, base) == (200, b"<p>page")
        assert get(server, f"{base}preview/{SHA}/a%20b.csv") == (200, b'"a b.csv"')
        assert get(server, "/")[0] == get(server, f"/preview/{SHA}/a.csv")[0] == 404
        assert get(server, f"{base}preview/{'cd' * 32}/a.csv")[0] == get(server, f"{base}../etc/passwd")[0] == 404


def test_another_host_name_is_refused_so_that_no_page_elsewhere_can_read_it() -> None:
    with served() as server:
        base = "/" + server.address.split("/", 3)[3]

        assert get(server, base, host=f"evil.test:{server.server_address[1]}")[0] == 404
