# ruff: noqa: INP001 - scripts that are called by name, no package
"""How fast the emulator is and what it keeps in memory: sessions and events a second, kB a session, MB with streams.

    python benchmarks/emulator.py [--sessions 2000] [--at-once 100] [--streams 500]

Every session is one outcome of about two hundred events, at time scale 0 and without processes of a scenario's scripts,
in a server of its own process. Memory is that process's resident set; its slope is taken after enough sessions
have gone by that the caches have their size; below two thousand it is mostly the high-water mark of a hundred at once.
"""

import argparse
import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

SCENARIO = """\
format: evalkit-scenario/1
seed: 1
sessions:
  - match: {metadata: {evalkit_task: table}}
    deliver: {files: drafts}
    grader: {judged: {R1: met}}
    cost: {requests: [37, 37]}
"""
OUTCOME = {
    "type": "user.define_outcome",
    "description": "Write table.csv",
    "rubric": {"type": "text", "content": "- [R1] There is a table. Look.\n"},
    "max_iterations": 3,
}
HEADERS = {"x-api-key": "k", "anthropic-version": "2023-06-01", "anthropic-beta": "managed-agents-2026-04-01"}
PROGRAM = "from evalkit.cli.main import main; main()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The emulator in a process of its own."""

    address: str
    process_id: int

    def resident_kb(self) -> int:
        """Memory that the process holds now."""
        for line in Path(f"/proc/{self.process_id}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise SystemExit("benchmark: the server has ended")


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A running server that plays the scenario."""
    (folder / "drafts").mkdir()
    (folder / "drafts" / "table.csv").write_text("x\n1\n")
    (folder / "scenario.yaml").write_text(SCENARIO)
    options = ["--scenario", str(folder / "scenario.yaml"), "--time-scale", "0"]
    command = [sys.executable, "-u", "-c", PROGRAM, "emulator", "serve", *options]
    with subprocess.Popen(  # noqa: S603  # this very Python and this project's own program
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip().partition("=")[2]
        try:
            yield Server(address=address, process_id=process.pid)
        finally:
            process.send_signal(signal.SIGINT)


class Client:
    """Requests as a quick client makes them."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def prepare(self) -> None:
        """An agent and an environment are there."""
        agent = {"name": "a", "model": "claude-sonnet-5-5", "tools": [{"type": "agent_toolset_20260401"}]}
        self._agent = await self._post("/v1/agents", agent)
        self._environment = await self._post("/v1/environments", {"name": "bench"})

    async def create(self) -> str:
        """The id of a new session."""
        body = {"agent": self._agent, "environment_id": self._environment, "metadata": {"evalkit_task": "table"}}
        return await self._post("/v1/sessions", body)

    async def play(self) -> int:
        """How many events the stream of a session had, from its outcome to its end."""
        path = f"/v1/sessions/{await self.create()}/events"
        events = 0
        async with self._http.stream("GET", f"{path}/stream") as answer:
            (await self._http.post(path, json={"events": [OUTCOME]})).raise_for_status()
            async for line in answer.aiter_lines():
                events += line.startswith("event: ")
                if line == "event: session.status_idle":
                    break
        return events

    async def hold_stream(self, session_id: str, opened: asyncio.Semaphore) -> None:
        """A stream of the session is open until this is cancelled."""
        async with self._http.stream("GET", f"/v1/sessions/{session_id}/events/stream", timeout=None) as answer:
            opened.release()
            async for _ in answer.aiter_bytes():
                pass

    async def _post(self, path: str, body: Mapping[str, object]) -> str:
        answer = await self._http.post(path, json=body)
        answer.raise_for_status()
        return str(answer.json()["id"])


async def play_many(client: Client, sessions: int, at_once: int) -> int:
    """All events of so many sessions, played so many at once."""
    gate = asyncio.Semaphore(at_once)

    async def one() -> int:
        async with gate:
            return await client.play()

    return sum(await asyncio.gather(*(one() for _ in range(sessions))))


async def measure(server: Server, sessions: int, at_once: int, streams: int) -> list[tuple[str, str]]:
    """Each figure with its name."""
    limits = httpx2.Limits(max_connections=streams + at_once + 10)
    async with httpx2.AsyncClient(
        base_url=server.address, headers=HEADERS, limits=limits, timeout=120, trust_env=False
    ) as http:
        client = Client(http)
        await client.prepare()
        await play_many(client, max(sessions // 4, 2 * at_once, 200), at_once)
        before_kb, started = server.resident_kb(), time.perf_counter()
        events = await play_many(client, sessions, at_once)
        took_s = time.perf_counter() - started
        grown_kb = server.resident_kb() - before_kb
        opened = asyncio.Semaphore(0)
        session_ids = [await client.create() for _ in range(streams)]
        holding = [asyncio.create_task(client.hold_stream(each, opened)) for each in session_ids]
        for _ in holding:
            await opened.acquire()
        await play_many(client, at_once, at_once)
        with_streams_kb = server.resident_kb()
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)
    return [
        ("sessions", str(sessions)),
        ("events a session", f"{events / sessions:.0f}"),
        ("sessions a second", f"{sessions / took_s:.1f}"),
        ("events a second", f"{events / took_s:.0f}"),
        ("memory, kB a session", f"{grown_kb / sessions:.2f}"),
        (f"MB with {streams} streams and {at_once} sessions at work", f"{with_streams_kb / 1024:.0f}"),
    ]


def main() -> None:
    """The figures are printed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--streams", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        figures = asyncio.run(measure(server, options.sessions, options.at_once, options.streams))
    for name, value in figures:
        sys.stdout.write(f"{name:<48} {value:>10}\n")


if __name__ == "__main__":
    main()
