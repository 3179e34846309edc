"""Where what is found is shown, and where access to the rest is asked for."""

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.search.hits import Hit, Withheld
from nsadmin.search.models import Kind


def address_of(actor: Actor, hit: Hit) -> str:
    """Return the page of a hit that the actor may open."""
    if hit.kind is Kind.JOB:
        return reverse("job", args=[hit.key])
    if hit.kind is Kind.PERSON:
        return _person(actor, hit)
    overview = reverse("overview", args=[hit.namespace_id])
    if hit.kind is Kind.NAMESPACE:
        return overview
    return _resource(hit) or overview


def ask_for_access(row: Withheld) -> str:
    """Return the page on which staff ask an organization for access."""
    organization = urlencode({"organization": row.organization_id})
    return f"{_path('support_new') or '/support/new/'}?{organization}"


def _person(actor: Actor, hit: Hit) -> str:
    """Return the member's own page for those who may change it, else the members."""
    is_own = not hit.organization_id or hit.organization_id == actor.organization_id
    if is_own and actor.may(Action.ORGANIZATION_MANAGE):
        return reverse("organization_member", args=[hit.key])
    return reverse("organization")


def _resource(hit: Hit) -> str:
    plural = {Kind.COLLECTION: "collections", Kind.RETRIEVER: "retrievers"}[hit.kind]
    return _path("resource", hit.namespace_id, plural, hit.key)


def _path(name: str, *arguments: str) -> str:
    """Return the path of a route; empty if there is none for these arguments."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
