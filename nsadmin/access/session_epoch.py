"""The number that ends all sessions of a person when it is counted up."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.utils.crypto import salted_hmac


class SessionEpoch(AbstractBaseUser):
    """A person whose sessions can be ended together.

    `session_epoch` counts how often that was done; each session has a hash of it.
    """

    session_epoch = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        abstract = True

    def end_sessions(self) -> None:
        """End all sessions; each is refused from its next request on."""
        self.session_epoch = models.F("session_epoch") + 1
        self.save(update_fields=["session_epoch"])
        self.refresh_from_db(fields=["session_epoch"])

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a session carries, made of the password and the epoch."""
        found: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        if not self.session_epoch:
            return found
        value = f"{self.session_epoch} {found}"
        keyed = salted_hmac("nsadmin.sessions", value, secret, algorithm="sha256")
        return keyed.hexdigest()
