#!/usr/bin/env python
"""Django's command line for nsadmin."""

import os
import sys

# The commands of `nsadmin.embedded`, which is installed for no others.
_EMBEDDED = ("demo", "seed_demo", "refresh_demo", "demo_apps", "load_fleet")


def main() -> None:
    """Run one management command."""
    if any(command in sys.argv[1:3] for command in _EMBEDDED):
        os.environ.setdefault("NSADMIN_EMBEDDED", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nsadmin.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
