"""Figures of the stores: queues, jobs, schedules, the mirror, clusters, the audit.

They are the same whichever process tells them, so rules take their maximum. They are
read at most once in `KEPT_S` seconds by a process, with a fixed number of queries. A
source that cannot be read is left out, and `nsadmin_figures_up` says which one.
"""

from nsadmin.observability.figures.sources import KEPT_S, collect

__all__ = ["KEPT_S", "collect"]
