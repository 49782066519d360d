"""Delivered bytes by their SHA-256: written whole or not at all, before any row names them."""

import hashlib
import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from evalkit.store.database import told_plainly
from evalkit.store.layout import ARTIFACTS


def keep_blob(folder: Path, content: bytes) -> str:
    """The hex SHA-256 of `content`, which is on disk below the run `folder` when this returns.

    Raises:
        StoreError: it could not be written.
    """
    digest = hashlib.sha256(content).hexdigest()
    target = blob_path(folder, digest)
    with told_plainly(target):
        if target.exists():
            return digest
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, delete=False) as temporary:
            temporary.write(content)
            temporary.flush()
            os.fsync(temporary.fileno())
        Path(temporary.name).replace(target)
    return digest


def blob_path(folder: Path, digest: str) -> Path:
    """Where the bytes with that digest lie, or would lie."""
    return folder / ARTIFACTS / digest[:2] / digest
