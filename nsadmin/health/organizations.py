"""Organizations as the platform's people see them: figures, usage, consequences.

Everything here is counted from stored rows; no store is asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.keys import listing as key_listing
from nsadmin.access.models import Membership, Organization, Plan, SupportSession
from nsadmin.access.organization import listing
from nsadmin.access.support import grants
from nsadmin.jobs import overview
from nsadmin.jobs.models import LIVE, Job
from nsadmin.jobs.overview import QueueFigures
from nsadmin.namespaces.change import quota
from nsadmin.namespaces.models import MirroredNamespace

RECENT_DAYS = 7
STATES = ("active", "suspended")


@dataclass(frozen=True, slots=True)
class OrganizationRow:
    """A line of the list; `limit` is the number of namespaces it may have."""

    organization: Organization
    is_seen: bool
    namespaces: int
    limit: int | None
    members: int
    live_jobs: int

    @property
    def is_full(self) -> bool:
        """Whether no namespace can be added."""
        return quota.is_used_up(self.namespaces, self.limit)


@dataclass(frozen=True, slots=True)
class Usage:
    """What an organization has.

    `deleted` can still be restored. `overdue` have expired, `past_grace` can no longer
    be restored; both wait for a schedule, or for the end of a suspension.
    """

    namespaces: int
    dedicated: int
    documents: int
    deleted: int
    overdue: int
    past_grace: int


@dataclass(frozen=True, slots=True)
class Details:
    """The facts of one organization; `people` is empty unless its data is seen."""

    organization: Organization
    is_seen: bool
    usage: Usage
    limit: int | None
    slots: int
    queue: int
    roles: dict[str, int]
    keys: int
    people: list[Membership]
    jobs: QueueFigures
    ended: dict[str, int]
    sessions: list[SupportSession]

    @property
    def members(self) -> int:
        """The number of members."""
        return sum(self.roles.values())


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A subscription and what it includes."""

    value: str
    label: str
    limit: int | None
    slots: int


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """A subscription that an organization may get, and what it would lose with it."""

    offer: PlanOffer
    is_current: bool
    consequences: list[str]

    @property
    def value(self) -> str:
        """The value of the subscription."""
        return self.offer.value

    @property
    def label(self) -> str:
        """The word for people."""
        return self.offer.label


def search(
    actor: Actor, *, text: str, plan: str, state: str, offset: int, limit: int
) -> tuple[list[OrganizationRow], int]:
    """Return a page of the organizations by name, and the number of all that match."""
    found = _matching(text, plan, state)
    shown = list(found[offset : offset + limit])
    return _rows(actor, shown), found.count()


def names_of(organization_ids: Iterable[str]) -> dict[str, str]:
    """Return {organization id: name} of those that exist."""
    found = Organization.objects.in_bulk(list(organization_ids))
    return {key: organization.name for key, organization in found.items()}


def _matching(text: str, plan: str, state: str) -> QuerySet[Organization]:
    rows = Organization.objects.order_by("name")
    if text:
        wanted = names.composed(text)
        rows = rows.filter(
            Q(name__icontains=wanted) | Q(organization_id__icontains=wanted)
        )
    if plan:
        rows = rows.filter(plan=plan)
    if state in STATES:
        rows = rows.filter(suspended_at__isnull=state == "active")
    return rows


def _rows(actor: Actor, shown: Sequence[Organization]) -> list[OrganizationRow]:
    """Count what each has, in a query for each column.

    Nothing of their data is shown, so no access of a support session is noted.
    """
    visible = actor.visible_internal_ids
    tenants = [organization.internal_id for organization in shown]
    ids = [organization.organization_id for organization in shown]
    namespaces = _counted(
        MirroredNamespace.objects.filter(internal_id__in=tenants, deleted_at=None),
        "internal_id",
    )
    members = _counted(
        Membership.objects.filter(organization_id__in=ids), "organization_id"
    )
    jobs = _counted(
        Job.objects.filter(organization_id__in=ids, state__in=LIVE), "organization_id"
    )
    return [
        OrganizationRow(
            organization=organization,
            is_seen=visible is None or organization.internal_id in visible,
            namespaces=namespaces.get(organization.internal_id, 0),
            limit=quota.limit_of(organization),
            members=members.get(organization.organization_id, 0),
            live_jobs=jobs.get(organization.organization_id, 0),
        )
        for organization in shown
    ]


def _counted(
    rows: QuerySet[MirroredNamespace] | QuerySet[Membership] | QuerySet[Job],
    column: str,
) -> dict[str, int]:
    counted = rows.order_by().values_list(column).annotate(Count("pk"))
    return dict(counted)


def details(actor: Actor, organization: Organization) -> Details:
    """Return the facts of one organization, in a fixed number of queries."""
    is_seen = actor.sees(organization.internal_id)
    members = organization.memberships.order_by()
    return Details(
        organization=organization,
        is_seen=is_seen,
        usage=usage(organization),
        limit=quota.limit_of(organization),
        slots=quota.slots_of(organization),
        queue=quota.plan_queue(organization.plan),
        roles=dict(members.values_list("role").annotate(Count("pk"))),
        keys=key_listing.live(organization, timezone.now()).count(),
        people=list(listing.members(organization)[:100]) if is_seen else [],
        jobs=overview.figures(organization.organization_id),
        ended=overview.ended_since(organization.organization_id, RECENT_DAYS),
        sessions=running_sessions(organization),
    )


def usage(organization: Organization) -> Usage:
    """Count what an organization has, in one query."""
    now = timezone.now()
    alive = Q(deleted_at=None)
    rows = MirroredNamespace.objects.filter(internal_id=organization.internal_id)
    counted = rows.aggregate(
        namespaces=Count("pk", filter=alive),
        dedicated=Count("pk", filter=alive & ~Q(tier="shared")),
        documents=Sum("document_count", filter=alive, default=0),
        deleted=Count("pk", filter=~alive),
        overdue=Count("pk", filter=alive & Q(expires_at__lte=now)),
        past_grace=Count("pk", filter=~alive & Q(purge_after__lte=now)),
    )
    return Usage(**counted)


def running_sessions(organization: Organization) -> list[SupportSession]:
    """Return the support sessions that run now, those that end first at the front."""
    rows = grants.running().filter(organization=organization)
    return list(rows.select_related("user").order_by("ends_at"))


def plan_offer(plan: str) -> PlanOffer:
    """Return what a subscription includes."""
    label = str(Plan(plan).label) if plan in Plan.values else plan
    return PlanOffer(plan, label, quota.plan_limit(plan), quota.plan_slots(plan))


def plan_offers() -> list[PlanOffer]:
    """Return every subscription, the smallest first."""
    return [plan_offer(plan.value) for plan in Plan]


def plan_choices(organization: Organization, used: Usage) -> list[PlanChoice]:
    """Return the subscriptions, each with what it would mean."""
    return [
        PlanChoice(
            offer=plan_offer(plan.value),
            is_current=organization.plan == plan.value,
            consequences=list(_consequences(organization, used, plan)),
        )
        for plan in Plan
    ]


def _consequences(organization: Organization, used: Usage, plan: Plan) -> Iterable[str]:
    """Yield what an organization loses with a subscription, in sentences."""
    if organization.plan == plan.value:
        return
    limit = quota.plan_limit(plan.value)
    if organization.namespace_limit is None and limit is not None:
        if used.namespaces > limit:
            over = used.namespaces - limit + 1
            yield (
                f"{used.namespaces:,} namespaces exist, and the subscription includes "
                f"{limit:,}. All stay; none can be added until {over:,} are deleted."
            )
        elif used.namespaces == limit:
            yield f"All {limit:,} included namespaces are used; none can be added."
    slots = quota.plan_slots(plan.value)
    if organization.job_limit is None and slots < quota.slots_of(organization):
        yield (
            f"{slots:,} instead of {quota.slots_of(organization):,} jobs run at once. "
            "Running ones continue."
        )
    if organization.plan == Plan.ENTERPRISE and used.dedicated:
        yield (
            f"{used.dedicated:,} namespaces on dedicated infrastructure stay there, "
            "and their infrastructure can no longer be changed."
        )
