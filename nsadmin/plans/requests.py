"""Requests for changes as data, and back; a secret is kept apart from them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from nsadmin.audit import search
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import NotFound
from nsadmin.namespaces.plan import merge
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.plan.plan import ChangeRequest
from nsadmin.namespaces.plan.protection import Protection
from nsadmin.namespaces.plan.repair import Repair
from nsadmin.namespaces.plan.revert import Revert, revert_of
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.plans import copying, creating
from nsadmin.plans.copying import CloneChange
from nsadmin.plans.creating import CreationChange
from nsadmin.plans.endings import Deletion, ExpiryChange

# Requests that are not carried out by steps of a patch.
Unpatched = ExpiryChange | Deletion | CloneChange | CreationChange
Wanted = ChangeRequest | NamespacePatch | Unpatched


def organization_of(wanted: Wanted, view: NamespaceView) -> str:
    """Return the public id of the organization whose plan it is.

    It is that of the namespace, or of the one that is made.
    """
    if isinstance(wanted, CloneChange | CreationChange):
        return wanted.organization_id
    return view.organization_id


def written(wanted: Wanted, namespace: Namespace) -> tuple[Raw, SecretStr | None]:
    """Return the request as data, and the secret that it brings."""
    match wanted:
        case NamespacePatch():
            return _patch(PatchRequest(wanted), namespace)
        case PatchRequest():
            return _patch(wanted, namespace)
        case Repair():
            return {"kind": "repair", **asdict(wanted)}, None
        case Protection():
            return {"kind": "protection", "protect": wanted.protect}, None
        case Revert():
            return {"kind": "revert", "op_id": wanted.op_id}, None
        case ExpiryChange():
            return _expiry(wanted), None
        case CloneChange():
            return copying.written(wanted)
        case CreationChange():
            return creating.written(wanted)
        case Deletion():
            return {"kind": "deletion"}, None
        case _:
            raise TypeError(f"{type(wanted).__name__} cannot be kept.")


def read(data: Raw, secret: SecretStr | None) -> ChangeRequest | Unpatched:
    """Return the request that was written down."""
    values: dict[str, Any] = {key: data[key] for key in data if key != "kind"}
    match data["kind"]:
        case "patch":
            patch = parse_patch(values["body"])
            if secret is not None and patch.infrastructure is not None:
                patch.infrastructure[KEY_FIELD] = secret
            return PatchRequest(patch, pause_writes=values["pause_writes"])
        case "repair":
            return Repair(**values)
        case "protection":
            return Protection(**values)
        case "revert":
            return _revert(values["op_id"])
        case "expiry":
            return ExpiryChange(end_of(data))
        case "clone":
            return copying.read(data, secret)
        case "creation":
            return creating.read(data, secret)
        case "deletion":
            return Deletion()
        case kind:
            raise NotFound(f"Plans of the kind {kind} cannot be read.")


def end_of(data: Raw) -> datetime | None:
    """Return the expiry of a written request; None to remove it."""
    return datetime.fromisoformat(data["end"]) if data.get("end") else None


def _patch(wanted: PatchRequest, namespace: Namespace) -> tuple[Raw, SecretStr | None]:
    """Return a patch as data; a key with its address, so that it goes nowhere else.

    `base` has what was stored of what it changes, to tell changes of others later.
    """
    patch = wanted.patch
    body = patch.model_dump(exclude_none=True, exclude={"infrastructure"})
    secret = None
    if patch.infrastructure is not None:
        place = dict(patch.infrastructure)
        key = place.pop(KEY_FIELD, None)
        secret = key if isinstance(key, SecretStr) else None
        if secret is not None and namespace.infrastructure.get("qdrant_url"):
            place.setdefault("qdrant_url", namespace.infrastructure["qdrant_url"])
        body["infrastructure"] = place if secret is not None else _bare(place, key)
    base = merge.base_of(patch, namespace) if wanted.base is None else wanted.base
    data: Raw = {
        "kind": "patch",
        "body": body,
        "pause_writes": wanted.pause_writes,
        "base": base,
    }
    if wanted.made_from is not None:
        data["made_from"] = wanted.made_from
    return data, secret


def _bare(place: Raw, key: Any) -> Raw:
    """Return the infrastructure; a null key, which removes the stored one, is kept."""
    return place if key is None else {**place, KEY_FIELD: None}


def reverting(event: AuditEvent) -> Revert | ExpiryChange:
    """Return the request to revert a written change; Invalid if it has no inverse."""
    revert = revert_of(event.op_id, event.changes)
    for change in revert.transitions:
        if change.subject == "expires_at":
            return ExpiryChange(end_of({"end": change.before}), revert)
    return revert


def _expiry(wanted: ExpiryChange) -> Raw:
    if wanted.revert is not None:
        return {"kind": "revert", "op_id": wanted.revert.op_id}
    return {"kind": "expiry", "end": wanted.end and wanted.end.isoformat()}


def _revert(op_id: str) -> Revert | ExpiryChange:
    event = search.written_update(AuditEvent.objects.all(), op_id)
    if event is None:
        raise NotFound("The change that this plan reverts is not in the audit.")
    return reverting(event)
