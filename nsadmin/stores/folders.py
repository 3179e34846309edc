"""Whether files can be written where an operator wants them."""

from pathlib import Path
from tempfile import TemporaryFile


def takes_files(folder: str | Path) -> bool:
    """Tell whether this process can write into a folder; nothing is left in it.

    It is tried, since the permissions alone do not tell of a read-only file system.
    """
    try:
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def can_be_made(folder: str | Path) -> bool:
    """Tell whether a folder takes files, or could be made in one that does."""
    path = Path(folder)
    try:
        nearest = next(each for each in (path, *path.parents) if each.exists())
    except OSError:  # one of them may not be entered
        return False
    return takes_files(nearest)
