"""The exit status of a management command that runs in this process."""

import sys

from django.core.management import CommandError, call_command


def exit_status(command: str, *arguments: str) -> int:
    """Run the command; return the status with which it would end a process."""
    try:
        call_command(command, *arguments)
    except SystemExit as end:
        return int(end.code or 0)
    except CommandError as error:
        print(error, file=sys.stderr)
        return error.returncode
    return 0
