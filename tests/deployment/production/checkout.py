"""A release from before the wheel: it runs from the files of its checkout."""

import os
from collections.abc import Mapping
from pathlib import Path

from nsadmin.embedded.supervision import ports
from tests.deployment.production.installation import Installation, user_ids


class Checkout(Installation):
    """The files of a release, installed and run as its own README says.

    Its web server opens its own port. Its beat keeps a file in the folder of the
    checkout, which therefore belongs to the user without rights.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], files: Path) -> None:
        super().__init__(folder, env, files=files)
        self.program = self.place = files
        self.why_writable = "this release writes to its checkout"
        self.use_programs(files / ".venv" / "bin")
        self._port = ports.free_port()
        self.own_url = f"http://127.0.0.1:{self._port}"
        if os.geteuid() == 0:
            os.chown(files, *user_ids())

    def here(self, line: str) -> str:
        """The line with the port of this web server."""
        return super().here(line).replace("--port 8000", f"--port {self._port}")

    def manage(self, *words: str) -> str:
        """Run a command of manage.py; what it prints."""
        return self.run(["python", "manage.py", *words])
