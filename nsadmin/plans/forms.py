"""Reading the input of a page's form again, as the page itself reads it.

A form is compared with the namespace as it is now, so that changes of others are kept.
The pages register how they do it; plans without a form, and of pages that registered
none, are read from the request that was written down.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from pydantic import SecretStr

from nsadmin.access.actor import Actor
from nsadmin.namespaces.plan.merge import Contest
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.plans.requests import Wanted

Input = dict[str, list[str]]
# Secrets are never part of a kept form.
_SECRETS = frozenset({"qdrant_api_key", "key_held", "step_up_password"})


@dataclass(frozen=True, slots=True)
class SentForm:
    """The input of a form with its secret; `request` is the kept change as data."""

    data: QueryDict
    secret: SecretStr | None = field(default=None, repr=False)
    request: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a plan asks for now, with the values that another person changed too.

    `undecided` are the keys of those without a choice. `contests` are those of a plan
    that is not read from a form; a form shows its own.
    """

    wanted: Wanted
    undecided: tuple[str, ...] = ()
    contests: tuple[Contest, ...] = ()


FormReader = Callable[[Actor, NamespaceView, SentForm], Reading]
_readers: dict[str, FormReader] = {}


def register(page: str, reader: FormReader) -> None:
    """Register how the form of a page is read."""
    _readers[page] = reader


def reader_of(page: str) -> FormReader | None:
    """Return how the form of the page is read; None if it registered nothing."""
    return _readers.get(page)


def kept_input(data: QueryDict) -> Input:
    """Return the input of a form without secrets."""
    return {
        name: [str(value) for value in values]
        for name, values in data.lists()
        if name not in _SECRETS
    }


def as_data(kept: Input, answers: Input | None = None) -> QueryDict:
    """Return kept input as sent data, with the answers given since in its place."""
    data = QueryDict(mutable=True)
    for name, values in {**kept, **(answers or {})}.items():
        if values:
            data.setlist(name, list(values))
    return data
