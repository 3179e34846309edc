"""allauth's view that adds a passkey, which leads to ours afterwards."""

from allauth.mfa.webauthn.views import AddWebAuthnView
from django.urls import reverse


class AddPasskey(AddWebAuthnView):  # type: ignore[misc]
    """Adds a passkey and shows the passkeys, or first its recovery codes."""

    def get_success_url(self) -> str:
        """Return the page of the codes if there are new ones, else of the passkeys."""
        if self.did_generate_recovery_codes:
            return reverse("mfa_view_recovery_codes")
        return reverse("mfa_list_webauthn")
