"""The request to clone a namespace, where a second person confirms it."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from pydantic import SecretStr

from nsadmin.access.actor import Actor
from nsadmin.access.organization.second_person import Approval, Guarded
from nsadmin.access.permissions import Action
from nsadmin.clones import preconditions, start
from nsadmin.clones.request import CloneRequest, Include
from nsadmin.clones.target import DedicatedTarget
from nsadmin.namespaces.change.commit import Outcome, Preview
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.steps.copying import CloneNamespace
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD


@dataclass(frozen=True, slots=True)
class CloneChange:
    """The request to clone a namespace."""

    request: CloneRequest

    @property
    def action(self) -> Action:
        """The permission."""
        is_across = self.request.source_organization_id is not None
        return Action.NAMESPACE_CLONE_ACROSS if is_across else Action.NAMESPACE_CLONE

    def preview(self, actor: Actor, namespace_id: str) -> Preview:
        """Return the plan; raises as the start of a clone."""
        view = preconditions.check(actor, namespace_id, self.request)
        is_across = self.request.source_organization_id is not None
        step = CloneNamespace(
            self.request.namespace_name,
            view.namespace.label,
            view.organization_name if is_across else "",
            actor.organization_name if is_across else "",
            _place(self.request),
        )
        return Preview(view, Plan.of(view.namespace, [step]), qdrant_silent=False)

    def guard(self, _namespace: Namespace) -> Guarded | None:
        """Return the kind of change for which a second person may be required."""
        return Guarded.ACROSS if self.request.source_organization_id else None

    def carry_out(
        self,
        actor: Actor,
        namespace_id: str,
        *,
        digest: str,
        op_id: str,  # noqa: ARG002 - the job has its own
        approval: Approval | None,
    ) -> Outcome:
        """Start the clone; raise PlanChanged for another plan than that of `digest`."""
        shown = self.preview(actor, namespace_id)
        shown.plan.require_digest(digest)
        job = start.launch(actor, namespace_id, self.request, approval=approval).job
        return Outcome(
            shown.view, shown.plan, job.op_id, converged=True, task_id=str(job.job_id)
        )


def _place(request: CloneRequest) -> str:
    """Return the address that was entered for the clone; empty without one."""
    target = request.target
    if not isinstance(target, DedicatedTarget):
        return ""
    return str(target.infrastructure.get("qdrant_url") or "")


def written(change: CloneChange) -> tuple[Raw, SecretStr | None]:
    """Return the request as data, and the key of the clone's cluster."""
    request, secret = change.request, None
    target: Any = request.target
    if isinstance(target, DedicatedTarget):
        place = dict(target.infrastructure)
        key = place.pop(KEY_FIELD, None)
        secret = key if isinstance(key, SecretStr) else None
        target = {"infrastructure": place}
    data = asdict(replace(request, target=None))
    return {"kind": "clone", **data, "target": target}, secret


def read(data: Raw, secret: SecretStr | None) -> CloneChange:
    """Return the request that was written."""
    values = {key: data[key] for key in data if key != "kind"}
    target = values.pop("target")
    if isinstance(target, dict):
        place = dict(target["infrastructure"])
        if secret is not None:
            place[KEY_FIELD] = secret
        target = DedicatedTarget(place)
    include = Include(**values.pop("include"))
    return CloneChange(CloneRequest(**values, include=include, target=target))
