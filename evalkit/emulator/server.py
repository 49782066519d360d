"""The emulator as a context manager: a real server on the loopback interface, in a thread of its own.

with Emulator(Path("suites/quickstart/scenario.yaml")) as emulator:
    client = AsyncAnthropic(base_url=emulator.base_url, api_key="emulator")
"""

import asyncio
import socket
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import uvicorn

from evalkit.emulator.connections import Connections
from evalkit.emulator.faults import Fault
from evalkit.emulator.read_faults import parse_fault
from evalkit.emulator.routes import RequestLog, SeenRequest, build_app
from evalkit.emulator.scenario import Scenario, ScenarioError, load_scenario
from evalkit.emulator.world import World

HOST = "127.0.0.1"
_BACKLOG = 512


class EmulatorStartError(Exception):
    """The server cannot start; the text is one plain line."""


class EmulatorOptionError(EmulatorStartError):
    """What the server was asked to be cannot be: a number, a fault or the scenario is wrong."""


class Emulator:
    """A local server that speaks the Managed Agents API; nobody but this machine can reach it.

    Without a scenario every resource works and every turn ends with a `session.error`. `time_scale` 0 waits for
    nothing, 1 takes as long as the platform would. `journal` is a SQLite file, with a folder of bytes beside it, that
    everything is kept in: a server on the journal of another goes on where that one stopped. `seed` replaces the
    scenario's. Each of `faults` is one line of YAML, as in a scenario, and befalls every session.
    """

    def __init__(
        self,
        scenario: Path | None = None,
        *,
        journal: Path | None = None,
        time_scale: float = 0.0,
        port: int = 0,
        seed: int | None = None,
        faults: Sequence[str] = (),
    ) -> None:
        """A server that is not running yet.

        Raises:
            EmulatorOptionError: a number is out of its range, or a fault cannot be read.
        """
        if not 0 <= time_scale <= 1000:
            raise EmulatorOptionError(f"emulator: time_scale is {time_scale!r}; give a number from 0 to 1000")
        if not 0 <= port <= 65535:
            raise EmulatorOptionError(f"emulator: port is {port!r}; give one from 0 to 65535, 0 for any that is free")
        self._scenario_path = scenario
        self._journal_path = journal
        self._time_scale = time_scale
        self._port = port
        self._seed = seed
        self._faults = _parse_faults(faults)
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
        """The newest two thousand requests answered so far, in order."""
        return self._log.all()

    def __enter__(self) -> Self:
        """The server answers.

        Raises:
            EmulatorOptionError: the scenario is wrong.
            EmulatorStartError: the port is taken, or the journal cannot be opened.
        """
        scenario = self._load_scenario()
        running = _RunningServer(self._bind(), self._log)
        running.start(lambda: World(scenario, self._journal_path, self._time_scale, self._faults))
        self._running = running
        return self

    def __exit__(self, *_: object) -> None:
        """The server has stopped and its thread is gone; so is what it held, unless there is a journal."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def _load_scenario(self) -> Scenario | None:
        if self._scenario_path is None:
            return None
        try:
            scenario = load_scenario(self._scenario_path)
        except ScenarioError as error:
            raise EmulatorOptionError(str(error)) from error
        return scenario if self._seed is None else replace(scenario, seed=self._seed)

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


class _RunningServer:
    """The thread, its event loop, and the world that lives in it."""

    def __init__(self, listener: socket.socket, log: RequestLog) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._log = log
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._failure: EmulatorStartError | None = None
        self._is_up = threading.Event()

    def start(self, make_world: Callable[[], World]) -> None:
        """The thread runs, and `stop` will be heard; connections are taken from now on.

        Raises:
            EmulatorStartError: the world cannot be made.
        """
        name = f"emulator-{self.port}"
        self._thread = threading.Thread(target=self._work, args=(make_world,), name=name, daemon=True)
        self._thread.start()
        self._is_up.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Streams have ended, answers are sent, the thread is gone."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _work(self, make_world: Callable[[], World]) -> None:
        try:
            asyncio.run(self._serve(make_world))
        except EmulatorStartError as error:
            self._failure = error
        finally:
            self._is_up.set()
            self._listener.close()

    async def _serve(self, make_world: Callable[[], World]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        world = _made(make_world)
        connections = Connections()
        config = uvicorn.Config(
            build_app(world, self._log, connections),
            loop="asyncio",
            http=connections.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # Longer than clients keep a connection: one that closes first loses the request that is on its way.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[self._listener]))
        self._is_up.set()
        try:
            await self._stopping.wait()
        finally:
            await world.stop()
            server.should_exit = True
            await serving
            await world.close()


def _made(make_world: Callable[[], World]) -> World:
    try:
        world = make_world()
        world.resume()
    except BlockingIOError as error:
        raise EmulatorStartError("emulator: another server uses this journal; stop it, or name another file") from error
    except OSError as error:
        raise EmulatorStartError(f"emulator: cannot start ({error})") from error
    except sqlite3.Error as error:
        raise EmulatorStartError(f"emulator: cannot be opened as a journal ({error}); name a new file") from error
    return world


def _parse_faults(lines: Sequence[str]) -> tuple[Fault, ...]:
    faults = []
    for line in lines:
        fault = parse_fault(line)
        if isinstance(fault, list):
            raise EmulatorOptionError("\n".join(f"--fault {line!r}: {problem.message}" for problem in fault))
        faults.append(fault)
    return tuple(faults)
