"""Steps that end a namespace, now or at a time. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from nsadmin.errors import Conflict
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.steps.base import PlanWarning, Step, Store, Transition
from nsadmin.namespaces.schema.document import Namespace


@dataclass(frozen=True, slots=True)
class SetExpiry(Step):
    """Set the expiry; times as ISO text, None for no expiry.

    After it, the namespace can be restored for `days`; 0 if that number is not known.
    """

    kind: ClassVar[str] = "set_expiry"
    store: ClassVar[Store] = "namespace store"
    name: str
    before: str | None
    after: str | None
    days: int = 0

    @classmethod
    def of(
        cls, namespace: Namespace, end: datetime | None, *, days: int = 0
    ) -> "SetExpiry":
        """Return the step that gives a namespace this expiry."""
        before = expiry_text(namespace.expires_at)
        return cls(namespace.label, before, expiry_text(end), days)

    def sentence(self) -> str:
        """Return the description with the times."""
        if self.after is None:
            return "Remove the expiry."
        if self.before is None:
            return f"Set the expiry to {written_time(self.after)}."
        before, after = written_time(self.before), written_time(self.after)
        return f"Change the expiry from {before} to {after}."

    def hint(self) -> str:
        """Return how the people are told before."""
        return "" if self.after is None else "A warning comes at least an hour before."

    @property
    def is_sooner(self) -> bool:
        """Whether the namespace ends earlier than before."""
        if self.after is None:
            return False
        return self.before is None or _time(self.after) < _time(self.before)

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return the warning of the deletion."""
        if not self.is_sooner or self.after is None:
            return []
        sentence = (
            f"On {written_time(self.after)} “{self.name}” is deleted with "
            f"{_contents(actual)}. {_restorable(self.days)}"
        )
        return [PlanWarning(sentence, needs_tick=True)]

    @property
    def transition(self) -> Transition | None:
        """The expiry before and after."""
        return ExpiryTransition("expires_at", self.before, self.after, self.sentence())


class ExpiryTransition(Transition):
    """The expiry before and after an operation, as ISO text."""

    __slots__ = ()

    @property
    def needs_delete(self) -> bool:
        """Whether the old expiry is earlier than the new one."""
        return SetExpiry("", self.after, self.before).is_sooner

    def steps_back(self, namespace: Namespace) -> list[Step]:
        """Return the step that sets the old expiry; Conflict if that has passed."""
        now = expiry_text(namespace.expires_at)
        if now == self.before:
            return []
        if now != self.after:
            text = f"expires at {written_time(now)}" if now else "never expires"
            raise self.changed_since(f"it {text}")
        if self.before is not None and _time(self.before) <= datetime.now(UTC):
            raise Conflict("The earlier expiry has passed. Set another.")
        return [SetExpiry(namespace.label, now, self.before)]


@dataclass(frozen=True, slots=True)
class DeleteNamespace(Step):
    """Delete the namespace so that it can be restored for some days."""

    kind: ClassVar[str] = "delete_namespace"
    store: ClassVar[Store] = "namespace store"
    name: str
    days: int

    def sentence(self) -> str:
        """Return the description with the name."""
        return f"Delete “{self.name}” with everything in it."

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return the warning of what goes, and how long it can come back."""
        sentence = (
            f"“{self.name}” is deleted with {_contents(actual)}. "
            f"{_restorable(self.days)}"
        )
        return [PlanWarning(sentence, needs_tick=True)]


def expiry_text(moment: datetime | None) -> str | None:
    """Return an expiry as ISO text in whole seconds of UTC; None for no expiry."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def _contents(actual: ActualCollection | None) -> str:
    if actual is None:
        return "everything in it"
    if actual.points == 1:
        return "its one point and everything else in it"
    return f"its {actual.points:,} points and everything else in it"


def _restorable(days: int) -> str:
    """Return how long the deleted namespace can be restored; 0 is not known."""
    if not days:
        return "Admins can then restore it for some days."
    return f"Admins can restore it for {days} day{'' if days == 1 else 's'} after that."


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def written_time(text: str) -> str:
    """Return ISO text as a time for people."""
    return f"{_time(text):%-d %B %Y, %H:%M} UTC"
