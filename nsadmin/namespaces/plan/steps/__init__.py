"""The steps of a plan, one module per family. Pure.

A step is a value. It describes itself, changes the document, carries out its part in
Qdrant and checks the result, warns of its cost and can be reverted. A new kind of step
is a class in a module of this package and a line in `kinds`.
"""

from nsadmin.namespaces.plan.steps.base import (
    CollectionWriter,
    PlanWarning,
    Step,
    Transition,
    in_qdrant,
)
from nsadmin.namespaces.plan.steps.collection import AddVector, CreateCollection
from nsadmin.namespaces.plan.steps.extractors import AppendExtractor
from nsadmin.namespaces.plan.steps.fields import INFRASTRUCTURE, SetField, SetSecret
from nsadmin.namespaces.plan.steps.indexes import CreateIndex, DropIndex
from nsadmin.namespaces.plan.steps.kinds import from_json
from nsadmin.namespaces.plan.steps.text import (
    changed_parameters,
    format_parameters,
    quote_value,
)

__all__ = [
    "INFRASTRUCTURE",
    "AddVector",
    "AppendExtractor",
    "CollectionWriter",
    "CreateCollection",
    "CreateIndex",
    "DropIndex",
    "PlanWarning",
    "SetField",
    "SetSecret",
    "Step",
    "Transition",
    "changed_parameters",
    "format_parameters",
    "from_json",
    "in_qdrant",
    "quote_value",
]
