"""Why an assertion signs nobody in; known also where SAML is not installed."""

from allauth.socialaccount.providers.base import ProviderException


class UntrustedAssertion(ProviderException):  # type: ignore[misc]
    """The assertion, or the metadata to check it with; the message is for the log."""
