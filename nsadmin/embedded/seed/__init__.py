"""The demo data: real public records made into organizations, namespaces and points.

The pure layer (everything but `run.py` and the package `write`) imports no store and
no Django: one catalogue gives the same documents on every machine. Only data that is
relative to the present (one namespace expires soon) takes the time as an argument.
`docs/demo-data.md` names the sources and their licenses.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nsadmin.embedded.seed.run import SeedResult


def seed(report: Callable[[str], None]) -> "SeedResult":
    """Fill the configured stores with the demo data, once; see `run.run`."""
    # Here, so that the pure layer can be used before Django is set up.
    from nsadmin.embedded.seed.run import run

    return run(report)
