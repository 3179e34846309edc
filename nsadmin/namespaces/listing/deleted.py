"""The list of an organization's tombstones, the last deleted first."""

from dataclasses import dataclass, replace

from django.db.models import Q

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.namespaces.listing.amounts import Count
from nsadmin.namespaces.listing.counting import counters
from nsadmin.namespaces.listing.keyset import Order
from nsadmin.namespaces.listing.listing import Page, page_of
from nsadmin.namespaces.listing.query import ListQuery
from nsadmin.namespaces.listing.tally import Tally
from nsadmin.namespaces.mirror import bootstrap, state
from nsadmin.namespaces.models.lists import TOMBSTONE_ORDER, deleted

# The index of tombstones has no other rows.
_IS_TOMBSTONE = Q(deleted_at__isnull=False)


@dataclass(frozen=True, slots=True)
class DeletedQuery(ListQuery):
    """Which page of the tombstones; filters and other orders do not apply."""

    @property
    def orders(self) -> list[Order]:
        """The time of deletion, the latest first."""
        return [(TOMBSTONE_ORDER, True)]


def listing(actor: Actor, organization: Organization, query: DeletedQuery) -> Page:
    """Return a page of the organization's tombstones, if the actor may know of them.

    A key for chosen namespaces has no list of them. Raises MirrorEmpty while the mirror
    is not filled.
    """
    bootstrap.require_filled()
    visible, internal_id = actor.visible_internal_ids, organization.internal_id
    is_seen = visible is None or internal_id in visible
    lists = [deleted(internal_id)] if is_seen and actor.namespace_ids is None else []
    kinds, _ = counters.read(lists)
    total = sum(kind.n for kind in kinds if not kind.extractor)
    found = Tally(
        lists=lists,
        kinds=kinds,
        total=Count(total),
        expiring=Count(),
        every=total,
        conditions=[_IS_TOMBSTONE],
    )
    page = page_of(query, found)
    return replace(page, as_of=page.as_of or state.as_of())
