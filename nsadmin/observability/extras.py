"""Traces and error reports: off by default, and each an extra of the package."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Extra:
    """What a setting turns on: an extra, one of its packages, our module for it."""

    setting: str
    name: str
    package: str
    module: str

    @property
    def is_wanted(self) -> bool:
        """Whether the setting is given."""
        return bool(getattr(settings, self.setting))

    @property
    def is_installed(self) -> bool:
        """Whether the extra's packages are there."""
        try:
            return find_spec(self.package) is not None
        except ModuleNotFoundError:  # the package around it is missing
            return False


EXTRAS: Final = (
    Extra(
        setting="NSADMIN_OTEL_ENDPOINT",
        name="opentelemetry",
        package="opentelemetry.sdk",
        module="nsadmin.observability.tracing",
    ),
    Extra(
        setting="NSADMIN_SENTRY_DSN",
        name="sentry",
        package="sentry_sdk",
        module="nsadmin.observability.error_reports",
    ),
)


def missing() -> Iterator[Extra]:
    """Yield what is wanted and not installed; the checks refuse to serve then."""
    for extra in EXTRAS:
        if extra.is_wanted and not extra.is_installed:
            yield extra


def start() -> None:
    """Start what is wanted and installed; nothing of the others is imported."""
    for extra in EXTRAS:
        if extra.is_wanted and extra.is_installed:
            import_module(extra.module).start()
