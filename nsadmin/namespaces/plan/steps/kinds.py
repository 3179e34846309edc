"""The kinds of steps by name, to read stored steps. Pure."""

from dataclasses import fields

from nsadmin.namespaces.plan.steps.base import Step
from nsadmin.namespaces.plan.steps.collection import AddVector, CreateCollection
from nsadmin.namespaces.plan.steps.copying import CloneNamespace
from nsadmin.namespaces.plan.steps.endings import DeleteNamespace, SetExpiry
from nsadmin.namespaces.plan.steps.extractors import AppendExtractor
from nsadmin.namespaces.plan.steps.fields import SetField, SetSecret
from nsadmin.namespaces.plan.steps.indexes import CreateIndex, DropIndex
from nsadmin.namespaces.schema.document import Raw

KINDS: dict[str, type[Step]] = {
    cls.kind: cls
    for cls in (
        SetField,
        SetSecret,
        AppendExtractor,
        AddVector,
        CreateCollection,
        CreateIndex,
        DropIndex,
        SetExpiry,
        DeleteNamespace,
        CloneNamespace,
    )
}


def from_json(data: Raw) -> Step:
    """Return the step that `to_json` wrote; keys of a later version are dropped."""
    cls = KINDS[data["kind"]]
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    return cls(**{key: value for key, value in data.items() if key in known})
