"""Rotating an API key: the new secret shown once, the old one for a chosen time."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from nsadmin.access.keys import management, rotation
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.errors import Conflict, Forbidden, Invalid
from nsadmin.pages.common.badges import KEYS
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in
from nsadmin.pages.organization.key_forms import RotationForm
from nsadmin.pages.organization.key_rows import reach_of
from nsadmin.pages.organization.keys import to_secret
from nsadmin.pages.organization.views import organization_scope


@gate.page(Action.KEY_MANAGE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def rotate_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """Ask how long the old secret works on; a valid submit leads to the new one."""
    scope = organization_scope(request, "keys")
    organization, person = scope["organization"], signed_in(request)
    key, now = management.find(organization, key_id), timezone.now()
    form = RotationForm(request.POST if request.method == "POST" else None)
    obstacle = rotation.obstacle(person, key)
    status = 200
    if request.method == "POST" and form.is_valid():
        if not obstacle:
            step_up.require_password(request)
        try:
            rotated = rotation.rotate(
                gate.actor_of(request),
                organization,
                person,
                key_id,
                new_key_id=form.act_id,
                overlap=form.wanted,
            )
        except (Conflict, Forbidden, Invalid) as error:
            form.take(error)
            status = error.status
        else:
            return to_secret(request, rotated.key, rotated.plaintext)
    if form.errors and status == 200:
        status = 422
    context = {
        **scope,
        "form": form,
        "key": key,
        "obstacle": obstacle,
        "state": KEYS[management.state_of(key, now)],
        "new_end": rotation.new_end(key, now),
        "namespaces": reach_of(request, key),
    }
    return page(request, "organization/key_rotate.html", context, status=status)
