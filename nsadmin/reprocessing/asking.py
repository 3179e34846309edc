"""Asking the platform to process again, and cancelling that."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.audit import record
from nsadmin.errors import Conflict, Invalid
from nsadmin.names import clip
from nsadmin.namespaces.change.blockers import require_not_deleting
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.reprocessing import counted, coverage, reading
from nsadmin.reprocessing.messages import enqueue_message
from nsadmin.reprocessing.models import (
    OPEN,
    EndedBy,
    ReprocessRequest,
    RequestState,
)
from nsadmin.stores.mongo import resources

_ACTION: Final = Action.NAMESPACE_UPDATE
_NAMES_S: Final = 2.0
REQUESTED: Final = "namespace.reprocess.requested"
CANCELLED: Final = "namespace.reprocess.cancelled"


def ask(
    actor: Actor,
    identifier: str,
    extractor_id: str,
    *,
    collection_ids: Sequence[str] | None = None,
    organization_id: str | None = None,
) -> ReprocessRequest:
    """Ask that an extractor's vectors be computed; all collections if none are named.

    An open request for the same extractor and collections is returned instead. Raises
    NotFound and Forbidden as for a change, Invalid for an extractor that is not
    registered or has no vectors and for unknown collections, Conflict for an open
    request for other collections, Unavailable while MongoDB does not answer.
    """
    view = queries.get_stored(
        actor, identifier, organization_id=organization_id, action=_ACTION
    )
    require_not_deleting(view.namespace)
    vectors = _vectors(view, extractor_id)
    chosen = _chosen(view, collection_ids)
    try:
        with transaction.atomic():
            row = _created(actor, view, extractor_id, vectors, chosen)
    except IntegrityError:
        row = _open(view, extractor_id)
        if row.collection_ids != chosen:
            raise Conflict(
                "This extractor is already being processed again, for other "
                "collections. Cancel that request first, or wait for its end.",
                code="reprocess_open",
                details={"request_id": str(row.request_id)},
            ) from None
    return row


def _vectors(view: NamespaceView, extractor_id: str) -> list[str]:
    registered = {stored.id for stored in view.namespace.extractors}
    if extractor_id not in registered:
        raise Invalid.at(
            "feature_extractor_id", "This extractor is not registered here."
        )
    vectors = counted.measured_vectors(view, extractor_id)
    if not vectors:
        message = "This extractor has no known vectors, so nothing can be measured."
        raise Invalid.at("feature_extractor_id", message)
    return vectors


def _chosen(view: NamespaceView, sent: Sequence[str] | None) -> list[str]:
    """Return the ids of the collections, sorted; raise Invalid for unknown ones."""
    most = coverage.MOST_COLLECTIONS
    namespace_id = view.namespace.namespace_id
    if sent is None:
        found, total = resources.first_collections(
            namespace_id, most, within_s=_NAMES_S
        )
        if total > most:
            message = f"There are {total:,} collections. Name up to {most} of them."
            raise Invalid.at("collection_ids", message)
        sent = [collection_id for _, collection_id in found]
        known = set(sent)
    else:
        asked = sorted(set(sent))[: most + 1]
        known = resources.known_collections(namespace_id, asked, within_s=_NAMES_S)
    chosen = sorted(set(sent))
    if not chosen:
        raise Invalid.at("collection_ids", "There is no collection to process.")
    if len(chosen) > most:
        raise Invalid.at("collection_ids", f"Name {most} collections at most.")
    if unknown := sorted(set(chosen) - known):
        message = f"There is no collection {clip(unknown[0], 100)} here."
        raise Invalid.at("collection_ids", message)
    return chosen


def _open(view: NamespaceView, extractor_id: str) -> ReprocessRequest:
    row = ReprocessRequest.objects.filter(
        namespace_id=view.namespace.namespace_id,
        extractor_id=extractor_id,
        state__in=OPEN,
    ).first()
    if row is None:
        raise Conflict("The request has just ended. Ask again.", code="reprocess_open")
    return row


def _created(
    actor: Actor,
    view: NamespaceView,
    extractor_id: str,
    vectors: list[str],
    collection_ids: list[str],
) -> ReprocessRequest:
    namespace = view.namespace
    row = ReprocessRequest.objects.create(
        organization_id=view.organization_id or actor.organization_id,
        internal_id=namespace.internal_id,
        namespace_id=namespace.namespace_id,
        namespace_name=clip(namespace.label, 128),
        extractor_id=extractor_id,
        vectors=vectors,
        collection_ids=collection_ids,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=clip(actor.label, 254),
    )
    number = len(collection_ids)
    noun = "collection" if number == 1 else "collections"
    _record(
        actor, row, "request", f"Process {number} {noun} again with {extractor_id}."
    )
    enqueue_message(row, REQUESTED)
    return row


def _record(actor: Actor, row: ReprocessRequest, what: str, summary: str) -> None:
    record.record(
        action=f"reprocess:{what}",
        summary=summary,
        actor=actor,
        organization_id=row.organization_id,
        namespace_id=row.namespace_id,
        namespace_name=row.namespace_name,
    )


def cancel(
    actor: Actor,
    identifier: str,
    request_id: UUID | str,
    *,
    organization_id: str | None = None,
) -> ReprocessRequest:
    """Cancel an open request; one that has ended stays as it is.

    A worker that has it is told so at its next call. Raises NotFound and Forbidden as
    for a change of the namespace.
    """
    view = queries.get_stored(
        actor, identifier, organization_id=organization_id, action=_ACTION
    )
    row = reading.of_view(view, request_id)
    with transaction.atomic():
        is_ended = end(
            row,
            RequestState.CANCELLED,
            by=EndedBy.PERSON,
            label=actor.label,
        )
        if is_ended:
            _record(
                actor, row, "cancel", f"Stop processing again with {row.extractor_id}."
            )
            enqueue_message(row, CANCELLED)
    row.refresh_from_db()
    return row


def end(
    row: ReprocessRequest,
    state: RequestState,
    *,
    by: EndedBy,
    label: str = "",
    error: str = "",
    token_hash: str = "",
) -> bool:
    """End a request unless it has ended; tell whether this call ended it.

    With the hash of a token only while its claim stands.
    """
    rows = ReprocessRequest.objects.filter(pk=row.pk, state__in=OPEN)
    if token_hash:
        rows = rows.filter(token_hash=token_hash)
    return bool(
        rows.update(
            state=state,
            ended_at=timezone.now(),
            ended_by=by,
            ended_label=clip(label, 254),
            error=clip(error, 500),
            claim_ends_at=None,
        )
    )
