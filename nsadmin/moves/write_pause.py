"""The write pause at the end of a move: announced, and enforced at the old collection.

The platform's programs honor the announcement in the document. Others are held back
by the strict mode of the collection, as far as Qdrant can; both are taken back in the
end, also after a kill, because the rules before are in the job's cursor.
"""

import time
from typing import Any, Final

from nsadmin.errors import Unavailable, UpstreamError
from nsadmin.jobs.execution.pace import wait
from nsadmin.moves import document_writes
from nsadmin.moves.collection import live_source
from nsadmin.moves.context import MoveContext
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import paused_until
from nsadmin.stores.qdrant import collections, write_limit
from nsadmin.transfer import settings
from nsadmin.transfer.site import Site

# Cursor entry: the strict mode before the pause.
RULES_KEY: Final = "rules_before"
_OWN_RULES: Final = frozenset({"enabled", "write_rate_limit"})

_ANNOUNCED_S: Final = 120
_RENEWED_AFTER_S: Final = 45
# Clocks of other programs may be so many seconds ahead.
_CLOCKS_S: Final = 10
# Writes that began before the announcement have arrived by then.
_UNDER_WAY_S: Final = 1.0


class WritePause:
    """The pause of one slice; `hold` begins it, or renews it where that is due.

    `has_lapsed` says that no pause held when this slice began: what was compared under
    an earlier one may have been written since.
    """

    def __init__(self, context: MoveContext) -> None:
        self._context = context
        self._announced_at: float | None = None
        self._holds_until = _announced_until(context.namespace)
        self.has_lapsed = self._is_over()
        self._is_held = not self.has_lapsed

    def hold(self) -> None:
        """Announce the pause, and restrict the collection the first time.

        Raises Unavailable if the pause has lapsed, which an earlier slice may have
        begun: what was compared may have been written since. The next slice begins
        another one.
        """
        now = time.monotonic()
        self._require_unbroken()
        is_due = (
            self._announced_at is None or now - self._announced_at > _RENEWED_AFTER_S
        )
        if not is_due:
            return
        context = self._context
        self._holds_until = time.time() + _ANNOUNCED_S - _CLOCKS_S
        self._is_held = True
        document_writes.pause_writes(context.job.job, seconds=_ANNOUNCED_S)
        is_first, self._announced_at = self._announced_at is None, now
        if is_first:
            self._restrict()
            wait(context.job, _UNDER_WAY_S)

    def _is_over(self) -> bool:
        return time.time() >= self._holds_until

    def _require_unbroken(self) -> None:
        if self._is_held and self._is_over():
            raise Unavailable("The write pause has expired.", code="pause_lapsed")

    def _restrict(self) -> None:
        """Restrict the collection; where that is not possible, say so and go on."""
        context, site = self._context, self._context.source
        rules = settings.strict_mode(live_source(context).raw)
        if RULES_KEY not in context.job.cursor:
            context.save(**{RULES_KEY: rules})
        before = context.job.cursor[RULES_KEY]
        if not before.get("enabled") and set(before) - _OWN_RULES:
            # Rules that are stated and off would all be switched on.
            self._say_unrestricted()
        elif not write_limit.is_restricted(rules):
            try:
                write_limit.restrict(site.cluster, site.collection)
            except UpstreamError:
                self._say_unrestricted()

    def _say_unrestricted(self) -> None:
        self._context.job.record_event(
            "Qdrant refused to limit writes to the old collection. Only programs that "
            "read the announced pause in the document stop writing.",
            "warn",
        )


def _announced_until(namespace: Namespace) -> float:
    """Return the Unix time until which the announced pause holds; 0 without one."""
    until = paused_until(namespace)
    return 0.0 if until is None else until.timestamp() - _CLOCKS_S


def lift(site: Site, cursor: dict[str, Any]) -> None:
    """Give the old collection the rules that it had; may be repeated.

    A collection that is gone has none.
    """
    if RULES_KEY not in cursor:
        return
    if collections.get(site.cluster, site.collection) is not None:
        write_limit.restore(site.cluster, site.collection, cursor[RULES_KEY] or {})
