"""The list of commands and unknown commands, with those that Django does not know."""

import sys
from collections.abc import Mapping
from difflib import get_close_matches

from django.core.management import BaseCommand, ManagementUtility, get_commands

# Django's own web server, which is for development alone.
_HIDDEN = "runserver"


class Commands(ManagementUtility):
    """Django's commands and those of `summaries`, {name: what it is}."""

    def __init__(self, argv: list[str], summaries: Mapping[str, str]) -> None:
        super().__init__(argv)
        self._summaries = summaries

    def main_help_text(self, commands_only: bool = False) -> str:  # noqa: FBT001, FBT002
        """Return the help without arguments; `commands_only` leaves names alone."""
        lines = super().main_help_text(commands_only).splitlines()
        listed = [line for line in lines if line.strip() != _HIDDEN]
        if commands_only:
            return "\n".join(sorted({*listed, *self._summaries}))
        first = [f"    {name:<8} {said}" for name, said in self._summaries.items()]
        return "\n".join(["", f"[{self.prog_name}]", *first, *listed])

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Return the command; exit with a sentence if there is none.

        Raises ImproperlyConfigured if the settings cannot be read: most commands are
        unknown then.
        """
        known = get_commands()
        if subcommand in known:
            return super().fetch_command(subcommand)
        if self.settings_exception is not None:
            raise self.settings_exception
        close = get_close_matches(subcommand, {*known, *self._summaries} - {_HIDDEN})
        guess = f" Did you mean {close[0]}?" if close else ""
        sys.exit(
            f"nsadmin: there is no command {subcommand}.{guess} "
            "`nsadmin help` lists them."
        )
