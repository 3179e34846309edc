"""The request to clone a namespace: its plan names what the clone loses."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from pydantic import SecretStr

from nsadmin.access.actor import Actor
from nsadmin.access.organization.second_person import Approval, Guarded
from nsadmin.access.permissions import Action
from nsadmin.clones import start
from nsadmin.clones.preview import ClonePreview, preview
from nsadmin.clones.request import CloneRequest, Include
from nsadmin.clones.review.losses import Losses
from nsadmin.clones.target import DedicatedTarget
from nsadmin.errors import Conflict
from nsadmin.jobs.models import Job
from nsadmin.namespaces.change.commit import Outcome, Preview
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.steps.copying import CloneNamespace
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD

KIND = "clone"


@dataclass(frozen=True, slots=True)
class CloneReview(Preview):
    """The plan of a clone, with its forecast."""

    clone: ClonePreview | None = None


@dataclass(frozen=True, slots=True)
class CloneChange:
    """The request to clone a namespace into an organization, by its public id."""

    request: CloneRequest
    organization_id: str

    @property
    def is_across(self) -> bool:
        """Whether the source belongs to another organization that was named."""
        return self.request.source_organization_id not in (None, self.organization_id)

    @property
    def is_placed(self) -> bool:
        """Whether a cluster was entered."""
        return isinstance(self.request.target, DedicatedTarget)

    @property
    def action(self) -> Action:
        """The permission."""
        return (
            Action.NAMESPACE_CLONE_ACROSS if self.is_across else Action.NAMESPACE_CLONE
        )

    def preview(self, actor: Actor, namespace_id: str) -> CloneReview:
        """Return the plan with its forecast; raises as the start of a clone."""
        self._require_organization(actor)
        shown = preview(actor, namespace_id, self.request)
        plan = self._plan(actor, shown.source, shown.losses)
        is_silent = self.request.include.collections and (
            shown.counts.get("points") is None
        )
        return CloneReview(
            shown.source, plan, is_silent, checks=shown.checks, clone=shown
        )

    def _require_organization(self, actor: Actor) -> None:
        """Raise Conflict for an actor whose clone would be another organization's."""
        if actor.organization_id != self.organization_id:
            raise Conflict(
                "The clone of this plan belongs to another organization; one of its "
                "members confirms it.",
                code="other_organization",
            )

    def _plan(self, actor: Actor, view: NamespaceView, lost: Losses) -> Plan:
        step = CloneNamespace(
            self.request.namespace_name,
            view.namespace.label,
            view.organization_name if self.is_across else "",
            actor.organization_name if self.is_across else "",
            _place(self.request),
            (*lost.place, *lost.lost),
        )
        return Plan.of(view.namespace, [step])

    def guard(self, _namespace: Namespace) -> Guarded | None:
        """Return the kind of change for which a second person may be required."""
        return Guarded.ACROSS if self.is_across else None

    def carry_out(
        self,
        actor: Actor,
        namespace_id: str,
        *,
        digest: str,
        op_id: str,
        approval: Approval | None,
    ) -> Outcome:
        """Start the clone; raise PlanChanged for another plan than that of `digest`."""
        shown = self.preview(actor, namespace_id)
        shown.plan.require_digest(digest)
        job = start.launch(
            actor,
            namespace_id,
            self.request,
            op_id=op_id,
            approval=approval,
            forecast_s=_seconds(shown.clone),
        ).job
        return Outcome(
            shown.view, shown.plan, job.op_id, converged=True, task_id=str(job.job_id)
        )

    def begun_by(self, actor: Actor, namespace_id: str) -> Job | None:
        """Return the job that the first of two clicks began a moment ago."""
        return start.find_double_submit(actor, namespace_id, self.request)


def _seconds(shown: ClonePreview | None) -> tuple[float, float] | None:
    """Return the forecast as the report keeps it; None if nothing was measured."""
    told = shown.forecast if shown is not None else None
    if told is None or not told.clones or told.fast_s is None or told.slow_s is None:
        return None
    return told.fast_s, told.slow_s


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
    owner = {"organization_id": change.organization_id}
    return {"kind": KIND, **owner, **data, "target": target}, secret


def read(data: Raw, secret: SecretStr | None) -> CloneChange:
    """Return the request that was written."""
    values = {key: data[key] for key in data if key != "kind"}
    owner, target = values.pop("organization_id"), values.pop("target")
    if isinstance(target, dict):
        place = dict(target["infrastructure"])
        if secret is not None:
            place[KEY_FIELD] = secret
        target = DedicatedTarget(place)
    include = Include(**values.pop("include"))
    return CloneChange(CloneRequest(**values, include=include, target=target), owner)
