"""A supervisor of its own process, for tests that kill it.

    python -m tests.embedded.supervised DIRECTORY

It keeps what `processes.json` in the directory names and writes `pids.json`.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from nsadmin.embedded.datadir import DataDirectory
from nsadmin.embedded.supervision.errors import StartError
from nsadmin.embedded.supervision.lifecycle import run_until_signal
from nsadmin.embedded.supervision.supervisor import Process, Supervisor


async def main(path: Path) -> None:
    """Keep the processes until a signal comes."""
    directory = DataDirectory(path)
    lock = directory.lock()
    supervisor = Supervisor(
        logs=directory.logs,
        env=os.environ,
        cwd=Path.cwd(),
        report=lambda line: print(line, flush=True),
        changed=lambda: directory.write("pids.json", supervisor.pids),
        hold=[lock],
    )

    async def boot() -> None:
        for name, argv in directory.read("processes.json").items():
            if name.startswith("once"):
                await supervisor.run(Process(name=name, argv=argv, grace=0.5))
            else:
                supervisor.keep(Process(name=name, argv=argv, grace=0.5))
        await asyncio.sleep(float(os.environ.get("BOOT_SECONDS", "0")))
        supervisor.booted = True

    await run_until_signal(supervisor, boot())


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except StartError as error:
        sys.exit(json.dumps(str(error)))
