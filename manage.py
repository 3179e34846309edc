#!/usr/bin/env python
"""The command `nsadmin` of a checkout."""

from nsadmin.cli import main

if __name__ == "__main__":
    main()
