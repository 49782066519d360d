"""Everything one server holds."""

import tempfile
from collections import Counter
from pathlib import Path

from evalkit.emulator.fields import Fields, JsonObject
from evalkit.emulator.files import FileTable
from evalkit.emulator.hands import HandsError
from evalkit.emulator.journal import JournalFile
from evalkit.emulator.problems import ApiProblem, missing, refused
from evalkit.emulator.scenario import Scenario
from evalkit.emulator.script import Fault, StatusFault
from evalkit.emulator.session import LiveSession, Setting
from evalkit.emulator.sessions import mounted
from evalkit.emulator.tables import AgentTable, EnvironmentTable
from evalkit.emulator.usage import PriceTable


class World:
    """The tables, the live sessions, and the folder that all bytes lie in; it belongs to one event loop."""

    def __init__(self, scenario: Scenario | None, journal_file: JournalFile | None, time_scale: float) -> None:
        # The name is not said to clients; the folder goes with the server.
        self._folder = tempfile.TemporaryDirectory(prefix="evalkit-emulator-")
        root = Path(self._folder.name)
        (root / "sessions").mkdir()
        self.agents = AgentTable()
        self.environments = EnvironmentTable()
        self.files = FileTable(root / "files")
        self.setting = Setting(
            scenario=scenario,
            prices=PriceTable(),
            files=self.files,
            journal_file=journal_file,
            folder=root / "sessions",
            time_scale=time_scale,
        )
        self.is_closing = False
        self._sessions: dict[str, tuple[int, LiveSession]] = {}
        self._created = 0
        self._faults_shown: Counter[tuple[str, StatusFault]] = Counter()

    def open_session(self, session: JsonObject, resources: list[Fields]) -> LiveSession:
        """A live session with its files mounted.

        Raises:
            ApiProblem: 400 or 404, a resource that cannot be mounted; then there is no session.
        """
        live = LiveSession(session, self.setting)
        try:
            for resource in resources:
                self.mount(live, resource)
        except ApiProblem:
            live.hands.close()
            self.files.delete_session(live.id)
            raise
        self._created += 1
        self._sessions[live.id] = (self._created, live)
        return live

    def mount(self, live: LiveSession, resource: Fields) -> JsonObject:
        """A file resource of the session, with its bytes in place.

        Raises:
            ApiProblem: 400 or 404, it cannot be mounted.
        """
        kept = mounted(resource, live.state.session, self.files)
        path, file_id = str(kept["mount_path"]), str(kept["file_id"])
        try:
            live.hands.mount(path, self.files.get(file_id).content.read_bytes())
        except (HandsError, OSError) as error:
            self.files.delete(file_id)
            raise refused(f"Invalid file resource: mount path {path!r} cannot be used") from error
        before = live.state.session["resources"]
        live.journal.append("patched", {"resources": [*(before if isinstance(before, list) else []), kept]})
        return kept

    def session(self, session_id: str) -> LiveSession:
        """The live session.

        Raises:
            ApiProblem: 404.
        """
        found = self._sessions.get(session_id)
        if found is None:
            raise missing(f"Session '{session_id}'")
        return found[1]

    def sessions(self) -> list[tuple[int, LiveSession]]:
        """Every session, numbered in order of creation."""
        return list(self._sessions.values())

    async def delete_session(self, live: LiveSession) -> None:
        """The session and its files are gone, and its streams end."""
        live.recorder.emit("session.deleted")
        self.files.delete_session(live.id)
        await live.close()
        del self._sessions[live.id]

    def check_status_fault(self, operation: str, faults: tuple[Fault, ...], whose: str) -> None:
        """The scenario wants no failure of this call, or no further one.

        Raises:
            ApiProblem: with the status that the scenario asks for, as many times as it asks.
        """
        for fault in faults:
            if not isinstance(fault, StatusFault) or fault.on != operation:
                continue
            if self._faults_shown[whose, fault] < fault.times:
                self._faults_shown[whose, fault] += 1
                message = f"the scenario answers {operation} with {fault.status}"
                raise ApiProblem(fault.status, message, retry_after_s=fault.retry_after_s)

    async def close(self) -> None:
        """No session works, every stream is about to end, and the folder is gone."""
        self.is_closing = True
        for _, live in self.sessions():
            await live.close()
            live.journal.wake_readers()
        self._folder.cleanup()
