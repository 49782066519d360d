"""One writer a run: two processes that drove the same trials would pay for them twice."""

import fcntl
import os
from pathlib import Path

from evalkit.errors import StoreError
from evalkit.store.database import told_plainly
from evalkit.store.layout import LOCK


class RunLock:
    """The right to write one run. The system takes it back when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """It is ours.

        Raises:
            StoreError: another process has it, or the folder cannot be written.
        """
        path = folder / LOCK
        with told_plainly(path):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            with told_plainly(path):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except StoreError as error:
            os.close(self._file)
            if isinstance(error.__cause__, BlockingIOError):
                message = f"{folder}: another evalkit is running this run; wait for it to end, or stop it"
                raise StoreError(message) from error
            raise

    def release(self) -> None:
        """Others may have it."""
        os.close(self._file)
