"""Steps that register feature extractors. Pure."""

from dataclasses import dataclass
from typing import ClassVar

from nsadmin.namespaces.plan.steps.base import Step, Store
from nsadmin.namespaces.schema.document import Raw


@dataclass(frozen=True, slots=True)
class AppendExtractor(Step):
    """Register a feature extractor; its parameters are locked from then on.

    `inference` maps each of its vectors to the inference service that fills it.
    """

    kind: ClassVar[str] = "append_extractor"
    store: ClassVar[Store] = "namespace store"
    name: str
    version: str
    params: Raw
    inference: dict[str, str]

    def sentence(self) -> str:
        """Return which extractor is appended."""
        return f"Append the extractor {self.name} {self.version}; its parameters lock."

    def apply(self, document: Raw, *, sealed: Raw | None = None) -> Raw:
        """Append the entry and the services of its vectors."""
        entry = {
            "feature_extractor_name": self.name,
            "version": self.version,
            "params": dict(self.params),
        }
        return {
            **document,
            "feature_extractors": [*(document.get("feature_extractors") or []), entry],
            "vector_inference_map": {
                **(document.get("vector_inference_map") or {}),
                **self.inference,
            },
        }

    @property
    def stays(self) -> str:
        """Why the extractor is not taken away."""
        return f"Extractors are only ever appended; {self.name} stays."
