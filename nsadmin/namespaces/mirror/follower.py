"""Following the namespace store: changes become rows as they come.

One process leads, others wait for its lease to end. Rows, their documents and the
place in the stream are written in one transaction, so that a process may die after any
line: the next one goes on from there.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from threading import Event
from typing import Any

import structlog
from django.db import Error as DatabaseError
from django.db import connection, transaction

from nsadmin import heartbeat
from nsadmin.errors import NsadminError
from nsadmin.namespaces.mirror import bootstrap, counts, sources, state, writing
from nsadmin.namespaces.mirror import copies as making
from nsadmin.namespaces.mirror.comparison import Comparison
from nsadmin.namespaces.mirror.sources import Taken
from nsadmin.stores.mongo.changes import HistoryLost

log = structlog.get_logger(__name__)

_WAIT_S, _BEAT_S = 1.0, 2.0
# The pause while nothing changes, which grows: it delays the next change.
_QUIET_S, _LONGEST_QUIET_S = 0.1, 0.5
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
# After so long without a failure the pauses begin anew.
_CALM_S = 60.0
# Streams that are opened again and again are not compared each time.
_COMPARISON_S = 60.0


class Follower:
    """One process that follows, or waits to."""

    def __init__(self, holder: str, *, use_streams: bool = True) -> None:
        """`holder` names the process among all; without streams a cursor is used."""
        self._holder = holder
        self._use_streams = use_streams
        self._compared_at = float("-inf")
        self._beat_at = float("-inf")
        # What of the state's row is stored with the next rows, or the next beat.
        self._progress: dict[str, Any] = {}
        self._is_lost = False
        self._pause_s, self._failed_at = _FIRST_PAUSE_S, float("-inf")

    def run(self, stop: Event) -> None:
        """Follow until `stop` is set; whatever fails is tried again, ever later."""
        while not stop.is_set():
            heartbeat.renew()
            try:
                if not state.lead(self._holder):
                    stop.wait(_WAIT_S)
                    continue
                if self._is_lost:
                    self._forget_place()
                self._lead(stop)
            except state.LeadLost:
                log.warning("mirror_lead_lost", holder=self._holder)
            except HistoryLost as lost:
                log.warning("mirror_history_lost", reason=str(lost))
                self._is_lost = True
                self._rest(stop)
            except (NsadminError, DatabaseError) as failure:
                log.warning("mirror_failed", reason=str(failure))
                self._rest(stop)
            except Exception:
                log.exception("mirror_failed")
                self._rest(stop)
        self._leave()

    def _rest(self, stop: Event) -> None:
        """Pause, longer with each failure that comes soon after the last one."""
        if not connection.in_atomic_block:
            connection.close()
        if time.monotonic() - self._failed_at > _CALM_S:
            self._pause_s = _FIRST_PAUSE_S
        stop.wait(self._pause_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        self._failed_at = time.monotonic()

    def _leave(self) -> None:
        try:
            state.leave(self._holder)
        except DatabaseError:
            log.warning("mirror_lead_kept", holder=self._holder)

    def _forget_place(self) -> None:
        """Begin anew: with a full comparison."""
        state.record_progress(self._holder, tokens={}, followed_at=None)
        self._compared_at = float("-inf")
        self._is_lost = False

    def _lead(self, stop: Event) -> None:
        with closing(sources.opened(use_streams=self._use_streams)) as source:
            is_known = not source.is_new and bootstrap.is_filled()
            log.info("mirror_leads", holder=self._holder, is_known=is_known)
            comparing = self._comparison(is_known=is_known)
            counting = counts.steps() if source.is_behind else None
            self._progress, self._beat_at = {}, float("-inf")
            quiet_s = _QUIET_S
            while not stop.is_set():
                heartbeat.renew()
                taken = source.take()
                self._apply(taken, is_known=is_known)
                if comparing is not None:
                    if next(comparing, None) is None:
                        comparing, is_known = None, True
                        self._compared_at = time.monotonic()
                        self._beat_at = float("-inf")
                elif counting is not None and next(counting, None) is None:
                    counting, source.is_behind = None, False
                is_busy = comparing is not None or counting is not None
                if is_busy or taken.ids or not taken.is_all:
                    quiet_s = _QUIET_S
                    continue
                stop.wait(quiet_s)
                quiet_s = min(2 * quiet_s, _LONGEST_QUIET_S)

    def _comparison(self, *, is_known: bool) -> Iterator[str] | None:
        """Return a full comparison, which is made between the changes.

        A stream that goes on from its token misses nothing, but its server may have
        forgotten changes without a word.
        """
        recently = time.monotonic() - self._compared_at < _COMPARISON_S
        return None if is_known and recently else Comparison().steps()

    def _apply(self, taken: Taken, *, is_known: bool) -> None:
        """Write what changed, and with the last of it how far that goes."""
        self._progress |= taken.progress
        if taken.is_all and taken.at is not None:
            self._progress["followed_at"] = taken.at
        is_due = time.monotonic() - self._beat_at >= _BEAT_S
        if not taken.ids and not taken.counted and not is_due:
            return
        counted = making.resource_counts(taken.counted) if taken.counted else {}
        progress = {**self._progress, "store": state.store_digest()}
        if not is_known:  # until all was compared, the next process has to begin anew
            progress = {}
        for read in making.read_by_ids(taken.ids):
            copies = making.changed(read.copies)
            known = writing.prepared(copies)
            with transaction.atomic():
                # Only the last part tells how far it went, or the next process goes on
                # behind what was not written.
                state.record_progress(self._holder, **progress if read.is_last else {})
                writing.write_part(copies, known, read.at)
                writing.delete(read.missing, read.at)
                counts.write(counted if read.is_last else {})
        self._beat_at = time.monotonic()
