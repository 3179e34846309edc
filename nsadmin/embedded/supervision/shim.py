"""Runs one program and never lets it outlive the supervisor.

    python -I -S shim.py GRACE NICENESS PROGRAM ARGUMENT...

Standard input is the lifeline: its other end is held by the supervisor alone, so end
of file means that the supervisor wants the program to stop, or is dead. Standard
output tells the supervisor `pid N` and in the end `exit CODE`; standard error is the
program's log. The file imports nothing of the project: it is started by its path,
once per process, and has to be up in milliseconds.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SWEEP_SECONDS = 2.0

libc = ctypes.CDLL(None)


def main() -> None:
    """Run the program; leave nothing of it behind, however it or we end."""
    grace, niceness, program = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    lifeline, status = os.dup(0), os.dup(1)
    # Orphans of the program become our children, even those with a session of their
    # own, so that the sweep finds them.
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    bell = death_bell()
    pid = start(program, niceness)
    tell(status, f"pid {pid}")
    wait_for_end(pid, lifeline, bell, grace)
    tell(status, f"exit {sweep(pid)}")


def death_bell() -> int:
    """A file descriptor that becomes readable when a child dies."""
    ears, mouth = os.pipe()
    os.set_blocking(mouth, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(mouth)
    return ears


def start(program: list[str], niceness: int) -> int:
    """Start the program as the leader of a new session and so of a process group."""
    shim = os.getpid()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names, not paths
        with contextlib.suppress(OSError):
            os.set_inheritable(int(name), int(name) == 2)
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        # Second line of defense, for the program alone: the shim itself is killed.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != shim:
            os._exit(1)
        give_way(niceness)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execvp(program[0], program)  # noqa: S606 - the supervisor's own list
    except OSError as error:
        os.write(2, f"cannot run {program[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def give_way(niceness: int) -> None:
    """Lower our priority, against other sessions too where the kernel groups by them.

    With autogroup on, the niceness of a process counts within its session alone.
    """
    if niceness:
        os.nice(niceness)
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(niceness))


def wait_for_end(pid: int, lifeline: int, bell: int, grace: float) -> None:
    """Return when the program has ended, or was asked to and did not in time."""
    watched = [lifeline, bell]
    deadline: float | None = None
    while not has_ended(pid):
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return
        ready, _, _ = select.select(watched, [], [], left)
        if bell in ready:
            os.read(bell, 1024)
        if lifeline in ready and not os.read(lifeline, 1024):
            watched.remove(lifeline)
            deadline = time.monotonic() + grace
            os.kill(pid, signal.SIGTERM)


def has_ended(pid: int) -> bool:
    """Whether the program is dead; it stays a zombie, so its group id stays ours."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def sweep(pid: int) -> int:
    """Kill all that is left of the program; its exit code, negative for a signal."""
    code = -int(signal.SIGKILL)
    give_up = time.monotonic() + SWEEP_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    while time.monotonic() < give_up:
        try:
            dead, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if dead == pid:
            code = os.waitstatus_to_exitcode(status)
        elif not dead:
            kill_children()
            time.sleep(0.01)
    return code


def kill_children() -> None:
    """Kill adopted orphans; their own children follow in the next round."""
    me = str(os.getpid())
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The second field is a name in brackets that may hold anything.
            _, _, rest = stat.read_text().rpartition(") ")
            if rest.split()[1] == me:
                os.kill(int(stat.parent.name), signal.SIGKILL)


def tell(status: int, line: str) -> None:
    """Write a line to the supervisor, who may be gone."""
    with contextlib.suppress(BrokenPipeError):
        os.write(status, f"{line}\n".encode())


if __name__ == "__main__":
    main()
