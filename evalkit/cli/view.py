"""`evalkit view`: a run's page from a server on this machine, which reads files when they are looked at."""

import json
import re
import webbrowser
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import unquote

import click

from evalkit.cli.exit_code import ExitCode
from evalkit.cli.options import reports_option, run_argument
from evalkit.cli.report import stored_run

_PREVIEW = re.compile(r"preview/([0-9a-f]{64})/([^/]+)")


@click.command("view")
@run_argument
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port [default: a free one].")
@click.option("--no-open", is_flag=True, help="Print the address and open no browser.")
@reports_option
def view_command(run: str, port: int, no_open: bool, reports: Path | None) -> int:
    """Serve RUN [default: last] on this machine alone, until Ctrl-C, and open it in the browser."""
    folder, record, secrets = stored_run(run, reports)
    from evalkit.report.html_page import render_page
    from evalkit.report.preview import preview_of
    from evalkit.store.blobs import blob_path

    delivered = {artifact.sha256 for trial in record.trials for artifact in trial.artifacts}

    def preview(name: str, sha256: str) -> bytes | None:
        if sha256 not in delivered:
            return None
        shown = preview_of(name, lambda digest: blob_path(folder, digest).read_bytes(), sha256, secrets)
        return json.dumps(shown).encode()

    server = page_server(port, render_page((record,), {}, is_lazy=True).encode(), preview)
    click.echo(f"{record.id}: {server.address}")
    click.echo("Ctrl-C ends it")
    if not no_open:
        webbrowser.open(server.address)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return ExitCode.MEASURED
    return ExitCode.MEASURED


class PageServer(ThreadingHTTPServer):
    """Serves one page below a path that nobody can guess, on loopback."""

    daemon_threads = True
    address: str
    """Where the page is."""


def page_server(port: int, page: bytes, preview: Callable[[str, str], bytes | None]) -> PageServer:
    """A server bound to loopback, not yet serving; `preview` gives JSON for a file's name and SHA-256, None for none.

    The address holds a random word, and a request whose Host is another name is refused: neither another user of this
    machine nor a page that a browser has open can read the run.
    """
    word = token_urlsafe(16)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            rest = self.path.removeprefix(f"/{word}/")
            if self.headers.get("Host") != server.address.split("/")[2] or rest == self.path:
                self._answer(HTTPStatus.NOT_FOUND, b"", "text/plain")
            elif not rest:
                self._answer(HTTPStatus.OK, page, "text/html; charset=utf-8")
            else:
                found = _PREVIEW.fullmatch(rest)
                content = preview(unquote(found[2]), found[1]) if found else None
                status = HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK
                self._answer(status, content or b"", "application/json")

        def _answer(self, status: HTTPStatus, content: bytes, media: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the standard library's)
            """Nothing is logged: the address is nobody else's business."""

    server = PageServer(("127.0.0.1", port), Handler)
    server.address = f"http://127.0.0.1:{server.server_address[1]}/{word}/"
    return server
