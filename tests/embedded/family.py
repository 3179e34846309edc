"""A program like a web server with workers: children, one in a session of its own.

    python family.py PIDS

It writes the process ids of all members into the file PIDS, then sleeps. Its children
ignore SIGTERM, as a hung one would.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path


def grow() -> list[int]:
    """Fork a child, a grandchild, and last a child that leaves the process group."""
    ears, mouth = os.pipe()
    if not os.fork():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.fork()
        linger(mouth)
    group = [os.getpid(), int(os.read(ears, 8)), int(os.read(ears, 8))]
    if not os.fork():
        os.setsid()
        linger(mouth)
    return [*group, int(os.read(ears, 8))]


def linger(mouth: int) -> None:
    """Tell the own id and sleep for longer than any test."""
    os.write(mouth, b"%8d" % os.getpid())
    time.sleep(600)
    os._exit(0)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    draft = target.with_suffix(".draft")
    draft.write_text(json.dumps(grow()))
    draft.replace(target)
    time.sleep(600)
