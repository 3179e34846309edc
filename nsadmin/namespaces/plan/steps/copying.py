"""The step that copies a namespace. Pure."""

from dataclasses import dataclass
from typing import ClassVar

from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.steps.base import PlanWarning, Step, Store


@dataclass(frozen=True, slots=True)
class CloneNamespace(Step):
    """Copy a namespace under a new name, by a job.

    `losses` says where the clone goes and what it lacks, in sentences to accept.
    """

    kind: ClassVar[str] = "clone_namespace"
    store: ClassVar[Store] = "namespace store"
    name: str
    source: str
    organization: str
    target: str
    place: str = ""
    losses: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return the description, with both organizations if they differ.

        A cluster is named that was entered for the clone.
        """
        where = f" of {self.organization}" if self.organization else ""
        into = f" in {self.target}" if self.target else ""
        place = f", on the cluster {self.place}" if self.place else ""
        return f"Clone “{self.source}”{where} as “{self.name}”{into}{place}."

    def hint(self) -> str:
        """Return that the source stays."""
        return "A job copies it; the source does not change."

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return the losses, each to be accepted."""
        return [PlanWarning(sentence, needs_tick=True) for sentence in self.losses]
