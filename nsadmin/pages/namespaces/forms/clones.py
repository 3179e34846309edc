"""The form of a clone: its name, the resources to copy, and its cluster."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from django import forms

from nsadmin.access.actor import Actor
from nsadmin.access.models import Plan
from nsadmin.access.permissions import Action
from nsadmin.clones.request import CloneRequest, parse_clone
from nsadmin.clones.target import DedicatedTarget, Target, resolved
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD
from nsadmin.namespaces.schema.limits import (
    CLONE_NAME_MIN,
    NAME_MAX,
    NAME_MIN,
)
from nsadmin.namespaces.schema.moving import place_words as cluster_words
from nsadmin.pages.common.forms.placement import PLACES, PlacementForm

_OF_SOURCE = "source"


class CloneForm(PlacementForm):
    """Name, description, the three kinds of resources, and the cluster."""

    paths: ClassVar[Mapping[str, str]] = {"target": "compute_tier"}

    namespace_name = forms.CharField(
        label="Name",
        strip=False,
        error_messages={"required": "The clone needs a name."},
        widget=forms.TextInput({"spellcheck": "false"}),
        help_text=f"{CLONE_NAME_MIN} to {NAME_MAX} characters, unique in the "
        "organization regardless of case, and reserved when the clone starts. Renamed "
        f"later, it needs at least {NAME_MIN}.",
    )
    description = forms.CharField(
        label="Description",
        required=False,
        strip=False,
        widget=forms.Textarea,
        help_text="If empty, it is copied from the source.",
    )
    compute_tier = forms.ChoiceField(
        label="Cluster",
        required=False,
        choices=[(_OF_SOURCE, _OF_SOURCE), *((p[0], p[1]) for p in PLACES)],
    )
    collections = forms.BooleanField(required=False, initial=True)
    retrievers = forms.BooleanField(required=False, initial=True)
    taxonomies = forms.BooleanField(required=False)
    leave_out_foreign_points = forms.BooleanField(required=False)

    @staticmethod
    def usual(actor: Actor, view: NamespaceView) -> CloneRequest:
        """Return the request of the untouched form, with an example name."""
        return CloneRequest(
            namespace_name=f"{view.namespace.name[: NAME_MAX - 5].rstrip()}-copy",
            source_organization_id=_across(actor, view),
        )

    def wanted(self, actor: Actor, view: NamespaceView) -> CloneRequest:
        """Read the input as a clone request, or raise Invalid."""
        data = self.cleaned_data
        parsed = parse_clone(
            {
                "namespace_name": data["namespace_name"],
                "description": data["description"].strip() or None,
                "include_resources": {
                    "collections": data["collections"],
                    "retrievers": data["retrievers"],
                    "taxonomies": data["taxonomies"],
                },
                "source_organization_id": _across(actor, view),
                "leave_out_foreign_points": data["leave_out_foreign_points"] or None,
            }
        )
        return replace(parsed, target=self._target())

    def _target(self) -> Target | None:
        fixed: dict[str, Target] = {"shared": "shared", _OF_SOURCE: "source"}
        chosen = self.cleaned_data.get("compute_tier") or ""
        if chosen in fixed:
            return fixed[chosen]
        place = self.place()
        if place is None:
            return None
        if self.key is not None:
            place[KEY_FIELD] = self.key
        return DedicatedTarget(place)


def places(actor: Actor, source: Namespace) -> list[tuple[str, str, str]]:
    """Return the clusters that a clone may go to, each with its name and meaning.

    There is no choice without the Enterprise subscription. Another dedicated cluster is
    offered to those who may change a tier.
    """
    if actor.plan != Plan.ENTERPRISE:
        return []
    own = resolved(actor, source, None) == _OF_SOURCE
    of_source = (_OF_SOURCE, "The cluster of the source", cluster_words(source))
    others = PLACES[1:] if actor.may(Action.NAMESPACE_INFRASTRUCTURE) else []
    if own:
        others = [(value, name, f"Another one: {line}") for value, name, line in others]
    return [*([of_source] if own else []), PLACES[0], *others]


def _across(actor: Actor, view: NamespaceView) -> str | None:
    """Return the source's organization if staff clones another's namespace."""
    is_foreign = view.organization_id != actor.organization_id
    across = is_foreign and not view.namespace.is_system
    return view.organization_id if across else None
