"""The command `python -m nsadmin.embedded.qdrant`."""

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

import uvicorn

from nsadmin.embedded.qdrant.access import Keys
from nsadmin.embedded.qdrant.app import MAX_BODY, App
from nsadmin.embedded.qdrant.catalog import Catalog

KEY = "NSADMIN_EMBEDDED_QDRANT_API_KEY"
READ_ONLY_KEY = "NSADMIN_EMBEDDED_QDRANT_READ_ONLY_API_KEY"
DATA_KEY = "NSADMIN_EMBEDDED_QDRANT_DATA_API_KEY"
_TICK_S = 1.0


class Server(uvicorn.Server):
    """Uvicorn's server, which wakes up once a second instead of ten times."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Take the configuration."""
        super().__init__(config)
        self._signalled = asyncio.Event()

    async def main_loop(self) -> None:
        """Renew the header `Date` each second, until a signal comes."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._signalled.wait(), _TICK_S)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal, and end the wait."""
        super().handle_exit(sig, frame)
        with suppress(RuntimeError):  # the loop does not run yet
            loop = asyncio.get_running_loop()
            loop.call_soon_threadsafe(self._signalled.set)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    options = _options()
    options.data.mkdir(parents=True, exist_ok=True)
    keys = Keys(
        *(os.environ.get(name) or None for name in (KEY, READ_ONLY_KEY, DATA_KEY))
    )
    catalog = Catalog(options.data, options.max_open)
    # Uvicorn shuts down in order and then raises the signal again, for us to end on.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    config = uvicorn.Config(
        App(catalog, keys, max_body=options.max_body),
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
        lifespan="on",
    )
    server = Server(config)
    server.run()
    if not server.started:
        sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nsadmin.embedded.qdrant")
    parser.add_argument("--data", type=Path, required=True, help="data directory")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--max-open", type=int, default=64, help="shards kept loaded")
    parser.add_argument(
        "--max-body", type=int, default=MAX_BODY, help="bytes of a request's JSON"
    )
    return parser.parse_args()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
