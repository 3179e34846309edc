"""Where a person signed in before."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from nsadmin.access.models.users import User


class SignInPlace(models.Model):
    """A browser in a network from which a person has signed in.

    `browser` is what the browser calls itself, in words; `network` the part of the IP
    address that stays while a provider hands out others, such as `192.0.2.0/24`.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="sign_in_places")
    browser = models.CharField(max_length=60)
    network = models.CharField(max_length=50)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "browser", "network"], name="one_sign_in_place"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["seen_at"], name="sign_in_places_seen")
        ]

    def __str__(self) -> str:
        return f"{self.browser} in {self.network}"
