"""Where a clone is made: on the shared cluster, the source's own, or another one.

The default is the source's own cluster, if the organization that clones owns the
source and may use dedicated clusters. A stored key is sealed anew for the clone; it
never leaves its organization.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import SecretStr

from nsadmin.access.actor import Actor
from nsadmin.access.models import Plan
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.clones.copy.infrastructure import taken_over
from nsadmin.errors import Conflict, Invalid, NotEnabled
from nsadmin.namespaces.change import preflight
from nsadmin.namespaces.change.preflight_checks import Check
from nsadmin.namespaces.placement.clusters import (
    new_cluster_facts,
    seal_key,
    stored_key,
)
from nsadmin.namespaces.plan.creation import new_infrastructure
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS
from nsadmin.namespaces.plan.steps import INFRASTRUCTURE
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD, SEALED_FIELD
from nsadmin.stores.ssrf_guard import destination

# What a clone on its source's cluster needs besides address and key.
_TIER_FIELDS: Final = ("ray_head_node_url", "gpu_type", "gpus_per_worker")


@dataclass(frozen=True, slots=True)
class DedicatedTarget:
    """A dedicated cluster of the organization that clones.

    `infrastructure` is what the creation of a namespace takes: tier, address, key, Ray
    head node and, for GPUs, their type and number.
    """

    infrastructure: Raw = field(repr=False)


Target = Literal["shared", "source"] | DedicatedTarget


def resolved(actor: Actor, source: Namespace, target: Target | None) -> Target:
    """Return the chosen target, or the default one.

    Raises Invalid for the cluster of a source that is shared or of another
    organization, NotEnabled if the subscription excludes dedicated clusters, Forbidden
    if the actor may not choose where data of the organization goes.
    """
    is_own = source.tier != "shared" and source.internal_id == actor.internal_id
    is_included = actor.plan == Plan.ENTERPRISE
    if target is None:
        return "source" if is_own and is_included else "shared"
    if target == "source" and not is_own:
        message = (
            "A clone never uses the cluster of another organization."
            if source.internal_id != actor.internal_id
            else "The source is on the shared cluster."
        )
        raise Invalid.at("target", message)
    if target != "shared" and not is_included:
        raise NotEnabled(
            "A clone on a dedicated cluster needs the Enterprise subscription.",
            details={"resource": "infrastructure", "tier": actor.plan},
        )
    if isinstance(target, DedicatedTarget):
        gate.require(actor, Action.NAMESPACE_INFRASTRUCTURE)
    return target


def infrastructure(
    source: Namespace, target: Target, *, namespace_id: str, internal_id: str
) -> Raw:
    """Return the infrastructure of the clone's document, with its key sealed for it.

    Settings that are bound to no cluster are the source's where `taken_over` allows it
    and the target has no own. Raises Invalid for values that a creation refuses,
    Unavailable if the source's key cannot be unsealed.
    """
    if isinstance(target, DedicatedTarget):
        sent = {**target.infrastructure, "qdrant_collection": namespace_id}
        facts = new_cluster_facts(internal_id, sent)
        made, key = new_infrastructure(sent, namespace_id, facts), sent.get(KEY_FIELD)
        plain = key.get_secret_value() if isinstance(key, SecretStr) else str(key or "")
    else:
        made, plain = new_infrastructure(None, namespace_id, NO_FACTS), ""
        if target == "source":
            made |= _of_source(source)
            stored = stored_key(source)
            plain = stored.reveal() if stored else ""
    tier = made["compute_tier"]
    chosen = target.infrastructure if isinstance(target, DedicatedTarget) else {}
    kept = taken_over(source, tier=tier, internal_id=internal_id)
    made |= {name: kept[name] for name in kept if chosen.get(name) is None}
    if plain and tier != "shared":
        made[SEALED_FIELD] = seal_key(
            plain,
            internal_id=internal_id,
            namespace_id=namespace_id,
            url=made["qdrant_url"],
        )
    return made


def _of_source(source: Namespace) -> Raw:
    own = source.infrastructure
    return {
        "compute_tier": source.tier,
        "qdrant_url": own.get("qdrant_url"),
        **{name: own[name] for name in _TIER_FIELDS if own.get(name) is not None},
    }


def label(namespace: Namespace) -> str:
    """Name the cluster of a namespace, such as `the shared cluster`."""
    if namespace.tier == "shared":
        return "the shared cluster"
    place = destination(str(namespace.infrastructure.get("qdrant_url")), any_port=True)
    return f"the dedicated cluster {place.host}:{place.port}"


def checks(source: Namespace, clone: Namespace, target: Target) -> tuple[Check, ...]:
    """Ask the target's cluster: does it answer, in which version, may the key write.

    Nothing is asked for the shared cluster. The source's own one is tried at the
    source's collection, as only an existing one tells whether the key may write.
    """
    if target == "shared":
        return ()
    return preflight.run_new(source if target == "source" else clone)


def require(found: tuple[Check, ...], target: Target) -> None:
    """Raise Invalid, Conflict or Unavailable if a check blocks.

    The source's own cluster may be silent: the job waits for it.
    """
    blocking = [check for check in found if check.state == "blocks"]
    if isinstance(target, DedicatedTarget) and blocking and blocking[0].silent:
        # It is the entered address that is silent, not a store of the platform.
        silent = blocking[0]
        message = f"{silent.title}. {silent.sentence}".strip()
        raise Invalid.at(f"{INFRASTRUCTURE}qdrant_url", message, code="cluster_silent")
    if target != "source":
        preflight.require(found)
        return
    if blocking and not blocking[0].silent:
        first = blocking[0]
        raise Conflict(
            f"The clone would be made on its source's cluster. {first.title}. "
            f"{first.sentence}".strip(),
            code="target_refused",
        )
