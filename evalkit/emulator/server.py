"""The emulator as a context manager: a real server on the loopback interface, in a thread of its own.

with Emulator(Path("suites/quickstart/scenario.yaml")) as emulator:
    client = AsyncAnthropic(base_url=emulator.base_url, api_key="emulator")
"""

import asyncio
import socket
import sqlite3
import threading
from pathlib import Path
from typing import Self

import uvicorn

from evalkit.emulator.journal import JournalFile
from evalkit.emulator.routes import RequestLog, SeenRequest, build_app
from evalkit.emulator.scenario import Scenario, ScenarioError, load_scenario
from evalkit.emulator.world import World

HOST = "127.0.0.1"
_BACKLOG = 512


class EmulatorStartError(Exception):
    """The server cannot start; the text is one plain line."""


class Emulator:
    """A local server that speaks the Managed Agents API; nobody but this machine can reach it.

    Without a scenario every resource works and every turn ends with a `session.error`. `time_scale` 0 waits for
    nothing, 1 takes as long as the platform would. `journal` is a SQLite file that every session's entries go to.
    """

    def __init__(
        self, scenario: Path | None = None, *, journal: Path | None = None, time_scale: float = 0.0, port: int = 0
    ) -> None:
        if not 0 <= time_scale <= 1000:
            raise EmulatorStartError(f"emulator: time_scale is {time_scale!r}; give a number from 0 to 1000")
        if not 0 <= port <= 65535:
            raise EmulatorStartError(f"emulator: port is {port!r}; give one from 0 to 65535, 0 for any that is free")
        self._scenario_path = scenario
        self._journal_path = journal
        self._time_scale = time_scale
        self._port = port
        self._log = RequestLog()
        self._running: _RunningServer | None = None

    @property
    def base_url(self) -> str:
        """What to give an SDK as `base_url`.

        Raises:
            EmulatorStartError: the server is not running.
        """
        if self._running is None:
            raise EmulatorStartError("emulator: not running; use it in a with statement")
        return f"http://{HOST}:{self._running.port}"

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """Every request answered so far, in order."""
        return self._log.all()

    def __enter__(self) -> Self:
        """The server answers.

        Raises:
            EmulatorStartError: the scenario is wrong, the port is taken, or the journal cannot be opened.
        """
        scenario = self._load_scenario()
        listener = self._bind()
        try:
            journal_file = self._open_journal()
        except EmulatorStartError:
            listener.close()
            raise
        running = _RunningServer(listener, scenario, journal_file, self._time_scale, self._log)
        running.start()
        self._running = running
        return self

    def __exit__(self, *_: object) -> None:
        """The server has stopped; its sessions, its files and its thread are gone."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def _load_scenario(self) -> Scenario | None:
        if self._scenario_path is None:
            return None
        try:
            return load_scenario(self._scenario_path)
        except ScenarioError as error:
            raise EmulatorStartError(str(error)) from error

    def _bind(self) -> socket.socket:
        # Named as TCP, because asyncio turns Nagle's algorithm off only then: without it every answer waits 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, self._port))
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            raise EmulatorStartError(
                f"emulator: port {self._port} of {HOST} cannot be used ({error.strerror}); choose another, or 0"
            ) from error
        return listener

    def _open_journal(self) -> JournalFile | None:
        if self._journal_path is None:
            return None
        try:
            return JournalFile(self._journal_path)
        except sqlite3.Error as error:
            raise EmulatorStartError(
                f"{self._journal_path}: cannot be opened as a journal ({error}); name a new file"
            ) from error


class _RunningServer:
    """The thread, its event loop, and the world that lives in it."""

    def __init__(
        self,
        listener: socket.socket,
        scenario: Scenario | None,
        journal_file: JournalFile | None,
        time_scale: float,
        log: RequestLog,
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._scenario = scenario
        self._journal_file = journal_file
        self._time_scale = time_scale
        self._log = log
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._failure: Exception | None = None
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"emulator-{self.port}", daemon=True)

    def start(self) -> None:
        """The thread runs, and `stop` will be heard; connections are taken from now on.

        Raises:
            EmulatorStartError: the server's folder cannot be made.
        """
        self._thread.start()
        self._is_up.wait()
        if self._failure is not None:
            self._thread.join()
            raise EmulatorStartError(f"emulator: cannot start ({self._failure})") from self._failure

    def stop(self) -> None:
        """Streams have ended, answers are sent, the thread is gone."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _work(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._is_up.set()
            self._listener.close()
            if self._journal_file is not None:
                self._journal_file.close()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        world = World(self._scenario, self._journal_file, self._time_scale)
        config = uvicorn.Config(
            build_app(world, self._log),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[self._listener]))
        self._is_up.set()
        try:
            await self._stopping.wait()
        finally:
            await world.close()
            server.should_exit = True
            await serving
