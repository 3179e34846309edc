"""The way back: a move to where the last one found the namespace.

The stored infrastructure and key of the old cluster are sent as a person would send
them, so that a move back takes the road of every other, with the same checks.
"""

from collections.abc import Mapping
from typing import Final

from django.utils import timezone
from pydantic import SecretStr

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.errors import Conflict
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.change.commit import Outcome, Preview
from nsadmin.namespaces.placement.clusters import stored_key
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD
from nsadmin.namespaces.schema.moving import (
    Fallback,
    fallback_of,
    with_infrastructure,
)
from nsadmin.namespaces.schema.patch import NamespacePatch

# What only a dedicated place needs, with the value that stands for none.
_NONE: Final[Mapping[str, object]] = {
    "ray_head_node_url": "",
    "gpu_type": "",
    "gpus_per_worker": 0,
}
# What stays on a tier which may need it.
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "dedicated_cpu": ("ray_head_node_url",),
    "dedicated_gpu": tuple(_NONE),
}


def way_back(namespace: Namespace) -> Fallback | None:
    """Return the old collection as long as it is kept; None afterwards."""
    left = fallback_of(namespace)
    if left is None or left.until is None or left.until <= timezone.now():
        return None
    return left


def preview(
    actor: Actor, identifier: str, *, organization_id: str | None = None
) -> Preview:
    """Return the plan of the way back; nothing is written.

    Raises Conflict if there is none, and what other changes of infrastructure raise.
    """
    request = request_of(actor, identifier, organization_id, pause_writes=False)
    return commit.preview(actor, identifier, request, organization_id=organization_id)


def start(
    actor: Actor,
    identifier: str,
    *,
    digest: str | None = None,
    pause_writes: bool = False,
    organization_id: str | None = None,
) -> Outcome:
    """Start the move back; its job is `task_id` of the outcome. Raises like `preview`.

    `digest` is the one of the plan that was shown.
    """
    request = request_of(actor, identifier, organization_id, pause_writes=pause_writes)
    return commit.commit(
        actor, identifier, request, digest=digest, organization_id=organization_id
    )


def request_of(
    actor: Actor, identifier: str, organization_id: str | None, *, pause_writes: bool
) -> PatchRequest:
    """Return the request for the way back; raise Conflict if there is none."""
    view = queries.get_stored(
        actor,
        identifier,
        organization_id=organization_id,
        action=Action.NAMESPACE_INFRASTRUCTURE,
    )
    left = way_back(view.namespace)
    if left is None:
        raise Conflict(
            "There is no old collection to move back to.", code="fallback_gone"
        )
    patch = NamespacePatch(infrastructure=_sent(view.namespace, left))
    return PatchRequest(patch, pause_writes=pause_writes)


def _sent(namespace: Namespace, left: Fallback) -> Raw:
    """Return the old place as a request sends it, with its key.

    What was not set there is removed again.
    """
    before = with_infrastructure(namespace, left.infrastructure)
    sent: Raw = {"compute_tier": before.tier}
    for field, none in _NONE.items():
        is_set = namespace.infrastructure.get(field) is not None
        if before.infrastructure.get(field) is not None:
            sent[field] = before.infrastructure[field]
        elif is_set and field not in _NEEDED.get(before.tier, ()):
            sent[field] = none
    if before.tier == "shared":
        return sent
    if before.infrastructure.get("qdrant_url") is not None:
        sent["qdrant_url"] = before.infrastructure["qdrant_url"]
    key = stored_key(before)
    if key is not None:
        sent[KEY_FIELD] = SecretStr(key.reveal())
    return sent
