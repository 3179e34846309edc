"""Mails about organizations: an invitation, another role, the end of a membership."""

from typing import Final

from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import DeactivatedMember, Invitation, Membership
from nsadmin.mail import outbox
from nsadmin.mail.kinds import Asked, register
from nsadmin.mail.letters import Letter, harmless, render

_INVITATION: Final = "invitation"
_ROLE: Final = "role"
_REMOVED: Final = "removed"
_DEACTIVATED: Final = "deactivated"


def send_invitation(actor: Actor, invitation: Invitation, link: str) -> bool:
    """Ask for the mail with the link; return whether it will be tried.

    Call it in the transaction of the invitation.
    """
    return outbox.ask(
        _INVITATION,
        invitation.email,
        {"digest": invitation.digest, "link": link, "by": actor.label},
        key=invitation.digest,
        organization_id=invitation.organization_id,
    )


def invitation_state(invitation: Invitation) -> str:
    """Return the state of the mail with the present link; "" if none was asked for."""
    return outbox.state_of(_INVITATION, invitation.digest)


def unmailed(organization_id: str) -> set[str]:
    """Return the digests of invitations whose mail was not accepted."""
    return outbox.failed_keys(_INVITATION, organization_id)


@register(_INVITATION)
def _invitation(asked: Asked) -> Letter | None:
    """Return the mail, unless the link was withdrawn, replaced or used meanwhile."""
    rows = Invitation.objects.select_related("organization")
    row = rows.filter(digest=asked.data["digest"], expires_at__gt=timezone.now())
    invitation = row.first()
    if invitation is None:
        return None
    values = {
        "organization": harmless(invitation.organization.name),
        "role": invitation.role,
        "by": harmless(asked.data["by"]),
        "link": asked.data["link"],
        "link_word": "Join",
        "expires_at": invitation.expires_at,
    }
    return render("invitation", values)


def notify_role(actor: Actor, membership: Membership, before: str) -> None:
    """Tell a member of another role."""
    _notify(_ROLE, actor, membership, {"before": before, "role": membership.role})


def notify_removed(actor: Actor, membership: Membership | DeactivatedMember) -> None:
    """Tell a person that they are no longer a member."""
    _notify(_REMOVED, actor, membership, {})


def notify_deactivated(actor: Actor, membership: Membership) -> None:
    """Tell a person that their membership is deactivated."""
    _notify(_DEACTIVATED, actor, membership, {})


def _notify(
    kind: str,
    actor: Actor,
    membership: Membership | DeactivatedMember,
    data: dict[str, str],
) -> None:
    told = {"organization": membership.organization.name, "by": actor.label, **data}
    outbox.ask(kind, membership.user.email, told)


@register(_ROLE)
def _role(asked: Asked) -> Letter:
    return render("role", _shown(asked))


@register(_REMOVED)
def _removed(asked: Asked) -> Letter:
    return render("removed", _shown(asked))


@register(_DEACTIVATED)
def _deactivated(asked: Asked) -> Letter:
    return render("deactivated", _shown(asked))


def _shown(asked: Asked) -> dict[str, str]:
    return {name: harmless(value) for name, value in asked.data.items()}
