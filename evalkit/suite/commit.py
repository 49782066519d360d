"""The Git commit of a project, read from its files: no program is run, and none needs to be there."""

from pathlib import Path


def read_commit(root: Path) -> str | None:
    """The full hash of HEAD in the checkout at `root`; None outside one, or where HEAD has no commit yet."""
    folder = _git_folder(root)
    if folder is None:
        return None
    head = _read(folder / "HEAD")
    if head is None or not head.startswith("ref: "):
        return head
    reference = head.removeprefix("ref: ")
    common = _read(folder / "commondir")
    shared = (folder / common).resolve() if common is not None else folder
    return _read(folder / reference) or _read(shared / reference) or _packed(shared, reference)


def _git_folder(root: Path) -> Path | None:
    marker = root / ".git"
    if marker.is_dir():
        return marker
    pointer = _read(marker)  # a worktree has a file that says where
    if pointer is None or not pointer.startswith("gitdir: "):
        return None
    return (root / pointer.removeprefix("gitdir: ")).resolve()


def _packed(folder: Path, reference: str) -> str | None:
    packed = _read(folder / "packed-refs") or ""
    return next((line.split(" ")[0] for line in packed.splitlines() if line.endswith(f" {reference}")), None)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
