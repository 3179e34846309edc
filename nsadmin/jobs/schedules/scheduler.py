"""The scheduler of beat: that of Celery, with a heartbeat, for a fixed timetable."""

from typing import Any

from celery.beat import PersistentScheduler

from nsadmin import heartbeat


class Scheduler(PersistentScheduler):
    """Renews the heartbeat each time that beat looks for what is due."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Start what is due; return the seconds until the next look."""
        heartbeat.renew()
        return float(super().tick(*args, **kwargs))

    def schedules_equal(self, *_schedules: object) -> bool:
        """Return True: the timetable is in the settings, so it is as it was read.

        Celery compares every entry at each look, for schedulers whose entries change.
        """
        return True
