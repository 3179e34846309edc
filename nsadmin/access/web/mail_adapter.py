"""allauth's mails through the queue, so that no request waits for a mail server."""

from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sites.shortcuts import get_current_site

from nsadmin.access.mails import account
from nsadmin.access.web.known_places import place_of
from nsadmin.mail import outbox
from nsadmin.mail.kinds import Asked, register
from nsadmin.mail.letters import Letter, one_line

_RENDERED: Final = "rendered"


class QueuedMailAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Asks for mails: our own words where `NOTICES` has them, else allauth's."""

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Ask for a mail about a change of the account."""
        if template_prefix in account.NOTICES:
            address = email or str(getattr(user, "email", ""))
            place = place_of(allauth_context.request)
            account.notify(template_prefix, address, place)
            return
        super().send_notification_mail(template_prefix, user, context, email)

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        """Ask for one of allauth's own mails, rendered now."""
        if not outbox.is_on():
            return
        request = allauth_context.request
        site = get_current_site(request)
        given = {"request": request, "email": email, "current_site": site, **context}
        made = self.render_mail(template_prefix, email, given)
        data = {"subject": one_line(made.subject), "text": made.body}
        outbox.ask(_RENDERED, email, data)


@register(_RENDERED)
def _rendered(asked: Asked) -> Letter:
    return Letter(asked.data["subject"], asked.data["text"])
