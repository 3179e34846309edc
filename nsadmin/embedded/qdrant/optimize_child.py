"""The process that builds indexes on a copy of a shard: `optimize_child DIR PARENT`.

It stands apart because the engine holds Python's lock for the whole build, minutes for
a large collection. It prints whether there was anything to do.
"""

import ctypes
import os
import signal
import sys

import qdrant_edge as edge

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Optimize the shard in the directory named first; die with the process named."""
    directory, parent = sys.argv[1], int(sys.argv[2])
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # The parent went before it could be watched.
        sys.exit(1)
    os.nice(10)
    shard = edge.EdgeShard.load(directory)
    changed = shard.optimize()
    shard.flush()
    shard.close()
    print("changed" if changed else "unchanged", flush=True)


if __name__ == "__main__":
    main()
