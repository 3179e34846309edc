"""A change of several namespaces: what is asked, its plans, its outcomes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from nsadmin.bulk.asked import Kind
from nsadmin.bulk.making import MOST
from nsadmin.bulk.models import BulkChange, BulkItem
from nsadmin.bulk.service import ticks_of
from nsadmin.namespaces.lifecycle.expiry import LONGEST_S, SHORTEST_S
from nsadmin.namespaces.schema.limits import StrictModel
from nsadmin.namespaces.schema.payload_indexes import FieldName, IndexType

NamespaceIds = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=128)]],
    Field(min_length=1, max_length=MOST),
]
ItemState = Literal[
    "planned", "unchanged", "blocked", "left_out", "running", "done", "accepted",
    "started", "waiting", "failed",
]  # fmt: skip


class BulkIndex(StrictModel):
    """The index to add; it gets the parameters that its type has by default."""

    field_name: FieldName
    type: IndexType


class BulkExpiry(StrictModel):
    """The expiry to set, or to remove."""

    ttl_seconds: Annotated[int, Field(ge=SHORTEST_S, le=LONGEST_S)] | None = Field(
        description="Seconds from now; null removes the expiry."
    )


class PlanBulk(StrictModel):
    """One change, asked for each of several namespaces; each kind has its own field."""

    namespace_ids: NamespaceIds
    kind: Kind
    index: BulkIndex | None = Field(None, description="Of the kind `index`.")
    expiry: BulkExpiry | None = Field(None, description="Of the kind `expiry`.")
    template_id: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="Of the kind `template`: what it has is added."
    )


class ConfirmBulkQuery(BaseModel):
    """Whether to confirm, or only to check."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(
        default=False, description="Check the confirmation and write nothing."
    )


class ConfirmBulk(StrictModel):
    """What of the planned change is carried out."""

    namespace_ids: NamespaceIds | None = Field(
        None, description="The others are left out; by default all that are planned."
    )
    ticks: (
        Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=500)]
        | None
    ) = Field(None, description="The `tick` of each entry of `needs_ticks`.")
    count: Annotated[int, Field(ge=1, le=MOST)] | None = Field(
        None, description="Of a deletion: the number of namespaces to delete."
    )


class BulkWarning(BaseModel):
    """A consequence for one namespace."""

    sentence: str
    needs_tick: bool


class BulkTick(BaseModel):
    """A consequence that a confirmation accepts by its `tick`."""

    tick: str
    sentence: str
    count: int = Field(description="The number of namespaces that it is about.")


class BulkResult(BaseModel):
    """What would happen to a namespace, or has happened."""

    namespace_id: str
    namespace_name: str | None
    state: ItemState
    message: str | None = Field(description="Why nothing is done, or not yet.")
    steps: list[str]
    warnings: list[BulkWarning]
    needs_second_person: bool
    plan_id: str | None
    operation_id: str | None = Field(description="Its event in the audit log.")
    task_id: str | None

    @classmethod
    def of(cls, row: BulkItem) -> Self:
        """Return one namespace of a change."""
        return cls.model_construct(
            namespace_id=row.namespace_id,
            namespace_name=row.namespace_name or None,
            state=row.state,
            message=row.message or None,
            steps=row.steps,
            warnings=[
                BulkWarning.model_construct(sentence=sentence, needs_tick=needs)
                for sentence, needs in row.warnings
            ],
            needs_second_person=row.needs_second,
            plan_id=row.plan_id or None,
            operation_id=row.op_id or None,
            task_id=row.task_id or None,
        )


class BulkModel(BaseModel):
    """A change of several namespaces with its plans, or with its outcomes."""

    bulk_id: str
    bulk_url: str = Field(description="The address of its page.")
    kind: Kind
    state: Literal["planned", "confirmed", "expired"]
    left: int = Field(description="How many a call of `continue` would change.")
    counts: dict[str, int] = Field(description="The number of namespaces by state.")
    needs_ticks: list[BulkTick]
    results: list[BulkResult]
    made_by: str
    made_at: datetime
    expires_at: datetime = Field(description="It can be confirmed until then.")
    confirmed_by: str | None
    confirmed_at: datetime | None

    @classmethod
    def of(
        cls, change: BulkChange, rows: Iterable[BulkItem], *, url: str, left: int
    ) -> Self:
        """Return a change with its namespaces, in the order in which they were sent."""
        shown = list(rows)
        states = [row.state for row in shown]
        ends = change.is_confirmed
        return cls.model_construct(
            bulk_id=change.bulk_id,
            bulk_url=url,
            kind=change.asked["kind"],
            state=(
                "confirmed" if ends else "expired" if change.is_expired else "planned"
            ),
            left=left if ends else 0,
            counts={state: states.count(state) for state in dict.fromkeys(states)},
            needs_ticks=[
                BulkTick.model_construct(tick=tick, sentence=sentence, count=count)
                for tick, (sentence, count) in ticks_of(change, shown).items()
            ],
            results=[BulkResult.of(row) for row in shown],
            made_by=change.made_by_label,
            made_at=change.made_at,
            expires_at=change.expires_at,
            confirmed_by=change.confirmed_by_label or None,
            confirmed_at=change.confirmed_at,
        )
