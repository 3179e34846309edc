"""Every read that the doors need of namespaces, visibility included."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.organization.organizations import owner_of
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import can_see, require_on
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, NotFound, Unavailable
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.read import mirror, mirror_bootstrap, probe, snapshots
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.text import name_key
from nsadmin.stores import ephemeral
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources

WHAT = "namespace"
# So long after somebody looked, a namespace counts as watched.
WATCHED_S = 30
# A poll asks for itself once the sampler has not done so for this long.
_GLANCE_S = 20


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a namespace holds; None where nobody knows, never 0 for unknown."""

    documents: int | None
    objects: int | None
    buckets: int | None
    collections: int | None
    retrievers: int | None
    taxonomies: int | None


@dataclass(frozen=True, slots=True)
class NamespaceView:
    """A namespace with whom it belongs to and where the values come from."""

    namespace: Namespace
    organization_id: str
    organization_name: str
    from_mirror: bool
    as_of: datetime

    @property
    def counts(self) -> Counts:
        """Count now in the store; what cannot be counted is unknown."""
        return counts_of(self.namespace.namespace_id, from_mirror=self.from_mirror)


def visible(actor: Actor) -> QuerySet[MirroredNamespace]:
    """Return the rows the actor may know of: own and system ones, for staff all.

    A deleted namespace is none of them, though it can be restored.
    """
    rows = MirroredNamespace.objects.filter(deleted_at=None)
    if actor.is_staff:
        return rows
    own = rows.filter(internal_id=actor.internal_id)
    return own | rows.filter(scope="system")


def get(
    actor: Actor,
    identifier: str,
    *,
    organization_id: str | None = None,
    action: Action = Action.NAMESPACE_READ,
) -> NamespaceView:
    """Return a namespace by id or name, from the store or else the mirror.

    Raises NotFound for what the actor may not know of, as for what is not there;
    Forbidden where the action is not permitted; Conflict where a name alone does not
    tell staff which organization's namespace is meant.
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
    """Return a namespace by id or name from the store; a change needs the truth."""
    raw = store.get(identifier)
    if raw is None:
        raw = _find_by_name(actor, identifier, organization_id)
    if raw is None or document.is_tombstone(raw):
        raise missing(identifier)
    namespace = document.read(raw)
    _gate(actor, action, namespace)
    return view_of(namespace)


def missing(identifier: str) -> NotFound:
    """The one answer for what is not there and for what is another organization's."""
    return NotFound(
        "There is no such namespace.",
        details={"resource": WHAT, "id": identifier[:200]},
    )


def _gate(actor: Actor, action: Action, namespace: Namespace) -> None:
    try:
        require_on(
            actor,
            action,
            internal_id=namespace.internal_id,
            scope=namespace.scope,
            what=WHAT,
        )
    except NotFound:
        raise missing(namespace.namespace_id) from None


def _find_by_name(actor: Actor, name: str, organization_id: str | None) -> Raw | None:
    """Own names first, then those of system namespaces; staff name the organization."""
    key = name_key(name)
    if not key:
        return None
    if actor.is_staff and organization_id is None:
        return _only_one(store.find_all_by_name(key), name)
    internal_id = actor.internal_id
    if actor.is_staff:
        found = Organization.objects.filter(organization_id=organization_id).first()
        internal_id = found.internal_id if found else ""
    own = store.find_by_name(internal_id, key)
    if own is not None:
        return own
    shared = [r for r in store.find_all_by_name(key) if r.get("scope") == "system"]
    return shared[0] if shared else None


def _only_one(found: list[Raw], name: str) -> Raw | None:
    if len(found) > 1:
        raise Conflict(
            f"Several organizations have a namespace named {name[:100]}. "
            "Say which by ?organization_id= or use the id.",
            code="ambiguous_name",
            details={"candidates": [raw["_id"] for raw in found]},
        )
    return found[0] if found else None


def _get_mirrored(
    actor: Actor, identifier: str, organization_id: str | None
) -> NamespaceView:
    row = _row(actor, identifier, organization_id)
    if row is None:
        mirror_bootstrap.require_filled()
        raise missing(identifier)
    namespace = document.read(mirror.restore_document(row.document))
    return view_of(namespace, from_mirror=True, as_of=row.mirrored_at)


def _row(
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
    view: NamespaceView, *, wait_s: float = 0.5, now: bool = False
) -> Snapshot | None:
    """Return a young look at Qdrant, or the stored one while the store is away.

    Without the store there is no key for a dedicated cluster, so nobody is asked. For
    a while from now on the sampler keeps the look young. `now` wants a new look, which
    is had where the last one is not of these 5 s.
    """
    ephemeral.watch(view.namespace.namespace_id, seconds=WATCHED_S)
    if view.from_mirror:
        return snapshots.stored(view.namespace.namespace_id)
    oldest = 0 if now else probe.EVERY_S
    found = probe.snapshot(view.namespace, wait_s=wait_s, max_age_s=oldest)
    if found is not None:
        snapshots.cache(view.namespace, found)
    return found


def glance(actor: Actor, namespace_id: str) -> Snapshot | None:
    """Return the copy of a look that the sampler keeps young; no store is asked.

    None where there is no such copy, or what it says is too old; then `get` and
    `snapshot` know more. Raises NotFound for what the actor may not know of.
    """
    copy = snapshots.cached(namespace_id)
    if copy is None or copy.snapshot.age_s > _GLANCE_S:
        return None
    if not can_see(actor, internal_id=copy.internal_id, scope=copy.scope):
        raise missing(namespace_id)
    if copy.watched_s < WATCHED_S - probe.EVERY_S:  # a crowd need not all say so
        ephemeral.watch(namespace_id, seconds=WATCHED_S)
    return copy.snapshot


def view_of(
    namespace: Namespace, *, from_mirror: bool = False, as_of: datetime | None = None
) -> NamespaceView:
    """Put the organization's public id and name beside the namespace."""
    owner = owner_of(namespace.internal_id)
    return NamespaceView(
        namespace=namespace,
        organization_id=owner.organization_id if owner else "",
        organization_name=owner.name if owner else "",
        from_mirror=from_mirror,
        as_of=as_of or timezone.now(),
    )


def counts_of(namespace_id: str, *, from_mirror: bool = False) -> Counts:
    """Count resources in the store and take documents from the last look at Qdrant."""
    look = LastLook.objects.filter(namespace_id=namespace_id).first()
    documents = (look.live or {}).get("points") if look is not None else None
    if not from_mirror:
        try:
            return Counts(documents, **_stored_counts(namespace_id))
        except Unavailable:
            pass
    row = MirroredNamespace.objects.filter(namespace_id=namespace_id).first()
    if row is None:
        return Counts(documents, None, None, None, None, None)
    return Counts(
        documents if documents is not None else row.document_count,
        row.object_count,
        row.bucket_count,
        row.collection_count,
        row.retriever_count,
        row.taxonomy_count,
    )


def _stored_counts(namespace_id: str) -> dict[str, int]:
    counted = resources.counts(namespace_id, within_s=1)
    return {str(kind): n for kind, n in counted.items()}


def audit_of(
    actor: Actor, view: NamespaceView, *, limit: int = 5, before: int | None = None
) -> list[AuditEvent]:
    """Return the last events, newest first; `before` pages by primary key."""
    rows = audit_rows(actor, view)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:limit])


def differences(view: NamespaceView) -> int:
    """Return how many items differed between the stores at the last comparison."""
    rows = MirroredNamespace.objects.filter(namespace_id=view.namespace.namespace_id)
    return rows.values_list("differences", flat=True).first() or 0


def audit_rows(actor: Actor, view: NamespaceView) -> QuerySet[AuditEvent]:
    """Return a namespace's events that the actor may know of, for filters and pages.

    Its owner's and the actor's own: what another organization does with a namespace of
    the platform, or once did with one of the same id, is for staff alone.
    """
    _gate(actor, Action.AUDIT_READ, view.namespace)
    rows = AuditEvent.objects.filter(namespace_id=view.namespace.namespace_id)
    if actor.is_staff:
        return rows
    known = (actor.organization_id, view.organization_id)
    return rows.filter(organization_id__in=known)
