"""Queries of namespaces for pages and API, with visibility and permission checks."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.organization.organizations import owner_of
from nsadmin.access.permissions import Action
from nsadmin.access.support.words import LOOKS
from nsadmin.access.web.gate import can_see, require_on
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, NotFound, Unavailable
from nsadmin.namespaces.mirror import bootstrap, mirror, state
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.plan.readable import require_id, require_readable
from nsadmin.namespaces.read import probe, snapshots
from nsadmin.namespaces.read.counts import Counts, counts_of
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.text import name_key
from nsadmin.stores import ephemeral
from nsadmin.stores.mongo import namespaces as store

RESOURCE = "namespace"
# A namespace counts as watched for this long after a request for it.
WATCHED_S = 30
# An older cached snapshot is not used: the sampler has stopped renewing it.
_CACHED_MAX_AGE_S = 20


@dataclass(frozen=True, slots=True)
class NamespaceView:
    """A namespace with its organization and the source and time of its values."""

    namespace: Namespace
    organization_id: str
    organization_name: str
    from_mirror: bool
    as_of: datetime

    @property
    def raw(self) -> Raw:
        """The namespace's document as it is stored."""
        return self.namespace.raw

    @property
    def counts(self) -> Counts:
        """The current counts, queried on access; None for each that is unknown."""
        return counts_of(self.namespace.namespace_id, from_mirror=self.from_mirror)


def visible(actor: Actor) -> QuerySet[MirroredNamespace]:
    """Return the rows that the actor can see: of visible tenants, and system ones.

    A key for chosen namespaces sees these alone. Tombstones are not included.
    """
    rows = MirroredNamespace.objects.filter(deleted_at=None)
    if actor.namespace_ids is not None:
        rows = rows.filter(namespace_id__in=actor.namespace_ids)
    internal_ids = actor.visible_internal_ids
    if internal_ids is None:
        return rows
    return rows.filter(Q(internal_id__in=internal_ids) | Q(scope="system"))


def get(
    actor: Actor,
    identifier: str,
    *,
    organization_id: str | None = None,
    action: Action = Action.NAMESPACE_READ,
) -> NamespaceView:
    """Return a namespace by id or name, from the store or else from the mirror.

    The mirror is used for reading only, while the store is unavailable. Raises NotFound
    for a namespace that does not exist or is not visible to the actor; Forbidden if the
    action is not permitted; Conflict if staff give a name that several organizations
    use.
    """
    try:
        return get_stored(
            actor, identifier, organization_id=organization_id, action=action
        )
    except Unavailable:
        if action is not Action.NAMESPACE_READ:
            raise
        return _get_mirrored(actor, identifier, organization_id)


def get_stored(
    actor: Actor,
    identifier: str,
    *,
    organization_id: str | None = None,
    action: Action = Action.NAMESPACE_READ,
) -> NamespaceView:
    """Return a namespace by id or name from the store, as every change requires.

    Raises as `get` does, Unavailable if the store does not answer, and Conflict for an
    action other than reading if the stored id cannot be part of an address.
    """
    raw = store.get(identifier)
    if raw is None and document.is_stand_in(identifier):
        return _get_by_stand_in(actor, identifier, action)
    if raw is None:
        raw = _find_by_name(actor, identifier, organization_id)
    if raw is None or document.is_tombstone(raw):
        raise namespace_not_found(identifier)
    namespace = document.read(raw)
    _require_access(actor, action, namespace)
    if action is not Action.NAMESPACE_READ:
        require_id(raw)
    return view_of(namespace)


def _get_by_stand_in(actor: Actor, identifier: str, action: Action) -> NamespaceView:
    """Return a namespace that only the mirror can find; it can be read alone."""
    row = visible(actor).filter(namespace_id=identifier).first()
    if row is None:
        raise namespace_not_found(identifier)
    namespace = mirror.read_row(row)
    _require_access(actor, action, namespace)
    if action is not Action.NAMESPACE_READ:
        require_readable(namespace)
    return view_of(namespace, as_of=state.row_as_of(row))


def namespace_not_found(identifier: str) -> NotFound:
    """Return the error for a missing namespace and for one of another organization."""
    return NotFound(
        "There is no such namespace.",
        details={"resource": RESOURCE, "id": identifier[:200]},
    )


def _require_access(actor: Actor, action: Action, namespace: Namespace) -> None:
    try:
        require_on(
            actor,
            action,
            internal_id=namespace.internal_id,
            scope=namespace.scope,
            what=RESOURCE,
            namespace_id=namespace.namespace_id,
        )
    except NotFound:
        raise namespace_not_found(namespace.namespace_id) from None
    actor.note_namespace(namespace.internal_id, namespace.namespace_id, namespace.name)


def _find_by_name(actor: Actor, name: str, organization_id: str | None) -> Raw | None:
    """Return the document of a name: of the visible tenants first, then system ones.

    `organization_id` narrows it to one of several visible organizations.
    """
    key = name_key(name)
    if not key:
        return None
    internal_ids = actor.visible_internal_ids
    if internal_ids is None and organization_id is None:
        return _only_one(store.find_all_by_name(key), name)
    if actor.is_staff and organization_id is not None:
        owner = Organization.objects.filter(organization_id=organization_id).first()
        chosen = owner.internal_id if owner else ""
        is_seen = internal_ids is None or chosen in internal_ids
        internal_ids = frozenset({chosen} if is_seen else ())
    found = [store.find_by_name(each, key) for each in sorted(internal_ids or ())]
    reached = [r for r in found if r is not None and actor.reaches(str(r["_id"]))]
    own = _only_one(reached, name)
    if own is not None:
        return own
    named = [r for r in store.find_all_by_name(key) if r.get("scope") == "system"]
    shared = [raw for raw in named if actor.reaches(str(raw["_id"]))]
    return shared[0] if shared else None


def _only_one(documents: list[Raw], name: str) -> Raw | None:
    if len(documents) > 1:
        raise Conflict(
            f"Several organizations have a namespace named {name[:100]}. "
            "Add ?organization_id= or use the id.",
            code="ambiguous_name",
            details={"candidates": [str(raw["_id"]) for raw in documents]},
        )
    return documents[0] if documents else None


def _get_mirrored(
    actor: Actor, identifier: str, organization_id: str | None
) -> NamespaceView:
    row = _mirrored_row(actor, identifier, organization_id)
    if row is None:
        bootstrap.require_filled()
        raise namespace_not_found(identifier)
    namespace = mirror.read_row(row)
    _require_access(actor, Action.NAMESPACE_READ, namespace)
    return view_of(namespace, from_mirror=True, as_of=state.row_as_of(row))


def _mirrored_row(
    actor: Actor, identifier: str, organization_id: str | None
) -> MirroredNamespace | None:
    rows = visible(actor)
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    return (
        visible(actor).filter(namespace_id=identifier).first()
        or rows.filter(name_key=name_key(identifier), scope="org").first()
        or rows.filter(name_key=name_key(identifier)).first()
    )


def snapshot(
    view: NamespaceView, *, wait_s: float | None = None, now: bool = False
) -> Snapshot | None:
    """Return a recent snapshot of Qdrant, or the stored one while the store is away.

    Without the store the key of a dedicated cluster is unknown, so Qdrant is not asked.
    The sampler renews the snapshot for the next WATCHED_S. `now` asks for a new one,
    which is taken unless the last is younger than 5 s.
    """
    ephemeral.watch(view.namespace.namespace_id, seconds=WATCHED_S)
    if view.from_mirror:
        return snapshots.stored(view.namespace.namespace_id)
    oldest = 0 if now else probe.PROBE_INTERVAL_S
    latest = probe.snapshot(view.namespace, wait_s=wait_s, max_age_s=oldest)
    if latest is not None:
        snapshots.cache(view.namespace, latest)
    return latest


def cached_snapshot(actor: Actor, namespace_id: str) -> Snapshot | None:
    """Return the snapshot in Redis that the sampler renews; no other store is asked.

    None if there is none or it is too old; then use `get` and `snapshot`. Raises
    NotFound if the namespace is not visible to the actor.
    """
    copy = snapshots.cached(namespace_id)
    if copy is None or copy.snapshot.age_s > _CACHED_MAX_AGE_S:
        return None
    if not can_see(
        actor,
        internal_id=copy.internal_id,
        scope=copy.scope,
        namespace_id=namespace_id,
    ):
        raise namespace_not_found(namespace_id)
    actor.note_namespace(copy.internal_id, namespace_id, "")
    if copy.watched_s < WATCHED_S - probe.PROBE_INTERVAL_S:
        ephemeral.watch(namespace_id, seconds=WATCHED_S)
    return copy.snapshot


def view_of(
    namespace: Namespace, *, from_mirror: bool = False, as_of: datetime | None = None
) -> NamespaceView:
    """Return the namespace with its organization's public id and name."""
    owner = owner_of(namespace.internal_id)
    return NamespaceView(
        namespace=namespace,
        organization_id=owner.organization_id if owner else "",
        organization_name=owner.name if owner else "",
        from_mirror=from_mirror,
        as_of=as_of or timezone.now(),
    )


def audit_of(
    actor: Actor, view: NamespaceView, *, limit: int = 5, before: int | None = None
) -> list[AuditEvent]:
    """Return the last events, newest first; `before` is the key to page from.

    What support looked at is left out: it changed nothing.
    """
    rows = audit_rows(actor, view).exclude(action__in=LOOKS)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    events = list(rows.order_by("-pk")[:limit])
    for organization_id in {event.organization_id for event in events}:
        actor.sees_organization(organization_id)
    return events


def audit_rows(actor: Actor, view: NamespaceView) -> QuerySet[AuditEvent]:
    """Return the audit events of a namespace that are visible to the actor.

    These are events of its owner and of the organizations that the actor sees; those of
    others may be about a system namespace or an earlier one of the same id.
    """
    _require_access(actor, Action.AUDIT_READ, view.namespace)
    rows = AuditEvent.objects.filter(namespace_id=view.namespace.namespace_id)
    known = actor.visible_organization_ids
    if known is None:
        return rows
    return rows.filter(organization_id__in={*known, view.organization_id})
