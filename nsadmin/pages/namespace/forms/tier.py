"""The form of a namespace's infrastructure: tier, cluster, workers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.infrastructure_steps import parse
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.infrastructure import DEFAULTS, OFFERED
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.pages.common.forms.placement import TIERS, PlacementForm, number


class TierForm(PlacementForm):
    """All changeable settings of a namespace's infrastructure."""

    raw: ClassVar[tuple[str, ...]] = (*OFFERED, "qdrant_api_key")
    labels: ClassVar[Mapping[str, str]] = {
        "compute_tier": "the tier",
        "qdrant_url": "the Qdrant address",
        "ray_head_node_url": "the Ray head node",
        "gpu_type": "the GPU type",
        "gpus_per_worker": "GPUs per worker",
        "min_workers": "the least number of workers",
        "max_workers": "the largest number of workers",
        "autoscaling_enabled": "autoscaling",
        "max_concurrent_jobs": "jobs at once",
        "max_custom_models": "own models",
        "max_custom_plugins": "own plugins",
        "description": "the remark",
    }

    pause_writes = forms.BooleanField(
        label="Pause writes during the switch",
        required=False,
        help_text="For some seconds at the end. Then no write is missing on the new "
        "cluster. Without a pause the report says how many points were written during "
        "the switch.",
    )
    min_workers = number("At least", 0, 100)
    max_workers = number("At most", 1, 100)
    max_concurrent_jobs = number(
        "Jobs at once", 1, 1000, "1 to 1,000; the subscription may allow fewer"
    )
    autoscaling_enabled = forms.BooleanField(
        label="Add and remove workers by load", required=False
    )
    max_custom_models = number("Own models", 0, 50, "0 to 50; 0 is off")
    max_custom_plugins = number("Own plugins", 0, 100, "0 to 100; 0 is off")
    description = forms.CharField(
        label="Remark",
        required=False,
        widget=forms.Textarea,
    )

    @classmethod
    def filled(cls, namespace: Namespace) -> "TierForm":
        """Return the form as the namespace is now."""
        form = cls()
        form.initial = form.stored(namespace)
        return form

    def clean(self) -> dict[str, Any]:
        """Add all errors that do not depend on the namespace, at once."""
        super().clean()
        self._require_numbers()
        try:
            parse(self._wanted())
        except Invalid as error:
            self.take(error)
        return self.cleaned_data

    def _require_numbers(self) -> None:
        """Add an error if a number was emptied: numbers cannot be removed."""
        for name, field in self.fields.items():
            is_emptied = name in self.data and name in self.cleaned_data
            if (
                isinstance(field, forms.IntegerField)
                and is_emptied
                and self.cleaned_data[name] is None
                and self.opened.get(name) is not None
            ):
                self.add_error(name, field.error_messages["invalid"])

    def _wanted(self) -> dict[str, Any]:
        """Return the changed settings as the API's body has them."""
        hidden = self.hidden_fields_of(str(self.cleaned_data.get("compute_tier")))
        return {
            key: "" if value is None else value
            for key, value in self.touched().items()
            if key not in hidden
        }

    @staticmethod
    def hidden_fields_of(tier: str) -> tuple[str, ...]:
        """Return the settings that a tier does not have; the page hides them."""
        return () if tier == "dedicated_gpu" else _OF_TIERS.get(tier, ())

    def stored(self, namespace: Namespace) -> dict[str, Any]:
        """Return the stored settings, with defaults for missing ones."""
        found = {
            name: namespace.infrastructure.get(name, DEFAULTS.get(name))
            for name in OFFERED
        }
        return {**found, "compute_tier": namespace.tier}

    def asked(self) -> dict[str, Any]:
        """Return the entered settings; an empty text removes a setting."""
        data = self.cleaned_data
        texts = {name: data[name] or None for name in _TEXTS if name in data}
        entered = {
            name: data[name] for name in OFFERED if data.get(name) not in (None, "")
        }
        return {**texts, **entered}

    def request(self, _view: NamespaceView) -> PatchRequest:
        """Return the request to carry out the changed settings, or raise Invalid."""
        return PatchRequest(
            self.patch(), pause_writes=self.cleaned_data["pause_writes"]
        )

    def patch(self) -> NamespacePatch:
        """Return the changed settings as a patch, or raise Invalid.

        A key goes with the address for which it was entered, also if that is the stored
        one: another person may have changed it since, and a plan is confirmed later.
        """
        wanted = self._wanted()
        key = None if self.gives_way("qdrant_url") else self.key
        if key is not None:
            wanted = {**self._address(), **wanted}
        patch = parse_patch({"infrastructure": wanted})
        if key is not None and patch.infrastructure is not None:
            patch.infrastructure["qdrant_api_key"] = key
        return patch

    def _address(self) -> dict[str, Any]:
        data = self.cleaned_data
        is_hidden = "qdrant_url" in self.hidden_fields_of(str(data["compute_tier"]))
        address = "" if is_hidden else data.get("qdrant_url")
        return {"qdrant_url": address} if address else {}

    def text(self, key: str, value: Any) -> str:
        """Return a value as text for people."""
        if key == "compute_tier":
            return dict(TIERS).get(value, str(value))
        return (
            "0, off" if value == 0 and value is not False else super().text(key, value)
        )


_GPU = ("gpu_type", "gpus_per_worker")
_OF_TIERS = {"dedicated_cpu": _GPU, "shared": ("qdrant_url", *_GPU)}
_TEXTS = ("qdrant_url", "gpu_type", "ray_head_node_url", "description")
