"""Everything one server holds."""

import asyncio
import fcntl
import tempfile
from collections import OrderedDict
from contextlib import ExitStack
from pathlib import Path
from weakref import WeakValueDictionary

from evalkit.emulator.faults import Fault, FaultCounts
from evalkit.emulator.fields import Fields, JsonObject
from evalkit.emulator.files import FileTable
from evalkit.emulator.hands import HandsError
from evalkit.emulator.journal import SESSION, Journal
from evalkit.emulator.journal_file import JournalFile
from evalkit.emulator.problems import ApiProblem, missing, refused
from evalkit.emulator.scenario import Scenario
from evalkit.emulator.session import LiveSession, Setting
from evalkit.emulator.sessions import mounted
from evalkit.emulator.tables import AgentTable, EnvironmentTable
from evalkit.emulator.usage import PriceTable

_RECENT = 64
"""Sessions kept folded although nobody is using them; any other is folded again when somebody asks."""


class World:
    """The tables, the live sessions, and the folder that all bytes lie in; it belongs to one event loop.

    A session is in memory while it works, while a request or a stream uses it, or while it was used lately.
    """

    def __init__(
        self,
        scenario: Scenario | None,
        journal: Path | None = None,
        time_scale: float = 0.0,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        """The tables hold what the journal has; its sessions go on with `resume`.

        Raises:
            OSError: the folder beside the journal cannot be made, or another server uses it.
            sqlite3.Error: the journal cannot be opened, or is no journal.
        """
        with ExitStack() as opened:
            root = _own_folder(journal, opened)
            self._file = JournalFile(root / "journal.sqlite" if journal is None else journal)
            opened.callback(self._file.close)
            self._open = opened.pop_all()
        self.agents = AgentTable(self._file)
        self.environments = EnvironmentTable(self._file)
        self.files = FileTable(root / "files", self._file)
        self.fault_counts = FaultCounts()
        self.setting = Setting(
            scenario=scenario,
            prices=PriceTable(),
            files=self.files,
            journal_file=self._file,
            folder=root / "sessions",
            time_scale=time_scale,
            at_work=set(),
            faults=faults if scenario is None else (*scenario.faults, *faults),
        )
        self.is_closing = False
        self._live: WeakValueDictionary[str, LiveSession] = WeakValueDictionary()
        self._recent: OrderedDict[str, LiveSession] = OrderedDict()

    def resume(self) -> None:
        """Every session that had something left to do when the last server on this journal stopped is at it again."""
        for _, card in self._file.all(SESSION):
            if not card["is_over"]:
                self.session(str(card["id"]))

    def open_session(
        self, session: JsonObject, resources: list[Fields], initial: tuple[JsonObject, ...]
    ) -> LiveSession:
        """A live session with its files mounted and its first events taken.

        Raises:
            ApiProblem: 400 or 404, a resource that cannot be mounted; then there is no session.
        """
        journal = Journal(str(session["id"]), self._file)
        with journal.together():
            journal.append("created", session)
            live = LiveSession(journal, self.setting)
            try:
                for resource in resources:
                    self.mount(live, resource)
            except ApiProblem:
                live.hands.close()
                self.files.delete_session(live.id)
                raise
        self._keep(live)
        if initial:
            live.accept(initial)
        return live

    def mount(self, live: LiveSession, resource: Fields) -> JsonObject:
        """A file resource of the session, with its bytes in place.

        Raises:
            ApiProblem: 400 or 404, it cannot be mounted.
        """
        kept = mounted(resource, live.state.session, self.files)
        path, file_id = str(kept["mount_path"]), str(kept["file_id"])
        try:
            live.hands.mount(path, self.files.place_of(file_id).read_bytes())
        except (HandsError, OSError) as error:
            self.files.delete(file_id)
            raise refused(f"Invalid file resource: mount path {path!r} cannot be used") from error
        before = live.state.session["resources"]
        live.journal.append("patched", {"resources": [*(before if isinstance(before, list) else []), kept]})
        return kept

    def session(self, session_id: str) -> LiveSession:
        """The live session, woken from its journal where it is not in memory.

        Raises:
            ApiProblem: 404.
        """
        live = self._live.get(session_id)
        if live is not None and live.state.is_deleted:
            raise missing(f"Session '{session_id}'")
        if live is None or live.journal.is_broken:
            if self._file.get(SESSION, session_id) is None:
                raise missing(f"Session '{session_id}'")
            live = LiveSession(Journal(session_id, self._file), self.setting)
            live.wake()
        self._keep(live)
        return live

    @property
    def has_faults(self) -> bool:
        """Whether anything can go wrong on purpose."""
        scenario = self.setting.scenario
        scripts = () if scenario is None else scenario.sessions
        return bool(self.setting.faults) or any(script.faults for script in scripts)

    def faults_of_new(self, body: JsonObject) -> tuple[str, tuple[Fault, ...]]:
        """The faults of a session that a request body would create, and a name for all attempts at it."""
        metadata = body.get("metadata")
        texts = {str(key): str(value) for key, value in metadata.items()} if isinstance(metadata, dict) else {}
        script = None if self.setting.scenario is None else self.setting.scenario.match(texts, "")
        faults = self.setting.faults if script is None else (*script.faults, *self.setting.faults)
        return str(sorted(texts.items())), faults

    def cards(self) -> list[tuple[int, JsonObject]]:
        """What a list of sessions is filtered by, numbered in order of creation; see `journal.card_of`."""
        return self._file.all(SESSION)

    async def delete_session(self, live: LiveSession) -> None:
        """The session and its files are gone, and its streams end."""
        await live.delete()

    async def stop(self) -> None:
        """No session works, and every stream is about to end."""
        self.is_closing = True
        await asyncio.gather(*(live.stop() for live in tuple(self.setting.at_work)))
        for live in tuple(self._live.values()):
            live.journal.wake_readers()

    async def close(self) -> None:
        """Nothing works and nothing is open; what is not beside a journal is gone."""
        await self.stop()
        self._open.close()

    def _keep(self, live: LiveSession) -> None:
        self._live[live.id] = live
        self._recent[live.id] = live
        self._recent.move_to_end(live.id)
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)


def _own_folder(journal: Path | None, opened: ExitStack) -> Path:
    """The folder of bytes: beside a journal it stays with it; otherwise its name is not said, and it is not kept."""
    if journal is None:
        return Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="evalkit-emulator-")))
    folder = journal.with_name(f"{journal.name}-files")
    folder.mkdir(parents=True, exist_ok=True)
    lock = opened.enter_context((folder / "lock").open("w"))
    # Two servers would each fold a journal that the other one writes.
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return folder
