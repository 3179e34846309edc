"""The fields that say where a namespace runs: tier, cluster and its key, workers."""

from typing import Any, ClassVar

from django import forms
from pydantic import SecretStr

from nsadmin.pages.common.forms.base import ChangeForm

TIERS = (
    ("shared", "Shared"),
    ("dedicated_cpu", "Dedicated CPU"),
    ("dedicated_gpu", "Dedicated GPU"),
)
# With one line of meaning, for the choice of a place.
PLACES = (
    ("shared", "Shared", "The platform's cluster, best effort"),
    ("dedicated_cpu", "Dedicated CPU", "Your own Qdrant and workers, 99.9 %"),
    ("dedicated_gpu", "Dedicated GPU", "Your own Qdrant and workers with GPUs, 99.9 %"),
)
# What a request says about the place, without the key, in the order of the form.
PLACEMENT = (
    "compute_tier",
    "qdrant_url",
    "ray_head_node_url",
    "gpu_type",
    "gpus_per_worker",
)


def number(label: str, low: int, high: int, hint: str = "") -> forms.IntegerField:
    """Return a field for a whole number that may be left empty."""
    return forms.IntegerField(
        label=label,
        required=False,
        help_text=hint or f"{low} to {high:,}",
        widget=forms.NumberInput({"min": low, "max": high}),
    )


class PlacementForm(ChangeForm):
    """The fields of a place. `key` is the entered key, which no page ever contains."""

    raw: ClassVar[tuple[str, ...]] = (*PLACEMENT, "qdrant_api_key")

    compute_tier = forms.ChoiceField(label="Tier", choices=TIERS)
    gpu_type = forms.CharField(
        label="GPU type",
        required=False,
        help_text="Such as A100 or T4",
        widget=forms.TextInput({"spellcheck": "false"}),
    )
    gpus_per_worker = number("GPUs per worker", 0, 8)
    qdrant_url = forms.CharField(
        label="Qdrant address",
        required=False,
        help_text="A new address needs its key: a stored key is never sent elsewhere.",
        widget=forms.TextInput({"inputmode": "url"}),
    )
    qdrant_api_key = forms.CharField(
        label="Qdrant API key",
        required=False,
        help_text="Never shown again: not here, not in the API, not in the audit log. "
        "You will be asked for your password.",
        widget=forms.PasswordInput,
    )
    key_held = forms.CharField(required=False, widget=forms.HiddenInput)
    ray_head_node_url = forms.CharField(
        label="Ray head node",
        required=False,
        help_text="ray://host:port",
        widget=forms.TextInput({"spellcheck": "false"}),
    )

    def __init__(self, *args: Any, key: SecretStr | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key = key

    def clean(self) -> dict[str, Any]:
        """Add an error if a key was entered before but is no longer kept."""
        if self.data.get("key_held") and self.key is None:
            sentence = (
                "Enter the key again: it is kept for one address and for 15 minutes."
            )
            self.add_error("qdrant_api_key", sentence)
        return self.cleaned_data

    def place(self) -> dict[str, Any] | None:
        """Return the entered place without its key; None for the shared tier."""
        data, tier = self.cleaned_data, self.cleaned_data.get("compute_tier")
        if tier in (None, "", "shared"):
            return None
        # Fields that the chosen tier hides may have been filled in before.
        hidden = () if tier == "dedicated_gpu" else ("gpu_type", "gpus_per_worker")
        return {
            name: data[name]
            for name in PLACEMENT
            if name not in hidden and data.get(name) not in (None, "")
        }

    def _in_words(self, sentence: str) -> str:
        for value, label in TIERS[1:]:
            sentence = sentence.replace(value, label)
        return super()._in_words(sentence)
