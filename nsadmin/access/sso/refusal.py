"""A sign-in through a provider that is refused, with a sentence for the person."""

from nsadmin.access.sso.identity import Identity


class SignInRefused(Exception):
    """The identity opens no session here."""

    def __init__(self, identity: Identity, reason: str, advice: str = "") -> None:
        self.identity = identity
        self.message = f"{identity.provider.name} {reason} {advice}".strip()
        super().__init__(self.message)
