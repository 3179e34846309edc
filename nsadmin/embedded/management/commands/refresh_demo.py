"""`manage.py refresh_demo`: what is relative to now, run at each start of the demo."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from nsadmin.embedded.seed.write_usage import write_usage


class Command(BaseCommand):
    """Count the demo's filters up to this hour."""

    help = "Count the demo's filters up to this hour; run by manage.py demo."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Count where nothing was counted."""
        write_usage(timezone.now())
