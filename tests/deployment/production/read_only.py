"""A file system that is only read but for one folder and an own /tmp, as in a container.

Each process gets a mount namespace of its own from unshare, which needs the rights of
root. The machine's mounts stay as they are.
"""

import os
import shutil
import subprocess
from pathlib import Path

# $1 is the folder that stays writable, the rest is the command. The kernel's own file
# systems are left alone: /dev/shm has the semaphores of worker processes. The working
# folder is entered anew, since it would stay in the mount from before.
_SCRIPT = r"""
set -eu
state=$1
shift
mount --bind "$state" "$state"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /tmp
for place in $(cut -d ' ' -f 5 /proc/self/mountinfo); do
  place=$(printf '%b' "$place")
  case $place in
    "$state" | /tmp | /tmp/* | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) ;;
    *) mount -o remount,bind,ro "$place" ;;
  esac
done
cd "$PWD"
exec "$@"
"""


def around(state: Path) -> list[str]:
    """The words before a command for which only `state` and /tmp are writable."""
    own = ("unshare", "--mount", "--propagation", "private")
    return [*own, "/bin/sh", "-c", _SCRIPT, "sh", str(state)]


def why_not(state: Path) -> str:
    """Why this machine permits no such file system; empty if it does."""
    if os.geteuid() != 0:
        return "only root may mount"
    if shutil.which("unshare") is None:
        return "there is no unshare"
    tried = subprocess.run(
        [*around(state), "true"],
        cwd=state,  # as the processes; the checkout may be below /tmp
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if tried.returncode == 0 else tried.stderr.strip()
