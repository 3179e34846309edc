"""A kept plan as the API answers it, and its confirmation."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from nsadmin.api.schemas.changes import PlanStep
from nsadmin.api.schemas.requests import AddressQuery
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.shown import tick_of

# What only the page of the plan needs of a step.
_OF_PAGES = frozenset({"key", "hint", "old", "new"})


class KeptWarning(BaseModel):
    """A consequence; `tick` is what a confirmation sends to accept it."""

    sentence: str
    needs_tick: bool
    tick: str


class PlanActor(BaseModel):
    """Who made or confirmed a plan."""

    kind: Literal["user", "key", "command", "system"]
    label: str


class KeptPlan(BaseModel):
    """A plan that was made and kept, with its state."""

    plan_id: str
    plan_url: str = Field(description="The address of the plan's page.")
    namespace_id: str
    source: Literal["form", "api", "yaml", "bulk"]
    state: Literal["open", "confirmed", "expired"]
    holds: bool | None = Field(
        description=(
            "Whether the namespace would still be changed by these steps. Null if the "
            "plan is not open, or cannot be made for this key now."
        )
    )
    revision: int
    digest: str
    steps: list[PlanStep]
    warnings: list[KeptWarning]
    made_by: PlanActor
    made_at: datetime
    expires_at: datetime = Field(description="It can be confirmed until then.")
    confirmed_by: PlanActor | None
    confirmed_at: datetime | None
    operation_id: str | None = Field(description="Its event in the audit log.")
    task_id: str | None = Field(description="The task that moves or clones it.")

    @classmethod
    def of(cls, saved: SavedPlan, *, url: str, holds: bool | None) -> Self:
        """Return a kept plan."""
        shown = saved.shown
        is_done = saved.is_confirmed
        return cls.model_construct(
            plan_id=saved.plan_id,
            plan_url=url,
            namespace_id=saved.namespace_id,
            source=saved.source,
            state=(
                "confirmed" if is_done else "expired" if saved.is_expired else "open"
            ),
            holds=holds,
            revision=saved.revision,
            digest=saved.digest,
            steps=[
                PlanStep.model_construct(
                    **{k: v for k, v in step.items() if k not in _OF_PAGES}
                )
                for step in shown["steps"]
            ],
            warnings=[
                KeptWarning.model_construct(**w, tick=tick_of(w["sentence"]))
                for w in shown["warnings"]
            ],
            made_by=PlanActor.model_construct(
                kind=saved.made_by_kind, label=saved.made_by_label
            ),
            made_at=saved.made_at,
            expires_at=saved.expires_at,
            confirmed_by=PlanActor.model_construct(
                kind=saved.confirmed_by_kind, label=saved.confirmed_by_label
            )
            if is_done
            else None,
            confirmed_at=saved.confirmed_at,
            operation_id=saved.op_id if is_done else None,
            task_id=saved.task_id or None,
        )


class DigestQuery(BaseModel):
    """The plan that is confirmed, if it is no longer the one that was kept."""

    model_config = ConfigDict(extra="forbid")

    plan_digest: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="The plan that was read last; by default the one that was kept.",
    )


class ConfirmQuery(AddressQuery, DigestQuery):
    """The same, and the organization of the namespace."""


Tick = Annotated[str, Field(max_length=64)]


class ConfirmPlan(BaseModel):
    """The warnings that are accepted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ticks: Annotated[list[Tick], Field(max_length=500)] | None = Field(
        None, description="The `tick` of each warning with `needs_tick`."
    )
