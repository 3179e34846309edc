"""`python -m nsadmin`: the command `nsadmin` of this Python."""

from nsadmin.cli import main

if __name__ == "__main__":
    main()
