"""Keeping what a form sent, and finding it again by its address."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.drafts.models import Draft
from nsadmin.jobs import trimming

Input = dict[str, list[str]]
# A person keeps at most this many of a page; the oldest go first.
MOST: Final = 60
# The same input, sent again within this time, is the same draft.
_AGAIN: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Place:
    """The form that input belongs to: its page, and what that is about."""

    page: str
    organization_id: str
    subject: str = ""


def keep(actor: Actor, place: Place, form: Input) -> Draft:
    """Keep the input of a form; the same input sent twice is one draft."""
    form = _storable(form)
    last = _own(actor, place).first()
    if (
        last is not None
        and last.form == form
        and last.made_at > timezone.now() - _AGAIN
    ):
        return last
    draft = Draft.objects.create(
        person=actor.id,
        organization_id=place.organization_id,
        page=place.page,
        subject=place.subject,
        form=form,
    )
    _drop_surplus(actor, place)
    return draft


def find(actor: Actor, place: Place, draft_id: str) -> Draft | None:
    """Return the person's draft of this form; None for any other, or one too old."""
    own = _own(actor, place).filter(expires_at__gt=timezone.now())
    return own.filter(draft_id=draft_id[:32]).first()


def replace(draft: Draft, form: Input) -> None:
    """Keep other input under the same address."""
    draft.form = _storable(form)
    draft.save(update_fields=["form"])


def _storable(form: Input) -> Input:
    """Return the input without what no database stores."""
    return {
        name: [value.replace("\x00", "") for value in values]
        for name, values in form.items()
    }


def key_of(draft: Draft) -> str:
    """Return a hash of the draft and its input, to tell what was sent twice."""
    written = json.dumps([draft.draft_id, draft.form], sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def register() -> None:
    """Register what the schedule `trim` deletes."""
    trimming.register("drafts", _old)


def _old() -> QuerySet[Draft]:
    return Draft.objects.filter(expires_at__lte=timezone.now())


def _own(actor: Actor, place: Place) -> QuerySet[Draft]:
    return Draft.objects.filter(
        person=actor.id,
        organization_id=place.organization_id,
        page=place.page,
        subject=place.subject,
    )


def _drop_surplus(actor: Actor, place: Place) -> None:
    rows = Draft.objects.filter(person=actor.id, page=place.page)
    own = rows.values_list("pk", flat=True)
    if surplus := list(own[MOST : 2 * MOST]):
        Draft.objects.filter(pk__in=surplus).delete()
