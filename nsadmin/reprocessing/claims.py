"""Claims: a worker of the platform takes a request for some time, and says how it ends.

The worker makes its own token, so that a claim whose answer was lost can be repeated:
the same token gets the same request. Only a hash of the token is stored. Without it a
claim cannot be renewed or finished. One that is not renewed in time is given back.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.organization.suspension import suspended_tenants
from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.audit.record import AuditActor
from nsadmin.errors import Conflict
from nsadmin.names import clip
from nsadmin.reprocessing import reading
from nsadmin.reprocessing.asking import end
from nsadmin.reprocessing.models import EndedBy, ReprocessRequest, RequestState

# A request that so many workers let go is not handed out any more.
MOST_CLAIMS: Final = 10
_LET_GO: Final = f"{MOST_CLAIMS} workers claimed it and none finished."
# Waiting requests that one call tries to get before another worker does.
_TRIES: Final = 20

Finish = Literal["done", "failed"]
_FINISHED: Final[Mapping[Finish, RequestState]] = {
    "done": RequestState.DONE,
    "failed": RequestState.FAILED,
}


def claim(
    actor: AuditActor,
    *,
    worker: str,
    token: str,
    lease_s: int,
    request_id: UUID | None = None,
) -> ReprocessRequest | None:
    """Claim the oldest waiting request, or the one that is named; None without any.

    Repeated with the same token it returns what the token has claimed already. A claim
    is written to the audit together with its row.
    """
    give_back_expired()
    hashed = _hash(token)
    held = _held(hashed).first()
    if held is not None:
        return held
    waiting = ReprocessRequest.objects.filter(state=RequestState.REQUESTED).exclude(
        internal_id__in=suspended_tenants()
    )
    if request_id is not None:
        waiting = waiting.filter(request_id=request_id)
    ids = waiting.order_by("created_at").values_list("request_id", flat=True)
    for key in list(ids[:_TRIES]):
        if (row := _take(actor, key, worker, hashed, lease_s)) is not None:
            return row
    return None


@transaction.atomic
def _take(
    actor: AuditActor, key: UUID, worker: str, hashed: str, lease_s: int
) -> ReprocessRequest | None:
    """Claim a request and audit it; None if another worker was faster."""
    now = timezone.now()
    rows = ReprocessRequest.objects.filter(pk=key, state=RequestState.REQUESTED)
    is_taken = rows.update(
        state=RequestState.CLAIMED,
        claimed_by=clip(worker, 128),
        claimed_at=now,
        claim_ends_at=now + timedelta(seconds=lease_s),
        claims=F("claims") + 1,
        token_hash=hashed,
    )
    if not is_taken:
        return None
    row = ReprocessRequest.objects.get(pk=key)
    _record(actor, row, "claim", f"was claimed by the worker {row.claimed_by}")
    return row


def renew(request_id: UUID, *, token: str, lease_s: int) -> ReprocessRequest:
    """Let a claim last longer; raise NotFound, or Conflict for a claim that is lost."""
    now = timezone.now()
    rows = _held(_hash(token)).filter(pk=request_id, claim_ends_at__gt=now)
    renewed = rows.update(claim_ends_at=now + timedelta(seconds=lease_s))
    row = _get(request_id)
    if not renewed:
        raise _lost(row)
    return row


def finish(
    actor: Actor,
    request_id: UUID,
    *,
    token: str,
    outcome: Finish,
    error: str = "",
) -> ReprocessRequest:
    """End a claimed request, with its audit; repeated it changes nothing.

    Raises NotFound, and Conflict without the claim.
    """
    state, hashed = _FINISHED[outcome], _hash(token)
    with transaction.atomic():
        row = _get(request_id)
        is_own = row.token_hash == hashed
        if is_own and not row.is_open and row.ended_by == EndedBy.WORKER:
            if row.state == state:
                return row
            raise _lost(row)
        if not is_own or not row.holds_claim(timezone.now()):
            raise _lost(row)
        # Another worker may have claimed it since it was read.
        if not end(
            row,
            state,
            by=EndedBy.WORKER,
            label=row.claimed_by,
            error=error,
            token_hash=hashed,
        ):
            raise _lost(_get(request_id))
        is_done = outcome == "done"
        ending = Outcome.DONE if is_done else Outcome.FAILED
        words = "finished" if is_done else "failed"
        _record(actor, row, outcome, words, outcome=ending)
    row.refresh_from_db()
    return row


def _record(
    actor: AuditActor,
    row: ReprocessRequest,
    act: str,
    words: str,
    *,
    outcome: Outcome = Outcome.DONE,
) -> None:
    record.record(
        outcome,
        action=f"reprocess:{act}",
        summary=f"Processing again with {row.extractor_id} {words}.",
        actor=actor,
        organization_id=row.organization_id,
        namespace_id=row.namespace_id,
        namespace_name=row.namespace_name,
    )


def give_back_expired() -> int:
    """Give back the requests whose claim has expired; return how many.

    One that was claimed too often ends as failed.
    """
    now = timezone.now()
    expired = ReprocessRequest.objects.filter(
        state=RequestState.CLAIMED, claim_ends_at__lte=now
    )
    expired.filter(claims__gte=MOST_CLAIMS).update(
        state=RequestState.FAILED,
        ended_at=now,
        ended_by=EndedBy.SYSTEM,
        error=_LET_GO,
        claim_ends_at=None,
    )
    return expired.filter(claims__lt=MOST_CLAIMS).update(
        state=RequestState.REQUESTED, token_hash="", claim_ends_at=None
    )


def _held(hashed: str) -> QuerySet[ReprocessRequest]:
    return ReprocessRequest.objects.filter(
        state=RequestState.CLAIMED, token_hash=hashed
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _get(request_id: UUID) -> ReprocessRequest:
    row = ReprocessRequest.objects.filter(pk=request_id).first()
    if row is None:
        raise reading.not_found()
    return row


def _lost(row: ReprocessRequest) -> Conflict:
    words = {
        RequestState.CANCELLED: "The request was cancelled. Stop working on it.",
        RequestState.DONE: "The request is done. Stop working on it.",
        RequestState.FAILED: "The request has failed already.",
    }
    message = words.get(
        RequestState(row.state), "The claim has expired or is another worker's."
    )
    return Conflict(
        message, code="reprocess_claim_lost", details={"state": str(row.state)}
    )
