"""The form of where a namespace runs: tier, cluster, workers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from pydantic import SecretStr

from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.infrastructure_steps import parse
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.infrastructure import DEFAULTS, OFFERED
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.pages.common.forms.base import ChangeForm

TIERS = (
    ("shared", "Shared"),
    ("dedicated_cpu", "Dedicated CPU"),
    ("dedicated_gpu", "Dedicated GPU"),
)


def _number(label: str, low: int, high: int, hint: str = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        help_text=hint or f"{low} to {high:,}",
        widget=forms.NumberInput({"min": low, "max": high}),
    )


class TierForm(ChangeForm):
    """Everything that may be wanted of a namespace's infrastructure."""

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

    compute_tier = forms.ChoiceField(label="Tier", choices=TIERS)
    gpu_type = forms.CharField(
        label="GPU type",
        required=False,
        help_text="Such as A100 or T4",
        widget=forms.TextInput({"maxlength": 64, "spellcheck": "false"}),
    )
    gpus_per_worker = _number("GPUs per worker", 0, 8)
    qdrant_url = forms.CharField(
        label="Qdrant address",
        required=False,
        help_text="A new address needs its key: a stored key is never sent elsewhere.",
        widget=forms.TextInput({"maxlength": 255, "inputmode": "url"}),
    )
    qdrant_api_key = forms.CharField(
        label="Qdrant API key",
        required=False,
        help_text="Written once, never shown: not here, not in the API, not in the "
        "audit trail. You are asked for your password.",
        widget=forms.PasswordInput({"maxlength": 512}),
    )
    key_held = forms.CharField(required=False, widget=forms.HiddenInput)
    ray_head_node_url = forms.CharField(
        label="Ray head node",
        required=False,
        help_text="ray://host:port",
        widget=forms.TextInput({"maxlength": 255, "spellcheck": "false"}),
    )
    min_workers = _number("At least", 0, 100)
    max_workers = _number("At most", 1, 100)
    max_concurrent_jobs = _number("Jobs at once", 1, 1000)
    autoscaling_enabled = forms.BooleanField(
        label="Add and remove workers by load", required=False
    )
    max_custom_models = _number("Own models", 0, 50, "0 to 50; 0 is off")
    max_custom_plugins = _number("Own plugins", 0, 100, "0 to 100; 0 is off")
    description = forms.CharField(
        label="Remark",
        required=False,
        widget=forms.Textarea({"maxlength": 2000}),
    )

    def __init__(
        self, data: QueryDict | None = None, *, key: SecretStr | None = None
    ) -> None:
        super().__init__(data)
        self.key = key

    @classmethod
    def filled(cls, namespace: Namespace) -> "TierForm":
        """Return the form as the namespace is now."""
        form = cls()
        form.initial = form.stored(namespace)
        return form

    def clean(self) -> None:
        """Tell all faults that need no look at the namespace, in one round."""
        self._require_key()
        self._require_numbers()
        try:
            parse(self._wanted())
        except Invalid as error:
            self.take(error)

    def _require_key(self) -> None:
        """Say so where a key was typed, but is no longer held for this address."""
        if self.data.get("key_held") and self.key is None:
            sentence = (
                "Enter the key again: it is kept for one address and a quarter of an "
                "hour."
            )
            self.add_error("qdrant_api_key", sentence)

    def _require_numbers(self) -> None:
        """Say so where a number was taken out: no number means none."""
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
        """Return what was changed, as a body of the API says it."""
        return {k: "" if v is None else v for k, v in self.touched().items()}

    def stored(self, namespace: Namespace) -> dict[str, Any]:
        """Return what is stored, with what counts where nothing is."""
        found = {
            name: namespace.infrastructure.get(name, DEFAULTS.get(name))
            for name in OFFERED
        }
        return {**found, "compute_tier": namespace.tier}

    def asked(self) -> dict[str, Any]:
        """Return what was entered; an empty text takes it away."""
        data = self.cleaned_data
        texts = {name: data[name] or None for name in _TEXTS if name in data}
        said = {
            name: data[name] for name in OFFERED if data.get(name) not in (None, "")
        }
        return {**texts, **said}

    def patch(self, view: NamespaceView) -> NamespacePatch:
        """Read what was changed as a patch, or raise Invalid."""
        wanted = self._wanted()
        if wanted.get("compute_tier", view.namespace.tier) == "shared":
            wanted.pop("qdrant_url", None)
        patch = parse_patch({"infrastructure": wanted})
        if self.key is not None and patch.infrastructure is not None:
            patch.infrastructure["qdrant_api_key"] = self.key
        return patch

    def text(self, key: str, value: Any) -> str:
        """Write a value for people."""
        if key == "compute_tier":
            return dict(TIERS).get(value, str(value))
        return (
            "0, off" if value == 0 and value is not False else super().text(key, value)
        )

    def _in_words(self, sentence: str) -> str:
        for value, label in TIERS[1:]:
            sentence = sentence.replace(value, label)
        return super()._in_words(sentence)


_TEXTS = ("qdrant_url", "gpu_type", "ray_head_node_url", "description")
