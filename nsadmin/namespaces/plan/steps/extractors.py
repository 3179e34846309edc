"""Steps that register feature extractors. Pure."""

from dataclasses import dataclass
from typing import ClassVar

from nsadmin.namespaces.plan.steps.base import Step, Store
from nsadmin.namespaces.schema.document import Raw


@dataclass(frozen=True, slots=True)
class AppendExtractor(Step):
    """Register a feature extractor; its parameters cannot change afterwards.

    `inference` maps each of its vectors to the inference service that fills it.
    """

    kind: ClassVar[str] = "append_extractor"
    store: ClassVar[Store] = "namespace store"
    name: str
    version: str
    params: Raw
    inference: dict[str, str]

    def sentence(self) -> str:
        """Return the description with the extractor's name and version."""
        return (
            f"Append the extractor {self.name} {self.version}; its parameters are then "
            "locked."
        )

    def hint(self) -> str:
        """Return that the extractor stays for good."""
        return "It cannot be removed afterwards."

    def apply(self, document: Raw, *, sealed: Raw | None = None) -> Raw:
        """Add the entry and the inference services of its vectors."""
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
        """The reason why the extractor stays."""
        return "Extractors cannot be removed; those that were added stay."
