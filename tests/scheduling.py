"""Which process runs which tests."""

from xdist.scheduler import LoadFileScheduling

TOGETHER = "tests/browser/"


class FilesTogether(LoadFileScheduling):  # type: ignore[misc] # it has no types
    """A file's tests run in one process; the browser's share one demo."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else super()._split_scope(nodeid)
