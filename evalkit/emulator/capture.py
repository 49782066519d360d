"""Delivered files on their way into the Files API: one record a name, the newest version under a new id.

The platform captures while the session works (recorded by the files' times), here after each tool.
"""

from datetime import datetime

from evalkit.emulator.fields import JsonObject
from evalkit.emulator.files import FileTable
from evalkit.emulator.hands import Hands
from evalkit.emulator.journal import Journal


def capture_outputs(journal: Journal, hands: Hands, files: FileTable, at: datetime) -> None:
    """The Files API has the session's outputs as they are now, at the session's time `at`."""
    captured = dict(journal.state.captured)
    found = {file.name: file for file in hands.outputs()}
    copies = {}
    for name, file in found.items():
        if captured.get(name, ("", ""))[1] != file.sha256:
            copies[name] = files.new_path()
            hands.copy_output(file, copies[name])
    gone = sorted(captured.keys() - found.keys())
    # A client may have deleted the record already.
    outdated = [captured[name][0] for name in (*gone, *copies) if name in captured]
    with journal.together():
        for name in gone:
            journal.append("lost", {"name": name})
        for name, copy in copies.items():
            record = files.add_output(name, copy, journal.session_id, at)
            entry: JsonObject = {"name": name, "file_id": record.file_id, "sha256": found[name].sha256}
            journal.append("captured", entry)
        for file_id in outdated:
            files.forget(file_id)
    for file_id in outdated:
        files.erase(file_id)
