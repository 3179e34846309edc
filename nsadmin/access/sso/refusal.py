"""Why a sign-in through a provider is refused: for the person, and for the log."""

from allauth.socialaccount.providers.base import ProviderException

from nsadmin.access.sso.identity import Identity


class SignInRefused(Exception):
    """The identity opens no session here."""

    def __init__(self, identity: Identity, reason: str, advice: str = "") -> None:
        self.identity = identity
        self.message = f"{identity.provider.name} {reason} {advice}".strip()
        super().__init__(self.message)


class UntrustedAnswer(ProviderException):  # type: ignore[misc]
    """The provider's answer opens no session; the message is for the log."""
