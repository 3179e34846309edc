"""The scheduler of beat: that of Celery, with a heartbeat."""

from typing import Any

from celery.beat import PersistentScheduler

from nsadmin import heartbeat


class Scheduler(PersistentScheduler):
    """Renews the heartbeat each time that beat looks for what is due."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Start what is due; return the seconds until the next look."""
        heartbeat.renew()
        return float(super().tick(*args, **kwargs))
