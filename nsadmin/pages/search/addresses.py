"""Where what is found is shown, and where access to the rest is asked for."""

from urllib.parse import urlencode

from django.urls import reverse

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.pages.templatetags.ui import support_request
from nsadmin.resources.references.resource import is_plain
from nsadmin.search.hits import Hit, Withheld
from nsadmin.trigrams.models import Kind


def address_of(actor: Actor, hit: Hit) -> str:
    """Return the page of a hit that the actor may open."""
    if hit.kind is Kind.JOB:
        return reverse("job", args=[hit.key])
    if hit.kind is Kind.PERSON:
        return _person(actor, hit)
    if hit.kind is Kind.NAMESPACE:
        return reverse("overview", args=[hit.namespace_id])
    return _resource(hit)


def ask_for_access(row: Withheld) -> str:
    """Return the page on which staff ask an organization for access."""
    return support_request(row.organization_id)


def _person(actor: Actor, hit: Hit) -> str:
    """Return the member's own page for those who may change it, else the members."""
    is_own = not hit.organization_id or hit.organization_id == actor.organization_id
    if not is_own:
        return reverse("platform_organization", args=[hit.organization_id])
    if actor.may(Action.ORGANIZATION_MANAGE):
        return reverse("organization_member", args=[hit.key])
    return reverse("organization")


def _resource(hit: Hit) -> str:
    """Return the resource's page, or its list if its id fits no address."""
    plural = {Kind.COLLECTION: "collections", Kind.RETRIEVER: "retrievers"}[hit.kind]
    if is_plain(hit.key):
        return reverse("resource", args=[hit.namespace_id, plural, hit.key])
    found = urlencode({"search": hit.key})
    return f"{reverse('resource_list', args=[hit.namespace_id, plural])}?{found}"
